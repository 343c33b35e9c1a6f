"""Orders for pictures: how they are written and read, what a model can do of them, and what comes of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.inquiry import person_hash
from bot.conversation.painting import SIDE, Order, Painter
from bot.domain.media import ImageAbilities, ImageEvent, ImageRequest, Painted, Picture, PictureRef, Sketched
from bot.domain.platform import OutgoingFile
from bot.errors import ContentFiltered, EmptyAnswer, ModelError, UsageError
from bot.media.workshop import Workshop
from tests.fakes import media
from tests.fakes.memory import MemoryModels
from tests.unit.conversation.parts import ACCOUNT, ANN

BRUSH = "acme/brush"
ABLE = ImageAbilities(
    sizes=("256x256", "1024x1024", "1536x1024", "auto"),
    qualities=("low", "high"),
    inputs=2,
    larger=("2048x2048", "3072x2048", "2048x3072"),
)


def painter(
    workshop: Workshop | None = None, *events: ImageEvent | ModelError, able: ImageAbilities = ABLE
) -> tuple[Painter, MemoryModels]:
    models = MemoryModels([], paintings=[events])
    return Painter(models, workshop or Workshop(), BRUSH, lambda model: able), models


# Writing and reading


@pytest.mark.parametrize(
    ("order", "line"),
    [
        (Order("a cat"), "/imagine a cat"),
        (Order("a cat", "auto", "high", 3), "/imagine size=auto quality=high count=3 a cat"),
        (Order("a cat\n\nin the rain, count=3", count=2), "/imagine count=2 a cat\n\nin the rain, count=3"),
    ],
)
def test_an_order_is_the_command_that_gives_it(order: Order, line: str) -> None:
    assert order.line == line
    assert Order.read(line) == order


@pytest.mark.parametrize("line", ["a cat", "", "/imagine", "/imagined a cat", "Why /imagine a cat", "/ask a cat"])
def test_other_lines_are_no_orders(line: str) -> None:
    assert Order.read(line) is None


words = st.text(min_size=1).filter(lambda text: text == text.strip() and "=" not in text)
options = st.one_of(st.none(), st.sampled_from(["auto", "1024x1024", "high"]))


@given(words, options, options, st.integers(1, 4))
def test_any_order_is_read_as_it_was_written(prompt: str, size: str | None, quality: str | None, count: int) -> None:
    order = Order(prompt, size, quality, count)

    assert Order.read(order.line) == order


@given(st.text())
def test_any_line_can_be_read(text: str) -> None:
    order = Order.read(f"/imagine {text}")

    assert order is not None
    assert order.count >= 0


# What a model can do


def said(able: ImageAbilities, order: Order, inputs: int = 0) -> str | None:
    """The sentence with which an order is refused."""
    try:
        painter(able=able)[0].check(order, inputs, None)
    except UsageError as error:
        return error.sentence
    return None


@pytest.mark.parametrize(
    ("order", "inputs", "sentence"),
    [
        (Order("x"), 0, None),
        (Order("x", "1024x1024", "low", 4), 2, None),
        (Order("x", "2048x2048"), 1, None),
        (Order("x"), 3, "Those are too many pictures to change at once: `acme/brush` takes up to 2."),
        (
            Order("x", "`7`x7"),
            0,
            "`acme/brush` does not make pictures of the size `'7'x7`. "
            "It takes: `256x256`, `1024x1024`, `1536x1024`, `auto`.",
        ),
        (Order("x", quality="hd"), 0, "`acme/brush` does not know the quality `hd`. It takes: `low`, `high`."),
    ],
)
def test_what_a_model_cannot_do_is_said(order: Order, inputs: int, sentence: str | None) -> None:
    assert said(ABLE, order, inputs) == sentence


def test_of_what_is_not_known_nothing_is_refused() -> None:
    assert said(ImageAbilities(), Order("x", "7x7", "odd"), 1) is None


def test_a_model_that_changes_nothing_says_so() -> None:
    able = replace(ABLE, inputs=0)

    assert said(able, Order("x"), 1) == "`acme/brush` cannot change pictures. Describe a new one with /imagine."
    assert said(able, Order("x")) is None
    made, _ = painter(able=able)
    assert not made.changes
    assert made.larger(Order("x"), PictureRef("", 256, 256)) is None


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [
        (256, 256, "2048x2048"),
        (1536, 1024, "3072x2048"),
        (1024, 1536, "2048x3072"),
        (1100, 900, "2048x2048"),
        (2048, 1152, "3072x2048"),
        (2048, 2048, None),
        (2000, 500, None),
        (3072, 2048, None),
        (4000, 4000, None),
    ],
)
def test_the_larger_size_keeps_about_the_proportions(width: int, height: int, size: str | None) -> None:
    assert painter()[0].larger(Order("x"), PictureRef("", width, height)) == size


def test_what_was_made_larger_is_not_made_so_again() -> None:
    """It is kept smaller than it was made."""
    kept = PictureRef("", SIDE, SIDE * 2048 // 3072)

    assert painter()[0].larger(Order("x", "3072x2048"), kept) is None
    assert painter()[0].larger(Order("x", "1536x1024"), PictureRef("", 1536, 1024)) == "3072x2048"


def test_a_model_without_larger_sizes_makes_nothing_larger() -> None:
    assert painter(able=replace(ABLE, larger=()))[0].larger(Order("x"), PictureRef("", 256, 256)) is None


# What comes of an order


async def paint(
    workshop: Workshop, order: Order, *events: ImageEvent | ModelError, inputs: Sequence[Picture] = ()
) -> tuple[list[OutgoingFile], tuple[OutgoingFile, ...], tuple[Picture, ...], ImageRequest]:
    """The sketches, the files, the pictures that are kept, and what was asked."""
    made, models = painter(workshop, *events)
    sketches: list[OutgoingFile] = []
    work = await made.paint(order, inputs, ACCOUNT, sketches.append)
    (request,) = models.requests
    assert isinstance(request, ImageRequest)
    return sketches, work.files, work.pictures, request


async def test_the_model_gets_the_whole_order(workshop: Workshop) -> None:
    given = Picture(media.png(), "image/png", 64, 48)
    order = Order("a cat", "1024x1024", "high", 2)
    *_, request = await paint(workshop, order, Painted(data=media.png()), inputs=[given])

    assert request == ImageRequest(BRUSH, "a cat", "1024x1024", "high", 2, (given,), person_hash(ANN.handle), ACCOUNT)
    assert ANN.user_id not in (request.person or "")


async def test_sketches_and_pictures_are_files_as_they_came(workshop: Workshop) -> None:
    last = Painted(data=media.webp(64, 48))
    sketched = Sketched(data=media.png(8, 8)), Sketched(data=media.jpeg(16, 16))
    sketches, files, pictures, _ = await paint(workshop, Order("a cat"), *sketched, last)

    assert [each.name for each in sketches] == ["sketch.png", "sketch.jpg"]
    assert [(each.name, each.mime, each.data) for each in files] == [("picture.webp", "image/webp", last.data)]
    assert [(each.width, each.height, each.mime) for each in pictures] == [(64, 48, "image/jpeg")]


async def test_several_pictures_are_told_apart_and_kept_in_their_order(workshop: Workshop) -> None:
    events = [Painted(data=media.png(SIDE + 2, 8)), Painted(data=media.png(16, 8))]
    _, files, pictures, _ = await paint(workshop, Order("a cat", count=2), *events)

    assert [each.name for each in files] == ["picture-1.png", "picture-2.png"]
    assert [each.width for each in pictures] == [SIDE, 16]


@pytest.mark.parametrize(
    "events",
    [
        [],
        [Sketched(data=media.png())],
        [Painted(data=b"no picture")],
        [Sketched(data=media.SVG), Painted(data=media.png())],
    ],
)
async def test_what_is_no_picture_is_an_empty_answer(workshop: Workshop, events: list[ImageEvent]) -> None:
    with pytest.raises(EmptyAnswer) as caught:
        await paint(workshop, Order("a cat"), *events)
    assert caught.value.model == BRUSH


async def test_errors_of_the_model_are_its_own(workshop: Workshop) -> None:
    with pytest.raises(ContentFiltered):
        await paint(workshop, Order("a cat"), Sketched(data=media.png()), ContentFiltered(BRUSH, "no cats"))
