"""The chat model asks for pictures in the middle of its answer."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from PIL import Image

from tests.e2e.asked import read
from tests.e2e.discord_side import DiscordSide
from tests.e2e.painting import PAINTER, SMALL, growing, imagine, labels, small
from tests.e2e.side import Person, Place, Sent
from tests.e2e.telegram_side import TelegramSide
from tests.e2e.world import World, offers
from tests.fakes import media
from tests.fakes.faults import Fault
from tests.fakes.openai_media_files import picture
from tests.fakes.openai_media_script import MediaScript
from tests.fakes.openai_rules import FakeModel
from tests.fakes.openai_script import Script
from tests.fakes.screen import Shown

pytestmark = [pytest.mark.fast(15), pytest.mark.not_started]


def calls_for(prompt: str, text: str = "", **more: Any) -> Script:
    """The model says something and asks for a picture."""
    return Script.of(text, calls=[("make_picture", json.dumps({"prompt": prompt, **more}))])


def answers(world: World, *answered: str | Script) -> None:
    world.model.answers += [Script.of(each) if isinstance(each, str) else each for each in answered]


def told(world: World, request: int = -1) -> list[str]:
    """What the model was told of its calls in a request."""
    return [message["content"] for message in world.prompts()[request] if message["role"] == "tool"]


@pytest.fixture
async def studio(world: World) -> World:
    await world.start(image_model=PAINTER)
    return world


async def ask(world: World, place: Place, person: Person, text: str) -> Shown:
    """Returns the message with the end of the answer."""
    return next(shown for shown in await world.ask(place, person, text) if offers(shown, "Retry"))


async def test_a_picture_in_the_middle_of_an_answer(studio: World) -> None:
    ann, place = studio.private()
    answers(studio, calls_for("a black cat", "One moment."), "Here is your cat.")
    studio.model.media_answers.append(MediaScript(pace=4))
    answer = await ask(studio, place, ann, "Draw me a cat")
    studio.check_shows([answer], "One moment.\n\nHere is your cat.")
    (shown,) = [each for each in studio.shown(place) if each.files]
    sketches = [version.files[0].data for version in shown.versions]
    assert sketches == [picture("a black cat 0", done=done) for done in (1 / 3, 2 / 3, 1.0)]
    assert shown.text == "a black cat"
    assert labels(shown) == ["Change it", "Larger"]
    first, second = studio.model.bodies
    assert [tool["function"]["name"] for tool in first["tools"]] == ["make_picture"]
    called, answered = second["messages"][-2:]
    assert (called["content"], called["tool_calls"][0]["function"]["name"]) == ("One moment.", "make_picture")
    assert answered["tool_call_id"] == called["tool_calls"][0]["id"]
    assert told(studio) == ["The picture is made and shown to the person."]

    await studio.ask(place, ann, "Thank you")
    question, answer_before, thanks = studio.prompts()[-1][1:]
    assert (question["content"], answer_before["content"]) == ("Draw me a cat", "One moment.\n\nHere is your cat.")
    assert read(thanks).sizes == [(1024, 1024)]


async def test_the_newest_picture_is_changed(telegram: World) -> None:
    """One that was ordered, then the model's own, which the button below it changes as well."""
    await telegram.start(image_model=PAINTER)
    ann, place = telegram.private()
    telegram.model.media_answers += [
        small(),
        MediaScript(pictures=[media.png(80, 48)], sketches=[], call="images/edits"),
        MediaScript(pictures=[media.png(90, 48)], sketches=[], call="images/edits"),
        small(),
    ]
    await imagine(telegram, place, ann, "/imagine a lake")
    for number in range(2):
        answers(telegram, calls_for(f"make it blue, {number}", change=True), "It is blue now.")
        await telegram.ask(place, ann, "make it blue")
    await telegram.fill_in(place, ann, "Change it", "and now red")
    await telegram.until(place, lambda: len(telegram.model.calls("images/edits")) == 3)
    given = [Image.open(io.BytesIO(seen["files"][0].data)).size for seen in telegram.model.calls("images/edits")]
    assert given == [(64, 48), (80, 48), (90, 48)]
    await telegram.until(place, lambda: len(telegram.files(place)) == 4)


