"""Pictures that are changed: by the buttons below them, by a reply, and those that people send along."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from tests.e2e.painting import OLD_PAINTER, PAINTER, SMALL, imagine, labels, small
from tests.e2e.side import Sent
from tests.e2e.world import World
from tests.fakes import media
from tests.fakes.openai_media_script import MediaScript
from tests.fakes.openai_rules import FakeModel
from tests.fakes.screen import Shown

pytestmark = [pytest.mark.fast(15), pytest.mark.not_started]

BLUE = [media.png(80, 48)]


@pytest.fixture
async def studio(world: World) -> World:
    """Answers the first order with a small picture, and the first change with another."""
    world.model.media_answers += [
        MediaScript(pictures=SMALL, sketches=[], call="images/generations"),
        MediaScript(pictures=BLUE, sketches=[], call="images/edits"),
    ]
    await world.start(image_model=PAINTER)
    return world


def given(world: World, edit: int = -1) -> list[tuple[int, int]]:
    """The sizes of the pictures that the model was given to change."""
    files = world.model.calls("images/edits")[edit]["files"]
    return [Image.open(io.BytesIO(file.data)).size for file in files]


def shows(shown: Shown) -> list[bytes]:
    return [file.data for file in shown.files]


async def test_somebody_says_what_should_change(studio: World) -> None:
    ann, place = studio.private()
    await imagine(studio, place, ann, "/imagine quality=low a lake")
    await studio.fill_in(place, ann, "Change it", "make it blue")
    await studio.until(place, lambda: len(studio.files(place)) == 2)
    shown = studio.shown(place)[-1]
    await studio.until(place, lambda: labels(shown)[:1] == ["Again"])
    assert (shown.text, shows(shown)) == ("make it blue", BLUE)
    asked = studio.model.calls("images/edits")[0]["body"]
    assert (asked["prompt"], asked["quality"]) == ("make it blue", "low")
    assert given(studio) == [(64, 48)]
    await studio.ask(place, ann, "Nice")
    assert [message["content"] for message in studio.prompts()[-1][1:3]] == [
        "/imagine quality=low a lake", "[made a picture: a lake]",
    ]  # fmt: skip
    assert studio.pictured() == [0, 0, 2, 0, 1]


async def test_somebody_else_goes_on_after_a_restart(studio: World) -> None:
    """What the button needs to know is stored; a change can be changed again."""
    ann, ben = studio.person("Ann"), studio.person("Ben")
    place = studio.side.topic(studio.side.group(), "Pictures", ann)
    await imagine(studio, place, ann, "/imagine a lake")
    await studio.restart()
    await studio.fill_in(place, ben, "Change it", "make it blue")
    await studio.until(place, lambda: studio.files(place)[-1].data == BLUE[0])
    studio.model.media_answers.append(small())
    await studio.until(place, lambda: "Again" in labels(studio.shown(place)[-1]))
    await studio.fill_in(place, ann, "Change it", "and larger waves")
    await studio.until(place, lambda: len(studio.model.calls("images/edits")) == 2)
    assert given(studio) == [(80, 48)]
    await studio.until(place, lambda: "Again" in labels(studio.shown(place)[-1]))
    await studio.ask(place, ben, "Nice")
    made = [text for role, text in studio.roles() if role == "assistant"]
    assert made == [f"[made a picture: {what}]" for what in ("a lake", "make it blue", "and larger waves")]


async def test_a_change_that_is_made_again(studio: World) -> None:
    ann, place = studio.private()
    await imagine(studio, place, ann, "/imagine a lake")
    await studio.fill_in(place, ann, "Change it", "make it blue")
    await studio.until(place, lambda: sum("Again" in labels(shown) for shown in studio.shown(place)) == 2)
    studio.model.media_answers.append(small())
    again = await studio.offered_after(place, lambda: studio.press(place, ann, "Again"), "Again")
    assert shows(again) == SMALL
    assert [seen["body"]["prompt"] for seen in studio.model.calls("images/edits")] == ["make it blue"] * 2
    assert given(studio) == [(64, 48)]


async def test_the_button_below_an_older_picture_changes_that_one(studio: World) -> None:
    ann, place = studio.private()
    older = await imagine(studio, place, ann, "/imagine a lake")
    studio.model.media_answers.insert(0, MediaScript(pictures=[media.png(100, 48)], sketches=[]))
    await studio.offered_after(place, lambda: studio.press(place, ann, "Again"), "Again")
    await studio.side.fill_in(place, ann, older, dict(older.buttons)["Change it"], "make it blue")
    await studio.until(place, lambda: studio.model.calls("images/edits"))
    assert given(studio) == [(64, 48)]


async def test_a_picture_is_made_larger(studio: World) -> None:
    ann, place = studio.private()
    await imagine(studio, place, ann, "/imagine a lake")
    shown = await studio.offered_after(place, lambda: studio.press(place, ann, "Larger"), "Again")
    assert shows(shown) == BLUE
    asked = studio.model.calls("images/edits")[0]["body"]
    assert asked["size"] == "3072x2048"
    assert "unchanged" in asked["prompt"]
    assert given(studio) == [(64, 48)]


async def test_a_picture_that_comes_with_the_command(studio: World) -> None:
    """Below a photo on Telegram, in the command's own field on Discord; in a group as in private."""
    ann, place = studio.private()
    photo = Sent("photo", media.jpeg(300, 200, orientation=6))
    shown = await imagine(studio, place, ann, "/imagine make it blue", photo)
    assert shows(shown) == BLUE
    assert given(studio) == [(200, 300)]
    (sent,) = studio.model.calls("images/edits")[0]["files"]
    assert b"Secret Camera" not in sent.data
    group = studio.side.group()
    await imagine(studio, group, ann, "/imagine make it blue", Sent("document", media.webp(90, 60), "a.webp"))
    assert given(studio) == [(90, 60)]
    await studio.ask(place, ann, "What was in it?")
    assert studio.asked().words.endswith("What was in it?")
    assert studio.pictured() == [1, 0, 1]


