"""The registry as Discord's slash commands."""

from __future__ import annotations

from adapters.discord import commands
from bot.commands.catalogue import COMMANDS as SHIPPED
from tests.fakes.discord_commands import _check
from tests.unit.discord.conftest import COMMANDS, DRAW, MENUS


def test_groups_options_and_ranges() -> None:
    ask, usage, persona, setting = commands.payload(COMMANDS)
    assert (ask["name"], ask["contexts"], ask["integration_types"]) == ("ask", [0, 1, 2], [0, 1])
    assert ask["options"] == [{"name": "question", "description": "What to ask", "type": 3, "required": True}]
    assert usage["options"] == []
    assert [(child["name"], child["type"]) for child in persona["options"]] == [("use", 1), ("list", 1)]
    assert persona["options"][0]["options"][0]["autocomplete"] is True
    temperature, count, loud, size = setting["options"]
    assert (temperature["type"], temperature["min_value"], temperature["max_value"]) == (10, 0, 2)
    assert (count["type"], count["min_value"], count["max_value"]) == (4, 1, 10)
    assert loud["type"] == 5
    assert size["choices"] == [{"name": "small", "value": "small"}, {"name": "large", "value": "large"}]


def test_what_ships_is_taken_by_discord() -> None:
    registered = commands.payload(SHIPPED)
    assert registered
    for number, command in enumerate(registered):
        _check(command, str(number))


def test_whoever_may_become_the_first_admin_finds_the_command() -> None:
    registered = {command["name"] for command in commands.payload(SHIPPED)}
    assert "claim" in registered
    assert "describe" not in registered


def test_the_fingerprint_follows_the_payload() -> None:
    registered = commands.payload(COMMANDS)
    assert commands.fingerprint(registered) == commands.fingerprint(commands.payload(COMMANDS))
    assert commands.fingerprint(registered) != commands.fingerprint(registered[1:])


def test_nested_groups_are_unfolded() -> None:
    data = {
        "name": "admin",
        "options": [
            {
                "name": "budget",
                "type": 2,
                "options": [{"name": "set", "type": 1, "options": [{"name": "tokens", "type": 4, "value": 5}]}],
            }
        ],
    }
    call = commands.invocation(data)
    assert (call.path, call.values) == (("admin", "budget", "set"), {"tokens": 5})


def test_a_command_without_options() -> None:
    call = commands.invocation({"name": "new"})
    assert (call.path, call.values) == (("new",), {})
    assert commands.focus({"name": "new"}) is None


def test_menus_and_files() -> None:
    *_, draw, ask, describe = commands.payload([DRAW], MENUS)
    assert [option["type"] for option in draw["options"]] == [3, 11]
    everywhere = {"contexts": [0, 1, 2], "integration_types": [0, 1]}
    assert ask == {"name": "Ask about this", "type": 3, **everywhere}
    _check(describe, "0")
    assert commands.fingerprint([draw]) != commands.fingerprint([draw, ask])


def test_options_are_found_in_groups() -> None:
    found = commands.option(COMMANDS, ("persona", "use"), "name")
    assert found is not None
    assert found.description == "Which"
    assert commands.option(COMMANDS, ("persona", "nothing"), "name") is None
    assert commands.option(COMMANDS, ("ask",), "nothing") is None
