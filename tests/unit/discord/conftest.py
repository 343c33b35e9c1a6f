"""The Discord platform in front of a recording inbox, connected to the fake by the real discord.py."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import pytest

from adapters.discord.adapter import DiscordPlatform
from bot.commands.spec import Call, Command, Completer, Context, Menu, Option, Reply
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import Incoming
from bot.ports import Channel
from tests.fakes.discord_api import DiscordFake
from tests.fakes.discord_state import Channel as Place
from tests.fakes.discord_state import User
from tests.fakes.inbox import SafeInbox, safe
from tests.fakes.memory import MemoryNotes

TOKEN = "a-token"


@dataclass
class RecordingInbox(SafeInbox):
    """Keeps what it accepts; `answer` gives the suggestions."""

    events: asyncio.Queue[tuple[Incoming, Channel]] = field(default_factory=asyncio.Queue)
    asked: list[tuple[ChatRef, Person, tuple[str, ...], str, str]] = field(default_factory=list)
    answer: Callable[[str], Sequence[str]] = lambda typed: [f"{typed}-one", f"{typed}-two"]
    delay: float = 0.0
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)

    def accept(self, event: Incoming, channel: Channel) -> Awaitable[None]:
        self.events.put_nowait((event, channel))
        return safe()

    async def complete(
        self, chat: ChatRef, person: Person, path: tuple[str, ...], option: str, typed: str
    ) -> Sequence[str]:
        self.asked.append((chat, person, path, option, typed))
        self.was_asked.set()
        await asyncio.sleep(self.delay)
        return self.answer(typed)

    async def next(self) -> tuple[Incoming, Channel]:
        async with asyncio.timeout(10):
            return await self.events.get()


async def _nothing(call: Call) -> Reply | None:
    return None


async def _no_suggestions(context: Context, typed: str) -> Sequence[str]:
    return ()


COMPLETES: Completer = _no_suggestions

COMMANDS = (
    Command(
        "ask", "Ask one question", "talk", _nothing, (Option("question", "What to ask", required=True, rest=True),)
    ),
    Command("usage", "What you used", "data", _nothing),
    Command("start", "Begin", "talk", _nothing, hidden=True),
    Command(
        "persona",
        "Who answers",
        "persona",
        children=(
            Command(
                "use",
                "Choose one",
                "persona",
                _nothing,
                (Option("name", "Which", required=True, complete=COMPLETES),),
                aliases=("take",),
            ),
            Command("list", "Show all", "persona", _nothing),
        ),
        default_child="list",
    ),
    Command(
        "set",
        "Change a number",
        "model",
        _nothing,
        (
            Option("temperature", "How bold", "number", required=True, minimum=0, maximum=2),
            Option("count", "How many", "integer", minimum=1, maximum=10, complete=COMPLETES),
            Option("loud", "Whether aloud", "boolean"),
            Option("size", "How large", choices=("small", "large")),
        ),
    ),
)

DRAW = Command(
    "draw",
    "Make a picture",
    "media",
    _nothing,
    (Option("what", "What to draw", required=True), Option("like", "A picture to change", "file")),
)

MENUS = (
    Menu("Ask about this", ("ask",), asks="question"),
    Menu("Describe image", ("ask",), {"question": "What does it show?"}),
)


@pytest.fixture
async def fake() -> AsyncIterator[DiscordFake]:
    async with DiscordFake(token=TOKEN) as fake:
        yield fake


@pytest.fixture
def ann(fake: DiscordFake) -> User:
    return fake.user("Ann")


@pytest.fixture
def general(fake: DiscordFake) -> Place:
    return fake.guild("Lab").channel("general")


@pytest.fixture
def notes() -> MemoryNotes:
    return MemoryNotes()


@dataclass(frozen=True, slots=True)
class Connected:
    platform: DiscordPlatform
    inbox: RecordingInbox
    receiving: asyncio.Task[None]

    async def next(self) -> tuple[Incoming, Channel]:
        return await self.inbox.next()

    async def stop_receiving(self) -> None:
        self.receiving.cancel()
        await asyncio.wait([self.receiving])


Connect = Callable[[], AbstractAsyncContextManager[Connected]]


@pytest.fixture
def connect(fake: DiscordFake, notes: MemoryNotes) -> Connect:
    """Starts a bot, as often as asked, and stops it at the end of the block."""

    @asynccontextmanager
    async def connected() -> AsyncIterator[Connected]:
        inbox = RecordingInbox()
        platform = platform_for(fake, notes)
        async with platform:
            receiving = asyncio.create_task(platform.receive(inbox))
            try:
                await fake.ready()
                yield Connected(platform, inbox, receiving)
            finally:
                receiving.cancel()
                await asyncio.wait([receiving])

    return connected


def platform_for(fake: DiscordFake, notes: MemoryNotes, token: str = TOKEN) -> DiscordPlatform:
    return DiscordPlatform(
        token, notes, (*COMMANDS, DRAW), menus=MENUS, api_url=fake.api_url, gateway_url=fake.gateway_url
    )
