"""Tables as text for a fixed-width font."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Literal

Alignment = Literal["left", "center", "right"]

WIDEST_PADDING = 32
"""A column is padded to at most this width, so that one long cell does not blow up every row."""


def layout(rows: Sequence[Sequence[str]], alignments: Sequence[Alignment]) -> str:
    """Rows of equal cell widths, a rule under the first row. Rows may have different numbers of cells."""
    columns = max(map(len, rows))
    sides: list[Alignment] = ["left"] * columns
    sides[: len(alignments)] = alignments
    widths = [max(width(row[column]) for row in rows if column < len(row)) for column in range(columns)]
    widths = [min(widest, WIDEST_PADDING) for widest in widths]
    lines = [" | ".join(map(_pad, row, widths, sides)).rstrip() for row in rows]
    lines.insert(1, "-+-".join("-" * width for width in widths))
    return "\n".join(lines)


def width(text: str) -> int:
    """How many columns a fixed-width font needs; East Asian characters and emoji take two."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _pad(cell: str, to: int, alignment: Alignment) -> str:
    missing = max(0, to - width(cell))
    match alignment:
        case "left":
            return cell + " " * missing
        case "right":
            return " " * missing + cell
        case "center":
            return " " * (missing // 2) + cell + " " * (missing - missing // 2)
