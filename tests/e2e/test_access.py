"""Who may, how fast, and what it cost: as strangers, admins and everybody else see it on each platform."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image

from tests.e2e.discord_side import DiscordSide
from tests.e2e.world import World, offers
from tests.fakes.openai_script import Script

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
async def test_the_code_is_for_one_and_for_private_chats(world: World) -> None:
    await world.start(allowed=(), admins=())
    ann, place = world.private()
    bob, other = world.private("Bob")
    group = world.side.group()
    world.side.command(group, ann, f"/claim {code(world)}")
    await world.sees(group, "Do this in a private chat with me, where nobody else reads the code.")
    used = code(world).lower().replace("-", " ")
    world.side.command(place, ann, f"/claim {used}")
    await world.sees(place, "You are an admin of this bot now.")
    for person, chat in ((bob, other), (ann, place)):
        world.side.command(chat, person, f"/claim {used}")
        await world.sees(chat, "There is nothing to claim: the bot has an admin")


@pytest.mark.not_started
async def test_nobody_guesses_the_code(telegram: World) -> None:
    await telegram.start(allowed=(), admins=())
    ann, place = telegram.private()
    for number in range(1, 6):
        telegram.side.command(place, ann, f"/claim AAAA-AAA{number}")
        await telegram.until(place, lambda at=number: telegram.text(place).count("That is not the code.") == at)  # type: ignore[misc]
    telegram.side.command(place, ann, f"/claim {code(telegram)}")
    await telegram.sees(place, "Those were too many wrong codes. Try again in an hour.")


@pytest.mark.not_started
async def test_there_is_no_code_where_there_is_an_admin(telegram: World) -> None:
    bob, other = telegram.private("Bob")
    await telegram.start(allowed=(), admins=(telegram.person("Root").handle,))
    assert not any("/claim" in line for line in telegram.log.lines)
    telegram.side.command(other, bob, "/claim AAAA-AAAA")
    await telegram.sees(other, "There is nothing to claim")


@pytest.mark.not_started
async def test_strangers_are_told_once_with_their_id(world: World) -> None:
    root = world.person("Root")
    await world.start(allowed=(), admins=(root.handle,))
    bob, place = world.private("Bob")
    for text in ("Hello?", "Are you there?", "Hm."):
        world.say(place, bob, text)
    world.side.command(place, bob, "/help")  # a command is always answered
    await world.until(place, lambda: world.text(place).count(NOT_ALLOWED) == 2)
    assert world.text(place).replace("`", "").count(f"Send your id, {bob.handle}, to the person") == 2
    group = world.side.group()
    world.say(group, bob, "And here?")
    await world.sees(group, NOT_ALLOWED)
    world.say(group, bob, "And here?")
    await world.ask(group, root, "Hello")
    assert world.text(group).count(NOT_ALLOWED) == 1
    assert len(world.model.bodies) == 1


@pytest.mark.not_started
async def test_a_group_is_let_in_and_shut_out(world: World) -> None:
    root, admins = world.private("Root")
    bob, other = world.private("Bob")
    group, elsewhere = world.side.group("Lab"), world.side.group("Hall")
    await world.start(allowed=(), admins=(root.handle,))
    world.side.command(admins, root, "/allow")
    await world.sees(admins, "There are no rules yet.")
    world.side.command(group, root, "/allow")
    await world.sees(group, "may use the bot from now on.")
    await world.ask(group, bob, "Hello")
    topic = world.side.topic(group, "Bread", bob)
    await world.ask(topic, bob, "Threads belong to it")
    world.say(elsewhere, bob, "Not here")
    await world.sees(elsewhere, NOT_ALLOWED)

    world.side.command(admins, root, f"/allow {bob.handle}")
    await world.sees(admins, "may use the bot from now on.")
    await world.ask(other, bob, "Now in private too")
    world.side.command(group, root, "/deny chat")
    await world.sees(group, "may not use the bot from now on.")
    asked = len(world.model.bodies)
    for place in (group, topic):
        world.say(place, bob, "Denying wins")
        await world.sees(place, NOT_ALLOWED)
    assert len(world.model.bodies) == asked
    await world.ask(group, root, "Admins are never kept out")

    world.side.command(admins, root, "/allow list")
    await world.sees(admins, "Rules:")
    listed = world.text(admins).replace("`", "")
    assert f"{bob.handle} is allowed (by {root.handle}, " in listed
    assert listed.count("is denied") == 1
    assert f"{root.handle} is an admin" in listed.partition("In the bot's settings:")[2]
    world.side.command(group, root, "/deny chat remove")
    await world.sees(group, "is gone. The settings decide again.")
    await world.ask(group, bob, "Me again")


@pytest.mark.not_started
async def test_rules_that_cannot_be(world: World) -> None:
    root, place = world.private("Root")
    await world.start(admins=(root.handle,))
    for line, words in (
        ("/allow bob", "I do not know who bob is."),
        ("/allow @bob", "Telegram does not tell me the id behind @bob."),
        (f"/deny {root.handle}", f"{root.handle} is an admin and cannot be kept out."),
        (f"/deny {world.side.name}:7 remove", f"There is no rule for {world.side.name}:7."),
        (f"/allow {root.handle} remove", "it stands in the bot's settings"),
    ):
        world.side.command(place, root, line)
        await world.until(place, lambda words=words: words in world.text(place).replace("`", ""))  # type: ignore[misc]


@pytest.mark.not_started
async def test_roles_servers_and_mentions(discord: World) -> None:
    assert isinstance(discord.side, DiscordSide)
    root, admins = discord.private("Root")
    ann, bob, eve = (discord.person(name) for name in ("Ann", "Bob", "Eve"))
    group, side = discord.side.group(), discord.side
    bakers = side.guild.role("Bakers", ann.raw, bob.raw)
    thread = side.topic(group, "Bread", ann)
    await discord.start(allowed=(), admins=(root.handle,))
    side.command(group, root, f"/allow <@&{bakers.id}>")
    await discord.until(group, lambda: f"discord:{bakers.id} may use" in discord.text(group).replace("`", ""))
    await discord.ask(group, ann, "Hello")
    await discord.ask(thread, bob, "Hello")
    side.command(group, root, f"/deny <@{bob.raw.id}>")
    await discord.sees(group, "may not use the bot from now on.")
    for person in (bob, eve):
        said = discord.text(group).count(NOT_ALLOWED)
        discord.say(group, person, "Hello")
        await discord.until(group, lambda at=said: discord.text(group).count(NOT_ALLOWED) == at + 1)  # type: ignore[misc]
    side.command(group, root, "/allow server")
    await discord.until(group, lambda: f"discord:{side.guild.id} may use" in discord.text(group).replace("`", ""))
    await discord.ask(group, eve, "Hello")
    side.command(thread, root, "/deny chat")
    await discord.sees(thread, "may not use the bot from now on.")
    discord.say(thread, eve, "Hello")
    await discord.sees(thread, NOT_ALLOWED)
    await discord.ask(group, eve, "But here")
    side.command(admins, root, "/allow server")
    await discord.sees(admins, "I do not know who")


@pytest.mark.not_started
async def test_only_so_many_answers_at_once_for_one_person(world: World) -> None:
    ann, bob = world.person("Ann"), world.person("Bob")
    rooms = [world.side.group(f"Room {number}") for number in range(3)]
    await world.start(turns_per_person=2)
    world.model.answers += [Script.of("Hello", stall_after=1) for _ in range(2)]
    for number, room in enumerate(rooms[:2], 1):
        world.say(room, ann, "Hello")
        await world.model.until(lambda running=number: world.model.running == running)  # type: ignore[misc]
    world.say(rooms[2], ann, "And here")
    await world.sees(rooms[2], "I am still writing for you elsewhere, and 2 at once is the most.")
    await world.ask(rooms[2], bob, "I am somebody else")
    for room in rooms[:2]:
        world.side.command(room, ann, "/stop")
        await world.until(room, lambda at=room: world.answers(at) == 1)  # type: ignore[misc]
    await world.ask(rooms[2], ann, "Now?")


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
