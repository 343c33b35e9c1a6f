"""The declared commands as Discord's typed slash commands, and Discord's calls of them as values. Pure.

discord.py's own command tree is built from functions and their annotations; ours are data, so their payload is built
directly ("Application Commands" in Discord's developer documentation) and their calls are read as they come.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.commands.spec import Command, Menu, Option, OptionType
from bot.domain.messages import Invocation, OptionValue

Json = dict[str, Any]

_SUBCOMMAND, _GROUP = 1, 2
_TYPES: Mapping[OptionType, int] = {"text": 3, "integer": 4, "boolean": 5, "number": 10, "file": 11}
_ON_MESSAGE = 3

_EVERYWHERE = {"contexts": [0, 1, 2], "integration_types": [0, 1]}
"""In servers, direct messages with the bot and other private chats; installed for a server or for a user."""

MOST_CHOICES = 25
_LONGEST_CHOICE = 100

_PRIVATE_SECTIONS = ("data", "admin")


@dataclass(frozen=True, slots=True)
class Focus:
    """What a person has typed into an option that offers suggestions."""

    path: tuple[str, ...]
    option: str
    typed: str


def payload(commands: Sequence[Command], menus: Sequence[Menu] = ()) -> list[Json]:
    """All commands as Discord registers them, those of messages' menus last.

    Hidden ones are for those who type, which nobody does here; one that is open to all has to be found all the same.
    """
    offered = (command for command in commands if not command.hidden or command.open_to_all)
    typed = [_described(command) | _EVERYWHERE for command in offered]
    return typed + [{"name": menu.label, "type": _ON_MESSAGE} | _EVERYWHERE for menu in menus]


def fingerprint(registered: Sequence[Json]) -> str:
    """The same for the same payload."""
    return hashlib.sha256(json.dumps(registered, sort_keys=True).encode()).hexdigest()


def answers_privately(commands: Sequence[Command], name: str) -> bool:
    """Whether "thinking…" is shown to the caller alone.

    Discord wants to know before the command runs. What these commands say is for the person or for admins; an answer
    that turns out to be for others is shown correctly, only "thinking…" goes away first.
    """
    return any(command.name == name and command.section in _PRIVATE_SECTIONS for command in commands)


def invocation(data: Mapping[str, Any]) -> Invocation:
    """What a person called, with the values as Discord typed and checked them."""
    path, options = _unfold(data)
    return Invocation(path, {option["name"]: option["value"] for option in options if option["type"] != _TYPES["file"]})


def files(data: Mapping[str, Any]) -> list[Json]:
    """The files that came with a call, as Discord describes them, in the order of their options."""
    _, options = _unfold(data)
    known: Json = data.get("resolved", {}).get("attachments", {})
    return [known[option["value"]] for option in options if option["type"] == _TYPES["file"]]


def target(data: Mapping[str, Any]) -> Json | None:
    """The message in whose menu a command was chosen, as Discord describes it; None for any other command."""
    if data.get("type") != _ON_MESSAGE:
        return None
    found: Json = data["resolved"]["messages"][data["target_id"]]
    return found


def option(commands: Sequence[Command], path: tuple[str, ...], name: str) -> Option | None:
    """The declaration of a command's option."""
    found: Command | None = None
    for part in path:
        found = next((command for command in commands if command.name == part), None)
        commands = found.children if found is not None else ()
    return next((option for option in found.options if option.name == name), None) if found is not None else None


def focus(data: Mapping[str, Any]) -> Focus | None:
    """What is being typed; None when no option has the focus."""
    path, options = _unfold(data)
    for option in options:
        if option.get("focused"):
            return Focus(path, option["name"], str(option["value"]))
    return None


def choices(data: Mapping[str, Any], suggestions: Sequence[str]) -> list[tuple[str, OptionValue]]:
    """Suggestions as name and value of the option's type; those that Discord would not take are left out."""
    _, options = _unfold(data)
    kind = next((option["type"] for option in options if option.get("focused")), _TYPES["text"])
    offered: list[tuple[str, OptionValue]] = []
    for suggestion in suggestions:
        if not 1 <= len(suggestion) <= _LONGEST_CHOICE:
            continue
        try:
            offered.append((suggestion, _typed(kind, suggestion)))
        except ValueError:
            continue
    return offered[:MOST_CHOICES]


def _typed(kind: int, text: str) -> OptionValue:
    if kind == _TYPES["integer"]:
        return int(text)
    return float(text) if kind == _TYPES["number"] else text


def _described(command: Command) -> Json:
    """A command, or a command within a group."""
    parts = [_child(child) for child in command.children if not child.hidden]
    return {"name": command.name, "description": command.summary, "options": parts or _options(command)}


def _child(command: Command) -> Json:
    return _described(command) | {"type": _GROUP if command.children else _SUBCOMMAND}


def _options(command: Command) -> list[Json]:
    return [_option(option) for option in command.options]


def _option(option: Option) -> Json:
    described: Json = {
        "name": option.name,
        "description": option.description,
        "type": _TYPES[option.type],
        "required": option.required,
    }
    if option.choices:
        described["choices"] = [{"name": choice, "value": choice} for choice in option.choices]
    elif option.complete is not None:
        described["autocomplete"] = True
    if option.type in ("integer", "number"):
        described |= _range(option)
    return described


def _range(option: Option) -> Json:
    bounds = {"min_value": option.minimum, "max_value": option.maximum}
    whole = option.type == "integer"
    return {name: int(bound) if whole else bound for name, bound in bounds.items() if bound is not None}


def _unfold(data: Mapping[str, Any]) -> tuple[tuple[str, ...], list[Json]]:
    """The path through groups, and the options of the command at its end."""
    path, options = [data["name"]], list(data.get("options") or [])
    while options and options[0]["type"] in (_SUBCOMMAND, _GROUP):
        path.append(options[0]["name"])
        options = list(options[0].get("options") or [])
    return tuple(path), options
