"""The demonstration's pictures: an evening over hills, another one for each prompt. Loads Pillow, and works for a
while: call it in a thread."""

from __future__ import annotations

import colorsys
import hashlib
import math
import re
import textwrap
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageColor, ImageDraw, ImageFilter, ImageFont, ImageOps

from bot.domain.media import ImageRequest

_MARK = "demonstration"
_SIDE, _SMALLEST, _LARGEST = 768, 64, 1024  # pixels
_COARSE = (24, 8)  # by how much the sketches are coarser than the picture
_HILLS = 4
_LINES = 4  # of the prompt that are written into the picture
_TINT = 0.5

_Color = tuple[int, int, int]
_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True)
class Paintings:
    """Encoded pictures; the sketches are those of the first one."""

    sketches: tuple[bytes, ...]
    finished: tuple[bytes, ...]


def paint(request: ImageRequest) -> Paintings:
    """The same prompt gives the same pictures. Raises ValueError for a size that is none, and OSError for a picture to
    change that cannot be read."""
    given = _opened(request.pictures[0].data) if request.pictures else None
    size = _size(request.size, given.size if given else (_SIDE, _SIDE))
    images = [_image(request.prompt, size, given, number) for number in range(max(1, request.count))]
    sketches = tuple(_encoded(_coarse(images[0], factor), "JPEG") for factor in _COARSE)
    return Paintings(sketches, tuple(_encoded(image, "PNG") for image in images))


def _opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data)).convert("RGB")


def _size(asked: str | None, otherwise: tuple[int, int]) -> tuple[int, int]:
    """The size that was asked for, made smaller where it is larger than the demonstration draws."""
    width, height = otherwise
    if asked is not None and asked != "auto":
        found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", asked)
        if found is None:
            raise ValueError("the size has to be WIDTHxHEIGHT, for example 768x512")
        width, height = map(int, found.groups())
    shrink = min(1.0, _LARGEST / max(width, height, 1))
    return max(_SMALLEST, round(width * shrink)), max(_SMALLEST, round(height * shrink))


def _image(prompt: str, size: tuple[int, int], given: Image.Image | None, number: int) -> Image.Image:
    chances = _chances(f"{number}:{prompt}")
    if given is None:
        image, height = _landscape(size, chances), 0.26
    else:
        image, height = _tinted(ImageOps.fit(given, size), _hue_of(prompt, next(chances))), 0.7
    _write(image, prompt, height)
    return image


def _chances(seed: str) -> Iterator[float]:
    """Numbers from 0 to 1 that follow from the seed."""
    digest = hashlib.shake_128(seed.encode("utf-8", "replace")).digest(512)
    return (byte / 255 for byte in digest)


def _landscape(size: tuple[int, int], chances: Iterator[float]) -> Image.Image:
    hue = next(chances)
    image = _sky(size, hue)
    _sun(image, hue, chances)
    for distance in range(_HILLS):
        near = (distance + 1) / _HILLS
        color = _color(hue + 0.62 - 0.06 * near, 0.35 + 0.3 * near, 0.62 - 0.5 * near)
        image.paste(color, mask=_hill(size, 0.58 + 0.1 * distance, chances))
    return image


def _sky(size: tuple[int, int], hue: float) -> Image.Image:
    """Dark above, warm where it meets the hills."""
    gradient = Image.linear_gradient("L").resize(size, Image.Resampling.BICUBIC)
    colors = (_color(hue + 0.6, 0.65, 0.35), _color(hue + 0.05, 0.55, 0.8), _color(hue + 0.12, 0.35, 1.0))
    return ImageOps.colorize(gradient, colors[0], colors[2], mid=colors[1], midpoint=120)


