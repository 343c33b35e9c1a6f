"""Messages of a chat as markup: words, photos, voice notes, buttons. Pure."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from xml.sax.saxutils import escape

from benchmarks.lettering import LINE, Row, Span, drawn, rows_of

PADDING = 14
FRAME = 4
"""Pixels between a photo and the edge of its bubble."""

BUTTON = 34
GAP = 8
NOTE = 64
"""The height of a voice note."""

BAR, BARS = 5, 52


@dataclass(frozen=True, slots=True)
class Photo:
    """A JPEG of this shape; how large it is drawn follows from the bubble."""

    data: bytes = field(repr=False)
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Note:
    """A voice note: `levels` from 0 to 255 draw it."""

    seconds: float
    levels: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Look:
    """How one message looks: a voice note, or a photo or nothing above the text."""

    text: str = ""
    spans: tuple[Span, ...] = ()
    buttons: tuple[str, ...] = ()
    photo: Photo | None = None
    note: Note | None = None


def height_of(look: Look, width: int) -> int:
    """How high a message is in a bubble of this width, with its buttons."""
    return _bubble_height(look, width) + (GAP + BUTTON if look.buttons else 0)


def message(kind: str, look: Look, left: int, top: int, width: int) -> Iterator[str]:
    """The bubble, `kind` of which is `ask` or `say`, and the buttons below it."""
    height = _bubble_height(look, width)
    yield f'<rect class="{kind}" x="{left}" y="{top}" width="{width}" height="{height}" rx="14"/>'
    if look.note is not None:
        yield from _note(look.note, left, top)
    else:
        if look.photo is not None:
            yield from _photo(look.photo, left, top, width)
        words = top + _photo_height(look.photo, width) + PADDING
        yield from drawn(_rows(look, width), left + PADDING, words, width - 2 * PADDING)
    if look.buttons:
        yield from _buttons(look.buttons, left, top + height + GAP, width)


def _bubble_height(look: Look, width: int) -> int:
    if look.note is not None:
        return NOTE
    photo, rows = _photo_height(look.photo, width), _rows(look, width)
    return photo + LINE * len(rows) + 2 * PADDING if rows else photo + 2 * FRAME


def _rows(look: Look, width: int) -> list[Row]:
    return rows_of(look.text, look.spans, width - 2 * PADDING) if look.text else []


def _photo_height(photo: Photo | None, width: int) -> int:
    return 0 if photo is None else round((width - 2 * FRAME) * photo.height / photo.width)


def _photo(photo: Photo, left: int, top: int, width: int) -> Iterator[str]:
    name = hashlib.sha256(photo.data).hexdigest()[:8]
    x, y, wide, high = left + FRAME, top + FRAME, width - 2 * FRAME, _photo_height(photo, width)
    box = f'x="{x}" y="{y}" width="{wide}" height="{high}"'
    yield f'<clipPath id="c{name}"><rect {box} rx="11"/></clipPath>'
    data = base64.b64encode(photo.data).decode()
    yield f'<image {box} clip-path="url(#c{name})" preserveAspectRatio="xMidYMid slice" '
    yield f'href="data:image/jpeg;base64,{data}"/>'


def _note(note: Note, left: int, top: int) -> Iterator[str]:
    """A button to play it, its waveform, and its length."""
    middle, across = top + NOTE // 2, left + PADDING + 20
    yield f'<circle class="logo" cx="{across}" cy="{middle}" r="20"/>'
    yield f'<path class="logo-ink" d="M{across - 6} {middle - 9} V{middle + 9} L{across + 10} {middle} Z"/>'
    start = left + PADDING + 54
    for number, level in enumerate(_few(note.levels)):
        high = 3 + round(23 * level / 255)
        x, y = start + BAR * number, middle + 4 - high
        yield f'<rect class="logo" x="{x}" y="{y}" width="3" height="{high}" rx="1.5"/>'
    minutes, seconds = divmod(round(note.seconds), 60)
    yield f'<text class="faint" x="{start}" y="{middle + 22}">{minutes}:{seconds:02}</text>'


def _few(levels: bytes) -> list[int]:
    """The means of stretches, as many as there are bars, the loudest one as high as can be."""
    edges = [len(levels) * bar // BARS for bar in range(BARS + 1)]
    parts = [levels[start : max(end, start + 1)] for start, end in pairwise(edges)]
    means = [sum(part) / len(part) for part in parts]
    return [round(255 * mean / max(*means, 1)) for mean in means]


def _buttons(labels: Sequence[str], left: int, top: int, width: int) -> Iterator[str]:
    """In one row, equally wide."""
    each = (width - GAP * (len(labels) - 1)) / len(labels)
    for number, label in enumerate(labels):
        x = left + number * (each + GAP)
        yield f'<rect class="button" x="{x:g}" y="{top}" width="{each:g}" height="{BUTTON}" rx="10"/>'
        yield f'<text class="label" x="{x + each / 2:g}" y="{top + 22}" text-anchor="middle">{escape(label)}</text>'
