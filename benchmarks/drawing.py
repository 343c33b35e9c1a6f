"""A chat that grows, as an animated SVG. Pure: versions of a message with their times in, markup out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Literal
from xml.sax.saxutils import escape

Style = Literal["plain", "bold", "code", "block"]

WIDTH = 800
MARGIN = 24
HEADER = 64
FOOTER = 40
SIZE = 16
LINE = 25
PADDING = 14
QUESTION = 430
ANSWER = 560
HOLD = 5.0
"""Seconds that the whole answer stays before the animation begins again."""

ENTITIES: dict[str, Style] = {"bold": "bold", "code": "code", "pre": "block"}

# Widths in ems, on the generous side of the usual sans-serif fonts: which one the reader has is not known here.
_NARROW, _WIDE, _USUAL, _CAPITAL, _MONOSPACED = 0.37, 0.92, 0.62, 0.74, 0.58

STYLES = """
  .paper { fill: #ffffff; stroke: #d0d7de; } .bar { fill: #f0f3f6; } .rule { stroke: #d0d7de; }
  .ask { fill: #d8eafd; } .say { fill: #f0f3f6; } .block { fill: #e1e6eb; } .button { fill: #e1e6eb; }
  .logo { fill: #2f6fd0; } .logo-ink { fill: #ffffff; }
  text { fill: #1f2328; font: 16px system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; }
  .faint { fill: #59636e; font-size: 14px; } .b { font-weight: 600; } .label { font-size: 14px; font-weight: 600; }
  .c { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; font-size: 14.5px; }
  .c { fill: #8a2a5d; } .p { fill: #1f2328; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117; stroke: #3d444d; } .bar { fill: #151b23; } .rule { stroke: #3d444d; }
    .ask { fill: #1c3a5e; } .say { fill: #1b222c; } .block { fill: #2a323d; } .button { fill: #2a323d; }
    .logo { fill: #4f8fe8; } text { fill: #e6edf3; } .faint { fill: #9198a1; } .c { fill: #f0a8cf; }
    .p { fill: #e6edf3; }
    .logo-ink { fill: #0d1117; }
  }
"""


@dataclass(frozen=True, slots=True)
class Span:
    """Characters from `start` to `end` that look like this."""

    start: int
    end: int
    style: Style


@dataclass(frozen=True, slots=True)
class Frame:
    """How the answer looked from `at` on (seconds after the question)."""

    at: float
    text: str
    spans: tuple[Span, ...]
    button: str


@dataclass(frozen=True, slots=True)
class Recording:
    """A question and everything that its answer looked like."""

    question: str
    frames: tuple[Frame, ...]

    @property
    def seconds(self) -> float:
        return self.frames[-1].at + HOLD


Row = tuple[tuple[str, Style], ...]
"""One line on screen, in runs of one style."""


def svg(recording: Recording) -> str:
    """The whole picture. Where nothing moves, it shows the end."""
    question = _rows(recording.question, (), QUESTION - 2 * PADDING)
    top = HEADER + 22 + LINE * len(question) + 2 * PADDING + 18
    tallest = max(len(_rows(frame.text, frame.spans, ANSWER - 2 * PADDING)) for frame in recording.frames)
    height = top + LINE * tallest + 2 * PADDING + 46 + FOOTER
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        "<title>A chat in which an answer grows on screen while the model writes it</title>",
        f"<style>{STYLES}{''.join(_keyframes(recording))}</style>",
        f'<rect class="paper" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="14"/>',
        *_header(),
        *_bubble("ask", WIDTH - MARGIN - QUESTION, HEADER + 22, QUESTION, question),
        f'<g id="typing">{_status("typing…")}{_caption("the question is there", height)}</g>',
    ]
    for number, frame in enumerate(recording.frames):
        rows = _rows(frame.text, frame.spans, ANSWER - 2 * PADDING)
        body += [f'<g id="f{number}">', _status("bot"), *_bubble("say", MARGIN, top, ANSWER, rows)]
        body += [*_button(frame.button, top + LINE * len(rows) + 2 * PADDING + 8)]
        body += [_caption(_told(recording, number), height), "</g>"]
    return "\n".join([*body, "</svg>", ""])


def _told(recording: Recording, number: int) -> str:
    """What the line at the bottom says of a frame."""
    edits = "sent" if number == 0 else f"edit {number}"
    frame = recording.frames[number]
    return f"{frame.at:.1f} s after the question · {edits} · {len(frame.text)} characters"


def _keyframes(recording: Recording) -> Iterator[str]:
    """Each frame is seen from its time to the next one's; the typing sign until the first."""
    total = recording.seconds
    times = [0.0, *(frame.at for frame in recording.frames), total]
    names = ["typing", *(f"f{number}" for number in range(len(recording.frames)))]
    for name, (start, end) in zip(names, pairwise(times), strict=True):
        at, until = 100 * start / total, 100 * end / total
        steps = [(0.0, "hidden")] if start > 0 else []
        steps += [(at, "visible")] + ([(until, "hidden")] if end < total else [])
        shown = " ".join(f"{when:.3f}% {{ visibility: {what}; }}" for when, what in steps)
        last = "visible" if end == total else "hidden"
        yield f"  @keyframes k-{name} {{ {shown} 100% {{ visibility: {last}; }} }}\n"
        yield f"  #{name} {{ visibility: {last}; animation: k-{name} {total:.2f}s step-end infinite; }}\n"
    yield "  @media (prefers-reduced-motion: reduce) { g { animation: none !important; } }\n"


def _header() -> Iterator[str]:
    yield f'<path class="bar" d="M1 {HEADER} V14 Q1 1 14 1 H{WIDTH - 14} Q{WIDTH - 1} 1 {WIDTH - 1} 14 V{HEADER} Z"/>'
    yield f'<line class="rule" x1="0" y1="{HEADER}" x2="{WIDTH}" y2="{HEADER}"/>'
    yield f'<circle class="logo" cx="{MARGIN + 20}" cy="32" r="20"/>'
    yield f'<text class="b logo-ink" x="{MARGIN + 20}" y="38" text-anchor="middle">P</text>'
    yield f'<text class="b" x="{MARGIN + 54}" y="28">Parley</text>'


def _status(words: str) -> str:
    return f'<text class="faint" x="{MARGIN + 54}" y="48">{words}</text>'


def _caption(words: str, height: int) -> str:
    return f'<text class="faint" x="{WIDTH - MARGIN}" y="{height - 17}" text-anchor="end">{escape(words)}</text>'


def _bubble(kind: str, left: int, top: int, width: int, rows: Sequence[Row]) -> Iterator[str]:
    height = LINE * len(rows) + 2 * PADDING
    yield f'<rect class="{kind}" x="{left}" y="{top}" width="{width}" height="{height}" rx="14"/>'
    for number, row in enumerate(rows):
        y = top + PADDING + LINE * number
        if row and row[0][1] == "block":
            yield f'<rect class="block" x="{left + 8}" y="{y}" width="{width - 16}" height="{LINE}"/>'
        runs = "".join(_run(text, style) for text, style in row)
        yield f'<text xml:space="preserve" x="{left + PADDING}" y="{y + 18}">{runs}</text>'


def _run(text: str, style: Style) -> str:
    names = {"plain": "", "bold": "b", "code": "c", "block": "c p"}
    return f'<tspan class="{names[style]}">{escape(text)}</tspan>' if names[style] else escape(text)


def _button(label: str, top: int) -> Iterator[str]:
    yield f'<rect class="button" x="{MARGIN}" y="{top}" width="{ANSWER}" height="34" rx="10"/>'
    yield f'<text class="label" x="{MARGIN + ANSWER / 2:g}" y="{top + 22}" text-anchor="middle">{escape(label)}</text>'


def _rows(text: str, spans: Sequence[Span], width: int) -> list[Row]:
    """The text in lines that fit."""
    styles: list[Style] = ["plain"] * len(text)
    for span in spans:
        styles[span.start : span.end] = [span.style] * (span.end - span.start)
    rows, start = [], 0
    while start <= len(text):
        end = _line_end(text, styles, start, width)
        rows.append(_row(text[start:end].rstrip("\n"), styles[start:end]))
        start = max(end, start + 1) if end < len(text) else len(text) + 1
    return rows


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
