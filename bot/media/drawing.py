"""Makes a picture that a model can be shown. Blocks: for threads and processes of their own.

Colour profiles are dropped with the other metadata: models do not heed them.
"""

from __future__ import annotations

import io
import math
import os
from contextlib import suppress
from typing import BinaryIO

from PIL import Image, ImageOps
from PIL.ExifTags import Base
from PIL.ImageFile import ImageFile

from bot.domain.media import Picture
from bot.media.opening import translated

MOST_BYTES = 4_000_000
"""Below the 5 MB of a picture that Anthropic's API takes, the least of those that say (docs: Vision, FAQ)."""

_QUALITIES = (87, 75, 60)
_STRIP = 1_000_000  # pixels that are converted at a time, so that no second picture of full size comes into being
_KEEP = 1.5  # reduced by whole factors to no less than so much of the target, then scaled

_TRANSPOSED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What sets a picture upright, by its EXIF orientation (EXIF 2.32, 4.6.5.A)."""


def target_size(size: tuple[int, int], side: int) -> tuple[int, int]:
    """The size at which the longest side is at most `side`, in the same proportions."""
    share = min(1.0, side / max(size))
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


def prepared(picture: ImageFile, side: int) -> Picture:
    """Upright, small enough, without metadata; raises FileUnreadable."""
    with translated():
        wanted = target_size(picture.size, side)
        picture.draft(None, wanted)
        picture.load()
        turn = _TRANSPOSED.get(_orientation(picture))
        small = _shrunk(picture, wanted)
        if small is not picture:
            picture.close()  # its memory is not needed any more
        if turn is not None:
            small = small.transpose(turn)
        return _encoded(small)


def as_png(picture: ImageFile) -> bytes:
    """The whole picture, upright, as a PNG."""
    with translated():
        picture.load()
        turn = _TRANSPOSED.get(_orientation(picture))
        whole = _shrunk(picture, picture.size)
        return _saved(whole if turn is None else whole.transpose(turn), "PNG", compress_level=1)


def checked(picture: ImageFile) -> None:
    """Decodes everything for nothing but to see that it is there."""
    with translated():
        picture.draft(None, (1, 1))
        picture.load()


def _orientation(picture: Image.Image) -> int:
    with suppress(Exception):  # broken metadata does not make a broken picture
        return int(picture.getexif().get(Base.Orientation, 1))
    return 1


def _shrunk(picture: Image.Image, wanted: tuple[int, int]) -> Image.Image:
    factor = max(1, int(min(picture.width / wanted[0], picture.height / wanted[1]) / _KEEP))
    small = _plain_and_reduced(picture, factor)
    if small.size == wanted:
        return small
    # Bicubic costs two thirds of Lanczos here, and nobody sees the difference.
    return small.resize(wanted, Image.Resampling.BICUBIC)


def _plain_and_reduced(picture: Image.Image, factor: int) -> Image.Image:
    rows = max(1, _STRIP // picture.width // factor) * factor
    if rows >= picture.height or _is_plain(picture):
        return _reduced(_plain(picture), factor)
    size = (-(-picture.width // factor), -(-picture.height // factor))
    small: Image.Image | None = None
    for top in range(0, picture.height, rows):
        bottom = min(top + rows, picture.height)
        strip = _reduced(_plain(picture.crop((0, top, picture.width, bottom))), factor)
        small = small or Image.new(strip.mode, size)
        small.paste(strip, (0, top // factor))
    assert small is not None  # noqa: S101  (a picture has rows)
    return small


def _reduced(picture: Image.Image, factor: int) -> Image.Image:
    return picture.reduce(factor) if factor > 1 else picture


def _is_plain(picture: Image.Image) -> bool:
    """Whether reducing it needs no conversion: Pillow makes transparent pixels weigh nothing by converting all."""
    return picture.mode == "RGB" and not picture.has_transparency_data


def _plain(picture: Image.Image) -> Image.Image:
    """RGB, or RGBA where there may be transparency."""
    if _is_plain(picture):
        return picture
    if picture.mode.startswith("I"):
        # 16 bits of grey; a conversion by Pillow would cut off instead of scaling.
        picture = picture.point(lambda level: level * (1 / 257)).convert("L")
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def _encoded(picture: Image.Image) -> Picture:
    if picture.mode == "RGBA" and _is_opaque(picture):
        picture = picture.convert("RGB")
    while True:
        if picture.mode == "RGBA":
            data = _saved(picture, "PNG", compress_level=3)
            if len(data) <= MOST_BYTES:
                return Picture(data, "image/png", *picture.size)
        else:
            for quality in _QUALITIES:
                data = _saved(picture, "JPEG", quality=quality)
                if len(data) <= MOST_BYTES:
                    return Picture(data, "image/jpeg", *picture.size)
        share = min(0.8, 0.95 * math.sqrt(MOST_BYTES / len(data)))
        picture = ImageOps.scale(picture, share, Image.Resampling.BICUBIC)


def _is_opaque(picture: Image.Image) -> bool:
    least, _ = picture.getchannel("A").getextrema()
    return least == 255


def _saved(picture: Image.Image, form: str, **options: int) -> bytes:
    picture.info.clear()  # else Pillow writes some of it again
    with _memory() as file:
        picture.save(file, form, **options)
        file.seek(0)
        return file.read()


def _memory() -> BinaryIO:
    """A file in memory, with a descriptor where there is such a thing: only then does Pillow 13 encode without keeping
    the interpreter's lock (`ImageFile._encode_tile`)."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("picture"), "w+b")
    return io.BytesIO()
