"""An evening at a lake: the photo that somebody sends in one of the README's pictures."""

from __future__ import annotations

import itertools
import math
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from benchmarks.brushes import Color, Point, glow, gradient, jagged, polygon, vignette


def lake(width: int = 1200, height: int = 800) -> Image.Image:
    """The last light over mountains, a hut with lit windows, and all of it once more in the water."""
    chance, shore = Random(4), int(height * 0.64)
    land = gradient(
        (width, shore),
        [
            (0.0, (38, 52, 99)),
            (0.42, (104, 94, 148)),
            (0.7, (226, 140, 128)),
            (0.9, (253, 196, 132)),
            (1, (255, 220, 160)),
        ],
    )
    _stars(land, chance, 70, int(shore * 0.4))
    _clouds(land, chance)
    glow(land, (width * 0.29, shore * 0.52), width * 0.34, (255, 178, 112))
    glow(land, (width * 0.29, shore * 0.52), width * 0.11, (255, 240, 200))
    ridges = (
        (0.46, 0.30, (150, 112, 146), (232, 164, 148)),
        (0.62, 0.22, (104, 84, 124), (196, 132, 138)),
        (0.78, 0.14, (66, 62, 98), (140, 102, 122)),
    )
    for top, rough, high, low in ridges:
        _ridge(land, chance, top, rough, high, low)
    _forest(land, chance, 0.93, (34, 40, 62))
    _hut(land, (width * 0.69, shore * 0.955), width * 0.075)
    return _with_water(land, height, chance)


def _with_water(land: Image.Image, height: int, chance: Random) -> Image.Image:
    width, shore = land.size
    depth = height - shore
    mirrored = (
        land.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((width, int(shore * 0.86))).crop((0, 0, width, depth))
    )
    water = Image.new("RGB", (width, depth))
    for row in range(depth):
        # Ripples shift the rows, more the nearer they are.
        near = row / depth
        reach = 1 + 9 * near
        shift = round(reach * math.sin(row * (0.9 - 0.6 * near)) + chance.uniform(-1, 1) * reach * 0.4)
        water.paste(ImageChops.offset(mirrored.crop((0, row, width, row + 1)), shift, 0), (0, row))
    water = Image.blend(water.filter(ImageFilter.GaussianBlur(1.2)), Image.new("RGB", water.size, (30, 36, 70)), 0.28)
    whole = Image.new("RGB", (width, height))
    whole.paste(land)
    whole.paste(water, (0, shore))
    _glints(whole, chance, shore)
    _reeds(whole, chance)
    return vignette(whole, 0.35)


def _stars(picture: Image.Image, chance: Random, count: int, below: int) -> None:
    draw = ImageDraw.Draw(picture, "RGBA")
    for _ in range(count):
        x, y = chance.uniform(0, picture.width), chance.uniform(0, below)
        size = chance.choice((0.8, 0.8, 1.2, 1.8))
        strength = round(200 * (1 - y / below) * chance.uniform(0.4, 1))
        draw.ellipse((x - size, y - size, x + size, y + size), fill=(255, 250, 235, strength))


def _clouds(picture: Image.Image, chance: Random) -> None:
    """Long streaks that catch the light from below."""
    width, height = picture.size
    layer = Image.new("L", picture.size)
    draw = ImageDraw.Draw(layer)
    for _ in range(26):
        x, y = chance.uniform(-0.1, 1.1) * width, chance.triangular(0.22, 0.68, 0.5) * height
        long, thick = chance.uniform(0.06, 0.26) * width, chance.uniform(1.5, 6)
        draw.ellipse((x - long, y - thick, x + long, y + thick), chance.randint(60, 150))
    mask = layer.filter(ImageFilter.GaussianBlur(4))
    picture.paste((255, 176, 150), mask=mask)
    lit = ImageChops.subtract(mask, ImageChops.offset(mask, 0, -3)).point(lambda level: min(255, level * 4))
    picture.paste((255, 222, 176), mask=lit)


def _ridge(picture: Image.Image, chance: Random, top: float, rough: float, high: Color, low: Color) -> None:
    """A mountain range: dark above, in the haze below, with a lit side at each peak."""
    width, height = picture.size
    line = jagged(chance, width, rough * height, 0.56)
    points = [(x, top * height + lift) for x, lift in line]
    mask = polygon(picture.size, [(0, height), *points, (width, height)])
    highest = min(y for _, y in points) / height
    shade = gradient(picture.size, [(0.0, high), (highest, high), (1.0, low)])
    picture.paste(shade, mask=mask)
    lit = Image.new("L", picture.size)
    draw = ImageDraw.Draw(lit)
    for (x, y), (next_x, next_y) in itertools.pairwise(points):
        if next_y < y:  # the slopes that look to the left, where the sun is
            reach = (y - next_y) * 3 + 14
            draw.polygon([(x, y), (next_x, next_y), (next_x + reach * 0.25, next_y + reach), (x, y + reach * 0.6)], 64)
    lit = ImageChops.multiply(lit.filter(ImageFilter.GaussianBlur(2)), mask)
    picture.paste((255, 190, 150), mask=lit)


