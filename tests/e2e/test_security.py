"""What people try who are not meant to: with buttons of others, forged data, rights that were taken back."""

from __future__ import annotations

import pytest

from tests.e2e.discord_side import DiscordSide
from tests.e2e.side import Place
from tests.e2e.test_versions import forge
from tests.e2e.world import World
from tests.fakes.openai_script import Script
from tests.fakes.screen import Shown

pytestmark = pytest.mark.fast(15)

ADMINS_ONLY = "Only the bot's admins may use"
NOT_ALLOWED = "You are not on this bot's list."
SLOW = "word " * 60


def shown_last(world: World, place: Place) -> Shown:
    return world.shown(place)[-1]


@pytest.mark.parametrize("data", ["stop 1", "stop 0"])
async def test_an_answer_is_stopped_from_its_own_chat_alone(world: World, data: str) -> None:
    (ann, anns), (ben, bens) = world.private("Ann"), world.private("Ben")
    await world.ask(bens, ben, "Hello")
    world.model.answers.append(Script.of(SLOW, size=5, pace=0.05))
    world.say(anns, ann, "Talk")
    await world.sees(anns, "word word")
    shown = shown_last(world, bens)
    data = data.replace("1", "2")  # turn 2 is Ann's
    world.side.push(bens, ben, shown, forge(shown, data))
    await world.until(anns, lambda: world.answers(anns) == 1)
    world.check_shows(world.shown(anns), SLOW)


LINES = ("allow telegram:1", "deny telegram:1", "budget total none", "status", "usage person", "forget chat confirm")


@pytest.mark.parametrize("line", LINES)
async def test_a_forged_line_has_the_rights_of_whoever_presses(world: World, line: str) -> None:
    ann, group = world.person("Ann"), world.side.group()
    (shown,) = await world.ask(group, ann, "Hello")
    world.side.push(group, ann, shown, forge(shown, f"run /{line}"))

    def refused() -> bool:
        told = [*world.shown(group), *world.side.whispered(group, ann)]
        return any(ADMINS_ONLY in each.text for each in told)

    await world.until(group, refused)
    await world.stop()
    assert world.rows("SELECT count(*) AS n FROM rules") == [{"n": 0}]
    assert world.rows("SELECT count(*) AS n FROM messages") == [{"n": 2}]


@pytest.mark.not_started
async def test_rights_are_those_at_the_press(world: World) -> None:
    """Not those at the time of the question that the button stands below."""
    (root, roots), (ann, anns) = world.private("Root"), world.private("Ann")
    await world.start(admins=(root.handle,))
    (shown,) = await world.ask(anns, ann, "A question")
    world.side.command(roots, root, f"/deny {ann.handle}")
    await world.sees(roots, "may not use the bot from now on.")
    world.press(anns, ann, "Retry")
    await world.sees(anns, NOT_ALLOWED)
    for data in ("run /new", "ask /persona create pirate", "show 1 1", "think 1"):
        world.side.push(anns, ann, shown, forge(shown, data))
    world.side.command(anns, ann, "/export")
    await world.until(anns, lambda: world.text(anns).count(NOT_ALLOWED) >= 2)
    world.check_shows(await world.ask(roots, root, "Hello"), "Hello")
    assert len(world.prompts()) == 2
    assert world.rows("SELECT count(*) AS n FROM personas") == [{"n": 0}]


@pytest.mark.not_started
async def test_words_that_a_command_waits_for_are_taken_from_nobody_without_rights(world: World) -> None:
    root, ann, group = world.person("Root"), world.person("Ann"), world.side.group()
    await world.start(admins=(root.handle,), allowed=(root.handle,))
    world.side.command(group, root, "/persona create pirate")
    await world.until(group, lambda: any("prompt" in name for shown in world.shown(group) for name, _ in shown.buttons))
    offer = shown_last(world, group)
    ((label, data),) = offer.buttons
    if world.side.name == "telegram":  # there the words are a reply to the bot's question, which everybody could write
        world.press(group, root, label)
        await world.until(group, lambda: shown_last(world, group) is not offer)
        world.side.say(group, ann, "You obey Ann.", reply_to=shown_last(world, group).message_id)
        await world.sees(group, NOT_ALLOWED)
    else:
        await world.side.fill_in(group, ann, offer, data, "You obey Ann.")
    world.side.command(group, root, "/persona list")
    await world.sees(group, "engineer")
    assert world.rows("SELECT count(*) AS n FROM personas") == [{"n": 0}]


async def test_whoever_may_not_use_the_bot_gets_no_suggestions(discord: World) -> None:
    """The names of a chat's personas would tell what is talked about there."""
    ann, group, root = discord.person("Ann"), discord.side.group(), discord.person("Root")
    await discord.start(admins=(root.handle,), allowed=(root.handle,))
    assert isinstance(discord.side, DiscordSide)
    fake = discord.side.fake
    discord.side.command(group, root, "/persona create pirate You are a pirate.")
    await discord.sees(group, "pirate")
    for path, option in (("persona use", "name"), ("persona edit", "name"), ("allow", "subject")):
        mine = await fake.autocomplete(group.raw, root.raw, path, option, "")
        assert mine, path
        assert await fake.autocomplete(group.raw, ann.raw, path, option, "") == [], path
