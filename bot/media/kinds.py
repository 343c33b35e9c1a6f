"""What a file is, by its first bytes and never by its name. Pure.

Signatures: PNG (W3C, 5.2), JPEG (ITU T.81, B.1.1.3), GIF89a (17), WebP (RFC 9649), TIFF 6.0 (2), Ogg (RFC 3533),
ISO base media (ISO 14496-12, 4.3), FLAC (RFC 9639), Matroska (RFC 9559), ID3v2.4 (3.1), MPEG audio (ISO 11172-3,
2.4.1.3).
"""

from __future__ import annotations

from typing import Literal

PictureKind = Literal["jpeg", "png", "gif", "webp", "bmp", "tiff", "avif"]
SoundKind = Literal["ogg", "mp3", "aac", "wav", "flac", "m4a", "mp4", "webm"]

_AVIF_BRANDS = (b"avif", b"avis")
_STILL_BRANDS = (*_AVIF_BRANDS, b"heic", b"heix", b"heif", b"hevc", b"mif1", b"msf1", b"jxl ")
_SOUND_BRANDS = (b"M4A ", b"M4B ")

# What would pass for text, or as text would only be noise.
_NO_TEXT = (
    b"{\\rtf",
    b"PK\x03\x04",
    b"Rar!",
    b"7z\xbc\xaf",
    b"\x1f\x8b",
    b"\xd0\xcf\x11\xe0",
    b"\x7fELF",
    b"!<arch>",
)


def picture_kind(data: bytes) -> PictureKind | None:
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp"
    if data.startswith(b"BM") and data[6:10] == bytes(4):  # the reserved field
        return "bmp"
    if data.startswith((b"II*\0", b"MM\0*")):
        return "tiff"
    return "avif" if data[4:8] == b"ftyp" and data[8:12] in _AVIF_BRANDS else None


def sound_kind(data: bytes) -> SoundKind | None:
    if data.startswith(b"OggS"):
        return "ogg"
    if data.startswith(b"ID3"):
        return "mp3"
    if data.startswith(b"RIFF") and data[8:12] == b"WAVE":
        return "wav"
    if data.startswith(b"fLaC"):
        return "flac"
    if data.startswith(b"\x1a\x45\xdf\xa3"):
        return "webm"
    if data[4:8] == b"ftyp" and data[8:12] not in _STILL_BRANDS:
        return "m4a" if data[8:12] in _SOUND_BRANDS else "mp4"
    return _mpeg_audio(data)


def _mpeg_audio(data: bytes) -> SoundKind | None:
    """A frame header of MPEG audio, layer II or III, or of AAC in ADTS, whose layer is 0."""
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:
        return None
    version, layer = data[1] >> 3 & 3, data[1] >> 1 & 3
    if layer == 0:
        return "aac" if data[1] & 0xF0 == 0xF0 and data[2] >> 2 & 15 < 13 else None
    sensible = version != 1 and data[2] >> 4 != 15 and data[2] >> 2 & 3 != 3
    return "mp3" if sensible and layer in (1, 2) else None


def is_pdf(data: bytes) -> bool:
    """Readers look for the header in the first 1024 bytes (ISO 32000-1, annex H, note 13)."""
    return b"%PDF-" in data[:1024]


def is_known_binary(data: bytes) -> bool:
    return data.startswith(_NO_TEXT) or picture_kind(data) is not None or sound_kind(data) is not None
