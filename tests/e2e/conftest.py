"""A world for each test: the same tests run over Telegram and over Discord."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.e2e.discord_side import DiscordSide
from tests.e2e.side import Side
from tests.e2e.telegram_side import TelegramSide
from tests.e2e.world import Log, World
from tests.fakes.discord_api import DiscordFake
from tests.fakes.openai_api import OpenAIFake
from tests.fakes.telegram_api import TelegramFake

DISCORD_TOKEN = "MTIzNDU2Nzg5.Fake.discord-token-for-tests"
LIBRARY_ENDS_WITHIN = 5.0
MODEL_KEY = "sk-test-key-that-must-not-be-logged"


@pytest.fixture(autouse=True)
def _process_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the adapters set for the whole process is undone after each test."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)


@pytest.fixture
def log() -> Iterator[Log]:
    """All that is logged at info and above, by whatever library."""
    handler, root = Log(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield handler
    root.setLevel(level)
    root.removeHandler(handler)


@asynccontextmanager
async def side_of(name: str) -> AsyncIterator[Side]:
    if name == "telegram":
        async with TelegramFake() as telegram:
            yield TelegramSide(telegram)
    else:
        async with DiscordFake(token=DISCORD_TOKEN) as discord:
            yield DiscordSide(discord)


@asynccontextmanager
async def world_of(name: str, folder: Path, log: Log) -> AsyncIterator[World]:
    """A world in which the bot does not run yet; leaving it judges what the bot left behind."""
    before = asyncio.all_tasks()
    async with AsyncExitStack() as stack:
        side = await stack.enter_async_context(side_of(name))
        model = await stack.enter_async_context(OpenAIFake(key=MODEL_KEY))
        world = World(side, model, folder, log)
        yield world
        await world.end()
    own = before | {asyncio.current_task()}
    deadline = asyncio.get_running_loop().time() + LIBRARY_ENDS_WITHIN
    # discord.py closes without waiting for what it runs on its own, which ends soon and may start more.
    while (left := asyncio.all_tasks() - own) and asyncio.get_running_loop().time() < deadline:
        await asyncio.wait(left, timeout=0.5)
    assert left == set(), "tasks are left"


@pytest.fixture(params=("telegram", "discord"))
async def world(request: pytest.FixtureRequest, tmp_path: Path, log: Log) -> AsyncIterator[World]:
    """A world whose bot runs, unless the test is marked `not_started`."""
    async with world_of(request.param, tmp_path, log) as world:
        if request.node.get_closest_marker("not_started") is None:
            await world.start()
        yield world


@pytest.fixture
async def telegram(tmp_path: Path, log: Log) -> AsyncIterator[World]:
    async with world_of("telegram", tmp_path, log) as world:
        yield world


@pytest.fixture
async def discord(tmp_path: Path, log: Log) -> AsyncIterator[World]:
    async with world_of("discord", tmp_path, log) as world:
        yield world


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "not_started: the test starts the bot itself")
