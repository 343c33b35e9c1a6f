"""How a command is declared.

A declaration holds all that a platform needs to offer the command (Discord's typed slash commands, Telegram's menu,
the console's text) and the one function that carries it out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bot.commands.services import Services
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import CommandCall, OptionValue, Quote
from bot.domain.platform import Button, OutgoingFile
from bot.ports import Channel

OptionType = Literal["text", "integer", "number", "boolean", "file"]
Section = Literal["talk", "persona", "model", "media", "data", "admin"]


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks for completions, and where."""

    services: Services
    commands: tuple[Command, ...]
    chat: ChatRef
    person: Person


Completer = Callable[[Context, str], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Option:
    """One argument. `rest`: takes all the words that are left, so that a question needs no quotation marks.

    On text platforms, options declared behind a `rest` option are given by name before it (`description=...`).
    A `file` comes in `CommandCall.attachments` instead of the values; text platforms do not mention it.
    """

    name: str
    description: str
    type: OptionType = "text"
    required: bool = False
    rest: bool = False
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    complete: Completer | None = None


@dataclass(frozen=True, slots=True)
class Menu:
    """A command that can be called on somebody's message, where the platform has such menus (Discord's context menus).

    The message comes as the call's quote. `asks`: a required text option for which the person is asked first.
    """

    label: str
    path: tuple[str, ...]
    values: Mapping[str, OptionValue] = field(default_factory=dict)
    asks: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a command says. `private`: only to the person who called, where the platform can.

    `files` come along. `in_place`: called by a button, it takes the place of the message under which the button is.
    """

    text: str
    buttons: tuple[Button, ...] = ()
    private: bool = False
    files: tuple[OutgoingFile, ...] = ()
    in_place: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A command that is being carried out: its values are checked against the declaration, one of `commands`."""

    event: CommandCall
    channel: Channel
    services: Services
    commands: tuple[Command, ...]
    values: dict[str, OptionValue]

    @property
    def chat(self) -> ChatRef:
        return self.event.chat

    @property
    def person(self) -> Person:
        return self.event.author

    @property
    def quote(self) -> Quote | None:
        return self.event.quote

    def text(self, name: str) -> str | None:
        """A text option's value; None when it was not given."""
        value = self.values.get(name)
        return None if value is None else str(value)


Handler = Callable[[Call], Awaitable[Reply | None]]
"""Carries a command out; None when the answer was shown by other means (a turn)."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command, or with `children` a group of them (`/persona use`).

    `ignores_words`: whatever is typed behind it is left alone (Telegram's deep links send `/start code`).
    `in_order`: waits its turn in the conversation, as messages do; others run at once.
    `default_child`: the child that a bare `/persona` means, on platforms that allow it.
    `aliases` are further names, for text platforms only.
    `asks_model`: it calls a model, so that a person's pace counts. `open_to_all`: also to people who are not allowed.
    """

    name: str
    summary: str
    section: Section
    handler: Handler | None = None
    options: tuple[Option, ...] = ()
    children: tuple[Command, ...] = ()
    default_child: str | None = None
    in_order: bool = True
    admins_only: bool = False
    hidden: bool = False
    ignores_words: bool = False
    asks_model: bool = False
    open_to_all: bool = False
    aliases: tuple[str, ...] = field(default=())
    example: str = ""
    details: str = ""
