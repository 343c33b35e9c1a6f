"""What a recording is and how long it lasts, as far as its bytes tell without decoding. Pure."""

from __future__ import annotations

import struct

from bot.domain.media import Sound
from bot.errors import FileUnreadable, FileUnsupported
from bot.media.kinds import SoundKind, sound_kind

# Transcription endpoints go by the name: they take .ogg and refuse .oga and .opus.
NAMES: dict[SoundKind, tuple[str, str]] = {
    "ogg": ("voice.ogg", "audio/ogg"),
    "mp3": ("audio.mp3", "audio/mpeg"),
    "aac": ("audio.aac", "audio/aac"),
    "wav": ("audio.wav", "audio/wav"),
    "flac": ("audio.flac", "audio/flac"),
    "m4a": ("audio.m4a", "audio/mp4"),
    "mp4": ("video.mp4", "video/mp4"),
    "webm": ("audio.webm", "audio/webm"),
}

_OPUS_RATE = 48000
"""Opus in Ogg counts in samples of 48 kHz, whatever was recorded (RFC 7845, 4)."""

_NO_GRANULE = -1


def named(data: bytes, duration: float | None = None) -> Sound:
    """A recording with its name and type by content. Raises FileUnreadable (empty) and FileUnsupported."""
    if not data:
        raise FileUnreadable("empty")
    kind = sound_kind(data)
    if kind is None:
        raise FileUnsupported("no recording")
    name, mime = NAMES[kind]
    if duration is None:
        duration = _ogg_seconds(data) if kind == "ogg" else _wav_seconds(data) if kind == "wav" else None
    return Sound(data, name, mime, duration)


def is_voice_note(data: bytes) -> bool:
    """Whether this is Ogg/Opus with one channel: what platforms show as a voice note."""
    head = _opus_head(data)
    return head is not None and data[head + 9] == 1


def _opus_head(data: bytes) -> int | None:
    """Where the identification header stands: in the first page (RFC 7845, 5.1)."""
    at = data.find(b"OpusHead", 0, 300)
    return at if data.startswith(b"OggS") and 0 < at <= len(data) - 19 else None


def _ogg_seconds(data: bytes) -> float | None:
    """From the granule position of the last page of the first stream (RFC 3533, 6)."""
    if len(data) < 27:
        return None
    head = _opus_head(data)
    if head is not None:
        (skipped,), rate = struct.unpack_from("<H", data, head + 10), _OPUS_RATE
    elif 0 < (at := data.find(b"\x01vorbis", 0, 300)) <= len(data) - 16:  # Vorbis I, 4.2.2
        skipped, (rate,) = 0, struct.unpack_from("<I", data, at + 12)
    else:
        return None
    granule = _last_granule(data)
    return None if granule is None or not rate else max(0.0, (granule - skipped) / rate)


def _last_granule(data: bytes) -> int | None:
    serial = data[14:18]
    at = data.rfind(b"OggS")
    while at >= 0:
        if at + 27 <= len(data) and data[at + 14 : at + 18] == serial:
            granule: int = struct.unpack_from("<q", data, at + 6)[0]
            if granule != _NO_GRANULE:
                return granule
        at = data.rfind(b"OggS", 0, at)
    return None


def _wav_seconds(data: bytes) -> float | None:
    """From the byte rate of the `fmt ` chunk and what there is of the `data` chunk: streams leave its length open."""
    at, rate = 12, 0
    while at + 8 <= len(data):
        name, (length,) = data[at : at + 4], struct.unpack_from("<I", data, at + 4)
        if name == b"fmt " and at + 20 <= len(data):
            (rate,) = struct.unpack_from("<I", data, at + 16)
        elif name == b"data":
            return min(length, len(data) - at - 8) / rate if rate else None
        at += 8 + length + length % 2
    return None
