"""The same question to several personas or models, side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.discord_side import DiscordSide
from tests.e2e.side import Person, Place
from tests.e2e.world import World, offers
from tests.fakes.openai_media_script import MediaScript
from tests.fakes.openai_script import Script
from tests.fakes.screen import Shown

pytestmark = pytest.mark.fast(25)

PICK = "Go on with this one"
FOUR = "teacher,engineer,editor,socratic"


def picks(world: World, place: Place) -> list[Shown]:
    return [shown for shown in world.shown(place) if offers(shown, PICK)]


async def compared(world: World, place: Place, person: Person, line: str, count: int) -> list[Shown]:
    """Use the command and wait until so many answers more can be chosen from; returns them as they stand."""
    before = len(picks(world, place))
    world.side.command(place, person, line)
    await world.until(place, lambda: len(picks(world, place)) == before + count)
    return picks(world, place)[before:]


async def told(world: World, place: Place, person: Person, line: str, said: str) -> None:
    """Use the command and wait until one more message says so."""
    before = len(world.shown(place))
    world.side.command(place, person, line)
    await world.until(place, lambda: any(said in shown.text for shown in world.shown(place)[before:]))


def is_asked_as(persona: str) -> Callable[[dict[str, Any]], bool]:
    """Whether a request has this persona's prompt, which begins as in `personas.toml`."""
    return lambda body: BEGINNINGS[persona] in body["messages"][0]["content"]


BEGINNINGS = {"teacher": "patient teacher", "engineer": "senior software engineer"}


def choose(world: World, place: Place, person: Person, shown: Shown) -> None:
    world.side.push(place, person, shown, next(data for name, data in shown.buttons if name == PICK))


async def test_four_grow_side_by_side(world: World) -> None:
    """None starves: each is seen growing before any of them has ended."""
    ann, place = world.private()
    texts = [f"{name} " * 60 for name in ("alpha", "beta", "gamma", "delta")]
    world.model.answers += [Script.of(text, size=6, pace=0.25) for text in texts]
    shown = await compared(world, place, ann, f"/compare personas={FOUR} why?", 4)
    assert world.model.most_running == 4
    ended = min(each.versions[-1].at for each in shown)
    for each in shown:
        growing = [version for version in each.versions if version.text and version.at < ended]
        assert len(growing) >= 3
        assert {name for version in growing for name, _ in version.buttons} == {"Stop"}
    headings = [each.text.partition("\n")[0].strip("*") for each in shown]
    assert sorted(headings) == sorted(FOUR.split(","))
    assert sorted(each.text.partition("\n\n")[2].strip() for each in shown) == sorted(text.strip() for text in texts)
    assert len({world.system(number) for number in range(4)}) == 4
    assert [world.roles(number) for number in range(4)] == [[("user", "why?")]] * 4


async def test_the_conversation_goes_on_behind_the_one_that_was_chosen(world: World) -> None:
    place, ann, ben = world.side.group(), world.person("Ann"), world.person("Ben")
    await world.ask(place, ann, "First")
    world.model.respond = lambda body: Script.of(f"by {body['model']}")
    shown = await compared(world, place, ann, "/compare models=fake/test-model,fake/other-model which?", 2)
    first, other = sorted(shown, key=lambda each: "other" in each.text)
    world.check_shows([first], "**fake/test-model**\n\nby test-model")
    world.check_shows([other], "**fake/other-model**\n\nby other-model")
    await world.ask(place, ben, "Next")
    told = ["Ann: First", "Ann: First", "Ann: which?", "by test-model", "Ben: Next"]
    assert [text for _, text in world.roles()] == told, "unless somebody chooses, it is the first"
    choose(world, place, ben, other)
    await world.sees(place, world.side.rendered("the answer of **fake/other-model** counts"))
    await world.restart()
    await world.ask(place, ann, "And now?")
    told = ["Ann: First", "Ann: First", "Ann: which?", "by other-model", "Ann: And now?"]
    assert [text for _, text in world.roles()] == told
    choose(world, place, ben, first)
    await world.sees(place, world.side.rendered("the answer of **fake/test-model** counts"))
    await world.ask(place, ann, "Once more")
    assert [text for _, text in world.roles()][3:] == ["by test-model", "Ben: Next", "by test-model", "Ann: Once more"]


