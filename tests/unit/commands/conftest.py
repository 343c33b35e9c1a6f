"""A bot in memory whose commands are typed as lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from bot.commands import parser, registry
from bot.commands.catalogue import COMMANDS
from bot.commands.services import Services
from bot.commands.spec import Call, Command, Context, Reply
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import CommandCall
from bot.domain.personas import Persona
from tests.fakes.memory import Admins, MemoryChannel, MemoryModels, MemoryShelf, MemoryStore, MemoryTalk

CHAT = ChatRef("telegram", "1", "100", "group")
ANN = Person("telegram", "42", "Ann")
BOB = Person("telegram", "43", "Bob")
ROOT = Person("telegram", "1", "Root")

BUILT_IN = (
    Persona("assistant", "You help.", "helps with anything"),
    Persona("engineer", "You build."),
    Persona("teacher", "You teach.\n\nStep by step.", "explains step by step"),
)
MODELS = ["acme/large-1", "acme/small-1", "open/acme/large-1", "open/tiny", "open/large-1"]


@dataclass(slots=True)
class Desk:
    """Says command lines and returns what the bot replies."""

    store: MemoryStore
    models: MemoryModels
    talk: MemoryTalk
    services: Services
    chat: ChatRef = CHAT
    commands: tuple[Command, ...] = COMMANDS
    channel: MemoryChannel = field(default_factory=lambda: MemoryChannel(CHAT))

    async def run(self, line: str, person: Person = ANN) -> Reply | None:
        """Carry a line out, as the router does; raises UsageError."""
        invocation = parser.parse(self.commands, line, person.locale)
        command = registry.find(self.commands, invocation.path)
        assert command is not None
        assert command.handler is not None
        event = CommandCall(key=line, chat=self.chat, author=person, call=line)
        return await command.handler(Call(event, self.channel, self.services, self.commands, dict(invocation.values)))

    async def say(self, line: str, person: Person = ANN) -> str:
        """The text of the reply."""
        reply = await self.run(line, person)
        assert reply is not None
        return reply.text

    async def buttons(self, line: str, person: Person = ANN) -> list[str]:
        """What the reply's buttons carry."""
        reply = await self.run(line, person)
        assert reply is not None
        return [button.data for button in reply.buttons]

    async def complete(self, line: str, option: str, typed: str, person: Person = ANN) -> Sequence[str]:
        """The suggestions for an option of the command at this path."""
        command = registry.find(self.commands, line.removeprefix("/").split())
        assert command is not None
        declared = next(each for each in command.options if each.name == option)
        assert declared.complete is not None
        return await declared.complete(Context(self.services, self.commands, self.chat, person), typed)


@pytest.fixture
def desk() -> Desk:
    store, models = MemoryStore(), MemoryModels(list(MODELS))
    shelf = MemoryShelf(store, BUILT_IN)
    talk = MemoryTalk(store, shelf, "acme/large-1")
    services = Services(store, models, shelf, talk, Admins(frozenset({ROOT.handle})), "acme/large-1")
    return Desk(store, models, talk, services)