def _sun(image: Image.Image, hue: float, chances: Iterator[float]) -> None:
    width, height = image.size
    across, up = width * (0.2 + 0.6 * next(chances)), height * (0.3 + 0.25 * next(chances))
    radius = min(width, height) * (0.07 + 0.06 * next(chances))
    for spread, strength in ((3.2, 0.28), (1.9, 0.4), (1.0, 1.0)):
        mask = Image.new("L", image.size)
        reach = radius * spread
        ImageDraw.Draw(mask).ellipse((across - reach, up - reach, across + reach, up + reach), round(255 * strength))
        blur = 1.0 if spread == 1.0 else radius * 0.6
        image.paste(_color(hue + 0.14, 0.18, 1.0), mask=mask.filter(ImageFilter.GaussianBlur(blur)))


def _hill(size: tuple[int, int], top: float, chances: Iterator[float]) -> Image.Image:
    """Everything below a line of three waves; drawn twice as large for a smooth edge."""
    width, height = 2 * size[0], 2 * size[1]
    waves = [(next(chances) * math.tau, 1.5 * n + next(chances), 0.05 / n) for n in (1, 2, 3)]
    step = max(1, width // 128)
    line = [(x, height * (top + _lift(waves, x / width))) for x in range(0, width + step, step)]
    mask = Image.new("L", (width, height))
    ImageDraw.Draw(mask).polygon([(0, height), *line, (width + step, height)], 255)
    return mask.resize(size, Image.Resampling.BOX)


def _lift(waves: list[tuple[float, float, float]], along: float) -> float:
    return sum(reach * math.sin(phase + along * pace * math.tau) for phase, pace, reach in waves)


def _tinted(image: Image.Image, hue: float) -> Image.Image:
    wash = ImageOps.colorize(ImageOps.grayscale(image), _color(hue, 0.8, 0.25), _color(hue + 0.1, 0.25, 1.0))
    return Image.blend(image, wash, _TINT)


def _hue_of(prompt: str, otherwise: float) -> float:
    """The hue of the first colour that is named."""
    named = (ImageColor.getrgb(word) for word in re.findall(r"[a-z]+", prompt.lower()) if word in ImageColor.colormap)
    hues = (colorsys.rgb_to_hsv(*(part / 255 for part in color[:3])) for color in named)
    return next((hue for hue, saturation, _ in hues if saturation), otherwise)


def _color(hue: float, saturation: float, value: float) -> _Color:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(255 * red), round(255 * green), round(255 * blue)


def _write(image: Image.Image, prompt: str, at: float) -> None:
    """The prompt at this part of the height, and in the corner what this picture is."""
    draw = ImageDraw.Draw(image)
    width, height = image.size
    font = ImageFont.load_default(max(12, min(width // 16, height // 10)))
    small = ImageFont.load_default(max(9, min(width, height) // 36))
    lines = "\n".join(_wrapped(_drawable(prompt[:400], font), font, width))
    edge = max(1, width // 400)
    shadow = _color(0, 0, 0.12)
    place = (width / 2, height * at)
    draw.multiline_text(place, lines, "white", font, "mm", align="center", stroke_width=edge, stroke_fill=shadow)
    draw.text((width * 0.97, height * 0.97), _MARK, "white", small, "rs", stroke_width=edge, stroke_fill=shadow)


def _drawable(text: str, font: _Font) -> str:
    """What the font has signs for, which is little more than ASCII; letters lose their accents."""
    missing = bytes(font.getmask("\uffff"))
    signs = (sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return "".join(" " if bytes(font.getmask(sign)) == missing else sign for sign in signs)


def _wrapped(text: str, font: _Font, width: int) -> list[str]:
    letter = font.getlength("the quick brown fox jumps over the lazy dog") / 43
    return textwrap.wrap(text, max(4, int(width * 0.78 / letter)), max_lines=_LINES, placeholder=" …")


def _coarse(image: Image.Image, factor: int) -> Image.Image:
    width, height = image.size
    few = image.resize((max(2, width // factor), max(2, height // factor)), Image.Resampling.BOX)
    return few.resize(image.size, Image.Resampling.BICUBIC)


def _encoded(image: Image.Image, form: str) -> bytes:
    file = BytesIO()
    image.save(file, form, **({"quality": 70} if form == "JPEG" else {"compress_level": 4}))
    return file.getvalue()
