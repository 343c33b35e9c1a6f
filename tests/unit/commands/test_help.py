"""Help is made from the declarations: every command is in it, with how it is typed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.commands.catalogue import COMMANDS
from bot.commands.registry import flatten, usage
from bot.commands.spec import Command
from bot.domain.ids import ChatRef
from tests.unit.commands.conftest import ROOT, Desk

LISTED = [command for command in COMMANDS if not command.hidden]


@pytest.mark.parametrize("command", LISTED, ids=lambda command: command.name)
async def test_the_overview_names_every_command(desk: Desk, command: Command) -> None:
    said = await desk.say("/help", ROOT)

    assert f"- `{usage([command.name], command)}` – {command.summary}" in said
    assert command.example in said


@pytest.mark.parametrize("path", [path for path, _ in flatten(LISTED)], ids=" ".join)
async def test_every_command_has_a_page(desk: Desk, path: tuple[str, ...]) -> None:
    command = dict(flatten(COMMANDS))[path]

    said = await desk.say(f"/help /{' '.join(path)}", ROOT)

    assert said.startswith(f"**/{' '.join(path)}** – {command.summary}")
    assert usage(path, command) in said
    assert command.details in said
    for option in command.options:
        assert (f"- `{option.name}` – {option.description}" in said) == (option.type != "file")


async def test_the_page_of_a_group_lists_its_commands(desk: Desk) -> None:
    said = await desk.say("/help persona")

    assert "- `/persona create name [prompt] [description]` – Write a persona for this chat" in said
    assert "Example: `/persona use teacher`" in said


async def test_a_page_is_found_by_an_alias(desk: Desk) -> None:
    assert (await desk.say("/help reset")).startswith("**/new**")


async def test_sections_stand_in_order_and_only_where_they_have_commands(desk: Desk) -> None:
    said = await desk.say("/help")

    titles = [line for line in said.splitlines() if line.startswith("**")]
    assert titles == ["**Talk**", "**Personas**", "**Models**", "**Images and speech**", "**Your data**"]


async def test_a_wrong_name_gets_the_closest(desk: Desk) -> None:
    assert await desk.say("/help persna") == "There is no command `/persna`. Did you mean `/persona`?"
    assert await desk.buttons("/help persona us") == ["run /help persona use"]
    assert await desk.say("/help 12345") == "There is no command `/12345`. /help lists them all."


async def test_admins_see_more(desk: Desk) -> None:
    hidden = replace(COMMANDS[0], name="ghost", hidden=True)
    desk.commands = (*COMMANDS, hidden)

    assert "/allow" not in await desk.say("/help")
    assert (await desk.say("/help allow")).startswith("There is no command `/allow`.")
    assert "**For admins**\n- `/allow [subject]" in await desk.say("/help", ROOT)
    assert "ghost" not in await desk.say("/help", ROOT)


async def test_help_completes_names(desk: Desk) -> None:
    assert await desk.complete("/help", "command", "/pers") == [
        f"persona{child}" for child in ("", " create", " delete", " edit", " list", " reset", " show", " use")
    ]
    assert await desk.complete("/help", "command", "zzz") == []


async def test_start_greets_and_says_who_answers(desk: Desk) -> None:
    said = await desk.say("/start payload of a link")

    assert said.startswith("Hello Ann, I am Parley.")
    assert "In a group I answer when" in said
    assert "Right now I am the persona **assistant** on `acme/large-1`." in said
    assert await desk.buttons("/start") == ["run /help", "run /persona use"]


async def test_start_says_nothing_about_groups_in_private(desk: Desk) -> None:
    desk.chat = ChatRef("telegram", "1", "42", "private")

    assert "group" not in await desk.say("/start")
