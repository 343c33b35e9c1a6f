"""Finding commands in the declarations, writing their usage lines, and checking that the declarations are sound."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.commands.spec import Command, Option

_NAME = re.compile(r"[a-z0-9_]{1,32}")
"""What Telegram takes as a command; Discord takes it too."""

_MOST_CHOICES = 25
_LONGEST_SUMMARY = 100
"""Discord's limits for options and choices, and for descriptions in characters."""

Leaf = tuple[tuple[str, ...], Command]


def named(commands: Sequence[Command], name: str) -> Command | None:
    """The one of these that is called so, or has it as an alias; capitals do not matter."""
    wanted = name.casefold()
    for command in commands:
        if wanted == command.name or wanted in command.aliases:
            return command
    return None


def find(commands: Sequence[Command], path: Sequence[str]) -> Command | None:
    """The command at this path, such as ("persona", "use"); groups are found too."""
    found: Command | None = None
    for name in path:
        found = named(commands, name)
        if found is None:
            return None
        commands = found.children
    return found


def flatten(commands: Sequence[Command], above: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """Every command that can be carried out, with its path."""
    for command in commands:
        path = (*above, command.name)
        if command.children:
            yield from flatten(command.children, path)
        else:
            yield path, command


def usage(path: Sequence[str], command: Command) -> str:
    """How it is typed: `/persona create name prompt`, optional things in brackets."""
    words = ["/" + " ".join(path)]
    if command.children:
        names = "|".join(child.name for child in command.children)
        words.append(f"[{names}]" if command.default_child else names)
    words.extend(_usage_of(option) for option in command.options if option.type != "file")
    return " ".join(words)


def _usage_of(option: Option) -> str:
    shown = "|".join(option.choices) if option.choices and len(option.choices) <= 6 else option.name
    return shown if option.required else f"[{shown}]"


def checked(*commands: Command) -> tuple[Command, ...]:
    """The declarations, when every platform can offer them; raises ValueError with all that is wrong."""
    faults = list(_faults(commands, ()))
    if faults:
        raise ValueError("; ".join(faults))
    return commands


def _faults(commands: Sequence[Command], above: tuple[str, ...]) -> Iterator[str]:
    names = [name for command in commands for name in (command.name, *command.aliases)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{'/'.join((*above, name))} is declared twice"
    for command in commands:
        path = (*above, command.name)
        for fault in _faults_of(command):
            yield f"{'/'.join(path)} {fault}"
        yield from _faults(command.children, path)


def _faults_of(command: Command) -> Iterator[str]:
    for name in (command.name, *command.aliases):
        if not _NAME.fullmatch(name):
            yield f"has the name {name!r}"
    if not 1 <= len(command.summary) <= _LONGEST_SUMMARY:
        yield "has a summary that is empty or too long"
    if command.children and (command.handler or command.options):
        yield "is a group and a command at once"
    if not command.children and command.handler is None:
        yield "does nothing"
    if command.default_child and named(command.children, command.default_child) is None:
        yield "has a default child that does not exist"
    yield from _option_faults(command.options)


def _option_faults(options: Sequence[Option]) -> Iterator[str]:
    names = [option.name for option in options]
    if len(set(names)) < len(names) or not all(_NAME.fullmatch(name) for name in names):
        yield "has options with bad names"
    if len(options) > _MOST_CHOICES or any(len(option.choices) > _MOST_CHOICES for option in options):
        yield "has too many options or choices"
    if any(not 1 <= len(option.description) <= _LONGEST_SUMMARY for option in options):
        yield "has an option with a description that is empty or too long"
    if [option.required for option in options] != sorted((option.required for option in options), reverse=True):
        yield "has a required option behind an optional one"
    if any(option.type == "file" and option.required for option in options):
        yield "has a required file, which text platforms cannot ask for"
    if sum(option.rest for option in options) > 1 or any(option.rest and option.type != "text" for option in options):
        yield "has more than one option for the rest of the line, or one that is not text"
