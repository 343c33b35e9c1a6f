"""Pictures that people order: made before their eyes, several at once, refused, stopped, made again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.e2e.asked import read
from tests.e2e.painting import DONE, OLD_PAINTER, PAINTER, SKETCHES, SMALL, growing, imagine, labels, small, versions
from tests.e2e.telegram_side import TelegramSide
from tests.e2e.world import World
from tests.fakes import media
from tests.fakes.openai_media_files import picture
from tests.fakes.openai_media_script import MediaScript
from tests.fakes.openai_rules import FakeModel

pytestmark = [pytest.mark.fast(15), pytest.mark.not_started]


@pytest.fixture
async def studio(world: World) -> World:
    await world.start(image_model=PAINTER)
    return world


async def test_a_picture_grows_in_one_message(studio: World) -> None:
    ann, place = studio.private()
    studio.model.media_answers.append(growing(4, header_delay=3))
    await imagine(studio, place, ann, "/imagine a red house")
    (shown,) = studio.shown(place)
    first, *_, last = looks = versions(shown)
    assert first.text == "Making a picture: a red house"
    assert [name for name, _ in first.buttons] == ["Stop"]
    asked = studio.model.calls("images/generations")[0]["body"]
    assert [[file.data for file in version.files] for version in looks] == [[], *([each] for each in SKETCHES), SMALL]
    assert all(version.text == first.text for version in looks[:-1])
    assert last.text == "a red house"
    assert labels(shown) == DONE
    assert asked["prompt"] == "a red house"
    assert asked["partial_images"] == 2


async def test_four_pictures_come_together(studio: World) -> None:
    ann, place = studio.private()
    cats = [media.png(64 + number, 48) for number in range(4)]
    studio.model.media_answers.append(MediaScript(pictures=cats))
    studio.side.command(place, ann, "/imagine count=4 cats")
    await studio.until(place, lambda: len(studio.files(place)) == 4)
    assert [file.data for file in studio.files(place)] == cats
    first, *album = studio.shown(place)
    assert versions(first)[0].text == "Making 4 pictures: cats"
    assert first.text == "cats"
    assert labels(first) == ["Again", "Change it"], "one of four cannot be made larger"
    if studio.side.name == "telegram":
        assert [len(shown.files) for shown in album] == [1, 1, 1, 1]
        assert all(shown.buttons == () for shown in album)
        assert fake_calls(studio, "sendMediaGroup") == 1
    else:
        assert album == []
    assert studio.model.calls("images/generations")[0]["body"]["n"] == 4


def fake_calls(world: World, method: str) -> int:
    assert isinstance(world.side, TelegramSide)
    return world.side.fake.counted()[method]


async def test_a_picture_that_is_answered_by_its_address(discord: World) -> None:
    """The bot fetches it from the provider that was configured, and nobody sees where it was."""
    await discord.start(image_model=OLD_PAINTER)
    ann, place = discord.private()
    discord.model.media_answers.append(MediaScript(as_url=True))
    await imagine(discord, place, ann, "/imagine a tower")
    (shown,) = discord.shown(place)
    assert [file.data for file in shown.files] == [picture("a tower 0")]
    assert [seen["path"] for seen in discord.model.requests][-1].startswith("/files/")
    assert "127.0.0.1" not in repr([(version.text, version.buttons) for version in shown.versions])
    assert not any("/files/" in line for line in discord.log.lines if line.startswith("bot"))


async def test_an_address_in_the_own_network_is_not_followed(telegram: World) -> None:
    reached: list[str] = []

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.append("somebody came")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await telegram.start(image_model=OLD_PAINTER)
        ann, place = telegram.private()
        for address in (f"http://127.0.0.1:{port}/a.png", f"https://localhost:{port}/a.png", "file:///etc/hostname"):
            answer = MediaScript(body={"created": 1, "data": [{"url": address}]})
            telegram.model.media_answers.append(answer)
            shown = await telegram.offered_after(
                place, lambda: telegram.side.command(place, ann, "/imagine a tower"), "Retry"
            )
            assert "broke off" in shown.text
            assert str(port) not in telegram.text(place)
    assert reached == []


async def test_size_and_quality(studio: World) -> None:
    ann, place = studio.private()
    studio.model.media_answers.append(small())
    await imagine(studio, place, ann, "/imagine size=1536x1024 quality=low a wide lake")
    asked = studio.model.calls("images/generations")[0]["body"]
    assert (asked["size"], asked["quality"]) == ("1536x1024", "low")
    studio.side.command(place, ann, "/imagine size=17x17 a lake")
    said = studio.side.rendered(
        "does not make pictures of the size `17x17`. It takes: `auto`, `1024x1024`, `1536x1024`"
    )
    await studio.sees(place, said)
    studio.side.command(place, ann, "/imagine quality=best a lake")
    said = studio.side.rendered("does not know the quality `best`. It takes: `auto`, `low`, `medium`, `high`.")
    await studio.sees(place, said)
    assert len(studio.model.calls("images/generations")) == 1


async def test_an_order_that_is_not_understood(telegram: World) -> None:
    await telegram.start(image_model=PAINTER)
    ann, place = telegram.private()
    for line, said in (
        ("/imagine", "prompt is missing"),
        ("/imagine count=9 cats", "count must be from 1 to 4, not 9"),
        ("/imagine count=many cats", "count must be a whole number, not many"),
    ):
        telegram.side.command(place, ann, line)
        await telegram.sees(place, said)
    assert telegram.model.requests == []


async def test_a_model_that_refuses_parameters(telegram: World) -> None:
    """It paints without them; where it makes one picture at a time it is asked as often as there are pictures."""
    model = telegram.model
    refused = ("size", "quality", "stream", "n")
    model.models["gpt-image-2"] = FakeModel("gpt-image-2", capability="image", refuses=frozenset(refused))
    await telegram.start(image_model=PAINTER)
    ann, place = telegram.private()
    model.media_answers.append(small())
    await imagine(telegram, place, ann, "/imagine size=1024x1024 quality=low a lake")
    asked = [seen["body"] for seen in model.calls("images/generations")]
    assert {"size", "quality", "stream"} <= asked[0].keys()
    assert not asked[-1].keys() & set(refused)
    model.media_answers += [small() for _ in range(3)]
    telegram.side.command(place, ann, "/imagine count=3 a lake")
    await telegram.until(place, lambda: len(telegram.files(place)) == 4)
    assert ["n" in seen["body"] for seen in model.calls("images/generations")[len(asked) :]].count(False) == 3


def answered(data: Any) -> MediaScript:
    return MediaScript(body={"created": 1, "data": data})


FAILURES: dict[str, tuple[Callable[[], MediaScript], str]] = {
    "moderated": (MediaScript.moderated, "refused to make this picture. The provider says: Your request was rejected"),
    "refused": (lambda: MediaScript.error(400, "Invalid value: 'x'."), "The provider says: Invalid value: 'x'."),
    "down": (lambda: MediaScript.error(500, "The server had an error"), "cannot be reached right now"),
    "busy": (lambda: MediaScript.rate_limited({"Retry-After": "300"}), "Try again in 5 min"),
    "key": (lambda: MediaScript.error(401, "Incorrect API key provided", "invalid_api_key"), "refused the bot's key"),
    "nothing": (lambda: answered([]), "sent no picture"),
    "null": (lambda: answered([{"b64_json": None}]), "sent no picture"),
    "no base64": (lambda: answered([{"b64_json": "%%%"}]), "broke off"),
    "no picture": (lambda: MediaScript(pictures=[media.HTML], sketches=[]), "sent no picture"),
    "half a picture": (lambda: MediaScript(pictures=[SMALL[0][:90]], sketches=[]), "sent no picture"),
    "page": (MediaScript.web_page, "broke off"),
    "sketches alone": (lambda: MediaScript(pictures=[], sketches=SKETCHES), "broke off"),
    "cut": (lambda: growing(2, cut_after=2), "broke off"),
}


async def test_a_picture_that_is_not_made_is_told_in_one_sentence(studio: World) -> None:
    """And the next try shows one."""
    for name, (make, words) in FAILURES.items():
        ann, place = studio.private(name)
        studio.model.media_answers.append(make())
        shown = await studio.offered_after(place, partial(studio.side.command, place, ann, "/imagine a lake"), "Retry")
        assert words in shown.text, name
        assert labels(shown) == ["Retry"], name
        assert len(shown.text) < 250, name
        assert studio.shown(place) == [shown], name
        studio.model.media_answers.append(small())
        again = await studio.offered_after(place, partial(studio.press, place, ann, "Retry"), "Again")
        assert [file.data for file in again.files] == SMALL, name


@pytest.mark.parametrize("how", ["button", "command"])
async def test_a_picture_can_be_stopped(studio: World, how: str) -> None:
    ann, place = studio.private()
    studio.model.media_answers.append(growing(0, stall_after=1))
    studio.side.command(place, ann, "/imagine a lake")
    await studio.until(place, lambda: studio.files(place))
    if how == "button":
        shown = await studio.offered_after(place, lambda: studio.press(place, ann, "Stop"), "Retry")
    else:
        shown = await studio.offered_after(place, lambda: studio.side.command(place, ann, "/stop"), "Retry")
    assert shown.text == "Stopped."
    assert len(shown.files) == 1, "what was there stays"
    await studio.model.until(lambda: studio.model.calls("images/generations")[0]["disconnected"])
    await studio.ask(place, ann, "What did you make?")
    assert studio.roles() == [("user", "What did you make?")]


async def test_a_shutdown_while_a_picture_is_made(world: World) -> None:
    await world.start(image_model=PAINTER, drain_seconds=1)
    ann, place = world.private()
    world.model.media_answers.append(MediaScript(first_delay=1000))
    world.side.command(place, ann, "/imagine a lake")
    await world.sees(place, "Making a picture")
    await world.stop()
    (shown,) = world.shown(place)
    assert "The bot was restarted" in shown.text
    assert labels(shown) == ["Retry"]
    await world.start()
    world.model.media_answers.append(small())
    again = await world.offered_after(place, lambda: world.press(place, ann, "Retry"), "Again")
    assert [file.data for file in again.files] == SMALL


async def test_a_picture_is_made_again(studio: World) -> None:
    ann, place = studio.private()
    studio.model.media_answers += [small() for _ in range(3)]
    first = await imagine(studio, place, ann, "/imagine quality=low a lake")
    await studio.restart()
    again = await studio.offered_after(place, lambda: studio.press(place, ann, "Again"), "Again")
    retried = await studio.offered_after(place, lambda: studio.side.command(place, ann, "/retry"), "Again")
    assert len({first.message_id, again.message_id, retried.message_id}) == 3
    asked = [seen["body"] for seen in studio.model.calls("images/generations")]
    assert asked[0] == asked[1] == asked[2]


async def test_what_was_made_is_part_of_the_conversation(studio: World) -> None:
    ann, place = studio.private()
    studio.model.media_answers.append(small())
    await imagine(studio, place, ann, "/imagine a red house")
    await studio.ask(place, ann, "What colour is it?")
    order, made, question = studio.prompts()[-1][1:]
    assert (order["content"], made["content"]) == ("/imagine a red house", "[made a picture: a red house]")
    asked = read(question)
    assert asked.words.endswith("What colour is it?")
    assert asked.sizes == [(64, 48)]
    await studio.restart()
    await studio.ask(place, ann, "And now?")
    assert studio.pictured()[-1] == 0
    assert sum(studio.pictured()) == 1


async def test_without_a_model_for_pictures(world: World) -> None:
    await world.start()
    ann, place = world.private()
    world.side.command(place, ann, "/imagine a lake")
    await world.sees(place, "the person who runs this bot has to set IMAGE_MODEL")
    await world.ask(place, ann, "Hello")
    assert "tools" not in world.model.bodies[-1]


async def test_a_group_and_a_topic(studio: World) -> None:
    """Pictures come where they were ordered, and everybody may go on with them."""
    ann, ben, group = studio.person("Ann"), studio.person("Ben"), studio.side.group()
    topic = studio.side.topic(group, "Pictures", ann)
    for place in (group, topic):
        studio.model.media_answers += [small() for _ in range(2)]
        shown = await imagine(studio, place, ann, "/imagine a lake")
        if studio.side.name == "telegram":
            assert shown.reply_to is not None
        again = await studio.offered_after(place, partial(studio.press, place, ben, "Again"), "Again")
        assert [file.data for file in (*shown.files, *again.files)] == SMALL * 2
    assert len(studio.shown(group)) == len(studio.shown(topic)) == 2
    await studio.ask(topic, ben, "Nice")
    assert [text for _, text in studio.roles()[:2]] == ["Ann: /imagine a lake", "[made a picture: a lake]"]


async def test_a_long_prompt_is_cut_on_screen_alone(studio: World) -> None:
    ann, place = studio.private()
    studio.model.media_answers.append(small())
    prompt = "A lighthouse in a storm, painted with many strokes. " * 60
    shown = await imagine(studio, place, ann, f"/imagine {prompt}")
    assert studio.model.calls("images/generations")[0]["body"]["prompt"] == prompt.strip()
    assert prompt.startswith(shown.text.rstrip("…").rstrip())
    assert shown.text.endswith("…")
