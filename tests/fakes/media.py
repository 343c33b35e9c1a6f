"""Small real media, made when a test asks for them: pictures, recordings, videos, documents."""

from __future__ import annotations

import io
import math
import wave
from array import array
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from typing import Any, cast

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container.output import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image
from pypdf import PdfReader, PdfWriter

RED, GREEN, BLUE, YELLOW = (220, 30, 30), (30, 180, 40), (30, 40, 220), (230, 210, 30)

ORIENTATION = 0x0112
"""The EXIF tag that says how a picture is to be turned."""

SVG = (
    b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8">'
    b'<script>alert(1)</script><rect width="8" height="8" fill="red"/></svg>'
)
HTML = b"<!DOCTYPE html>\n<html><head><title>Not found</title></head><body><script>alert(1)</script></body></html>"
CSV = "name;price\nÄpfel;1,20\nBirnen;2,10\n".encode()


def quarters(width: int = 64, height: int = 48) -> Image.Image:
    """A picture whose quarters are red and green above blue and yellow."""
    picture = Image.new("RGB", (width, height), RED)
    left, top = width // 2, height // 2
    picture.paste(GREEN, (left, 0, width, top))
    picture.paste(BLUE, (0, top, left, height))
    picture.paste(YELLOW, (left, top, width, height))
    return picture


