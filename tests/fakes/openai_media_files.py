"""Small real pictures and recordings, made when they are first asked for."""

from __future__ import annotations

import io
import math
import struct
import zlib
from functools import cache

import av
from PIL import Image, ImageDraw

MIMES = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "opus": "audio/opus",
    "mp3": "audio/mpeg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}

# The container, the codec and the sample rate of each of the API's formats.
_SOUNDS = {
    "opus": ("ogg", "libopus", 48_000),
    "mp3": ("mp3", "libmp3lame", 24_000),
    "aac": ("adts", "aac", 24_000),
    "flac": ("flac", "flac", 24_000),
    "wav": ("wav", "pcm_s16le", 24_000),
}


@cache
def picture(words: str, width: int = 1024, height: int = 1024, kind: str = "png", done: float = 1.0) -> bytes:
    """A picture whose colours follow from the words; of one that is not `done` the lower part is grey."""
    number = zlib.crc32(words.encode())
    image = Image.new("RGB", (width, height), (128, 128, 128))
    draw = ImageDraw.Draw(image)
    shades = [(number >> shift) & 0xFF for shift in (0, 8, 16)]
    draw.rectangle((0, 0, width, int(height * done) - 1), fill=(shades[0], shades[1], shades[2]))
    draw.ellipse((width // 4, height // 4, width // 2, height // 2), fill=(shades[2], shades[0], shades[1]))
    out = io.BytesIO()
    image.save(out, kind, **({"compress_level": 1} if kind == "png" else {}))
    return out.getvalue()


@cache
def tone(kind: str = "opus", seconds: float = 0.5) -> bytes:
    """A quiet 440 Hz tone in one of the API's formats; `pcm` is 24 kHz, 16 bit, one channel, without a header."""
    if kind == "pcm":
        return _samples(seconds, 24_000)
    container, codec, rate = _SOUNDS[kind]
    out = io.BytesIO()
    with av.open(out, "w", format=container) as writer:
        stream = writer.add_stream(codec, rate=rate, layout="mono")
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame(format="s16", layout="mono", samples=int(seconds * rate))
        frame.planes[0].update(_samples(seconds, rate))
        frame.sample_rate = rate
        fitting = av.AudioResampler(stream.format, "mono", rate, frame_size=stream.frame_size or None)
        for part in (*fitting.resample(frame), *fitting.resample(None)):
            writer.mux(stream.encode(part))
        writer.mux(stream.encode(None))
    return out.getvalue()


def _samples(seconds: float, rate: int) -> bytes:
    count = int(seconds * rate)
    return struct.pack(f"<{count}h", *(int(4000 * math.sin(2 * math.pi * 440 * n / rate)) for n in range(count)))


def picture_kind(data: bytes) -> str | None:
    """png, jpeg or webp, by the first bytes."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    return "webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


def sound_kind(data: bytes) -> str | None:
    """ogg, mp3, aac, wav, flac, mp4 or webm, by the first bytes."""
    for magic, kind in ((b"OggS", "ogg"), (b"ID3", "mp3"), (b"fLaC", "flac"), (b"\x1a\x45\xdf\xa3", "webm")):
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return "wav"
    if data[4:8] == b"ftyp":
        return "mp4"
    if len(data) < 2 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:
        return None
    return "mp3" if data[1] & 0x06 else "aac"
