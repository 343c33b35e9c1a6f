"""What command handlers may use: the parts of the running bot, handed over by the composition root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.domain.ids import ChatRef, Person
from bot.domain.messages import CommandCall
from bot.domain.personas import Persona, Variant
from bot.ports import Channel, ChatModel, Store


class Talk(Protocol):
    """Turns, as commands start and stop them. Answers are shown on `channel`."""

    async def ask(self, event: CommandCall, channel: Channel, text: str) -> None:
        """Answer one question without history."""
        ...

    async def compare(self, event: CommandCall, channel: Channel, text: str, variants: Sequence[Variant]) -> None:
        """Answer one question by several personas or models, side by side."""
        ...

    async def retry(self, event: CommandCall, channel: Channel, model: str | None) -> bool:
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


class Studio(Protocol):
    """Pictures. Raises `bot.errors.UsageError` with a sentence where something cannot be done."""

    async def imagine(
        self, event: CommandCall, channel: Channel, prompt: str, size: str | None, quality: str | None, count: int
    ) -> None:
        """Make pictures, or change those that came with the command or that it replies to."""
        ...


class Voice(Protocol):
    """Speech. Raises `bot.errors.UsageError` with a sentence where something cannot be done."""

    @property
    def speaks(self) -> bool:
        """Whether a speech model is configured."""
        ...

    async def chosen(self, chat: ChatRef, person: Person) -> str | None:
        """What this chat chose: `off`, `on`, or the name of a voice; None where nobody chose."""
        ...

    async def speak(self, event: CommandCall, channel: Channel, text: str) -> None:
        """Speak a text and show it."""
        ...

    async def transcribe(self, event: CommandCall, channel: Channel) -> str | None:
        """The words of the recording that came with a command or that it replies to; None after they were shown."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """`default_model` is the `provider/model` of chats that chose none."""

    store: Store
    models: ChatModel
    personas: PersonaShelf
    talk: Talk
    studio: Studio
    voice: Voice
    access: AdminList
    default_model: str
