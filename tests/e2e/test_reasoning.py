"""What models think before they answer: hidden, folded away on Telegram, behind a button on Discord."""

from __future__ import annotations

import pytest

from tests.e2e.side import Person, Place
from tests.e2e.world import World, offers
from tests.fakes.openai_script import Script

pytestmark = pytest.mark.fast(25)

THOUGHTS = ["First I wonder. ", "Then I count the letters, one by one. ", "At last I am sure.\n", "Really sure. "] * 6
FOLDED = "expandable_blockquote"


def thoughtful(text: str) -> Script:
    return Script.of(text, reasoning=THOUGHTS, pace=0.05)


async def switched_on(world: World, place: Place, person: Person) -> None:
    world.side.command(place, person, "/settings reasoning on")
    await world.until(place, lambda: "shown" in world.text(place))


async def test_it_is_hidden_unless_somebody_wants_it(world: World) -> None:
    ann, place = world.private()
    world.model.answers.append(thoughtful("The answer."))
    (shown,) = await world.ask(place, ann, "A question")
    assert all("wonder" not in version.text for version in shown.versions)
    assert [name for name, _ in shown.buttons] == ["Retry"]
    await world.ask(place, ann, "Next")
    assert [text for _, text in world.roles()] == ["A question", "The answer.", "Next"]


async def test_telegram_folds_it_above_the_answer(telegram: World) -> None:
    await telegram.start()
    ann, place = telegram.private()
    await switched_on(telegram, place, ann)
    telegram.model.answers.append(thoughtful("The answer."))
    (shown,) = await telegram.ask(place, ann, "A question")
    assert shown.text.startswith("First I wonder.")
    assert shown.text.endswith("The answer.")
    (quote,) = [each for each in shown.versions[-1].raw["entities"] if each["type"] == FOLDED]
    assert quote["offset"] == 0
    assert shown.text[quote["length"] :].strip() == "The answer."
    assert [name for name, _ in shown.buttons] == ["Retry"]
    await telegram.restart()
    await telegram.ask(place, ann, "Next")
    assert [text for _, text in telegram.roles()] == ["A question", "The answer.", "Next"]
    telegram.side.command(place, ann, "/settings reasoning off")
    await telegram.sees(place, "hidden")
    telegram.model.answers.append(thoughtful("Again."))
    assert [each.text for each in await telegram.ask(place, ann, "Once more")] == ["Again."]


async def test_discord_shows_it_to_whoever_presses(discord: World) -> None:
    await discord.start()
    place, ann, ben = discord.side.group(), discord.person("Ann"), discord.person("Ben")
    await switched_on(discord, place, ann)
    discord.model.answers += [thoughtful("The answer."), Script.of("Not thought about.")]
    (shown,) = await discord.ask(place, ann, "A question")
    assert all("wonder" not in version.text for version in shown.versions)
    assert [name for name, _ in shown.buttons] == ["Retry", "Reasoning"]
    discord.press(place, ann, "Retry")
    await discord.until(place, lambda: shown.text == "Not thought about." and offers(shown, "‹ 1"))
    assert [name for name, _ in shown.buttons] == ["Retry", "‹ 1"], "this version has none"
    discord.press(place, ann, "‹ 1")
    await discord.until(place, lambda: shown.text == "The answer.")
    await discord.restart()
    discord.press(place, ben, "Reasoning")
    await discord.until(place, lambda: discord.side.whispered(place, ben))
    (whisper,) = discord.side.whispered(place, ben)
    assert whisper.text.startswith("> First I wonder.")
    assert whisper.text.count("Really sure.") == 6
    await discord.ask(place, ben, "Next")
    assert [text for _, text in discord.roles()] == ["Ann: A question", "The answer.", "Ben: Next"]


async def test_a_thought_alone_is_no_answer(world: World) -> None:
    """The model was cut, or stopped, before it said a word."""
    ann, place = world.private()
    await switched_on(world, place, ann)
    world.model.answers.append(Script(reasoning=THOUGHTS * 20, pace=0.5, first_delay=5))
    world.say(place, ann, "A question")
    await world.model.until(lambda: world.model.running == 1)
    if world.side.name == "telegram":
        await world.sees(place, "First I wonder.")
    world.side.command(place, ann, "/stop")
    await world.until(place, lambda: world.answers(place) == 1)
    assert "Stopped." in world.text(place)
    await world.ask(place, ann, "Next")
    assert "wonder" not in str(world.roles())
