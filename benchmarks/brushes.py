"""Brushes for painting with Pillow. Pure: the same calls give the same picture."""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Iterable, Sequence
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Color = tuple[int, int, int]
Point = tuple[float, float]
Stop = tuple[float, Color]


def jpeg(picture: Image.Image, quality: int = 88) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()


def gradient(size: tuple[int, int], stops: Sequence[Stop]) -> Image.Image:
    """Colours from above to below, by the part of the height."""
    column = Image.new("RGB", (1, 256))
    for row in range(256):
        at = row / 255
        before = max((stop for stop in stops if stop[0] <= at), key=lambda stop: stop[0])
        after = min((stop for stop in stops if stop[0] >= at), key=lambda stop: stop[0])
        share = (at - before[0]) / (after[0] - before[0]) if after[0] > before[0] else 0.0
        mixed = [round(a + (b - a) * share) for a, b in zip(before[1], after[1], strict=True)]
        column.putpixel((0, row), (mixed[0], mixed[1], mixed[2]))
    return column.resize(size, Image.Resampling.BICUBIC)


def glow(picture: Image.Image, at: Point, reach: float, color: Color) -> None:
    size = max(2, round(reach * 2))
    fade = (
        Image.radial_gradient("L")
        .resize((size, size))
        .point(lambda level: round(max(0, 255 - 1.45 * level) ** 2 / 255))
    )
    mask = Image.new("L", picture.size)
    mask.paste(fade, (round(at[0] - reach), round(at[1] - reach)))
    picture.paste(Image.new("RGB", picture.size, color), mask=mask.point(lambda level: level * 4 // 5))


def jagged(chance: Random, width: int, high: float, rough: float) -> list[Point]:
    """A line of mountains by midpoint displacement, from 0 to `width`."""
    line = [chance.uniform(-0.5, 0.5) * high for _ in range(5)]
    reach = high / 2
    while len(line) < 130:
        middles = [(a + b) / 2 + chance.uniform(-reach, reach) for a, b in itertools.pairwise(line)]
        line = [each for pair in zip(line, middles, strict=False) for each in pair] + [line[-1]]
        reach *= rough
    return [(width * index / (len(line) - 1), lift) for index, lift in enumerate(line)]


def polygon(size: tuple[int, int], points: Sequence[Point]) -> Image.Image:
    """A mask, drawn twice as large for smooth edges."""
    mask = Image.new("L", (size[0] * 2, size[1] * 2))
    ImageDraw.Draw(mask).polygon([(x * 2, y * 2) for x, y in points], 255)
    return mask.resize(size, Image.Resampling.BOX)


def vignette(picture: Image.Image, strength: float) -> Image.Image:
    dark = Image.radial_gradient("L").resize(picture.size).point(lambda level: round(strength * max(0, level - 110)))
    return Image.composite(Image.new("RGB", picture.size, (10, 12, 24)), picture, dark)


def painted(model: Image.Image, layers: Iterable[tuple[int, int, float]]) -> Image.Image:
    """The picture in strokes of a brush, layer over layer: (how many, how long in pixels, how wide)."""
    chance = Random(23)
    smooth = model.filter(ImageFilter.GaussianBlur(2))
    canvas = model.filter(ImageFilter.GaussianBlur(24))
    slope_x, slope_y = _slopes(model)
    for count, long, wide in layers:
        draw = ImageDraw.Draw(canvas)
        for _ in range(count):
            x, y = chance.randrange(model.width), chance.randrange(model.height)
            turn = _across((x, y), slope_x, slope_y) + chance.gauss(0, 0.25)
            reach = long * chance.uniform(0.5, 1)
            dx, dy = reach * math.cos(turn) / 2, reach * math.sin(turn) / 2
            bright = chance.gauss(0, 7)
            color = tuple(max(0, min(255, round(part + bright + chance.gauss(0, 3)))) for part in _pixel(smooth, x, y))
            draw.line(
                (x - dx, y - dy, x + dx, y + dy), fill=color, width=max(1, round(wide * chance.uniform(0.6, 1.2)))
            )
    return canvas.filter(ImageFilter.SMOOTH)


def _slopes(model: Image.Image) -> tuple[Image.Image, Image.Image]:
    """How the brightness grows to the right and downwards, 128 for not at all."""
    grey = model.convert("L").filter(ImageFilter.GaussianBlur(6))
    right = ImageChops.subtract(ImageChops.offset(grey, -4, 0), ImageChops.offset(grey, 4, 0), 1, 128)
    down = ImageChops.subtract(ImageChops.offset(grey, 0, -4), ImageChops.offset(grey, 0, 4), 1, 128)
    return right, down


def _across(at: tuple[int, int], slope_x: Image.Image, slope_y: Image.Image) -> float:
    """The direction along an edge, lying where there is none."""
    dx, dy = _level(slope_x, at) - 128, _level(slope_y, at) - 128
    return math.atan2(dx, -dy) if abs(dx) + abs(dy) > 3 else 0.12


def _level(picture: Image.Image, at: tuple[int, int]) -> float:
    level = picture.getpixel(at)
    assert isinstance(level, int | float)
    return level


def _pixel(picture: Image.Image, x: int, y: int) -> Color:
    found = picture.getpixel((x, y))
    assert isinstance(found, tuple)
    return int(found[0]), int(found[1]), int(found[2])
