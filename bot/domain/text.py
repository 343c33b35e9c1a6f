"""Lengths and characters, as the platforms count them."""

from __future__ import annotations


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units: what Telegram counts, and never less than what Discord counts."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf16_prefix(text: str, units: int) -> int:
    """How many characters of `text` fit into so many UTF-16 units."""
    if utf16_length(text[:units]) <= units:
        return min(units, len(text))
    low, high = 0, min(units, len(text))
    while low < high:
        middle = (low + high + 1) // 2
        if utf16_length(text[:middle]) <= units:
            low = middle
        else:
            high = middle - 1
    return low


def clean(text: str) -> str:
    """Without what no platform and no database takes: NUL, and halves of surrogate pairs that stand alone."""
    if text.isascii():
        return text.replace("\x00", "")
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\x00", "")