WRONG = (
    ("personas=teacher why?", "to 4 personas"),
    ("personas=teacher,teacher why?", "to 4 personas"),
    (f"personas={FOUR},translator why?", "to 4 personas"),
    ("why?", "to 4 personas"),
    ("personas=teacher,enginer why?", "Did you mean `engineer`?"),
    ("personas=teacher,engineer models=fake/test-model,fake/other-model why?", "not both at once"),
    ("models=fake/test-model,fake/no-such why?", "no-such"),
)


async def test_what_cannot_be_compared(discord: World) -> None:
    await discord.start()
    ann, place = discord.private()
    for line, said in WRONG:
        await told(discord, place, ann, f"/compare {line}", said)
    assert discord.prompts() == []


async def test_what_cannot_be_compared_on_telegram(telegram: World) -> None:
    await telegram.start()
    ann, place = telegram.private()
    await told(telegram, place, ann, "/compare personas=teacher,engineer", "question is missing")
    await told(telegram, place, ann, "/compare why?", "to 4 personas")
    await told(telegram, place, ann, "/compare personas=teacher,enginer why?", "Did you mean engineer?")
    assert telegram.prompts() == []
    shown = await compared(telegram, place, ann, '/compare personas="teacher, engineer" why is it so?', 2)
    assert sorted(each.text for each in shown) == ["engineer\n\nwhy is it so?", "teacher\n\nwhy is it so?"]


async def test_one_of_them_fails(world: World) -> None:
    ann, place = world.private()
    world.model.answers += [Script.error(400, "No.", when=is_asked_as("teacher"))]
    shown = await compared(world, place, ann, "/compare personas=teacher,engineer why?", 2)
    teacher, engineer = sorted(shown, key=lambda each: "engineer" in each.text)
    world.check_shows([engineer], "**engineer**\n\nwhy?")
    assert "teacher" in teacher.text
    assert "why?" not in teacher.text
    await world.ask(place, ann, "Next")
    assert [text for _, text in world.roles()] == ["why?", "why?", "Next"]


async def test_a_stop_stops_them_all(world: World) -> None:
    ann, place = world.private()
    world.model.respond = lambda _: Script.of("word " * 300, size=5, pace=0.05)
    world.side.command(place, ann, "/compare personas=teacher,engineer why?")
    await world.until(place, lambda: world.text(place).count("word word") >= 2 and len(world.shown(place)) == 2)
    world.side.command(place, ann, "/stop")
    await world.until(place, lambda: len(picks(world, place)) == 2)
    await world.model.until(lambda: all(seen["disconnected"] for seen in world.model.requests))
    world.model.respond = lambda _: Script.of("Next answer.")
    await world.ask(place, ann, "Next")
    assert [role for role, _ in world.roles()] == ["user", "assistant", "user"]


@pytest.mark.not_started
async def test_moderation_and_budgets_apply(world: World) -> None:
    await world.start(moderation="question", moderation_model="fake/omni-moderation-latest")
    ann, place = world.private()
    world.model.media_answers.append(MediaScript(call="moderations", flags=["violence"]))
    world.side.command(place, ann, "/compare personas=teacher,engineer something bad")
    await world.sees(place, "flagged by moderation")
    assert world.prompts() == []
    await world.restart(daily_tokens_per_user=1)
    await world.ask(place, ann, "Hello")
    before = len(world.prompts())
    world.side.command(place, ann, "/compare personas=teacher,engineer why?")
    await world.until(place, lambda: world.text(place).count("budget is used up") >= 2)
    assert len(world.prompts()) == before


async def test_the_second_name_completes(discord: World) -> None:
    await discord.start()
    ann, place = discord.private()
    assert isinstance(discord.side, DiscordSide)
    fake = discord.side.fake
    personas = await fake.autocomplete(place.raw, ann.raw, "compare", "personas", "teacher,eng")
    assert [choice["value"] for choice in personas] == ["teacher,engineer"]
    models = await fake.autocomplete(place.raw, ann.raw, "compare", "models", "fake/test-model, oth")
    assert [choice["value"] for choice in models] == ["fake/test-model,fake/other-model"]
