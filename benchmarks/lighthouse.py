"""A lighthouse in a storm: what the scripted model paints in one of the README's pictures."""

from __future__ import annotations

import math
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from benchmarks.brushes import Point, glow, gradient, polygon, vignette


def lighthouse(width: int = 1152, height: int = 768) -> Image.Image:
    """A tower on a rock, its light in the clouds, and a high sea."""
    chance = Random(11)
    picture = gradient(
        (width, height),
        [(0.0, (26, 38, 58)), (0.3, (52, 74, 96)), (0.55, (128, 138, 138)), (0.68, (196, 180, 146)), (1, (40, 70, 84))],
    )
    _storm_clouds(picture, chance)
    lamp = (width * 0.62, height * 0.25)
    _beam(picture, lamp, -1)
    _beam(picture, lamp, 1)
    for distance in range(7):
        _wave(picture, chance, 0.64 + 0.052 * distance, distance)
        if distance == 3:
            _rock(picture, chance)
            _tower(picture, lamp)
    _spray(picture, chance)
    return vignette(picture, 0.45)


def _storm_clouds(picture: Image.Image, chance: Random) -> None:
    width, height = picture.size
    for color, count, low in (((44, 58, 76), 60, 0.5), ((94, 104, 112), 34, 0.5), ((26, 34, 50), 40, 0.34)):
        layer = Image.new("L", picture.size)
        draw = ImageDraw.Draw(layer)
        for _ in range(count):
            x, y = chance.uniform(-0.1, 1.1) * width, chance.uniform(0, low) * height
            across, high = chance.uniform(0.06, 0.2) * width, chance.uniform(0.015, 0.06) * height
            draw.ellipse((x - across, y - high, x + across, y + high), chance.randint(60, 150))
        picture.paste(color, mask=layer.filter(ImageFilter.GaussianBlur(16)))


def _beam(picture: Image.Image, lamp: Point, side: int) -> None:
    x, y = lamp
    layer = Image.new("L", picture.size)
    far = picture.width * 0.9
    spread = [(x, y), (x + side * far, y - far * 0.2), (x + side * far, y + far * 0.02)]
    ImageDraw.Draw(layer).polygon(spread, 190)
    fade = Image.radial_gradient("L").resize((round(far * 2),) * 2).point(lambda level: max(0, 255 - level))
    mask = Image.new("L", picture.size)
    mask.paste(fade, (round(x - far), round(y - far)))
    light = ImageChops.multiply(layer.filter(ImageFilter.GaussianBlur(10)), mask)
    picture.paste((255, 236, 176), mask=light)


def _tower(picture: Image.Image, lamp: Point) -> None:
    x, y = lamp
    tall, top, foot = picture.height * 0.37, picture.height * 0.034, picture.height * 0.056
    mask = polygon(picture.size, [(x - top, y + 30), (x + top, y + 30), (x + foot, y + tall), (x - foot, y + tall)])
    bands = Image.new("RGB", picture.size, (232, 226, 212))
    pen = ImageDraw.Draw(bands)
    for band in (0, 2, 4):
        at = y + 30 + tall * band / 5
        pen.rectangle((0, at, picture.width, at + tall / 5), fill=(176, 48, 42))
    # Round: light on the left, dark on the right.
    shade = Image.linear_gradient("L").rotate(90).resize((round(foot * 2), picture.height))
    side = Image.new("RGB", picture.size, "white")
    side.paste(Image.merge("RGB", [shade.point(lambda level: 90 + level * 165 // 255)] * 3), (round(x - foot), 0))
    picture.paste(ImageChops.multiply(bands, side), mask=mask)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((x - top * 1.5, y + 22, x + top * 1.5, y + 32), fill=(38, 36, 44))
    draw.rectangle((x - top * 0.75, y - 22, x + top * 0.75, y + 22), fill=(255, 240, 180))
    draw.polygon([(x - top, y - 22), (x, y - 58), (x + top, y - 22)], fill=(150, 40, 38))
    for post in (-0.75, -0.25, 0.25, 0.75):
        draw.line((x + top * post, y - 22, x + top * post, y + 22), fill=(60, 50, 50), width=3)
    for window in (0.3, 0.55):
        at = y + tall * window
        draw.rectangle((x - 6, at, x + 6, at + 20), fill=(255, 214, 130))
    glow(picture, lamp, picture.width * 0.17, (255, 230, 160))


def _rock(picture: Image.Image, chance: Random) -> None:
    width, height = picture.size
    for shade, lower, inset in (((34, 36, 42), 0.0, 0.0), ((66, 62, 60), 0.025, 0.04), ((96, 86, 76), 0.05, 0.1)):
        line = [(0.40 + inset, 0.83), (0.47 + inset, 0.70), (0.55, 0.615), (0.62, 0.60), (0.70 - inset, 0.615)]
        line += [(0.79 - inset, 0.69), (0.90 - inset, 0.83)]
        rough = [(x * width + chance.uniform(-9, 9), (y + lower) * height + chance.uniform(-9, 9)) for x, y in line]
        ImageDraw.Draw(picture).polygon(rough, fill=shade)


def _wave(picture: Image.Image, chance: Random, top: float, distance: int) -> None:
    width, height = picture.size
    phase, high = chance.uniform(0, math.tau), (0.012 + 0.009 * distance) * height
    pace = 3.4 - 0.3 * distance

    def crest(x: float) -> float:
        turn = phase + x / width * math.tau * pace
        return top * height - high * (math.pow(abs(math.sin(turn)), 1.6) + 0.25 * math.sin(2.7 * turn))

    line = [(float(x), crest(x)) for x in range(-8, width + 16, 8)]
    near = distance / 6
    deep = (round(34 - 14 * near), round(72 - 24 * near), round(88 - 22 * near))
    light = (round(96 - 30 * near), round(140 - 26 * near), round(140 - 20 * near))
    mask = polygon(picture.size, [(-8, height), *line, (width + 8, height)])
    shade = gradient(picture.size, [(0, light), (max(0.0, top - 0.06), light), (min(1.0, top + 0.1), deep), (1, deep)])
    picture.paste(shade, mask=mask)
    foam = Image.new("L", picture.size)
    draw = ImageDraw.Draw(foam)
    draw.line(line, fill=220, width=3 + distance)
    for _ in range(40 + 26 * distance):
        x = chance.uniform(0, width)
        y = crest(x) + abs(chance.gauss(0, 0.5)) * (8 + 6 * distance)
        long = chance.uniform(3, 12) + 2 * distance
        draw.line(
            (x - long, y, x + long, y + chance.uniform(-3, 3)), fill=chance.randint(60, 170), width=2 + distance // 3
        )
    picture.paste((236, 238, 230), mask=foam.filter(ImageFilter.GaussianBlur(1.4)))


def _spray(picture: Image.Image, chance: Random) -> None:
    """Where the sea breaks at the rock."""
    width, height = picture.size
    layer = Image.new("L", picture.size)
    draw = ImageDraw.Draw(layer)
    for _ in range(900):
        turn, away = chance.uniform(math.pi * 1.02, math.pi * 1.75), abs(chance.gauss(0, 0.09)) * width
        x, y = width * 0.455 + away * math.cos(turn), height * 0.85 + away * 0.8 * math.sin(turn)
        size = chance.uniform(1, 5)
        draw.ellipse((x - size, y - size, x + size, y + size), chance.randint(70, 200))
    picture.paste((244, 244, 238), mask=layer.filter(ImageFilter.GaussianBlur(2)))
