"""/export and /forget: people get what is stored of them, and have it deleted."""

from __future__ import annotations

import json

import pytest

from tests.e2e.side import Person, Place
from tests.e2e.world import World
from tests.fakes.screen import SeenFile, Shown

pytestmark = pytest.mark.fast(15)


async def told(world: World, place: Place, person: Person, line: str) -> Shown:
    """Use a command and wait for what the bot says, to all or, on Discord, to this person alone."""

    def said() -> list[Shown]:
        return [shown for shown in (*world.shown(place), *world.side.whispered(place, person)) if shown.text.strip()]

    before = {shown.message_id for shown in said()}
    world.side.command(place, person, line)
    await world.until(place, lambda: {shown.message_id for shown in said()} - before)
    return next(shown for shown in said() if shown.message_id not in before)


async def exported(world: World, place: Place, person: Person, form: str = "") -> SeenFile:
    (file,) = (await told(world, place, person, f"/export {form}".rstrip())).files
    return file


async def test_a_conversation_as_a_file(world: World) -> None:
    ann, place = world.private()
    assert "nothing to export yet" in (await told(world, place, ann, "/export")).text
    await world.ask(place, ann, "What is **2** + 2?")
    await world.ask(place, ann, "And 3 + 3?")

    file = await exported(world, place, ann)
    assert file.name == "conversation.md"
    written = file.data.decode()
    assert written.index("What is **2** + 2?") < written.index("And 3 + 3?")
    file = await exported(world, place, ann, "json")
    assert [turn["question"] for turn in json.loads(file.data)["turns"]] == ["What is **2** + 2?", "And 3 + 3?"]
    file = await exported(world, place, ann, "jsonl")
    (line,) = file.data.decode().splitlines()
    roles = [message["role"] for message in json.loads(line)["messages"]]
    assert roles == ["system", "user", "assistant", "user", "assistant"]


async def test_what_cannot_be_exported_or_forgotten(world: World) -> None:
    ann, place = world.private()
    if world.side.name == "telegram":  # Discord offers the choices, and nothing else can be typed there
        assert "must be one of" in (await told(world, place, ann, "/export pdf")).text
        assert "must be one of" in (await told(world, place, ann, "/forget everything")).text
    group = world.side.group()
    assert "Only the bot's admins" in (await told(world, group, ann, "/forget chat")).text


async def test_what_is_forgotten_is_gone(world: World) -> None:
    ann, place = world.private()
    await world.ask(place, ann, "My name is Ann")
    asked = await told(world, place, ann, "/forget me")
    assert "This deletes for good" in asked.text
    await world.ask(place, ann, "What is my name?")
    assert len(world.roles()) == 3, "nothing is deleted before it is confirmed"

    world.side.push(place, ann, asked, dict(asked.buttons)["Delete"])
    await world.sees(place, "I have forgotten you. Messages deleted: 4.")
    await world.ask(place, ann, "What is my name?")
    assert world.roles() == [("user", "What is my name?")]
    assert world.rows("SELECT count(*) AS n FROM messages WHERE text LIKE '%is Ann%'") == [{"n": 0}]


async def test_others_cannot_delete_for_somebody(world: World) -> None:
    ann, ben, group = world.person("Ann"), world.person("Ben"), world.side.group()
    await world.ask(group, ann, "By Ann")
    await world.ask(group, ben, "By Ben")
    asked = await told(world, group, ann, "/forget me")
    delete = dict(asked.buttons)["Delete"]
    if not world.side.whispered(group, ann):  # where all see the button
        world.side.push(group, ben, asked, delete)
        await world.sees(group, "This button is for the person who asked for it.")
    world.side.push(group, ann, asked, delete)
    await world.until(
        group,
        lambda: any("I have forgotten you" in shown.text for shown in seen(world, group, ann)),
    )
    await world.ask(group, ben, "And now?")
    assert "By Ann" not in str(world.roles())
    assert "Ben: By Ben" in str(world.roles())


def seen(world: World, place: Place, person: Person) -> list[Shown]:
    return [*world.shown(place), *world.side.whispered(place, person)]
