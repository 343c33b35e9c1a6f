"""Text out of bytes of unknown encoding. Pure."""

from __future__ import annotations

import codecs
import io
import re

from bot.errors import FileUnreadable, FileUnsupported
from bot.media.documents import Document
from bot.media.kinds import is_known_binary

_PIECE = 64 * 1024
_SAMPLE = 256 * 1024
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NATIONAL = ("cp", "iso8859", "koi8", "mac", "euc_", "gb", "big5", "shift_jis", "iso2022")

_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff\ud800-\udfff]")
_STRANGE_BYTES = bytes({*range(0x20), 0x7F} - set(b"\t\n\r\f\x1b"))
_HIGH = bytes(range(0x80, 0x100))

MOST_STRANGE = 0.005
MOST_HIGH = 0.4
"""Shares of control bytes, and of bytes beyond ASCII in a legacy encoding, above which nobody wrote this."""


def cleaned(text: str) -> str:
    """Line ends as \\n, and nothing that a terminal or a model would take for anything but text."""
    return _CONTROLS.sub("", _ENDS.sub("\n", text))


def read_text(data: bytes, characters: int, charset: str | None = None) -> Document:
    """The first so many characters. `charset` is what the sender says; it is heeded where UTF-8 does not fit.

    Raises FileUnreadable for an empty file and FileUnsupported for what is no text.
    """
    if not data:
        raise FileUnreadable("empty")
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decoded(data, encoding, characters, "replace")
    sample = data[:_SAMPLE]
    strange = len(sample) - len(sample.translate(None, _STRANGE_BYTES))
    if is_known_binary(data) or b"\0" in sample or strange > len(sample) * MOST_STRANGE:
        raise FileUnsupported("not text")
    for encoding in ("utf-8", _known(charset)):
        try:
            return _decoded(data, encoding, characters, "strict")
        except UnicodeError:
            continue
    return _guessed(data, sample, characters)


def _known(charset: str | None) -> str:
    """The national encoding of this name, else one that fits ASCII alone: some of Python's codecs are no encodings."""
    try:
        name = codecs.lookup(charset or "ascii").name
    except (LookupError, ValueError):
        return "ascii"
    return name if name.startswith(_NATIONAL) else "ascii"


def _guessed(data: bytes, sample: bytes, characters: int) -> Document:
    """UTF-8 with a few mistakes, such as one that was cut off, or the encoding of old Windows."""
    loose = sample.decode(errors="replace")
    beyond = sum(1 for character in loose if character > "\x7f")
    wrong = loose.count("\ufffd")
    if wrong <= beyond - wrong:
        return _decoded(data, "utf-8", characters, "replace")
    if len(sample) - len(sample.translate(None, _HIGH)) > len(sample) * MOST_HIGH:
        raise FileUnsupported("no encoding fits")
    return _decoded(data, "cp1252", characters, "replace")


def _decoded(data: bytes, encoding: str, characters: int, errors: str) -> Document:
    """Piece by piece, so that other threads get their turn."""
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(errors), translate=True)
    kept: list[str] = []
    room, left_out = characters, 0
    for start in range(0, len(data), _PIECE):
        text = cleaned(decoder.decode(data[start : start + _PIECE], start + _PIECE >= len(data)))
        kept.append(text[:room])
        left_out += max(0, len(text) - room)
        room = max(0, room - len(text))
    whole = "".join(kept)
    if not whole.strip():
        raise FileUnreadable("nothing to read")
    return Document(whole, left_out=left_out)
