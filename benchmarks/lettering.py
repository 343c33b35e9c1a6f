"""Text in lines that fit a bubble. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal
from xml.sax.saxutils import escape

Style = Literal["plain", "bold", "code", "block", "quote"]

SIZE = 16
LINE = 25
QUOTE_INDENT = 14

# Widths in ems, on the generous side of the usual sans-serif fonts: which one the reader has is not known here.
_NARROW, _WIDE, _USUAL, _CAPITAL, _MONOSPACED = 0.37, 0.92, 0.62, 0.74, 0.58

_CLASSES: dict[Style, str] = {"plain": "", "bold": "b", "code": "c", "block": "c p", "quote": ""}


@dataclass(frozen=True, slots=True)
class Span:
    """Characters from `start` to `end` that look like this."""

    start: int
    end: int
    style: Style


Row = tuple[tuple[str, Style], ...]
"""One line on screen, in runs of one style."""


def rows_of(text: str, spans: Sequence[Span], width: int) -> list[Row]:
    """The text in lines that fit into `width` pixels."""
    styles: list[Style] = ["plain"] * len(text)
    for span in spans:
        styles[span.start : span.end] = [span.style] * (span.end - span.start)
    rows, start = [], 0
    while start <= len(text):
        room = width - QUOTE_INDENT if styles[start : start + 1] == ["quote"] else width
        end = _line_end(text, styles, start, room)
        rows.append(_row(text[start:end].rstrip("\n"), styles[start:end]))
        start = max(end, start + 1) if end < len(text) else len(text) + 1
    return rows


def drawn(rows: Sequence[Row], left: int, top: int, width: int) -> Iterator[str]:
    """The lines as markup; `left` and `width` are those of the text, without the bubble's padding."""
    for number, row in enumerate(rows):
        y, x = top + LINE * number, left
        style = row[0][1] if row else "plain"
        if style == "block":
            yield f'<rect class="block" x="{left - 6}" y="{y}" width="{width + 12}" height="{LINE}"/>'
        elif style == "quote":
            yield f'<rect class="quoted" x="{left}" y="{y}" width="{width}" height="{LINE}"/>'
            yield f'<rect class="logo" x="{left}" y="{y}" width="3" height="{LINE}"/>'
            x += QUOTE_INDENT
        runs = "".join(_run(text, style) for text, style in row)
        yield f'<text xml:space="preserve" x="{x}" y="{y + 18}">{runs}</text>'


def _run(text: str, style: Style) -> str:
    name = _CLASSES[style]
    return f'<tspan class="{name}">{escape(text)}</tspan>' if name else escape(text)


def _line_end(text: str, styles: Sequence[Style], start: int, width: int) -> int:
    """Where the line that begins at `start` ends: behind its newline, or behind the last blank that fits."""
    used, blank = 0.0, start
    for at in range(start, len(text)):
        if text[at] == "\n":
            return at + 1
        used += _em(text[at], styles[at]) * SIZE
        if used > width and blank > start:
            return blank
        if text[at] == " ":
            blank = at + 1
    return len(text)


def _em(character: str, style: Style) -> float:
    if style in ("code", "block"):
        return _MONOSPACED
    if character in "iljtfr.,:;'|!()[]- ":
        return _NARROW
    if character in "mwMW":
        return _WIDE
    return _CAPITAL if character.isupper() else _USUAL


def _row(text: str, styles: Sequence[Style]) -> Row:
    runs = groupby(zip(text, styles, strict=False), key=lambda pair: pair[1])
    return tuple(("".join(character for character, _ in run), style) for style, run in runs)
