"""An answer that gets stuck although its provider is there: people hear of it, and the conversation goes on."""

from __future__ import annotations

import pytest

from bot import watching
from tests.e2e.world import World, offers
from tests.fakes.openai_script import Script

pytestmark = pytest.mark.fast(25)


async def test_a_provider_that_keeps_the_line_alive_and_says_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LOOK_EVERY", 5.0)
    monkeypatch.setattr(watching, "STUCK_AFTER", 6)
    ann, place = world.private()
    world.expect_error("the answer in .* is stuck and ended, at ")
    world.expect_error("turn .* failed")
    world.model.answers.append(Script([""] * 10_000, pace=5.0))
    world.say(place, ann, "Hello")
    await world.model.until(lambda: world.model.running == 1)
    world.say(place, ann, "And now?")
    await world.sees(place, "Something went wrong on the bot's side.")
    await world.until(place, lambda: world.answers(place) == 2)
    stuck, answered = world.shown(place)
    assert offers(stuck, "Retry")
    assert answered.text == "And now?"
    await world.model.until(lambda: world.model.running == 0)
    assert world.model.requests[0]["disconnected"]
