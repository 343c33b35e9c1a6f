"""Reads a picture's size from the first bytes of its data URI. Pure."""

from __future__ import annotations

import base64
import binascii
import struct

_HEAD = 256 * 1024  # base64 characters: a JPEG's size may stand behind a long preview


def describe(data_uri: str) -> str:
    """`640 by 480 pixels`, or its size in bytes where the format is another than PNG, JPEG and GIF."""
    encoded = data_uri.partition(",")[2]
    size = pixels(encoded[:_HEAD])
    if size is not None:
        return f"{size[0]} by {size[1]} pixels"
    return f"{len(encoded) * 3 // 4} bytes"


def pixels(encoded: str) -> tuple[int, int] | None:
    """Width and height out of the beginning of a base64 text."""
    try:
        data = base64.b64decode(encoded[: len(encoded) // 4 * 4])
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return struct.unpack(">II", data[16:24])
        if data.startswith((b"GIF87a", b"GIF89a")):
            return struct.unpack("<HH", data[6:10])
        return _jpeg(data) if data.startswith(b"\xff\xd8") else None
    except (binascii.Error, struct.error):
        return None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    """Walks over the segments to the start of frame (markers C0 to CF except C4, C8 and CC; ITU T.81, B.2.2)."""
    at = 2
    while at + 9 <= len(data):
        marker, length = struct.unpack(">xBH", data[at : at + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return None
