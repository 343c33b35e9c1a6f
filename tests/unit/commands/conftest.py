"""A bot in memory whose commands are typed as lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from bot.access.access import Access
from bot.access.budgeting import Budgeting
from bot.access.claim import Claim
from bot.access.policy import AccessPolicy
from bot.commands import parser, registry
from bot.commands.catalogue import COMMANDS
from bot.commands.services import Services, Vitals
from bot.commands.spec import Call, Command, Context, Reply
from bot.conversation.manners import Manners
from bot.conversation.setup import Setups
from bot.domain.ids import ChatRef, Person, settings_scope
from bot.domain.messages import CommandCall, Quote
from bot.domain.personas import Persona
from bot.domain.usage import DaySpent
from bot.errors import FileUnreadable
from bot.llm.profiles import profile_of
from bot.ports import Channel
from tests.fakes.memory import MemoryChannel, MemoryModels, MemoryShelf, MemoryStore, MemoryTalk

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


@dataclass(frozen=True, slots=True)
class Ordered:
    """What the studio was asked to make."""

    prompt: str
    size: str | None
    quality: str | None
    count: int


@dataclass(slots=True)
class NotedStudio:
    """Notes what it should make."""

    orders: list[Ordered] = field(default_factory=list)

    async def imagine(
        self, event: CommandCall, channel: Channel, prompt: str, size: str | None, quality: str | None, count: int
    ) -> None:
        self.orders.append(Ordered(prompt, size, quality, count))


@dataclass(slots=True)
class NotedVoice:
    """Notes what it should say. `words` are those of every recording; None: they were shown already."""

    store: MemoryStore
    speaks: bool = True
    words: str | None = "Hello there."
    spoken: list[str] = field(default_factory=list)

    async def chosen(self, chat: ChatRef, person: Person) -> str | None:
        found = await self.store.preferences.get([settings_scope(chat)])
        return found.get(settings_scope(chat), {}).get("voice")

    async def speak(self, event: CommandCall, channel: Channel, text: str) -> None:
        self.spoken.append(text)

    async def transcribe(self, event: CommandCall, channel: Channel) -> str | None:
        return self.words


@dataclass(slots=True)
class NotedCharts:
    """Notes what it should draw."""

    drawn: list[Sequence[DaySpent]] = field(default_factory=list)
    broken: bool = False

    async def usage(self, days: Sequence[DaySpent]) -> bytes:
        if self.broken:
            raise FileUnreadable("took too long")
        self.drawn.append(days)
        return b"a chart"


@dataclass(frozen=True, slots=True)
class FixedStatus:
    """A bot that has just been started."""

    def vitals(self) -> Vitals:
        models = {"chat": "acme/large-1", "image": "acme/brush"}
        return Vitals("1.2.3", 7200.0, ("telegram", "console"), "sqlite", models, running=2, waiting=5)


@dataclass(slots=True)
class Desk:
    """Says command lines and returns what the bot replies."""

    store: MemoryStore
    models: MemoryModels
    talk: MemoryTalk
    studio: NotedStudio
    voice: NotedVoice
    services: Services
    chat: ChatRef = CHAT
    commands: tuple[Command, ...] = COMMANDS
    channel: MemoryChannel = field(default_factory=lambda: MemoryChannel(CHAT))

    def configure(self, **parts: object) -> None:
        """Put other parts into the place of those of the fixture."""
        self.services = replace(self.services, **parts)  # type: ignore[arg-type]

    async def run(self, line: str, person: Person = ANN, quote: Quote | None = None) -> Reply | None:
        """Carry a line out, as the router does; raises UsageError."""
        invocation = parser.parse(self.commands, line, person.locale)
        command = registry.find(self.commands, invocation.path)
        assert command is not None
        assert command.handler is not None
        event = CommandCall(key=line, chat=self.chat, author=person, call=line, quote=quote)
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
    studio, voice = NotedStudio(), NotedVoice(store)
    access = Access(AccessPolicy(frozenset({ROOT.handle}), frozenset({"*"})), store.rules)
    services = Services(
        store=store,
        models=models,
        personas=shelf,
        talk=talk,
        studio=studio,
        voice=voice,
        access=access,
        claim=Claim(access),
        budgets=Budgeting(store.ledger, store.budgets),
        charts=NotedCharts(),
        status=FixedStatus(),
        default_model="acme/large-1",
        setups=Setups(store.preferences, shelf, "acme/large-1"),
        manners=Manners(store.preferences),
        abilities=profile_of,
        forgetting=store.forgetting,
    )
    return Desk(store, models, talk, studio, voice, services)
