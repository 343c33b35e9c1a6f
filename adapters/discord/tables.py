"""GFM tables, which Discord does not show, as aligned text in a code block."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_DELIMITERS = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
_CELL_END = re.compile(r"(?<!\\)\|")
_BOLD = re.compile(r"\*\*(\S(?:.*?\S)?)\*\*")
_CODE = re.compile(r"(`+)(.+?)\1")

WIDEST = 32
"""Columns are padded to at most this width, so that one long cell does not make every row as long."""


def table_end(lines: Sequence[str], start: int) -> int:
    """The index behind the table that begins at `start`; `start` when none does."""
    if start + 1 >= len(lines) or "|" not in lines[start] or not _DELIMITERS.fullmatch(lines[start + 1]):
        return start
    if len(_cells(lines[start])) != len(_cells(lines[start + 1])):
        return start
    end = start + 2
    while end < len(lines) and "|" in lines[end] and "```" not in lines[end]:
        end += 1
    return end


def table(lines: Sequence[str]) -> list[str]:
    """The table as lines of a code block: heading, rule, rows."""
    marks = _cells(lines[1])
    rows = [[_bare(cell) for cell in _cells(line)] for line in (lines[0], *lines[2:])]
    columns = max(len(row) for row in rows)
    widths = [min(WIDEST, max(_width(row[i]) for row in rows if i < len(row))) for i in range(columns)]
    marks += ["-"] * (columns - len(marks))
    shown = [" | ".join(map(_aligned, row, widths, marks)).rstrip() for row in rows]
    rule = "-+-".join("-" * width for width in widths)
    return ["```", shown[0], rule, *shown[1:], "```"]


def _cells(line: str) -> list[str]:
    inside = line.strip().removeprefix("|")
    if inside.endswith("|") and not inside.endswith("\\|"):
        inside = inside[:-1]
    return [cell.strip() for cell in _CELL_END.split(inside)]


def _bare(cell: str) -> str:
    """A cell's text without marks that a code block would show as they are."""
    text = _BOLD.sub(r"\1", cell)
    return _CODE.sub(r"\2", text).replace("\\|", "|").replace("```", "'''")


def _width(text: str) -> int:
    """How many columns a fixed-width font needs; East Asian characters and emoji take two."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _aligned(cell: str, width: int, mark: str) -> str:
    """The cell padded to `width`, to the side that its column's delimiter (`---`, `:-:`, `--:`) asks for."""
    missing = max(0, width - _width(cell))
    left = 0
    if mark.endswith(":"):
        left = missing // 2 if mark.startswith(":") else missing
    return " " * left + cell + " " * (missing - left)