async def test_each_picture_of_an_answer_is_changed_alone(telegram: World) -> None:
    await telegram.start(image_model=PAINTER)
    ann, place = telegram.private()
    twice = Script(calls=[*calls_for("a lake").calls, *calls_for("a sea").calls])
    answers(telegram, twice, "Two pictures.")
    telegram.model.media_answers += [small(), MediaScript(pictures=[media.png(80, 48)], sketches=[]), small()]
    await telegram.ask(place, ann, "Draw me a lake and a sea")
    lake, _ = [shown for shown in telegram.shown(place) if shown.files]
    await telegram.side.fill_in(place, ann, lake, dict(lake.buttons)["Change it"], "make it blue")
    await telegram.until(place, lambda: telegram.model.calls("images/edits"))
    sent = telegram.model.calls("images/edits")[0]["files"]
    assert [Image.open(io.BytesIO(file.data)).size for file in sent] == [(64, 48)]


async def test_a_picture_that_somebody_replies_to_is_changed(studio: World) -> None:
    """It is the newest, since it is part of the question."""
    ann, ben, group = studio.person("Ann"), studio.person("Ben"), studio.side.group()
    studio.model.media_answers += [small(), small()]
    await imagine(studio, group, ann, "/imagine a lake")
    photo = studio.side.send(group, ben, [Sent("photo", media.jpeg(120, 80))])
    answers(studio, calls_for("make it blue", change=True), "It is blue now.")
    await studio.ask(group, ann, "make it blue", reply_to=photo)
    (edit,) = studio.model.calls("images/edits")
    assert Image.open(io.BytesIO(edit["files"][0].data)).size == (120, 80)


async def test_calls_that_cannot_be_carried_out(telegram: World) -> None:
    """The model is told, and the person gets its answer."""
    await telegram.start(image_model=PAINTER)
    ann, place = telegram.private()
    for name, arguments in (
        ("make_picture", '{"prompt": "a l'),
        ("make_picture", "[]"),
        ("make_picture", '{"prompt": " "}'),
        ("open_door", '{"prompt": "a lake"}'),
    ):
        answers(telegram, Script(calls=[(name, arguments)]), "I could not.")
        (shown,) = await telegram.ask(place, ann, "Draw me a lake")
        assert shown.text == "I could not."
        assert told(telegram) == ["Error: call make_picture with a prompt."]
    assert telegram.model.calls("images/generations") == []


async def test_a_picture_that_the_model_cannot_get(telegram: World) -> None:
    await telegram.start(image_model=PAINTER)
    ann, place = telegram.private()
    answers(telegram, calls_for("a fight"), "It would not draw that.")
    telegram.model.media_answers.append(MediaScript.moderated())
    (shown,) = await telegram.ask(place, ann, "Draw me a fight")
    assert shown.text == "It would not draw that."
    assert told(telegram)[0].startswith("Error: `fake/gpt-image-2` refused to make this picture. The provider says:")

    answers(telegram, calls_for("a lake", change=True), "There is none.")
    telegram.side.command(place, ann, "/new")
    await telegram.sees(place, "New conversation")


async def test_a_picture_that_breaks_off(studio: World) -> None:
    """Its sketch says so and offers nothing, also when it came on screen a moment later."""
    ann, place = studio.private()
    side = studio.side
    assert isinstance(side, TelegramSide | DiscordSide)
    call = "sendPhoto" if side.name == "telegram" else "POST /channels/{id}/messages"
    for number in range(2):
        answers(studio, calls_for("a lake"), "That went wrong.")
        studio.model.media_answers.append(growing(3, cut_after=2))
        if number == 1:
            side.fake.faults.add(Fault("stall_after", call, seconds=5))
        answer = await ask(studio, place, ann, "Draw me a lake")
        assert answer.text == "That went wrong."
        sketched = [shown for shown in studio.shown(place) if shown.files]
        assert len(sketched) == number + 1
        assert all("broke off" in shown.text for shown in sketched)
        assert all(shown.buttons == () for shown in sketched)


async def test_a_chat_that_takes_no_pictures(telegram: World) -> None:
    await telegram.start(image_model=PAINTER)
    ann, group = telegram.person("Ann"), telegram.side.group()
    assert isinstance(telegram.side, TelegramSide)
    telegram.side.fake.forbid(group.raw[0], "photos", "documents")
    answers(telegram, calls_for("a lake"), "I may not show it here.")
    telegram.model.media_answers.append(small())
    telegram.say(group, ann, "Draw me a lake")
    await telegram.sees(group, "I may not show it here.")
    assert told(telegram) == ["Error: the picture is made, but this chat does not take pictures."]


