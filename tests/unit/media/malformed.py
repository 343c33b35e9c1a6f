"""Two hundred files that are broken, mean or something else, and a program that gives them all to the workshop."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import re
import resource
import struct
import sys
import zlib
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from bot.domain.media import Sound
from bot.errors import FileError
from bot.media.workshop import Workshop
from tests.fakes import media

AT_ONCE = 6

Case = tuple[str, bytes]
Tools = Callable[[Workshop, bytes], Coroutine[Any, Any, object]]


def cut(name: str, data: bytes, pieces: int) -> Iterator[Case]:
    """A file that ends too early, at so many places."""
    for index in range(1, pieces + 1):
        yield f"{name} cut {index}/{pieces + 1}", data[: len(data) * index // (pieces + 1)]


def spoiled(name: str, data: bytes, count: int, seed: int = 3) -> Iterator[Case]:
    """A file with its beginning intact and some bytes behind it changed."""
    rng = random.Random(seed)
    for index in range(count):
        changed = bytearray(data)
        for _ in range(12):
            changed[rng.randrange(16, len(changed))] = rng.randrange(256)
        yield f"{name} spoiled {index}", bytes(changed)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_of(width: int, height: int, body: bytes, *others: bytes, depth: int = 8, colour: int = 2) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(others) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def zeros(megabytes: int) -> bytes:
    """So many megabytes of zeros, compressed: the same few bytes again and again, and their checksum."""
    packer = zlib.compressobj(9, wbits=-15)
    piece = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = (megabytes << 20) % 65521 << 16 | 1
    return b"\x78\xda" + piece * megabytes + b"\x03\0" + struct.pack(">I", checksum)


def tiff_of(width: int, height: int, compression: int, body: bytes, **more: int) -> bytes:
    tags = {
        256: width, 257: height, 258: 8, 259: compression, 262: 1, 273: 8, 277: 1, 278: height, 279: len(body),
        **{int(name[1:]): value for name, value in more.items()},
    }  # fmt: skip
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return b"II*\0" + struct.pack("<I", 8 + len(body)) + body + struct.pack("<H", len(tags)) + entries + bytes(4)


def looping_tiff() -> bytes:
    """Its directory is followed by itself."""
    data = bytearray(tiff_of(64, 64, 1, bytes(64)))
    data[-4:] = struct.pack("<I", 8 + 64)
    return bytes(data)


def scans_without_end() -> bytes:
    """A progressive JPEG of 49 megapixels that says the same nothing again and again."""
    data = media.encoded(Image.new("L", (7000, 7000)), "JPEG", progressive=True)
    at = data.rindex(b"\xff\xda")
    return data[:at] + data[at:-2] * 300 + data[-2:]


def pictures() -> Iterator[Case]:
    for form in ("jpeg", "png", "gif", "webp", "bmp", "tiff", "avif"):
        data = getattr(media, form)()
        yield from cut(form, data, 9)
        yield f"{form} signature alone", data[:12]
    yield from spoiled("jpeg", media.encoded(media.photo(120, 90), "JPEG"), 9)
    yield from spoiled("png", media.png(), 9)
    yield from spoiled("webp", media.encoded(media.photo(120, 90), "WEBP"), 4)
    yield from spoiled("gif", media.gif(frames=2), 4)
    yield from spoiled("tiff", media.tiff(), 9)
    yield "png of 30000x30000", png_of(30000, 30000, zeros(30))
    yield "png of 2^31", png_of(2**31 - 1, 2**31 - 1, b"")
    yield "png of no size", png_of(0, 0, zlib.compress(b""))
    yield "png of 49 megapixels and no data", png_of(7000, 7000, zlib.compress(b""), colour=6)
    yield "png with less than it says", png_of(6900, 6900, zeros(8), colour=6)
    yield "png with a text of 100 MB", png_of(8, 8, b"", chunk(b"zTXt", b"a\0\0" + zeros(100)))
    yield "png with a profile of 100 MB", png_of(8, 8, b"", chunk(b"iCCP", b"a\0\0" + zeros(100)))
    yield "png with a wrong checksum", media.png().replace(b"IDAT", b"IDAT\x01", 1)
    yield "gif with a canvas of 65535x65535", b"GIF89a\xff\xff\xff\xff\x80\0\0" + bytes(6) + b"\x3b"
    yield (
        "gif with a frame beyond its canvas",
        b"GIF89a\x01\0\x01\0\x80\0\0" + bytes(6) + b",\0\0\0\0\xff\xff\xff\xff\0\x02\x02D\x01\0;",
    )
    yield "tiff of 49 megapixels in nothing", tiff_of(7000, 7000, 8, zlib.compress(b"x"))
    yield "tiff of 10^9 pixels", tiff_of(32000, 32000, 8, zeros(1))
    yield "tiff with huge tiles", tiff_of(100, 100, 8, zeros(1), t322=60000, t323=60000, t324=8, t325=100)
    yield "tiff with 60000 samples", tiff_of(100, 100, 1, bytes(100), t277=60000)
    yield "tiff that loops", looping_tiff()[:-20]
    yield "webp of 16384x16384", b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x3f\0\xff\x3f\0" + bytes(12)
    yield "webp without a picture", b"RIFF\x0c\0\0\0WEBPEXIF\0\0\0\0"
    yield "bmp of negative size", b"BM" + bytes(8) + struct.pack("<IIiiHHI", 54, 40, -5, -5, 1, 24, 0) + bytes(20)
    yield "bmp of 2^31", b"BM" + bytes(8) + struct.pack("<IIiiHHI", 54, 40, 2**31 - 1, 9, 1, 24, 0) + bytes(20)
    yield "jpeg of 65500x65500", media.jpeg().replace(struct.pack(">HH", 48, 64), b"\xff\xdc\xff\xdc", 1)
    yield "jpeg of scans without end", scans_without_end()[:-30_000]
    yield "heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)
    yield "svg", media.SVG
    yield "svg behind a mark", b"\xef\xbb\xbf" + media.SVG
    yield "html", media.HTML
    yield "zip", b"PK\x03\x04\x14\0\0\0\x08\0" + random.Random(1).randbytes(300)
    yield "postscript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\n"
    yield "nothing", b""
    yield "zeros", bytes(5000)
    for seed in range(16):
        yield f"random {seed}", random.Random(seed).randbytes(10 ** (seed % 4 + 1))


def recordings() -> Iterator[Case]:
    for form in ("ogg", "mp3", "wav", "flac", "m4a", "webm"):
        yield f"{form} and garbage", getattr(media, form)()[:40] + random.Random(5).randbytes(3000)
    for form in ("m4a", "webm", "flac"):
        yield f"half of a head of {form}", getattr(media, form)()[:60]
    yield (
        "wave of 4 GB",
        b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\xff\xff" + b"\xff" * 12 + b"data\xff\xff\xff\xff",
    )
    yield "mp4 of nested boxes", b"\0\0\0\x18ftypisom" + bytes(12) + (b"\0\0\x27\x10moov" * 2000)
    yield (
        "matroska of nested masters",
        b"\x1a\x45\xdf\xa3\x80" + b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" * 500,
    )
    yield "a list of files", b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n"
    yield "no sound", media.silent_film()
    yield "silence of no length", media.wav(0.0)
    yield "nothing", b""
    yield "a picture", media.png()
    yield "random", random.Random(2).randbytes(999)


def stream_of(body: bytes, filters: bytes) -> bytes:
    return b"<</Length %d/Filter%b>>stream\n%b\nendstream" % (len(body), filters, body)


def pdf_with(content: bytes, pages: bytes = b"<</Type/Pages/Count 1/Kids[3 0 R]>>") -> bytes:
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>"
    return media.pdf_of([b"<</Type/Catalog/Pages 2 0 R>>", pages, page, content])


def documents() -> Iterator[Case]:
    good = media.pdf("Some words", "and more")
    yield from cut("pdf", media.pdf("", ""), 4)
    yield "pdf header alone", b"%PDF-1.7"
    yield "pdf without a catalogue", good.replace(b"/Root", b"/Toor").replace(b"/Catalog", b"/Gatalog")
    yield "pdf whose pages contain themselves", pdf_with(b"<<>>", b"<</Type/Pages/Count 9/Kids[2 0 R 2 0 R]>>")
    yield "pdf with 10^9 pages", pdf_with(b"<<>>", b"<</Type/Pages/Count 1000000000/Kids[]>>")
    yield "pdf whose table points at itself", good[: good.rindex(b"startxref")] + b"startxref\n9\n%%EOF"
    yield "pdf whose content is its page", good.replace(b"/Contents 4 0 R", b"/Contents 5 0 R")[:-200]
    yield "pdf of brackets", pdf_with(b"[" * 200_000)
    yield "pdf of dictionaries", b"%PDF-1.7\n1 0 obj\n" + b"<</A" * 100_000 + b"\ntrailer<</Root 1 0 R>>"
    yield "pdf that inflates to 1 GB", pdf_with(stream_of(zeros(1024), b"/FlateDecode"))
    once = zlib.compress(zeros(500), 9)
    yield "pdf that inflates twice", pdf_with(stream_of(once, b"[/FlateDecode/FlateDecode]"))
    yield "pdf with a million operators", pdf_with(stream_of(zlib.compress(b"q Q " * 500_000), b"/FlateDecode"))
    yield "pdf with unknown filters", pdf_with(stream_of(b"x", b"[/Nonsense/LZWDecode]"))
    yield "pdf with a password", media.locked_pdf("secret")
    yield "pdf of pictures", media.pdf("", "")
    yield "nothing", b""
    yield "zip", b"PK\x03\x04" + bytes(100)
    yield "zeros", bytes(5000)
    yield "program", b"\x7fELF" + bytes(100)
    yield "picture", media.png()
    for seed in range(5):
        yield f"random {seed}", random.Random(seed).randbytes(200 * (seed + 1))


async def as_picture(workshop: Workshop, data: bytes) -> object:
    return await workshop.picture(data, 1568)


async def as_image(workshop: Workshop, data: bytes) -> object:
    return await workshop.image_file(data, "picture")


async def as_sound(workshop: Workshop, data: bytes) -> object:
    sound = await workshop.sound(data, None)
    return await workshop.waveform(sound)


async def as_voice(workshop: Workshop, data: bytes) -> object:
    return await workshop.mp3(Sound(data, "voice.ogg", "audio/ogg"))


async def as_document(workshop: Workshop, data: bytes) -> object:
    return await workshop.document(data, "notes.txt", None, 10_000)


def most_megabytes() -> float:
    """The most memory that was resident at a time, in this process or in one of its children that ended.

    `getrusage` of the process itself would count what the process that started it holds, which execve does not forget.
    """
    own = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert own is not None
    return max(int(own[1]), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


CASES: list[tuple[str, Tools, Callable[[], Iterator[Case]]]] = [
    ("picture", as_picture, pictures),
    ("image", as_image, pictures),
    ("sound", as_sound, recordings),
    ("voice", as_voice, recordings),
    ("document", as_document, documents),
]


async def outcome_of(workshop: Workshop, tool: Tools, data: bytes) -> str:
    try:
        await tool(workshop, data)
    except FileError:
        return "refused"
    except Exception as error:
        return repr(error)
    return "shown"


async def try_all() -> dict[str, dict[str, str]]:
    """What became of each file, by kind and name."""
    waiting = asyncio.Semaphore(AT_ONCE)

    async def one(workshop: Workshop, tool: Tools, data: bytes) -> str:
        async with waiting:
            return await outcome_of(workshop, tool, data)

    found: dict[str, dict[str, str]] = {}
    async with Workshop() as workshop:
        for kind, tool, cases in CASES:
            named = dict(cases())
            outcomes = await asyncio.gather(*(one(workshop, tool, data) for data in named.values()))
            found[kind] = dict(zip(named, outcomes, strict=True))
    return found


if __name__ == "__main__":
    logging.getLogger().addHandler(logging.NullHandler())  # Pillow says there what is wrong with some files
    outcomes = asyncio.run(try_all())
    sys.stdout.write(json.dumps({"outcomes": outcomes, "megabytes": most_megabytes()}))
