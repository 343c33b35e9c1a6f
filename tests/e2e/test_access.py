"""Who may, how fast, and what it cost: as strangers, admins and everybody else see it on each platform."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image

from tests.e2e.world import World, offers

pytestmark = pytest.mark.fast(15)

NOT_ALLOWED = "You are not on this bot's list."


def code(world: World) -> str:
    """The newest one that the bot logged."""
    found: list[str] = re.findall(r"write /claim (\S+) to it in a private chat", "\n".join(world.log.lines))
    return found[-1]


@pytest.mark.not_started
async def test_a_stranger_with_the_code_becomes_the_admin_and_lets_others_in(world: World) -> None:
    await world.start(allowed=(), admins=())
    ann, place = world.private()
    bob, other = world.private("Bob")
    world.say(place, ann, "Hello?")
    await world.sees(place, NOT_ALLOWED)
    world.side.command(other, bob, "/claim AAAA-AAAA")
    await world.sees(other, "That is not the code.")

    world.side.command(place, ann, f"/claim {code(world)}")
    await world.sees(place, "You are an admin of this bot now.")
    world.check_shows(await world.ask(place, ann, "Hello!"), "Hello!")
    world.say(other, bob, "And me?")
    await world.sees(other, NOT_ALLOWED)
    world.side.command(place, ann, f"/allow {bob.handle}")
    await world.sees(place, "may use the bot from now on.")
    world.check_shows(await world.ask(other, bob, "Hello, bot"), "Hello, bot")

    lines = len(world.log.lines)
    await world.restart()
    assert not any("/claim" in line for line in world.log.lines[lines:])
    world.check_shows(await world.ask(other, bob, "Still me"), "Still me")
    world.side.command(place, ann, f"/deny {bob.handle}")
    await world.sees(place, "may not use the bot from now on.")
    world.side.command(other, bob, "/help")
    await world.until(other, lambda: world.text(other).count(NOT_ALLOWED) == 2)


@pytest.mark.not_started
async def test_the_rules_are_for_admins(world: World) -> None:
    await world.start(admins=(world.person("Root").handle,))
    ann, place = world.private()
    world.side.command(place, ann, "/allow list")
    await world.sees(place, "Only the bot's admins may use")


@pytest.mark.not_started
async def test_an_admin_takes_a_rule_back_with_a_button(world: World) -> None:
    root, place = world.private("Root")
    bob, other = world.private("Bob")
    await world.start(admins=(root.handle,))
    world.side.command(place, root, f"/deny {bob.handle}")
    await world.sees(place, "may not use the bot from now on.")
    world.side.command(place, root, "/allow list")
    label = f"Remove {bob.handle}"
    await world.until(place, lambda: any(offers(shown, label) for shown in world.shown(place)))
    world.press(place, root, label)
    await world.sees(place, "is gone. The settings decide again.")
    world.check_shows(await world.ask(other, bob, "Hello again"), "Hello again")


@pytest.mark.not_started
async def test_who_writes_too_fast_is_told_so_once(world: World) -> None:
    await world.start(messages_per_minute=1)
    ann, place = world.private()
    for number in range(3):
        await world.ask(place, ann, f"Question {number}")
    world.say(place, ann, "Question 3")
    await world.sees(place, "You are writing faster than I may answer.")
    world.say(place, ann, "Question 4")
    world.side.command(place, ann, "/help usage")
    await world.sees(place, "/usage")
    assert world.text(place).count("You are writing faster") == 1
    assert len(world.model.bodies) == 3


async def test_what_one_used_comes_with_a_chart(world: World) -> None:
    ann, place = world.private()
    await world.ask(place, ann, "Hello, bot")
    world.side.command(place, ann, "/usage")
    await world.until(place, lambda: world.files(place))

    [file] = world.files(place)
    assert file.kind == "image"
    assert Image.open(io.BytesIO(file.data)).size[0] == 1200
    assert re.search(r"Today: [1-9]\d* tokens", world.text(place))
    assert "All together" not in world.text(place)


@pytest.mark.not_started
async def test_budgets_are_seen_and_hold(world: World) -> None:
    root, place = world.private("Root")
    ann, other = world.private()
    await world.start(admins=(root.handle,))
    world.side.command(place, root, "/budget everyone 1 tokens day")
    await world.sees(place, "Each person: at most 1 tokens a day.")
    await world.ask(other, ann, "Hello, bot")
    world.side.command(other, ann, "/usage")
    await world.sees(other, "Your budget: 0 tokens of 1 tokens left")
    asked = len(world.model.bodies)
    world.say(other, ann, "One more")
    await world.sees(other, "Your budget is used up.")
    assert len(world.model.bodies) == asked
    await world.ask(place, root, "Admins go on")
    world.side.command(place, root, "/usage person")
    await world.sees(place, ann.handle)
    world.side.command(place, root, "/status")
    await world.sees(place, f"Platforms: {world.side.name}")
