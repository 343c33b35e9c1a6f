"""How the gateway packs its frames: plain, or compressed as one stream for the whole connection."""

from __future__ import annotations

import zlib
from typing import Protocol


class Packer(Protocol):
    def pack(self, text: bytes) -> bytes: ...


class ZlibStream:
    """`compress=zlib-stream`: one zlib stream, flushed after each payload, so that each ends with 00 00 FF FF."""

    def __init__(self) -> None:
        self._stream = zlib.compressobj()

    def pack(self, text: bytes) -> bytes:
        return self._stream.compress(text) + self._stream.flush(zlib.Z_SYNC_FLUSH)


class ZstdStream:
    """`compress=zstd-stream`: one Zstandard frame, built by hand from stored blocks, which needs no library.

    Layout from RFC 8878: magic number, a frame header without content size and with a window of 128 KiB, then blocks
    whose three-byte header holds the length, the kind (0: stored) and whether it is the last (never).
    """

    _BLOCK = 128 * 1024
    _HEADER = b"\x28\xb5\x2f\xfd" + bytes([0b0000_0000, (17 - 10) << 3])

    def __init__(self) -> None:
        self._started = False

    def pack(self, text: bytes) -> bytes:
        blocks = [text[start : start + self._BLOCK] for start in range(0, len(text), self._BLOCK)]
        packed = b"".join((len(block) << 3).to_bytes(3, "little") + block for block in blocks)
        header = b"" if self._started else self._HEADER
        self._started = True
        return header + packed


def packer(compress: str | None) -> Packer | None:
    """The packing that a connection's query asks for."""
    match compress:
        case "zlib-stream":
            return ZlibStream()
        case "zstd-stream":
            return ZstdStream()
        case _:
            return None
