"""GFM tables, which Discord does not show, as aligned text in a code block."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.domain.tables import Alignment, layout

_DELIMITERS = re.compile(r"\s*+\|?\s*+:?-++:?\s*+(?:\|\s*+:?-++:?\s*+)*+\|?\s*+")
_CELL_END = re.compile(r"(?<!\\)\|")
_BOLD = re.compile(r"\*\*(?=\S)((?:[^*]++|\*(?!\*))++)(?<=\S)\*\*")
_CODE = re.compile(r"(?<!`)(`++)(.+?)(?<!`)\1(?!`)")


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
    return ["```", *layout(rows, [_alignment(mark) for mark in marks]).split("\n"), "```"]


def _cells(line: str) -> list[str]:
    inside = line.strip().removeprefix("|")
    if inside.endswith("|") and not inside.endswith("\\|"):
        inside = inside[:-1]
    return [cell.strip() for cell in _CELL_END.split(inside)]


def _bare(cell: str) -> str:
    """A cell's text without marks that a code block would show as they are."""
    text = _BOLD.sub(r"\1", cell)
    return _CODE.sub(r"\2", text).replace("\\|", "|").replace("```", "'''")


def _alignment(mark: str) -> Alignment:
    """What a column's delimiter (`---`, `:-:`, `--:`) asks for."""
    if not mark.endswith(":"):
        return "left"
    return "center" if mark.startswith(":") else "right"
