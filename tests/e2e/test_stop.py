"""Stopping an answer keeps what was shown, and every answer can be asked for again."""

from __future__ import annotations

import pytest

from tests.e2e.side import Person, Place
from tests.e2e.world import MODEL, World, offers
from tests.fakes.openai_script import Script

pytestmark = pytest.mark.fast(25)

SLOW = "word " * 400


async def begin(world: World) -> tuple[Person, Place]:
    """Somebody asked, and a part of a long answer is on screen."""
    ann, place = world.private()
    world.model.answers.append(Script.of(SLOW, size=5, pace=0.05))
    world.say(place, ann, "Talk for a long time")
    await world.sees(place, "word word word")
    return ann, place


async def test_the_button_stops_the_answer(world: World) -> None:
    ann, place = await begin(world)
    world.press(place, ann, "Stop")
    await world.until(place, lambda: world.answers(place) == 1)
    await world.model.until(lambda: world.model.requests[0]["disconnected"])
    assert world.model.running == 0
    (shown,) = world.shown(place)
    assert SLOW.startswith(shown.text)
    assert len(shown.text) >= len(shown.versions[0].text)
    await world.ask(place, ann, "Go on")
    role, kept = world.roles()[1]
    assert (role, kept.strip()) == ("assistant", shown.text.strip())


async def test_the_command_stops_the_answer(world: World) -> None:
    ann, place = await begin(world)
    world.side.command(place, ann, "/stop")
    await world.sees(place, "Stopped.")
    await world.until(place, lambda: world.answers(place) == 1)
    await world.model.until(lambda: world.model.requests[0]["disconnected"])
    answer = next(shown for shown in world.shown(place) if offers(shown, "Retry"))
    assert SLOW.startswith(answer.text)


async def test_a_stop_before_the_first_word_says_so(world: World) -> None:
    ann, place = world.private()
    world.model.answers.append(Script.of("never", header_delay=1000))
    world.say(place, ann, "Hello")
    await world.model.until(lambda: world.model.running == 1)
    world.side.command(place, ann, "/stop")
    await world.until(place, lambda: world.answers(place) == 1)
    assert [shown.text for shown in world.shown(place) if offers(shown, "Retry")] == ["Stopped."]
    await world.ask(place, ann, "Once more")
    assert world.roles() == [("user", "Once more")]


async def test_there_may_be_nothing_to_stop(world: World) -> None:
    ann, place = world.private()
    world.side.command(place, ann, "/stop")
    await world.sees(place, "Nothing is running here")


async def test_an_answer_without_history_can_be_stopped(world: World) -> None:
    ann, place = world.private()
    world.model.answers.append(Script.of(SLOW, size=5, pace=0.05))
    world.side.command(place, ann, "/ask talk for a long time")
    await world.sees(place, "word word word")
    world.press(place, ann, "Stop")
    await world.model.until(lambda: world.model.requests[0]["disconnected"])
    await world.until(place, lambda: not any(offers(shown, "Stop") for shown in world.shown(place)))
    assert SLOW.startswith(world.text(place))


async def test_what_waits_is_answered_after_a_stop(world: World) -> None:
    ann, place = await begin(world)
    await world.answer_after(place, lambda: world.press(place, ann, "Stop"))
    world.check_shows(await world.ask(place, ann, "Next question"), "Next question")


async def test_a_question_asked_meanwhile_waits_for_its_turn(world: World) -> None:
    ann, place = await begin(world)
    world.say(place, ann, "And the next?")
    world.press(place, ann, "Stop")
    await world.until(place, lambda: world.answers(place) == 2)
    assert world.shown(place)[-1].text == "And the next?"
    assert [role for role, _ in world.roles()] == ["user", "assistant", "user"]


async def test_the_button_asks_again(world: World) -> None:
    ann, place = world.private()
    world.model.answers += [Script.of("First answer."), Script.of("Second answer.")]
    await world.ask(place, ann, "A question")
    again = await world.changed_after(place, lambda: world.press(place, ann, "Retry"))
    world.check_shows(world.shown(place), "Second answer.")
    assert [name for name, _ in again.buttons] == ["Retry", "‹ 1"]
    assert world.roles() == [("user", "A question")]
    await world.ask(place, ann, "Another")
    assert world.roles() == [("user", "A question"), ("assistant", "Second answer."), ("user", "Another")]


async def test_the_button_works_after_a_restart(world: World) -> None:
    ann, place = world.private()
    world.model.answers += [Script.of("First answer."), Script.of("Second answer.")]
    await world.ask(place, ann, "A question")
    await world.restart()
    again = await world.changed_after(place, lambda: world.press(place, ann, "Retry"))
    world.check_shows([again], "Second answer.")
    assert world.roles() == [("user", "A question")]


async def test_the_command_asks_again_with_another_model(world: World) -> None:
    ann, place = world.private()
    await world.ask(place, ann, "tell me a joke")
    again = await world.answer_after(place, lambda: world.side.command(place, ann, "/retry fake/other-model"))
    world.check_shows(again, "tell me a joke")
    assert [body["model"] for body in world.model.bodies] == [MODEL.partition("/")[2], "other-model"]
    await world.answer_after(place, lambda: world.side.command(place, ann, "/retry"))
    assert [body["model"] for body in world.model.bodies][-1] == "test-model"
    assert world.roles() == [("user", "tell me a joke")]


async def test_there_may_be_nothing_to_ask_again(world: World) -> None:
    ann, place = world.private()
    world.side.command(place, ann, "/retry")
    await world.sees(place, "There is no question yet")