def photo(width: int, height: int, seed: int = 7) -> Image.Image:
    """Like a photograph for a codec: smooth light, blurred shapes and the noise of a sensor."""
    across = Image.linear_gradient("L").rotate(90).resize((width, height))
    down = Image.radial_gradient("L").resize((width, height))
    shapes = Image.effect_mandelbrot((width // 8, height // 8), (-2.0, -1.5, 1.0, 1.5), 40).resize((width, height))
    picture = Image.merge("RGB", (across, down, shapes))
    noise = Image.effect_noise((width, height), 12.0 + seed % 5)
    return Image.blend(picture, Image.merge("RGB", (noise, noise, noise)), 0.25)


def encoded(picture: Image.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def jpeg(width: int = 64, height: int = 48, orientation: int | None = None) -> bytes:
    """`orientation` is the EXIF value from 1 to 8; with it come a place and a camera's name, as phones write them."""
    options: dict[str, Any] = {"quality": 90}
    if orientation is not None:
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        exif[0x010F] = "Secret Camera"
        exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
        options["exif"] = exif
    return encoded(quarters(width, height), "JPEG", **options)


def cmyk_jpeg(width: int = 64, height: int = 48) -> bytes:
    return encoded(quarters(width, height).convert("CMYK"), "JPEG", quality=90)


def png(width: int = 64, height: int = 48, transparent: bool = False) -> bytes:
    """A transparent one has a hole in the middle."""
    picture = quarters(width, height)
    if transparent:
        picture = picture.convert("RGBA")
        picture.paste((0, 0, 0, 0), (width // 4, height // 4, 3 * width // 4, 3 * height // 4))
    return encoded(picture, "PNG")


def deep_png(width: int = 64, height: int = 48) -> bytes:
    """16 bits of grey, dark on the left and bright on the right."""
    row = array("H", (x * 65535 // (width - 1) for x in range(width)))
    return encoded(Image.frombytes("I;16", (width, height), row.tobytes() * height), "PNG")


def palette_png(width: int = 64, height: int = 48, transparent: bool = False) -> bytes:
    """At most 256 colours; a transparent one has no blue."""
    picture = quarters(width, height).quantize(8)
    blue = picture.getpixel((1, height - 1))
    return encoded(picture, "PNG", **({"transparency": blue} if transparent else {}))


def _frames(width: int, height: int, count: int) -> list[Image.Image]:
    return [quarters(width, height).rotate(90 * index, expand=False) for index in range(count)]


def gif(width: int = 64, height: int = 48, frames: int = 1) -> bytes:
    """The first frame stands upright, the others are turned."""
    first, *others = _frames(width, height, frames)
    return encoded(first, "GIF", **({"save_all": True, "append_images": others, "duration": 100} if others else {}))


def webp(width: int = 64, height: int = 48, frames: int = 1, transparent: bool = False) -> bytes:
    first, *others = _frames(width, height, frames)
    if transparent:
        first = first.convert("RGBA")
        first.paste((0, 0, 0, 0), (0, 0, width // 2, height // 2))
    return encoded(first, "WEBP", **({"save_all": True, "append_images": others, "duration": 100} if others else {}))


def bmp(width: int = 64, height: int = 48) -> bytes:
    return encoded(quarters(width, height), "BMP")


def tiff(width: int = 64, height: int = 48, compression: str = "tiff_deflate") -> bytes:
    return encoded(quarters(width, height), "TIFF", compression=compression)


def avif(width: int = 64, height: int = 48) -> bytes:
    return encoded(quarters(width, height), "AVIF")


def tone(seconds: float, rate: int, hertz: float = 440.0, loudness: float = 0.5) -> array[int]:
    """16-bit samples of one channel; the first half is louder than the second."""
    count = int(seconds * rate)
    step = 2 * math.pi * hertz / rate
    return array(
        "h", (int(32767 * loudness * (1.0 if i < count / 2 else 0.25) * math.sin(i * step)) for i in range(count))
    )


@cache
def wav(seconds: float = 1.0, rate: int = 16000) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(tone(seconds, rate).tobytes())
    return buffer.getvalue()


def _sound_frames(seconds: float, rate: int) -> Iterator[AudioFrame]:
    samples = tone(seconds, rate)
    for start in range(0, len(samples), 1024):
        piece = samples[start : start + 1024]
        frame = AudioFrame(format="s16", layout="mono", samples=len(piece))
        frame.planes[0].update(piece.tobytes().ljust(frame.planes[0].buffer_size, b"\0"))
        frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        yield frame


def _recorded(container: str, codec: str, seconds: float, rate: int = 48000, film: bool = False) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as out:
        pictures = _film(out) if film else None
        sound = cast("AudioStream", out.add_stream(codec, rate=rate, layout="mono"))
        if pictures is not None:
            _shoot(out, pictures, seconds)
        for frame in _sound_frames(seconds, rate):
            out.mux(sound.encode(frame))
        out.mux(sound.encode(None))
    return buffer.getvalue()


def _film(out: OutputContainer) -> VideoStream:
    stream = out.add_stream("mpeg4", rate=10)
    stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
    return stream


def _shoot(out: OutputContainer, stream: VideoStream, seconds: float) -> None:
    for index in range(max(1, int(seconds * 10))):
        frame = VideoFrame(64, 64, "yuv420p")
        for plane, level in zip(frame.planes, (16 + 9 * index % 200, 128, 90), strict=True):
            plane.update(bytes([level]) * plane.buffer_size)
        frame.pts, frame.time_base = index, Fraction(1, 10)
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


@cache
def ogg(seconds: float = 1.0) -> bytes:
    """A tone as Ogg/Opus: what Telegram's and Discord's voice notes are."""
    return _recorded("ogg", "libopus", seconds)


@cache
def mp3(seconds: float = 1.0) -> bytes:
    return _recorded("mp3", "libmp3lame", seconds, rate=44100)


@cache
def flac(seconds: float = 1.0) -> bytes:
    return _recorded("flac", "flac", seconds, rate=44100)


@cache
def m4a(seconds: float = 1.0) -> bytes:
    return _recorded("ipod", "aac", seconds, rate=44100)


@cache
def mp4(seconds: float = 1.0) -> bytes:
    """A square film with sound: what Telegram's video notes are."""
    return _recorded("mp4", "aac", seconds, rate=44100, film=True)


@cache
def webm(seconds: float = 1.0) -> bytes:
    """Sound alone in WebM, as browsers record it."""
    return _recorded("webm", "libopus", seconds)


@cache
def silent_film(seconds: float = 1.0) -> bytes:
    """An MP4 without any sound."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        _shoot(out, _film(out), seconds)
    return buffer.getvalue()


def pdf(*pages: str, extra: bytes = b"") -> bytes:
    """A PDF with these lines of plain ASCII on its pages; an empty page has nothing to read. `extra` objects follow."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"", b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    kids = []
    for page in pages:
        lines = "".join(f"({_escaped(line)}) Tj T* " for line in page.splitlines())
        drawing = f"BT /F1 11 Tf 14 TL 50 750 Td {lines}ET".encode() if page else b""
        objects.append(b"<</Length %d>>stream\n%b\nendstream" % (len(drawing), drawing))
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R/Resources<</Font<</F1 3 0 R>>>>>>"
            % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<</Type/Pages/Count %d/Kids[%b]>>" % (len(kids), b" ".join(kids))
    return pdf_of(objects, extra)


def _escaped(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def pdf_of(objects: list[bytes], extra: bytes = b"") -> bytes:
    """The file around these objects, of which the first is the catalogue."""
    out = io.BytesIO()
    out.write(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%b\nendobj\n" % (number, body))
    out.write(extra)
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % offset for offset in offsets))
    out.write(b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start))
    return out.getvalue()


def locked_pdf(*pages: str, password: str = "secret", owner_only: bool = False) -> bytes:
    """One that needs a password; with `owner_only` it opens without one but may not be changed."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(*pages))))
    writer.encrypt("" if owner_only else password, owner_password="owner", algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()