def _forest(picture: Image.Image, chance: Random, top: float, color: Color) -> None:
    """Firs on a low bank."""
    width, height = picture.size
    draw = ImageDraw.Draw(picture)
    line = jagged(chance, width, 0.05 * height, 0.5)
    draw.polygon([(0, height), *((x, top * height + lift) for x, lift in line), (width, height)], fill=color)
    for x, lift in line:
        if 0.6 < x / width < 0.8:  # the clearing with the hut
            continue
        for _ in range(2):
            tall = chance.triangular(0.03, 0.17, 0.06) * height
            _fir(draw, (x + chance.uniform(-5, 5), top * height + lift + 8), tall, color)


def _fir(draw: ImageDraw.ImageDraw, foot: Point, tall: float, color: Color) -> None:
    x, y = foot
    for tier in range(5):
        base, tip = y - tall * 0.17 * tier, y - tall * (0.36 + 0.16 * tier)
        half = tall * 0.2 * (1 - tier / 6.5)
        draw.polygon([(x - half, base), (x, tip), (x + half, base)], fill=color)


def _hut(picture: Image.Image, foot: Point, wide: float) -> None:
    x, y = foot
    glow(picture, (x, y - wide * 0.2), wide * 1.5, (255, 170, 80))
    smoke = Image.new("L", picture.size)
    pen = ImageDraw.Draw(smoke)
    for step in range(40):
        away = step / 40
        at = (x + wide * (0.28 + 0.5 * away * away + 0.06 * math.sin(7 * away)), y - wide * (0.95 + 1.5 * away))
        size = wide * (0.03 + 0.1 * away)
        pen.ellipse((at[0] - size, at[1] - size, at[0] + size, at[1] + size), round(110 * (1 - away)))
    picture.paste((236, 214, 214), mask=smoke.filter(ImageFilter.GaussianBlur(4)))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((x + wide * 0.22, y - wide * 0.92, x + wide * 0.33, y - wide * 0.55), fill=(40, 34, 48))
    draw.rectangle((x - wide / 2, y - wide * 0.45, x + wide / 2, y), fill=(58, 44, 54))
    roof = [(x - wide * 0.62, y - wide * 0.42), (x - wide * 0.36, y - wide * 0.85), (x + wide * 0.36, y - wide * 0.85)]
    draw.polygon([*roof, (x + wide * 0.62, y - wide * 0.42)], fill=(30, 28, 44))
    for left in (-0.36, 0.12):
        pane = (x + wide * left, y - wide * 0.33, x + wide * (left + 0.24), y - wide * 0.12)
        draw.rectangle(pane, fill=(255, 214, 120))
        middle = (pane[0] + pane[2]) / 2
        draw.line((middle, pane[1], middle, pane[3]), fill=(58, 44, 54), width=2)


def _glints(picture: Image.Image, chance: Random, shore: int) -> None:
    """The light's path on the water."""
    width, height = picture.size
    layer = Image.new("L", picture.size)
    draw = ImageDraw.Draw(layer)
    for _ in range(420):
        near = chance.random() ** 1.3
        y = shore + 4 + near * (height - shore)
        x = width * 0.27 + chance.gauss(0, 1) * width * (0.03 + 0.055 * near)
        long = chance.uniform(2, 9) + 14 * near
        draw.line((x - long, y, x + long, y), fill=chance.randint(60, 190), width=1 + round(1.6 * near))
    picture.paste((255, 214, 158), mask=layer.filter(ImageFilter.GaussianBlur(0.8)))


def _reeds(picture: Image.Image, chance: Random) -> None:
    width, height = picture.size
    draw = ImageDraw.Draw(picture)
    for _ in range(190):
        side = chance.random()
        x = width * (1.02 - 0.34 * side * side)
        tall, lean = height * chance.uniform(0.05, 0.2) * (1 - 0.75 * side), chance.uniform(-22, 22)
        blade = [(x + lean * t * t, height - tall * t) for t in (0, 0.3, 0.6, 0.85, 1)]
        draw.line(blade, fill=(22, 24, 42), width=chance.choice((2, 2, 3)))