async def test_a_model_that_never_stops_asking(telegram: World) -> None:
    """After some rounds it has to answer with what it has; a person gets four pictures at most."""
    await telegram.start(image_model=PAINTER)
    ann, place = telegram.private()
    telegram.model.respond = lambda body: calls_for("a lake") if "tools" in body else Script.of("That is all.")
    telegram.model.media_answers += [small() for _ in range(9)]
    answer = await ask(telegram, place, ann, "Draw me lakes")
    assert answer.text == "That is all."
    assert len(telegram.model.bodies) == 5
    assert [file.data for file in telegram.files(place)] == SMALL * 4

    telegram.model.respond = lambda body: (
        Script(calls=[*calls_for("a lake").calls] * 6) if not told(telegram) else Script.of("Enough.")
    )
    answer = await ask(telegram, place, ann, "And more")
    assert answer.text == "Enough."
    assert told(telegram)[4:] == ["Error: no more pictures in this answer."] * 2
    assert len(telegram.files(place)) == 8


async def test_a_picture_without_a_word(telegram: World) -> None:
    """It is an answer; a model that says nothing is asked once more, though."""
    await telegram.start(image_model=PAINTER)
    ann, place = telegram.private()
    answers(telegram, calls_for("a lake"), Script(), Script(), "You are welcome.")
    telegram.model.media_answers.append(small())
    telegram.say(place, ann, "Draw me a lake")
    await telegram.until(place, lambda: telegram.files(place))
    telegram.check_shows(await telegram.ask(place, ann, "Thank you"), "You are welcome.")
    assert "nothing to say" not in telegram.text(place)
    assert telegram.asked().sizes == [(64, 48)]


@pytest.mark.parametrize("how", ["stop", "shutdown"])
async def test_an_answer_that_ends_while_its_picture_is_made(world: World, how: str) -> None:
    await world.start(image_model=PAINTER, drain_seconds=1)
    ann, place = world.private()
    answers(world, calls_for("a lake", "One moment."))
    world.model.media_answers.append(growing(0, stall_after=1))
    world.say(place, ann, "Draw me a lake")
    await world.until(place, lambda: world.files(place))
    if how == "stop":
        await world.answer_after(place, lambda: world.press(place, ann, "Stop"))
    else:
        await world.stop()
        assert "The bot was restarted" in world.text(place)
        await world.start()
    await world.model.until(lambda: world.model.calls("images/generations")[0]["disconnected"])
    assert not any(offers(shown, "Stop") for shown in world.shown(place))
    answers(world, "Never mind.")
    again = await world.changed_after(place, lambda: world.press(place, ann, "Retry"))
    world.check_shows([again], "Never mind.")


async def test_an_answer_with_a_picture_is_given_again(studio: World) -> None:
    ann, place = studio.private()
    answers(studio, calls_for("a lake"), "Here.", "Words are enough.")
    studio.model.media_answers += [small(), small()]
    await studio.ask(place, ann, "Draw me a lake")
    await studio.changed_after(place, lambda: studio.press(place, ann, "Retry"))
    assert studio.roles() == [("user", "Draw me a lake")]
    await studio.ask(place, ann, "Next")
    assert studio.roles() == [("user", "Draw me a lake"), ("assistant", "Words are enough."), ("user", "Next")]
    answers(studio, calls_for("a sea"), "Here is the sea.")
    studio.check_shows(
        [await studio.offered_after(place, lambda: studio.side.command(place, ann, "/retry"), "Retry")],
        "Here is the sea.",
    )
    assert [shown.text for shown in studio.shown(place) if shown.files] == ["a lake", "a sea"]


async def test_a_model_without_tools_answers_all_the_same(telegram: World) -> None:
    telegram.model.models["test-model"] = FakeModel("test-model", tools=False)
    await telegram.start(image_model=PAINTER)
    ann, place = telegram.private()
    for number in range(2):
        telegram.check_shows(await telegram.ask(place, ann, f"Hello {number}"), f"Hello {number}")
    assert ["tools" in body for body in telegram.model.bodies] == [True, False, False]


async def test_a_model_that_thinks_only_without_tools_gets_them_where_pictures_are(telegram: World) -> None:
    luna = FakeModel("gpt-6-luna", reasoning=True, tools_need="no reasoning")
    telegram.model.models["gpt-6-luna"] = luna
    await telegram.start(image_model=PAINTER, chat_model="fake/gpt-6-luna")
    ann, place = telegram.private()
    await telegram.ask(place, ann, "Hello")
    telegram.model.media_answers.append(small())
    await imagine(telegram, place, ann, "/imagine a lake")
    await telegram.ask(place, ann, "Nice")
    assert ["tools" in body for body in telegram.model.bodies] == [False, True]
    assert [body.get("reasoning_effort") for body in telegram.model.bodies] == [None, "none"]
