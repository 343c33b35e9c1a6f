"""The bot's own life: starting while others are down, stopping in the middle, hearing things twice."""

from __future__ import annotations

import asyncio

import pytest

from tests.e2e.side import Person, Place
from tests.e2e.world import World
from tests.fakes.openai_script import Script

pytestmark = pytest.mark.fast(25)

SLOW = "word " * 1000


async def begin(world: World, text: str = SLOW) -> tuple[Person, Place]:
    """Somebody asked, and a part of the answer is on screen."""
    ann, place = world.private()
    world.model.answers.append(Script.of(text, size=5, pace=0.1))
    world.say(place, ann, "Talk for a long time")
    await world.sees(place, "word word word")
    return ann, place


async def test_a_running_answer_is_finished_before_the_end(world: World) -> None:
    _, place = await begin(world, "word " * 40)
    await world.stop()
    world.check_shows(world.shown(place), "word " * 40)
    assert world.answers(place) == 1


@pytest.mark.not_started
async def test_an_answer_that_takes_too_long_says_that_it_was_interrupted(world: World) -> None:
    await world.start(drain_seconds=2)
    ann, place = await begin(world)
    seen = len(world.text(place))
    await world.stop()
    (shown,) = world.shown(place)
    words, _, notice = shown.text.partition("The bot was restarted")
    assert notice
    assert SLOW.startswith(words.strip())
    assert len(words) >= seen
    assert world.model.requests[0]["disconnected"]

    await world.start()
    again = await world.changed_after(place, lambda: world.press(place, ann, "Retry"))
    world.check_shows([again], "Talk for a long time")
    assert world.shown(place) == [again]
    assert world.roles() == [("user", "Talk for a long time")]


@pytest.mark.not_started
async def test_an_interrupted_answer_stays_in_the_history(world: World) -> None:
    await world.start(drain_seconds=2)
    ann, place = await begin(world)
    await world.stop()
    shown = world.shown(place)[0].text.partition("The bot was restarted")[0].strip()
    await world.start()
    await world.ask(place, ann, "Go on")
    role, kept = world.roles()[1]
    assert (role, kept.strip()) == ("assistant", shown)


@pytest.mark.not_started
async def test_an_answer_before_its_first_word_comes_after_the_restart(world: World) -> None:
    await world.start(drain_seconds=1)
    ann, place = world.private()
    world.model.answers.append(Script.of("never", header_delay=1000))
    world.say(place, ann, "Hello")
    await world.model.until(lambda: world.model.running == 1)
    await world.stop()
    assert world.shown(place) == []

    world.model.answers.append(Script.of("Here I am."))
    await world.answer_after(place, lambda: world.launch())
    world.check_shows(world.shown(place), "Here I am.")
    assert world.roles() == [("user", "Hello")]


@pytest.mark.not_started
async def test_questions_that_wait_are_answered_after_the_restart_in_their_order(world: World) -> None:
    await world.start(drain_seconds=1)
    ann, place = world.private()
    world.model.answers.append(Script.of(SLOW, size=5, pace=0.1))
    world.say(place, ann, "Talk for a long time")
    await world.sees(place, "word word word")
    for words in ("One", "Two", "Three"):
        world.say(place, ann, words)
    await world.pass_time(1)
    await world.restart()
    await world.until(place, lambda: world.answers(place) == 4)
    first, *others = world.shown(place)
    assert "The bot was restarted" in first.text
    assert [shown.text for shown in others] == ["One", "Two", "Three"]
    assert [text for role, text in world.roles() if role == "user"] == ["Talk for a long time", "One", "Two", "Three"]


@pytest.mark.not_started
async def test_a_second_signal_hurries(world: World) -> None:
    await world.start(drain_seconds=500)
    _, place = await begin(world)
    world.signal()
    await world.pass_time(0.5)
    assert world.running
    await world.stop()
    assert "The bot was restarted" in world.text(place)


@pytest.mark.not_started
async def test_what_is_said_while_the_bot_is_away(world: World) -> None:
    """Telegram keeps it for a day; Discord is asked for it."""
    await world.start()
    ann, place = world.private()
    await world.ask(place, ann, "One")
    await world.stop()
    world.say(place, ann, "Two")
    world.say(place, ann, "Three")
    await world.start()
    await world.until(place, lambda: world.answers(place) == 3)
    await world.ask(place, ann, "Four")
    assert [text for role, text in world.roles() if role == "user"] == ["One", "Two", "Three", "Four"]
    assert len(world.prompts()) == 4


@pytest.mark.not_started
async def test_a_wait_for_a_flood_does_not_hold_up_the_end(world: World) -> None:
    await world.start(drain_seconds=1)
    ann, place = world.private()
    world.side.fault("flood", "send", place, seconds=40)
    world.say(place, ann, "Hello")
    await world.model.until(lambda: bool(world.model.requests and world.model.requests[0]["finished"]))
    began = asyncio.get_running_loop().time()
    await world.stop()
    assert asyncio.get_running_loop().time() - began < 40
    await world.answer_after(place, lambda: world.launch())
    world.check_shows(world.shown(place), "Hello")
    assert len(world.model.bodies) == 1
