"""What a picture looks like after it was made ready for a model."""

from __future__ import annotations

import asyncio
import io
import struct
import threading
import zlib

import pytest
from PIL import Image, ImageChops, ImageStat

from bot.errors import FileUnreadable, FileUnsupported, TooManyPixels
from bot.media.drawing import MOST_BYTES, target_size
from bot.media.opening import MEGAPIXELS
from bot.media.workshop import Workshop
from tests.fakes import media

FORMATS = ("jpeg", "png", "palette_png", "gif", "webp", "bmp", "tiff", "avif", "cmyk_jpeg")


FASTEST: dict[str, dict[str, int]] = {"PNG": {"compress_level": 1}, "JPEG": {"progressive": 1}, "WEBP": {"method": 0}}


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def alike(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of their levels, from 0 to 255; a different size is as different as can be."""
    if one.size != other.size:
        return 255.0
    return max(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean)


@pytest.mark.parametrize("form", FORMATS)
async def test_every_format_is_shown_as_it_is(workshop: Workshop, form: str) -> None:
    made = await workshop.picture(getattr(media, form)(96, 64), 48)
    assert (made.mime, made.width, made.height) == ("image/jpeg", 48, 32)
    assert opened(made.data).format == "JPEG"
    assert alike(opened(made.data), media.quarters(48, 32)) < 10


@pytest.mark.parametrize("form", ["gif", "webp"])
async def test_an_animated_one_by_its_first_frame(workshop: Workshop, form: str) -> None:
    made = await workshop.picture(getattr(media, form)(64, 48, frames=3), 100)
    assert alike(opened(made.data), media.quarters(64, 48)) < 10


@pytest.mark.parametrize("orientation", range(1, 9))
async def test_upright_and_without_metadata(workshop: Workshop, orientation: int) -> None:
    upright = media.quarters(64, 48)
    turned = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # how a camera that was held so stored it
    stored = upright if orientation == 1 else upright.transpose(Image.Transpose(turned[orientation]))
    exif = Image.Exif()
    exif[media.ORIENTATION] = orientation
    exif[0x010F] = "Secret Camera"
    data = media.encoded(stored, "JPEG", quality=95, exif=exif)
    made = await workshop.picture(data, 64)
    assert alike(opened(made.data), upright) < 10
    assert b"Secret Camera" in data
    assert b"Secret" not in made.data
    assert b"Exif" not in made.data


async def test_png_metadata_goes_too(workshop: Workshop) -> None:
    exif = Image.Exif()
    exif[media.ORIENTATION] = 6
    picture = Image.new("RGBA", (60, 40), (200, 0, 0, 120))
    picture.info["comment"] = "secret"
    made = await workshop.picture(media.encoded(picture, "PNG", exif=exif, icc_profile=b"secret profile"), 60)
    assert (made.mime, made.width, made.height) == ("image/png", 40, 60)
    assert opened(made.data).info == {}


async def test_metadata_that_is_broken_breaks_no_picture(workshop: Workshop) -> None:
    made = await workshop.picture(media.encoded(media.quarters(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"), 64)
    assert alike(opened(made.data), media.quarters()) < 10


@pytest.mark.parametrize(
    "data",
    [media.png(transparent=True), media.palette_png(transparent=True), media.webp(transparent=True)],
    ids=["png", "palette", "webp"],
)
async def test_transparency_is_kept(workshop: Workshop, data: bytes) -> None:
    made = await workshop.picture(data, 32)
    assert made.mime == "image/png"
    least, most = opened(made.data).getchannel("A").getextrema()
    assert (least, most) == (0, 255)


async def test_transparency_that_is_none_needs_no_png(workshop: Workshop) -> None:
    made = await workshop.picture(media.encoded(media.quarters().convert("RGBA"), "PNG"), 32)
    assert made.mime == "image/jpeg"


async def test_sixteen_bits_are_scaled_and_not_cut_off(workshop: Workshop) -> None:
    made = opened((await workshop.picture(media.deep_png(64, 16), 64)).data).convert("L")
    levels = [made.getpixel((x, 8)) for x in (1, 32, 62)]
    assert levels == [pytest.approx(4, abs=4), pytest.approx(129, abs=4), pytest.approx(251, abs=4)]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "I", "F", "YCbCr", "LAB", "RGBX"])
async def test_modes_that_are_rare(workshop: Workshop, mode: str) -> None:
    picture = Image.new("LAB", (64, 48), (128, 0, 0)) if mode == "LAB" else media.quarters().convert(mode)
    made = await workshop.picture(media.encoded(picture, "TIFF"), 32)
    assert (made.width, made.height) == (32, 24)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "I;16"])
async def test_reducing_in_strips_is_seamless(workshop: Workshop, mode: str) -> None:
    """A picture that is converted in several strips looks like one that is scaled whole."""
    whole = Image.radial_gradient("L").resize((2203, 1709))
    picture = whole if mode == "L" else whole.convert("RGB").quantize(64) if mode == "P" else whole.convert(mode)
    if mode == "I;16":
        picture = whole.convert("I").point(lambda level: level * 257.0).convert("I;16")
    made = await workshop.picture(media.encoded(picture, "PNG", compress_level=1), 200)
    assert (made.width, made.height) == target_size(picture.size, 200)
    assert alike(opened(made.data), whole.resize((made.width, made.height), Image.Resampling.BICUBIC)) < 3


async def test_small_ones_are_not_made_larger(workshop: Workshop) -> None:
    made = await workshop.picture(media.png(10, 7), 1568)
    assert (made.width, made.height) == (10, 7)


async def test_a_line_keeps_one_pixel_of_width(workshop: Workshop) -> None:
    made = await workshop.picture(media.png(3000, 2), 100)
    assert (made.width, made.height) == (100, 1)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
async def test_the_result_fits_requests(workshop: Workshop, mode: str) -> None:
    """Noise is what compresses worst."""
    bands = [Image.effect_noise((1100, 1100), 200) for _ in mode]
    made = await workshop.picture(media.encoded(Image.merge(mode, bands), "PNG", compress_level=0), 1100)
    assert len(made.data) <= MOST_BYTES
    assert made.width > 800
    assert made.mime == ("image/png" if mode == "RGBA" else "image/jpeg")


async def test_too_many_pixels_are_seen_before_decoding(workshop: Workshop) -> None:
    data = media.encoded(Image.new("1", (10_000, 5_001)), "PNG")
    with pytest.raises(TooManyPixels) as raised:
        await workshop.picture(data, 100)
    assert raised.value.limit == MEGAPIXELS


async def test_a_webp_that_is_too_large_is_never_given_to_its_decoder(workshop: Workshop) -> None:
    """It would take its memory when it is made."""
    data = b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x0f\x27\0\x0f\x27\0" + bytes(12)
    with pytest.raises(TooManyPixels):
        await workshop.picture(data, 100)


async def test_what_pillow_remarks_on_is_forgiven(workshop: Workshop) -> None:
    """An animation of no frames, of which Pillow warns; warnings are errors here."""
    data = media.png()
    control = b"acTL" + bytes(8)
    chunk = struct.pack(">I", 8) + control + struct.pack(">I", zlib.crc32(control))
    made = await workshop.picture(data[:33] + chunk + data[33:], 64)
    assert alike(opened(made.data), media.quarters()) < 10


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF", "JPEG"])
async def test_large_ones_are_made_elsewhere(workshop: Workshop, form: str) -> None:
    """Those that would take much memory, or keep the loop waiting, come out the same."""
    picture = media.quarters(4300, 3800)
    made = await workshop.picture(media.encoded(picture, form, **FASTEST.get(form, {})), 100)
    assert alike(opened(made.data), media.quarters(100, 88)) < 10


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", FileUnreadable),
        (media.SVG, FileUnsupported),
        (media.HTML, FileUnsupported),
        (media.pdf("x"), FileUnsupported),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100), FileUnsupported),
        (b"PK\x03\x04" + bytes(100), FileUnsupported),
        (media.jpeg()[:300], FileUnreadable),
        (media.png()[:-40], FileUnreadable),
    ],
    ids=["empty", "svg", "html", "pdf", "heic", "zip", "cut jpeg", "cut png"],
)
async def test_what_is_no_picture(workshop: Workshop, data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        await workshop.picture(data, 100)
    with pytest.raises(error):
        await workshop.image_file(data, "picture")


@pytest.mark.parametrize(
    ("form", "name", "mime"),
    [
        ("png", "picture.png", "image/png"),
        ("jpeg", "picture.jpg", "image/jpeg"),
        ("webp", "picture.webp", "image/webp"),
        ("gif", "picture.gif", "image/gif"),
    ],
)
async def test_a_picture_to_show_stays_as_it_is(workshop: Workshop, form: str, name: str, mime: str) -> None:
    data = getattr(media, form)()
    made = await workshop.image_file(data, "picture")
    assert (made.kind, made.name, made.mime, made.data) == ("image", name, mime, data)


@pytest.mark.parametrize("form", ["bmp", "tiff", "avif"])
async def test_a_picture_that_not_every_client_shows_becomes_a_png(workshop: Workshop, form: str) -> None:
    made = await workshop.image_file(getattr(media, form)(), "picture")
    assert (made.name, made.mime) == ("picture.png", "image/png")
    assert alike(opened(made.data), media.quarters()) < 10


async def test_at_most_two_threads_and_none_afterwards() -> None:
    data = media.encoded(media.photo(1200, 900), "JPEG")
    seen = 0
    async with Workshop() as workshop:
        work = [asyncio.create_task(workshop.picture(data, 500)) for _ in range(6)]
        while not all(task.done() for task in work):
            seen = max(seen, sum(thread.name.startswith("media") for thread in threading.enumerate()))
            await asyncio.sleep(0)
    assert 1 <= seen <= 2
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("media")]


async def test_leaving_while_it_works() -> None:
    data = media.encoded(media.photo(2400, 1800), "JPEG")
    async with Workshop() as workshop:
        work = [asyncio.create_task(workshop.picture(data, 1000)) for _ in range(4)]
        await asyncio.sleep(0)
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
    assert all(task.cancelled() for task in work)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("media")]


async def test_the_loop_goes_on_while_it_is_left() -> None:
    data = media.encoded(media.photo(2400, 1800), "PNG", compress_level=1)
    workshop = await Workshop().__aenter__()
    work = asyncio.create_task(workshop.picture(data, 1000))
    await asyncio.sleep(0)
    leaving = asyncio.create_task(workshop.__aexit__())
    rounds = 0
    while not leaving.done():
        await asyncio.sleep(0)
        rounds += 1
    assert rounds > 10
    assert (await work).width == 1000


async def test_out_of_order() -> None:
    workshop = Workshop()
    with pytest.raises(RuntimeError, match="enter"):
        await workshop.picture(media.png(), 10)
    async with workshop:
        pass
    with pytest.raises(RuntimeError, match="enter"):
        await workshop.picture(media.png(), 10)
