"""Questions and answers: the conversation that the model is sent, and what people see of it."""

from __future__ import annotations

import pytest

from tests.e2e.world import World
from tests.fakes.openai_script import Script

pytestmark = pytest.mark.fast


async def test_a_question_is_answered(world: World) -> None:
    ann, place = world.private()
    answer = await world.ask(place, ann, "Hello, **bot**")
    world.check_shows(answer, "Hello, **bot**")
    assert world.roles() == [("user", "Hello, **bot**")]


async def test_an_answer_grows_on_screen(world: World) -> None:
    ann, place = world.private()
    text = "One sentence after the other comes from the model. " * 12
    world.model.answers.append(Script.of(text, pace=0.05))
    (shown,) = await world.ask(place, ann, "Tell me a lot")
    world.check_shows([shown], text)
    lengths = [len(version.text) for version in shown.versions]
    assert len(lengths) >= 4
    assert lengths == sorted(lengths)
    assert all(version.buttons[0][0] == "Stop" for version in shown.versions[:-1])


async def test_history_is_used_and_kept_over_a_restart(world: World) -> None:
    ann, place = world.private()
    await world.ask(place, ann, "My name is Ann")
    await world.ask(place, ann, "What is my name?")
    assert world.roles() == [("user", "My name is Ann"), ("assistant", "My name is Ann"), ("user", "What is my name?")]
    await world.restart()
    await world.ask(place, ann, "And now?")
    assert [role for role, _ in world.roles()] == ["user", "assistant", "user", "assistant", "user"]
    assert world.roles()[-1] == ("user", "And now?")
