"""A Telegram platform on a fake Telegram, and an inbox that writes down what comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from adapters.telegram.adapter import TelegramPlatform
from adapters.telegram.channel import TelegramChannel
from bot.commands.spec import Command
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import Incoming
from bot.ports import Channel
from tests.fakes.inbox import SafeInbox, safe
from tests.fakes.telegram_api import TelegramFake
from tests.fakes.telegram_limits import Bucket, FloodRules, Window
from tests.fakes.telegram_state import Chat

COMMANDS = (
    Command("ask", "One question without history", "talk"),
    Command("new", "A new conversation", "talk", aliases=("reset",)),
    Command("start", "What it can do", "talk"),
    Command("allow", "Let somebody in", "admin", admins_only=True),
    Command("ghost", "Not offered", "talk", hidden=True),
)


@dataclass
class Box(SafeInbox):
    """An inbox. `broken` raises at every event, as a core with a bug would."""

    broken: bool = False
    events: list[Incoming] = field(default_factory=list)
    channels: list[Channel] = field(default_factory=list)
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    def accept(self, event: Incoming, channel: Channel) -> Awaitable[None]:
        self.events.append(event)
        self.channels.append(channel)
        self._came.set()
        if self.broken:
            raise RuntimeError("a bug")
        return safe()

    async def complete(
        self, chat: ChatRef, person: Person, path: tuple[str, ...], option: str, typed: str
    ) -> Sequence[str]:
        return ()

    async def take(self, count: int = 1) -> list[Incoming]:
        """The first `count` events, once they are there."""
        async with asyncio.timeout(60):
            while len(self.events) < count:
                self._came.clear()
                await self._came.wait()
        return self.events[:count]


@dataclass
class MemoryNotes:
    values: dict[str, str] = field(default_factory=dict)

    async def read(self, name: str) -> str | None:
        return self.values.get(name)

    async def write(self, name: str, value: str) -> None:
        self.values[name] = value


async def eventually(happened: Callable[[], object]) -> None:
    """Wait until something holds that announces itself nowhere else."""
    async with asyncio.timeout(60):
        while not happened():  # noqa: ASYNC110  (the fake has no event for calls)
            await asyncio.sleep(0.02)


@asynccontextmanager
async def listening(platform: TelegramPlatform, box: Box) -> AsyncIterator[asyncio.Task[None]]:
    """The platform entered and receiving; the task may be cancelled earlier."""
    async with platform:
        task = asyncio.create_task(platform.receive(box))
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(autouse=True)
def _timedeltas(monkeypatch: pytest.MonkeyPatch) -> None:
    """What entering the platform sets for the process, also for the tests of its parts, and undone after each."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


@pytest.fixture
async def fake() -> AsyncIterator[TelegramFake]:
    """A Telegram without flood control, which the gate's tests have their own of."""
    none = Window(calls=1000, seconds=1)
    rules = FloodRules(private=Bucket(capacity=1000, per_second=1000), group=none, overall=none, activity=(none,))
    async with TelegramFake(rules=rules) as server:
        yield server


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def notes() -> MemoryNotes:
    return MemoryNotes()


@pytest.fixture
def platform(fake: TelegramFake, notes: MemoryNotes) -> TelegramPlatform:
    return TelegramPlatform(fake.token, notes, COMMANDS, api_url=fake.url)


@pytest.fixture
async def entered(platform: TelegramPlatform) -> AsyncIterator[TelegramPlatform]:
    async with platform:
        yield platform


@pytest.fixture
def chat(fake: TelegramFake) -> Chat:
    return fake.private(fake.user(7))


def ref(fake: TelegramFake, chat: Chat, thread_id: int | None = None) -> ChatRef:
    kind = "private" if chat.type == "private" else "group"
    return ChatRef("telegram", str(fake.bot_user.id), str(chat.id), kind, thread_id and str(thread_id))  # type: ignore[arg-type]


@pytest.fixture
def channel(fake: TelegramFake, entered: TelegramPlatform, chat: Chat) -> TelegramChannel:
    return entered._channel(ref(fake, chat))
