"""Pictures on a terminal: two pixels to a character, one above the other."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image
from rich.color import Color
from rich.style import Style
from rich.text import Text

Pixel = tuple[int, int, int] | None
"""Red, green and blue; None where one can see through."""

MOST_PIXELS = 20_000_000
"""A larger picture is not drawn: decoded, it would take more than 80 MB. Image models make up to 4096 × 4096."""

_SOLID = 128


@dataclass(frozen=True, slots=True)
class Look:
    """A picture: its size in pixels, and rows of pixels that are small enough for a screen."""

    width: int
    height: int
    rows: Sequence[Sequence[Pixel]] = field(default=(), repr=False)


def look(data: bytes, canvas: tuple[int, int] | None) -> Look | None:
    """Decode a picture, for a canvas of so many columns and rows if there is one; None if it cannot be read. Blocks."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            width, height = picture.size
            if canvas is None or width * height > MOST_PIXELS:
                return Look(width, height)
            return Look(width, height, _pixels(picture, (canvas[0], 2 * canvas[1])))
    except Exception:  # broken pictures raise nearly everything; the file itself is shown in any case
        return None


def _pixels(picture: Image.Image, box: tuple[int, int]) -> list[list[Pixel]]:
    picture.draft("RGB", box)
    small = picture.convert("RGBA")
    small.thumbnail(box)
    data, width = small.tobytes(), small.width
    pixels = [_pixel(data[at : at + 4]) for at in range(0, len(data), 4)]
    return [pixels[at : at + width] for at in range(0, len(pixels), width)]


def _pixel(data: bytes) -> Pixel:
    red, green, blue, alpha = data
    return (red, green, blue) if alpha >= _SOLID else None


def blocks(rows: Sequence[Sequence[Pixel]]) -> Text:
    """Rows of pixels as rows of half blocks."""
    text = Text(no_wrap=True, overflow="crop")
    for at in range(0, len(rows), 2):
        lower: Sequence[Pixel] = rows[at + 1] if at + 1 < len(rows) else (None,) * len(rows[at])
        for pair in zip(rows[at], lower, strict=True):
            text.append(*_block(*pair))
        text.append("\n")
    text.right_crop(1)
    return text


def _block(upper: Pixel, lower: Pixel) -> tuple[str, Style | None]:
    """A pixel that one can see through is left to the terminal's own background."""
    if upper is not None:
        return "▀", Style(color=Color.from_rgb(*upper), bgcolor=None if lower is None else Color.from_rgb(*lower))
    return (" ", None) if lower is None else ("▄", Style(color=Color.from_rgb(*lower)))
