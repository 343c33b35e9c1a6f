"""Moderation of questions and answers: what is refused is neither answered, nor seen, nor told the model again."""

from __future__ import annotations

import pytest

from tests.e2e.world import World
from tests.fakes.openai_media_script import MediaScript
from tests.fakes.openai_script import Script

pytestmark = [pytest.mark.fast(25), pytest.mark.not_started]

MODEL = "fake/omni-moderation-latest"
LONG = " ".join(["A sentence of which there are many."] * 330)


def flags(*categories: str) -> MediaScript:
    return MediaScript(call="moderations", flags=categories)


def checked(world: World) -> list[str]:
    """What moderation was asked about; a long text in pieces that overlap."""
    return ["".join(seen["body"]["input"]) for seen in world.model.calls("moderations")]


async def test_a_question_that_is_refused_is_not_stored(world: World) -> None:
    await world.start(moderation="question", moderation_model=MODEL)
    ann, place = world.private()
    await world.ask(place, ann, "Hello")
    world.model.media_answers.append(flags("violence"))
    question = world.say(place, ann, "Something bad")
    await world.sees(place, world.side.rendered("flagged by moderation (`violence`)"))
    assert world.text(place).endswith("Put it another way.")
    assert len(world.prompts()) == 1
    world.side.edit(place, ann, question, "Something good")
    await world.sees(place, "Something good")
    await world.restart()
    await world.ask(place, ann, "Next")
    assert [text for _, text in world.roles()] == ["Hello", "Hello", "Something good", "Something good", "Next"]
    assert checked(world) == ["Hello", "Something bad", "Something good", "Next"], "answers are not looked at"


async def test_an_answer_that_is_refused_is_withdrawn(world: World) -> None:
    """Of several messages one is left, with the sentence."""
    await world.start(moderation="answer", moderation_model=MODEL, answer_messages=9)
    ann, place = world.private()
    world.model.answers += [Script.of(LONG, size=500, pace=0.2), Script.of("Second try.")]
    world.model.media_answers.append(flags("self-harm"))
    world.say(place, ann, "A question")
    await world.until(place, lambda: len(world.shown(place)) >= 3)
    await world.until(place, lambda: len(world.shown(place)) == 1 and world.answers(place) == 1)
    assert world.text(place) == "The answer was withheld by moderation. Put the question another way."
    (seen,) = checked(world)
    assert seen.startswith(LONG[:500]), "questions are not looked at"
    assert seen.endswith(LONG[-500:])
    await world.ask(place, ann, "Next")
    assert "A sentence" not in str(world.roles())
    assert [text for role, text in world.roles() if role == "user"][-1] == "Next"
    (refused, *_) = world.shown(place)
    world.side.push(place, ann, refused, dict(refused.buttons)["Retry"])
    await world.until(place, lambda: refused.text == "A question" and "Retry" in dict(refused.buttons))
    assert "‹ 1" not in dict(refused.buttons), "what was withheld cannot be leafed to"


async def test_both_are_looked_at_in_a_group(world: World) -> None:
    await world.start(moderation="both", moderation_model=MODEL)
    place, ann = world.side.group(), world.person("Ann")
    world.say(place, ann, "Fine")
    await world.until(place, lambda: world.answers(place) == 1)
    assert checked(world) == ["Fine", "Ann: Fine"]
    world.model.media_answers += [flags(), flags("hate")]
    world.model.answers.append(Script.of("Something bad that grows. " * 20, pace=0.1))
    question = world.say(place, ann, "Go on")
    await world.sees(place, "withheld by moderation")
    assert "Something bad" not in world.text(place)
    assert world.shown(place)[-1].reply_to == question


async def test_the_moderation_provider_is_down(world: World) -> None:
    """A question that cannot be checked is not answered; an answer stays, since people have read it."""
    await world.start(moderation="answer", moderation_model=MODEL)
    ann, place = world.private()
    world.model.media_answers += [MediaScript.error(400, "Broken.", call="moderations") for _ in range(2)]
    world.check_shows(await world.ask(place, ann, "Hello"), "Hello")
    await world.restart(moderation="question")
    world.say(place, ann, "Next")
    await world.until(place, lambda: len(world.shown(place)) == 2)
    assert "omni-moderation-latest" in world.shown(place)[-1].text
    assert len(world.prompts()) == 1
    await world.ask(place, ann, "Again")
    assert [text for _, text in world.roles()] == ["Hello", "Hello", "Again"]


async def test_an_answer_that_a_restart_interrupts_was_never_looked_at(world: World) -> None:
    await world.start(moderation="answer", moderation_model=MODEL, drain_seconds=0)
    ann, place = world.private()
    world.model.answers.append(Script.of(LONG, size=100, pace=1))
    world.say(place, ann, "A question")
    await world.sees(place, "A sentence")
    await world.restart()
    assert world.text(place) == "The bot was restarted in the middle of this answer. Press Retry to answer again."
    await world.ask(place, ann, "Next")
    assert "A sentence" not in str(world.roles())
