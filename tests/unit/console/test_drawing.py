"""Pictures in half blocks: each shows two pixels in their colours."""

from __future__ import annotations

import io
from typing import Literal

import pytest
from PIL import Image
from rich.console import Console

from adapters.console import drawing
from adapters.console.drawing import blocks, look

RED, BLUE, GONE = (255, 0, 0, 255), (0, 0, 255, 255), (0, 255, 0, 0)


def encoded(picture: Image.Image, encoding: str = "PNG") -> bytes:
    data = io.BytesIO()
    picture.save(data, encoding)
    return data.getvalue()


def of_pixels(*rows: list[tuple[int, int, int, int]]) -> bytes:
    picture = Image.new("RGBA", (len(rows[0]), len(rows)))
    picture.putdata([pixel for row in rows for pixel in row])
    return encoded(picture)


def drawn(data: bytes, colours: Literal["256", "truecolor"] = "truecolor") -> str:
    seen = look(data, (60, 20))
    assert seen is not None
    console = Console(width=70, force_terminal=True, color_system=colours, _environ={})
    with console.capture() as capture:
        console.print(blocks(seen.rows))
    return capture.get()


def test_two_pixels_are_one_character() -> None:
    data = of_pixels([RED, BLUE], [BLUE, BLUE])
    assert drawn(data) == "\x1b[38;2;255;0;0;48;2;0;0;255m▀\x1b[0m\x1b[38;2;0;0;255;48;2;0;0;255m▀\x1b[0m\n"


def test_with_fewer_colours_the_nearest_is_taken() -> None:
    # Colours that no other test draws: rich remembers how a style was written.
    assert drawn(of_pixels([(0, 250, 1, 255)], [(250, 250, 2, 255)]), "256") == "\x1b[38;5;46;48;5;226m▀\x1b[0m\n"


def test_what_one_can_see_through_is_left_out() -> None:
    data = of_pixels([GONE, RED, GONE], [RED, GONE, GONE])
    assert drawn(data) == "\x1b[38;2;255;0;0m▄\x1b[0m\x1b[38;2;255;0;0m▀\x1b[0m \n"


def test_the_last_row_may_be_half() -> None:
    assert drawn(of_pixels([RED], [RED], [BLUE])).splitlines()[1] == "\x1b[38;2;0;0;255m▀\x1b[0m"


@pytest.mark.parametrize(
    ("size", "canvas", "shown"),
    [
        ((1000, 1000), (60, 8), (16, 16)),
        ((3000, 1000), (60, 24), (60, 20)),
        ((10, 6), (60, 24), (10, 6)),
        ((5000, 1), (60, 24), (60, 1)),
    ],
)
@pytest.mark.parametrize("encoding", ["PNG", "JPEG", "WEBP", "GIF"])
def test_it_fits_the_canvas_and_keeps_its_shape(
    size: tuple[int, int], canvas: tuple[int, int], shown: tuple[int, int], encoding: str
) -> None:
    seen = look(encoded(Image.new("RGB", size, "red"), encoding), canvas)
    assert seen is not None
    assert (seen.width, seen.height) == size
    assert (len(seen.rows[0]), len(seen.rows)) == shown


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_colour_is_drawn(mode: str) -> None:
    picture = Image.new(mode, (4, 4))
    seen = look(encoded(picture, "TIFF" if mode == "CMYK" else "PNG"), (60, 20))
    assert seen is not None
    assert len(seen.rows) == 4


@pytest.mark.parametrize(
    "data", [b"", b"no picture", of_pixels([RED] * 50, [BLUE] * 50)[:-30], b"<svg xmlns='http://www.w3.org/2000/svg'/>"]
)
def test_what_is_broken_is_not_drawn(data: bytes) -> None:
    assert look(data, (60, 20)) is None


def test_a_huge_picture_is_measured_and_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "MOST_PIXELS", 99)
    seen = look(encoded(Image.new("1", (10, 10))), (60, 20))
    assert seen is not None
    assert (seen.width, seen.height, seen.rows) == (10, 10, ())
