"""/usage and /status: what people see of what they used, and admins of everybody."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image

from tests.e2e.discord_side import DiscordSide
from tests.e2e.side import Person, Place
from tests.e2e.world import MODEL, World
from tests.fakes.openai_script import Script
from tests.unit.access.books import Calendar

pytestmark = [pytest.mark.fast(15), pytest.mark.not_started]

PRICES = {MODEL: {"input": 100.0, "output": 100.0}}
USED = {"prompt_tokens": 1200, "completion_tokens": 34}


@pytest.fixture(autouse=True)
def calendar(monkeypatch: pytest.MonkeyPatch) -> Calendar:
    calendar = Calendar()
    calendar.install(monkeypatch)
    return calendar


async def asked(world: World, place: Place, person: Person) -> None:
    world.model.answers.append(Script.of("Said.", usage=USED))
    await world.ask(place, person, "Hello")


async def test_sums_of_a_day_and_a_month(world: World, calendar: Calendar) -> None:
    ann, place = world.private()
    await world.start(prices=PRICES, daily_tokens_per_user=10_000, daily_tokens=50_000)
    world.side.command(place, ann, "/usage")
    await world.sees(place, "This month: nothing")
    assert world.files(place) == []
    assert "Your budget: 10,000 tokens of 10,000 tokens left, afresh in 5 h" in world.text(place)
    await asked(world, place, ann)
    calendar.move(hours=6)
    await asked(world, place, ann)
    await world.restart()
    world.side.command(place, ann, "/usage")
    await world.until(place, lambda: world.files(place), timeout=600)
    said = world.text(place)
    assert "Today: 1,234 tokens, $0.12" in said
    assert "This month: 2,468 tokens, $0.25" in said
    assert "Your budget: 8,766 tokens of 10,000 tokens left, afresh in 23 h" in said
    assert "All together" not in said
    (file,) = world.files(place)
    assert Image.open(io.BytesIO(file.data)).format == "PNG"
    calendar.move(days=9)  # the first of the next month
    world.side.command(place, ann, "/usage")
    await world.until(place, lambda: world.text(place).count("This month: nothing") == 2)


async def test_admins_see_everybody(world: World) -> None:
    root, place = world.private("Root")
    ann, other = world.private()
    await world.start(prices=PRICES, admins=(root.handle,))
    for group in ("person", "chat", "model", "provider"):
        world.side.command(place, root, f"/usage {group}")
    await world.until(place, lambda: world.text(place).count("Nothing was used this month.") == 4)
    await asked(world, other, ann)
    await asked(world, other, ann)
    await asked(world, place, root)
    for group, name in (
        ("person", ann.handle),
        ("chat", f"{world.side.name}:"),
        ("model", MODEL),
        ("provider", "fake"),
    ):
        world.side.command(place, root, f"/usage {group}")
        await world.until(place, lambda name=group: f"This month: by {name}" in world.text(place))  # type: ignore[misc]
        table = world.shown(place)[-1].text
        assert name in table
        calls = "2" if group in ("person", "chat") else "3"
        assert re.search(rf"{name}\S*\W+{calls}\W+{'2,468' if calls == '2' else '3,702'}\W", table), table
    world.side.command(place, root, "/usage")
    await world.sees(place, "All together")
    assert "Today: 3,702 tokens" in world.text(place)
    world.press(place, root, "by model")
    await world.until(place, lambda: world.text(place).count("This month: by model") == 2)

    world.side.command(other, ann, "/usage person")
    await world.sees(other, "Only the bot's admins may use")
    assert root.handle not in world.text(other)


async def test_a_wrong_word_for_usage(telegram: World) -> None:
    ann, place = telegram.private()
    await telegram.start()
    telegram.side.command(place, ann, "/usage yesterday")
    await telegram.sees(place, "must be one of person, chat, model, provider, not yesterday")


async def test_what_one_used_is_nobody_elses_business(discord: World) -> None:
    """Discord shows it to whoever asked; so it does what admins ask."""
    assert isinstance(discord.side, DiscordSide)
    root, group = discord.person("Root"), discord.side.group()
    ann = discord.person("Ann")
    await discord.start(admins=(root.handle,))
    await asked(discord, group, ann)
    for person, line, words in (
        (ann, "/usage", "Your usage"),
        (root, "/usage", "Your usage"),
        (root, "/usage person", "by person"),
        (root, "/status", "Platforms:"),
        (root, "/budget", "There are no budgets."),
    ):

        def seen(who: Person = person, expected: str = words) -> bool:
            return any(expected in shown.text for shown in discord.side.whispered(group, who))

        discord.side.command(group, person, line)
        await discord.until(group, seen)
    assert "All together" not in discord.text(group), "others may look over an admin's shoulder"
    assert [shown.text for shown in discord.shown(group)][1:] == [
        shown.text for person in (ann, root) for shown in discord.side.whispered(group, person)
    ]


async def test_how_the_bot_is(world: World) -> None:
    root, place = world.private("Root")
    ann, other = world.private()
    await world.start(admins=(root.handle,), daily_tokens=50_000, prices=PRICES, image_model="fake/gpt-image-2")
    await asked(world, other, ann)
    world.side.command(place, root, f"/deny {world.side.name}:7")
    await world.sees(place, "may not use the bot")
    world.model.answers.append(Script.of("Hello", stall_after=1))
    world.say(other, ann, "Hello")
    await world.model.until(lambda: world.model.running == 1)
    world.side.command(place, root, "/status")
    await world.sees(place, "Platforms:")
    said = world.text(place).replace("`", "")
    for words in (
        f"Platforms: {world.side.name}",
        "Database: sqlite",
        f"chat {MODEL}",
        "image fake/gpt-image-2",
        "Answers being written: 1, waiting: 0",
        "Admins: 1, rules: 1, budgets: 1",
        "Model calls today: 1 (1,234 tokens, $0.12)",
    ):
        assert words in said, words
    world.side.command(other, ann, "/status")
    await world.sees(other, "Only the bot's admins may use")
    world.side.command(other, ann, "/stop")
    await world.until(other, lambda: world.answers(other) == 2)
