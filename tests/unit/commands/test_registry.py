"""Declarations are found by path, and unsound ones are refused where they are declared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.commands.catalogue import COMMANDS, MENUS
from bot.commands.parser import validate
from bot.commands.registry import checked, find, flatten, usage
from bot.commands.spec import Call, Command, Option, Reply
from bot.domain.messages import Invocation


async def nothing(call: Call) -> Reply | None:
    return None


LEAF = Command("leaf", "A leaf", "talk", handler=nothing)
GROUP = Command("group", "A group", "talk", children=(LEAF,))
OPTION = Option("option", "An option")


def test_commands_are_found_by_path_and_alias() -> None:
    assert find(COMMANDS, ["persona", "use"]) is not None
    assert find(COMMANDS, ["RESET"]) is find(COMMANDS, ["new"])
    assert find(COMMANDS, ["new"]) is not None
    assert find(COMMANDS, ["persona"]) is not None
    assert find(COMMANDS, ["persona", "fly"]) is None
    assert find(COMMANDS, ["new", "use"]) is None
    assert find(COMMANDS, []) is None


def test_flattening_gives_everything_that_can_be_carried_out() -> None:
    leaves = dict(flatten(COMMANDS))

    assert ("persona", "create") in leaves
    assert ("ask",) in leaves
    assert ("persona",) not in leaves
    assert all(command.handler is not None for command in leaves.values())


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (LEAF, "/leaf"),
        (GROUP, "/group leaf"),
        (replace(GROUP, default_child="leaf"), "/group [leaf]"),
        (replace(LEAF, options=(replace(OPTION, required=True), replace(OPTION, name="b"))), "/leaf option [b]"),
        (replace(LEAF, options=(replace(OPTION, choices=("on", "off")),)), "/leaf [on|off]"),
        (replace(LEAF, options=(replace(OPTION, choices=tuple("abcdefg")),)), "/leaf [option]"),
    ],
)
def test_usage_lines(command: Command, line: str) -> None:
    assert usage([command.name], command) == line


@pytest.mark.parametrize(
    ("commands", "fault"),
    [
        ([LEAF, replace(LEAF)], "leaf is declared twice"),
        ([LEAF, replace(GROUP, aliases=("leaf",))], "leaf is declared twice"),
        ([replace(GROUP, children=(LEAF, LEAF))], "group/leaf is declared twice"),
        ([replace(LEAF, name="Leaf")], "has the name 'Leaf'"),
        ([replace(LEAF, aliases=("a b",))], "has the name 'a b'"),
        ([replace(LEAF, summary="")], "summary"),
        ([replace(LEAF, summary="x" * 101)], "summary"),
        ([replace(LEAF, handler=None)], "does nothing"),
        ([replace(GROUP, handler=nothing)], "at once"),
        ([replace(GROUP, default_child="x")], "default child"),
        ([replace(LEAF, options=(OPTION, OPTION))], "bad names"),
        ([replace(LEAF, options=(replace(OPTION, name="a b"),))], "bad names"),
        ([replace(LEAF, options=(replace(OPTION, description=""),))], "description"),
        ([replace(LEAF, options=(replace(OPTION, choices=tuple("abcdefghijklmnopqrstuvwxyz")),))], "too many"),
        ([replace(LEAF, options=(OPTION, replace(OPTION, name="b", required=True)))], "behind an optional one"),
        ([replace(LEAF, options=(replace(OPTION, rest=True), replace(OPTION, name="b", rest=True)))], "rest"),
        ([replace(LEAF, options=(replace(OPTION, rest=True, type="integer"),))], "rest"),
        ([replace(LEAF, options=(replace(OPTION, rest=True, type="file"),))], "rest"),
        ([replace(LEAF, options=(replace(OPTION, type="file", required=True),))], "required file"),
    ],
)
def test_unsound_declarations_are_refused(commands: list[Command], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        checked(*commands)


def test_sound_declarations_pass() -> None:
    assert checked(LEAF, GROUP) == (LEAF, GROUP)


def test_the_commands_of_the_product_are_declared() -> None:
    assert [command.name for command in COMMANDS] == [
        "help",
        "start",
        "ask",
        "new",
        "stop",
        "retry",
        "compare",
        "persona",
        "model",
        "preset",
        "set",
        "settings",
        "imagine",
        "describe",
        "transcribe",
        "speak",
        "voice",
        "usage",
        "export",
        "forget",
        "allow",
        "deny",
        "budget",
        "status",
        "claim",
    ]
    persona = find(COMMANDS, ["persona"])
    assert persona is not None
    assert [child.name for child in persona.children] == ["use", "list", "show", "create", "edit", "delete", "reset"]


def test_a_file_is_no_part_of_a_line() -> None:
    file = Option("picture", "A picture", type="file")

    assert usage(["leaf"], replace(LEAF, options=(OPTION, file))) == "/leaf [option]"


def test_only_commands_that_touch_no_conversation_run_out_of_order() -> None:
    at_once = {command.name for _, command in flatten(COMMANDS) if not command.in_order}

    assert at_once == {"help", "start", "stop", "transcribe", "usage", "allow", "deny", "budget", "status", "claim"}


def test_menus_call_commands_that_take_what_they_give() -> None:
    assert len({menu.label for menu in MENUS}) == len(MENUS) <= 5  # Discord's limit for menus of messages
    for menu in MENUS:
        assert 1 <= len(menu.label) <= 32
        command = find(COMMANDS, menu.path)
        assert command is not None
        required = {option.name for option in command.options if option.required}
        assert required == {*menu.values, *([menu.asks] if menu.asks else [])}
        assert validate(COMMANDS, Invocation(menu.path, dict.fromkeys(required, "x"))).path == menu.path
