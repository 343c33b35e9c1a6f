"""Opens a picture without decoding it, and says what decoding it would cost.

Pillow's classes are used directly: `Image.open` would try some forty formats that nobody sends on a file of a stranger.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from bot.errors import FileError, FileUnreadable, FileUnsupported, TooManyPixels
from bot.media.kinds import PictureKind, picture_kind

_CLASSES: dict[PictureKind, type[ImageFile]] = {
    "jpeg": JpegImageFile,
    "png": PngImageFile,
    "gif": GifImageFile,
    "webp": WebPImageFile,
    "bmp": BmpImageFile,
    "tiff": TiffImageFile,
    "avif": AvifImageFile,
}

MEGAPIXELS = 50
MEGAPIXELS_OF_FILMS = 20
"""WebP and AVIF are decoded as films are: their decoders hold a canvas three or four times."""

_FILMS = ("webp", "avif")
_NARROW = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
"""Bytes of a decoded pixel in Pillow's modes; all others take four."""


@dataclass(frozen=True, slots=True)
class Cost:
    """`memory` is in bytes, `work` in pixels that are gone over. `stalls`: the decoder keeps the interpreter's lock."""

    memory: int
    work: int
    stalls: bool


@contextmanager
def translated() -> Iterator[None]:
    """Whatever Pillow raises about a file is the file's fault."""
    try:
        yield
    except FileError:
        raise
    except Image.DecompressionBombError:
        raise TooManyPixels(MEGAPIXELS) from None
    except Exception as error:
        raise FileUnreadable(f"{type(error).__name__}: {error}"[:300]) from error


def open_picture(data: bytes) -> ImageFile:
    """Reads the header alone. Raises FileUnsupported, FileUnreadable or TooManyPixels."""
    kind = picture_kind(data)
    if kind is None:
        raise FileUnreadable("empty") if not data else FileUnsupported("no picture")
    with translated():
        if kind == "webp":
            _check(_webp_size(data), kind)  # the decoder takes its memory when it is made
        picture = _CLASSES[kind](io.BytesIO(data))
        if kind == "jpeg":
            picture.decodermaxblock = len(data)  # decoded in one go without the interpreter's lock, not in many
        _check(picture.size, kind)
        return picture


def cost(picture: ImageFile, data: bytes, target: tuple[int, int]) -> Cost:
    """Of decoding a picture that is to be `target` large: a JPEG can be decoded at a half, a quarter or an eighth."""
    pixels = picture.width * picture.height
    stalls = isinstance(picture, WebPImageFile | AvifImageFile | TiffImageFile)
    if not isinstance(picture, JpegImageFile):
        return Cost(pixels * _NARROW.get(picture.mode, 4), pixels, stalls)
    # Every scan goes over all of the picture. In what is coded, FF is never followed by DA (ITU T.81, B.1.1.5).
    scans = max(1, data.count(b"\xff\xda"))
    coefficients = pixels * 6 if picture.info.get("progressive") else 0
    share = max(least for least in (1, 2, 4, 8) if least <= max(1, min(_shares(picture, target))))
    return Cost(coefficients + pixels // share**2 * 4, pixels * scans, stalls)


def _shares(picture: ImageFile, target: tuple[int, int]) -> tuple[int, int]:
    return picture.width // target[0], picture.height // target[1]


def _check(size: tuple[int, int], kind: PictureKind) -> None:
    most = MEGAPIXELS_OF_FILMS if kind in _FILMS else MEGAPIXELS
    if size[0] * size[1] > most * 1_000_000:
        raise TooManyPixels(most)
    if min(size) < 1:
        raise FileUnreadable("no pixels")


def _webp_size(data: bytes) -> tuple[int, int]:
    """Of the canvas (RFC 9649, 2.5 to 2.7)."""
    match data[12:16]:
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", data, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", data, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    raise FileUnreadable("a WebP without a picture")