async def test_a_reply_to_a_picture_changes_it(telegram: World) -> None:
    """To somebody's photo, to an album's first one, to the bot's own."""
    await telegram.start(image_model=PAINTER)
    ann, ben, group = telegram.person("Ann"), telegram.person("Ben"), telegram.side.group()
    photo = telegram.side.send(group, ben, [Sent("photo", media.jpeg(120, 80))])
    telegram.model.media_answers += [small(), small()]
    shown = await telegram.offered_after(
        group, lambda: telegram.side.command(group, ann, "/imagine make it blue", about=photo), "Again"
    )
    assert given(telegram) == [(120, 80)]
    telegram.side.command(group, ben, "/imagine and red", about=shown.message_id)
    await telegram.until(group, lambda: len(telegram.files(group)) == 2)
    assert given(telegram) == [(64, 48)]


async def test_a_file_that_is_no_picture(studio: World) -> None:
    ann, place = studio.private()
    studio.side.command(place, ann, "/imagine make it blue", file=Sent("document", media.HTML, "page.html"))
    await studio.sees(place, "page.html")
    assert studio.model.calls("images/edits") == studio.model.calls("images/generations") == []


async def test_more_pictures_than_the_model_takes(telegram: World) -> None:
    await telegram.start(image_model=OLD_PAINTER)
    ann, place = telegram.private()
    one, two = (Sent("photo", media.jpeg(90 + number, 60)) for number in range(2))
    known = telegram.side.send(place, ann, [one])
    telegram.side.command(place, ann, "/imagine put them together", file=two, about=known)
    await telegram.sees(place, "Those are too many pictures to change at once: fake/dall-e-3 takes up to 1.")
    telegram.model.media_answers.append(small())
    await telegram.restart(image_model=PAINTER)
    telegram.side.command(place, ann, "/imagine put them together", file=two, about=known)
    await telegram.until(place, lambda: telegram.files(place))
    assert sorted(given(telegram)) == [(90, 60), (91, 60)]


async def test_what_the_model_cannot_do_is_not_offered(world: World) -> None:
    world.model.models["imagen-4"] = FakeModel("imagen-4", capability="image", streams=False)
    await world.start(image_model="fake/imagen-4")
    ann, place = world.private()
    world.side.command(place, ann, "/imagine make it blue", file=Sent("photo", media.jpeg()))
    await world.sees(place, "cannot change pictures. Describe a new one with /imagine.")
    world.model.media_answers.append(small())
    assert labels(await imagine(world, place, ann, "/imagine a lake")) == ["Again"]
    world.model.media_answers.append(MediaScript(pictures=SMALL * 2))
    await world.restart(image_model=OLD_PAINTER)
    assert labels(await imagine(world, place, ann, "/imagine count=2 a lake")) == ["Again"], "it changes one at a time"


async def test_a_picture_that_is_not_kept_any_more(studio: World) -> None:
    ann, place = studio.private()
    await imagine(studio, place, ann, "/imagine a lake")
    await studio.restart(picture_days=0)
    await studio.fill_in(place, ann, "Change it", "make it blue")
    await studio.sees(place, "That picture is not stored any more.")
    assert studio.model.calls("images/edits") == []
