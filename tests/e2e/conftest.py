"""A world for each test: the same tests run over Telegram and over Discord."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.llm.gateway import Gateway
from bot.telemetry.logs import LEVELS
from bot.telemetry.metrics import Metrics
from tests.e2e.search import Search
from tests.e2e.world import Log, World
from tests.e2e.worlds import world_of


@pytest.fixture(autouse=True)
def _process_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the adapters set for the whole process is undone after each test."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)


@pytest.fixture(autouse=True)
def _real_connections(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection, and a provider's list of models, may take a real second, however fast the loop's clock is."""
    marker = request.node.get_closest_marker("fast")
    speed = 1.0 if marker is None else float(marker.args[0] if marker.args else 10)
    usual = Gateway.__init__.__kwdefaults__ or {}
    patient = {name: max(usual[name], speed) for name in ("connect_timeout", "list_timeout")}
    monkeypatch.setattr(Gateway.__init__, "__kwdefaults__", usual | patient)


@pytest.fixture(scope="session")
def search(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Search]:
    """Judges in the end what all tests of the session put out."""
    search = Search(tmp_path_factory.mktemp("search"))
    yield search
    assert search.characters, "nothing was searched"
    assert search.finish() == [], "a secret got out"


@pytest.fixture
def log(search: Search, monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    """All that is logged, by whatever library; by those that the bot mutes, at info. And what bots count."""
    handler, root = Log(search), logging.getLogger()

    def metrics() -> Metrics:
        handler.metrics.append(Metrics())
        return handler.metrics[-1]

    monkeypatch.setattr("bot.app.Metrics", metrics)
    levels = {name: logging.getLogger(name).level for name in ("", *LEVELS)}
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for name in LEVELS:
        logging.getLogger(name).setLevel(logging.INFO)
    yield handler
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    root.removeHandler(handler)


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
