"""What a restart must not lose, repeat or get out of order; sudden deaths are in `test_process`."""

from __future__ import annotations

import pytest

from tests.e2e.world import World
from tests.fakes.openai_script import Script

pytestmark = [pytest.mark.fast(10), pytest.mark.not_started]

SLOW = "word " * 1000


async def test_an_answer_that_could_not_be_shown_is_shown_after_the_restart(world: World) -> None:
    """The platform asks for a long pause in the middle; the model has finished, and is not asked again."""
    await world.start(drain_seconds=1)
    ann, place = world.private()
    text = " ".join(f"w{number}" for number in range(200))
    world.model.answers.append(Script.of(text, size=50, pace=0.1))
    world.side.fault("flood", "edit", place, seconds=60)
    world.say(place, ann, "Count")
    await world.model.until(lambda: bool(world.model.requests and world.model.requests[0]["finished"]))
    await world.stop()
    assert "w199" not in world.text(place)
    await world.answer_after(place, world.launch)
    world.check_shows(world.shown(place), text)
    assert len(world.model.bodies) == 1
    await world.ask(place, ann, "And?")
    assert world.roles()[:2] == [("user", "Count"), ("assistant", text)]


async def test_a_pause_that_a_platform_asked_for_holds_after_the_restart(world: World) -> None:
    """The fake counts every call that comes too early as a flood, which fails the test."""
    await world.start(drain_seconds=1)
    ann, place = world.private()
    world.side.fault("flood", "send", place, seconds=40)
    world.model.answers.append(Script.of("never", header_delay=0.1, pace=1000))
    world.say(place, ann, "One")
    await world.pass_time(3)
    await world.stop()
    world.model.answers.clear()
    await world.answer_after(place, world.launch, timeout=120)
    world.check_shows(world.shown(place), "One")


async def test_what_a_command_said_is_shown_after_the_restart_and_not_done_twice(world: World) -> None:
    await world.start(drain_seconds=1)
    ann, place = world.private()
    await world.ask(place, ann, "Hello")
    world.side.fault("flood", "send", place, seconds=20)
    world.side.command(place, ann, "/persona create name:pirate prompt:Talk like a pirate")
    await world.pass_time(3)
    await world.restart()
    await world.sees(place, "pirate")
    assert "already" not in world.text(place)


async def test_what_waits_behind_an_answer_of_which_nothing_was_seen_keeps_its_order(world: World) -> None:
    await world.start(drain_seconds=1)
    ann, place = world.private()
    world.model.answers.append(Script.of("never", header_delay=1000))
    world.say(place, ann, "First")
    await world.model.until(lambda: world.model.running == 1)
    for words in ("Second", "Third"):
        world.say(place, ann, words)
    await world.pass_time(1)
    await world.stop()
    assert world.shown(place) == []
    world.model.answers.clear()
    await world.start()
    await world.until(place, lambda: world.answers(place) == 3)
    assert [shown.text for shown in world.shown(place)] == ["First", "Second", "Third"]


async def test_messages_that_wait_to_be_merged_come_back_once(world: World) -> None:
    await world.start(drain_seconds=1)
    ann, place = world.private()
    world.side.command(place, ann, "/settings busy merge")
    await world.sees(place, "merged")
    world.model.answers.append(Script.of(SLOW, size=5, pace=0.1))
    world.say(place, ann, "First")
    await world.sees(place, "word word word")
    for words in ("Second", "Third"):
        world.say(place, ann, words)
    await world.pass_time(1)
    await world.restart()
    await world.until(place, lambda: "Third" in world.text(place) and world.answers(place) >= 2)
    said = "\n".join(shown.text for shown in world.shown(place))
    assert (said.count("Second"), said.count("Third")) == (1, 1)
