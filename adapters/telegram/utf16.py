"""UTF-16 units, in which Telegram counts text lengths and entity offsets."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable


def offsets(text: str) -> Callable[[int], int]:
    """A function from an index into `text` to its offset in units."""
    wide = [index for index, character in enumerate(text) if character > "\uffff"]
    return lambda index: index + bisect_left(wide, index)


def span(text: str, offset: int, length: int) -> tuple[int, int]:
    """Where a stretch given in units starts and ends in `text`, as indexes; a stretch beyond the end is cut."""
    encoded = text.encode("utf-16-le", "surrogatepass")
    start = len(encoded[: 2 * offset].decode("utf-16-le", "replace"))
    return start, len(encoded[: 2 * (offset + length)].decode("utf-16-le", "replace"))
