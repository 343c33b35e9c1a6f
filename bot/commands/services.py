"""What command handlers may use: the parts of the running bot, handed over by the composition root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bot.domain.ids import ChatRef, Person
from bot.domain.personas import Persona
from bot.ports import ChatModel, Store

if TYPE_CHECKING:
    from bot.commands.spec import Call, Command


class Talk(Protocol):
    """Turns, as commands start and stop them. Answers are shown on the call's channel."""

    async def ask(self, call: Call, text: str) -> None:
        """Answer one question without history."""
        ...

    async def retry(self, call: Call, model: str | None) -> bool:
        """Answer the last question again; False when there is none."""
        ...

    async def new(self, chat: ChatRef) -> None:
        """Start a new conversation."""
        ...

    def stop(self, chat: ChatRef) -> bool:
        """Stop the running answer; False when none is running."""
        ...

    async def setup(self, chat: ChatRef, person: Person) -> tuple[Persona, str]:
        """The persona and the `provider/model` that answer here now."""
        ...


class PersonaShelf(Protocol):
    """Personas that can be used in a chat: built in, configured, and written by people."""

    async def available(self, chat: ChatRef, person: Person) -> Sequence[Persona]:
        """All of them, sorted by name."""
        ...

    async def find(self, chat: ChatRef, person: Person, name: str) -> Persona | None:
        """One by name, or a combination such as `teacher+engineer`."""
        ...


class AdminList(Protocol):
    def is_admin(self, person: Person) -> bool: ...


@dataclass(frozen=True, slots=True)
class Services:
    """`commands` are all declarations, `default_model` the `provider/model` of chats that chose none."""

    store: Store
    models: ChatModel
    personas: PersonaShelf
    talk: Talk
    access: AdminList
    commands: tuple[Command, ...]
    default_model: str
