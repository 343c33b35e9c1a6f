"""Budgets as people meet them: how much is left, what is refused and until when, and that nothing gets around them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.e2e.painting import PAINTER, small
from tests.e2e.side import Person, Place, Sent
from tests.e2e.world import MODEL, World, offers
from tests.fakes import media
from tests.fakes.openai_script import Script
from tests.unit.access.books import Calendar

pytestmark = [pytest.mark.fast(15), pytest.mark.not_started]

USED_UP = "Your budget is used up. It starts afresh in 5 h."
MODELS = {
    "image_model": PAINTER,
    "transcription_model": "fake/gpt-transcribe",
    "speech_model": "fake/gpt-4o-mini-tts",
}
VOICE_NOTE = Sent("voice", media.ogg(), seconds=1)


@pytest.fixture
def calendar(monkeypatch: pytest.MonkeyPatch) -> Calendar:
    """It is 19:00 UTC, nine days before the end of a month."""
    calendar = Calendar()
    calendar.install(monkeypatch)
    return calendar


def uses(world: World, tokens: int) -> None:
    """From now on an answer uses so many tokens."""

    def respond(_: dict[str, Any]) -> Script:
        return Script.of("Said.", usage={"prompt_tokens": tokens - 1, "completion_tokens": 1})

    world.model.respond = respond


def command(world: World, place: Place, person: Person, line: str) -> None:
    world.side.command(place, person, line)


async def told(world: World, place: Place, words: str, times: int = 1) -> None:
    """Wait until the bot has said this so often, names without their marks."""
    await world.until(place, lambda: world.text(place).replace("`", "").count(words) >= times)


async def refused(world: World, place: Place, person: Person, words: str) -> None:
    """Ask and be told why there is no answer."""
    before = world.text(place).count(words)
    world.say(place, person, "One more")
    await told(world, place, words, before + 1)


async def test_whoever_used_theirs_up_is_refused_until_it_starts_afresh(world: World, calendar: Calendar) -> None:
    root, admins = world.private("Root")
    ann, place = world.private()
    bob, other = world.private("Bob")
    group = world.side.group()
    await world.start(admins=(root.handle,), daily_tokens_per_user=1000, **MODELS)
    uses(world, 1200)
    await world.ask(place, ann, "Hello")
    requests = len(world.model.requests)
    acts: list[Callable[[], object]] = [
        partial(world.say, place, ann, "And now?"),
        partial(command, world, place, ann, "/ask And now?"),
        partial(command, world, place, ann, "/imagine a cat"),
        partial(command, world, place, ann, "/speak Hello"),
        partial(world.send, place, ann, VOICE_NOTE),
    ]
    for count, act in enumerate(acts, 1):
        act()
        await told(world, place, USED_UP, count)
    command(world, place, ann, "/compare personas=teacher,editor And now?")
    await told(world, place, USED_UP, len(acts) + 2)
    await refused(world, group, ann, USED_UP)
    assert len(world.model.requests) == requests
    await world.ask(other, bob, "I have my own")
    await world.ask(admins, root, "Nobody counts mine")
    await world.ask(admins, root, "However much")
    assert "%" not in world.text(admins)

    await world.restart()
    await refused(world, place, ann, USED_UP)
    calendar.move(hours=5)
    await world.ask(place, ann, "A new day")
    assert len(world.model.bodies) == 5


async def test_an_answer_that_is_asked_for_again_is_refused_in_its_place(world: World, calendar: Calendar) -> None:
    ann, place = world.private()
    await world.start(daily_tokens_per_user=1000)
    uses(world, 1200)
    await world.ask(place, ann, "Hello")
    shown = await world.changed_after(place, lambda: world.press(place, ann, "Retry"))
    assert shown.text == USED_UP
    assert len(world.model.bodies) == 1


async def test_people_are_warned_once(world: World, calendar: Calendar) -> None:
    ann, place = world.private()
    await world.start(daily_tokens_per_user=1000)
    uses(world, 790)
    world.check_shows(await world.ask(place, ann, "Hello"), "Said.")
    uses(world, 60)
    warning = "85 % of your budget is used up. It starts afresh in 5 h."
    world.check_shows(await world.ask(place, ann, "Hello"), f"Said.\n\n{warning}")
    world.check_shows(await world.ask(place, ann, "Hello"), "Said.")
    assert all(warning not in words for _, words in world.roles())
    calendar.move(hours=6)
    uses(world, 900)
    assert "90 % of your budget" in (await world.ask(place, ann, "Hello"))[-1].text


async def test_admins_set_budgets_of_every_kind(world: World, calendar: Calendar) -> None:
    root, admins = world.private("Root")
    ann, place = world.private()
    bob, other = world.private("Bob")
    group = world.side.group()
    await world.start(admins=(root.handle,), prices={MODEL: {"input": 1000.0, "output": 1000.0}})
    uses(world, 600)  # 60 cents
    command(world, admins, root, "/budget")
    await told(world, admins, "There are no budgets.")
    command(world, admins, root, "/budget total $1 month")
    await told(world, admins, "All together: at most $1 a month.")
    await world.ask(place, ann, "Hello")
    await world.ask(other, bob, "Hello")
    await refused(world, place, ann, "The bot's budget is used up. It starts afresh in 10 days.")
    command(world, admins, root, "/budget total $20 month")
    await told(world, admins, "All together: at most $20 a month.")
    await world.ask(place, ann, "Hello")

    command(world, admins, root, f"/budget {ann.handle} 2k")
    await told(world, admins, f"Person {ann.handle}: at most 2,000 tokens a day.")
    await world.ask(place, ann, "1,800 by now")
    await world.ask(place, ann, "2,400 by now")
    await refused(world, place, ann, USED_UP)
    await world.ask(other, bob, "Hello")
    command(world, admins, root, "/budget")
    await told(world, admins, f"Person {ann.handle}: 2,000 tokens a day, 2,400 tokens spent")
    command(world, admins, root, f"/budget {ann.handle} none")
    await told(world, admins, f"Person {ann.handle}: no budget any more.")

    command(world, group, root, "/budget chat 100 tokens day")
    await world.until(group, lambda: "at most 100 tokens a day." in world.text(group))
    await world.ask(group, ann, "Hello")
    await refused(world, group, bob, "This chat's budget is used up. It starts afresh in 5 h.")
    await world.ask(group, root, "Hello")
    await world.ask(other, bob, "Hello")


WRONG = {
    "/budget nobody 5k": "I do not know whose budget nobody is.",
    "/budget everyone lots": "lots is no amount. Use one such as 50k, $5, or none",
    "/budget everyone 0": "0 is no amount.",
    "/budget everyone $5 tokens": "$5 is an amount of dollars, not of tokens.",
    "/budget total none": "All together: there is no budget that was set here.",
    "/budget everyone none": "the budget of 1,000 tokens a day stands in the bot's settings.",
}


async def test_budgets_that_cannot_be_set(world: World) -> None:
    root, place = world.private("Root")
    ann, other = world.private()
    await world.start(admins=(root.handle,), daily_tokens_per_user=1000)
    for line, words in WRONG.items():
        command(world, place, root, line)
        await told(world, place, words)
    command(world, other, ann, "/budget everyone 5m")
    await told(world, other, "Only the bot's admins may use /budget.")
    command(world, place, root, "/budget")
    await told(world, place, "Each person: 1,000 tokens a day")


async def test_pictures_count_against_budgets(world: World, calendar: Calendar) -> None:
    ann, place = world.private()
    await world.start(daily_tokens_per_user=1000, **MODELS)
    world.model.media_answers.append(small())  # 1,066 tokens
    command(world, place, ann, "/imagine a cat")
    await world.until(place, lambda: any(offers(shown, "Again") for shown in world.shown(place)))
    await refused(world, place, ann, USED_UP)


async def test_answers_that_are_being_written_hold_a_part_of_the_budget(world: World, calendar: Calendar) -> None:
    """Each holds some 2,000 tokens until it is known what it used."""
    ann = world.person("Ann")
    groups = [world.side.group(f"Room {number}") for number in range(6)]
    bob, other = world.private("Bob")
    await world.start(daily_tokens_per_user=5000)
    world.model.answers += [Script.of("Hello", stall_after=1) for _ in range(3)]
    for number, group in enumerate(groups):
        world.say(group, ann, "At once")
        if number < 3:
            await world.model.until(lambda running=number + 1: world.model.running == running)  # type: ignore[misc]
    words = "The answers that are being written may use up the rest of your budget. Ask again when they are done."
    for group in groups[3:]:
        await told(world, group, words)
    await world.ask(other, bob, "Hello")
    for group in groups[:3]:
        command(world, group, ann, "/stop")
        await world.until(group, lambda at=group: world.answers(at) == 1)  # type: ignore[misc]
    await world.ask(groups[3], ann, "And now?")
    assert len(world.model.bodies) == 5


async def test_stopped_answers_do_not_get_around_a_budget_of_dollars(telegram: World, calendar: Calendar) -> None:
    root, admins = telegram.private("Root")
    ann, place = telegram.private()
    await telegram.start(admins=(root.handle,), prices={MODEL: {"input": 1000.0, "output": 1000.0}})
    command(telegram, admins, root, "/budget everyone $0.05")
    await told(telegram, admins, "Each person: at most $0.05 a day.")
    telegram.model.answers.append(Script.of("word " * 400, size=25, pace=0.05))
    telegram.say(place, ann, "Talk")
    await telegram.sees(place, "word " * 40)
    telegram.press(place, ann, "Stop")
    await telegram.until(place, lambda: telegram.answers(place) == 1)
    await refused(telegram, place, ann, USED_UP)
    await telegram.stop()
    assert [row["cost"] for row in telegram.rows("SELECT cost FROM ledger")] == [None]
