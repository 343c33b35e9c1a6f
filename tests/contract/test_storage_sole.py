"""One process for each bot of a database: who waits, who goes on, and what a lost connection does."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest

from bot.errors import SettingsError
from bot.storage import locks
from bot.storage import sole as sole_module
from bot.storage.address import driver_url
from bot.storage.database import open_store
from bot.storage.locks import ServerLock
from bot.storage.sole import sole
from tests.fakes.postgres import PostgresServer, postgres_server

ROOT = Path(__file__).parents[2]
WAITS = "another Parley process serves this; waiting until it ends"
AGAIN = "this is the only process again"

HOLD = """
import asyncio, sys
from bot.storage.sole import sole

async def hold():
    async with sole(sys.argv[1], "bot", sys.exit):
        print("held", flush=True)
        await asyncio.Event().wait()

asyncio.run(hold())
"""


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sole_module, "_PAUSE", 0.05)
    monkeypatch.setattr(locks, "_HEARTBEAT_SECONDS", 0.2)


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


def never() -> None:
    pytest.fail("nobody takes over")


class Holder:
    """Somebody who wants to be the only one, until told to end."""

    def __init__(self, url: str, name: str = "bot") -> None:
        self.inside = asyncio.Event()
        self.taken_over = asyncio.Event()
        self._leave = asyncio.Event()
        self.task = asyncio.create_task(self._hold(url, name))

    async def _hold(self, url: str, name: str) -> None:
        async with sole(url, name, self.taken_over.set):
            self.inside.set()
            await self._leave.wait()

    async def leave(self) -> None:
        self._leave.set()
        await self.task


@asynccontextmanager
async def process(url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Another process that is the only one, until it is killed."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLD, url, env=environment, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert started.stdout is not None
        assert await started.stdout.readline() == b"held\n"
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()


async def said(caplog: pytest.LogCaptureFixture, words: str) -> None:
    while not any(words in message for message in caplog.messages):  # noqa: ASYNC110 (a log has no event)
        await asyncio.sleep(0.01)


async def looks(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Wait until whoever waits has looked so often whether the other one has ended."""
    left = asyncio.Semaphore(0)
    take = sole_module._take

    async def counted(lock: Any) -> bool | None:
        left.release()
        return await take(lock)

    with monkeypatch.context() as patch:
        patch.setattr(sole_module, "_take", counted)
        for _ in range(count):
            await left.acquire()


async def test_the_second_waits_until_the_first_has_ended(
    tables_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first = Holder(tables_url)
    await first.inside.wait()
    second = Holder(tables_url)
    await looks(monkeypatch, 5)
    assert not second.inside.is_set()
    assert caplog.messages == [WAITS], "it is said once"
    await first.leave()
    await second.inside.wait()
    await second.leave()
    assert not first.taken_over.is_set()
    assert not second.taken_over.is_set()


async def test_of_many_there_is_never_more_than_one(tables_url: str) -> None:
    inside = most = 0

    async def serve() -> None:
        nonlocal inside, most
        async with sole(tables_url, "bot", never):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    await asyncio.gather(*(serve() for _ in range(6)))
    assert most == 1


async def test_bots_and_databases_do_not_wait_for_each_other(tables_url: str, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path}/other.db"
    async with (
        sole(tables_url, "telegram:1", never),
        sole(tables_url, "discord:1", never),
        sole(other, "telegram:1", never),
    ):
        pass


async def test_who_waits_can_be_cancelled(
    tables_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first = Holder(tables_url)
    await first.inside.wait()
    second, third = Holder(tables_url), Holder(tables_url)
    await looks(monkeypatch, 3)
    second.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second.task
    assert not third.inside.is_set()
    await first.leave()
    await third.inside.wait()
    await third.leave()


async def test_who_is_inside_can_be_cancelled(tables_url: str) -> None:
    first = Holder(tables_url)
    await first.inside.wait()
    first.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first.task
    async with sole(tables_url, "bot", never):
        pass


async def test_a_sudden_death_frees_it(
    tables_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with process(tables_url) as other:
        mine = Holder(tables_url)
        await looks(monkeypatch, 2)
        assert not mine.inside.is_set()
        other.send_signal(signal.SIGKILL)
        await mine.inside.wait()
        await mine.leave()


async def test_a_file_is_the_same_however_it_is_named(
    sqlite_tables: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    async with sole(sqlite_tables, "bot", never):
        for url in (
            "sqlite:///data/parley.db",
            "sqlite:///link/parley.db",
            f"sqlite:///{tmp_path}/data/../data/parley.db",
        ):
            other = Holder(url)
            await looks(monkeypatch, 1)
            assert not other.inside.is_set()
            other.task.cancel()
            await asyncio.wait([other.task])


@pytest.mark.parametrize(
    "url", ["sqlite:////dev/null/parley.db", "postgresql://ada:secret@127.0.0.1:9/parley", "mysql://127.0.0.1/a"]
)
async def test_what_cannot_be_locked_is_explained(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        await sole(url, "bot", never).__aenter__()
    assert caught.value.variable == "DATABASE_URL"
    assert "secret" not in str(caught.value)


async def test_the_database_can_be_used_and_closed_beside_it(
    sqlite_tables: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing a file that SQLite has locked drops SQLite's locks, and could drop ours."""
    async with sole(sqlite_tables, "bot", never):
        for _ in range(2):
            async with open_store(sqlite_tables) as store:
                await store.notes.write("a", "b")
        other = Holder(sqlite_tables)
        await looks(monkeypatch, 2)
        assert not other.inside.is_set()
    await other.inside.wait()
    await other.leave()


async def execute(url: str, statement: str, *values: Any) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.fetch(statement, *values)
    finally:
        await connection.close()


CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE application_name LIKE 'parley sole%' AND datname = current_database()"
)


async def test_a_lost_connection_is_made_anew(postgres_tables: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    taken_over = asyncio.Event()
    async with sole(postgres_tables, "bot", taken_over.set):
        for count in range(1, 4):
            await execute(postgres_tables, CUT)
            while caplog.messages.count(AGAIN) < count:  # noqa: ASYNC110 (a log has no event)
                await asyncio.sleep(0.01)
        assert not taken_over.is_set()
        other = Holder(postgres_tables)
        await said(caplog, WAITS)
        assert not other.inside.is_set()
    await other.inside.wait()
    await other.leave()


async def test_one_goes_on_when_both_lose_their_connections(
    postgres_tables: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    first = Holder(postgres_tables)
    await first.inside.wait()
    second = Holder(postgres_tables)
    await looks(monkeypatch, 1)
    await execute(postgres_tables, CUT)
    while AGAIN not in caplog.messages and not first.taken_over.is_set():  # noqa: ASYNC110 (a log has no event)
        await asyncio.sleep(0.01)
    if not first.taken_over.is_set():
        assert not second.inside.is_set()
        await first.leave()
    await second.inside.wait()
    await asyncio.gather(first.leave(), second.leave())


async def test_whoever_was_quicker_serves_and_the_other_is_told(postgres_tables: str) -> None:
    key = ServerLock(driver_url(postgres_tables), "bot")._key
    taken_over = asyncio.Event()
    async with sole(postgres_tables, "bot", taken_over.set):
        quicker = await asyncpg.connect(postgres_tables)
        waiting = asyncio.create_task(quicker.fetch("SELECT pg_advisory_lock($1)", key))
        await execute(postgres_tables, CUT)
        await waiting
        await taken_over.wait()
        await quicker.close()
    async with sole(postgres_tables, "bot", never):
        pass


async def test_a_restart_of_the_server_is_survived(
    own_server: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    taken_over = asyncio.Event()
    async with sole(own_server.url, "bot", taken_over.set):
        await asyncio.to_thread(own_server.restart)
        await said(caplog, AGAIN)
        assert not taken_over.is_set()


async def test_a_server_that_was_silent_is_asked_again(
    own_server: PostgresServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    await asyncio.to_thread(own_server.ready)
    monkeypatch.setattr(locks, "_ANSWER_SECONDS", 1)
    taken_over = asyncio.Event()
    async with sole(own_server.url, "bot", taken_over.set):
        own_server.send(signal.SIGSTOP)
        try:
            await said(caplog, "was lost; making it anew")
        finally:
            own_server.send(signal.SIGCONT)
        await said(caplog, AGAIN)
        assert not taken_over.is_set()


class Wire:
    """What lies between a process and the server."""

    def __init__(self) -> None:
        self._near: set[asyncio.StreamWriter] = set()
        self._far: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Wire:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        return self

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def _connect(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        answers, far = await asyncio.open_connection("127.0.0.1", 5432)
        self._near.add(near)
        self._far.add(far)
        for source, sink in ((reader, far), (answers, near)):
            self._tasks.add(asyncio.create_task(self._carry(source, sink)))

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                sink.write(data)

    def cut(self) -> None:
        """The process's end is gone, and the server is not told."""
        while self._near:
            self._near.pop().close()

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for far in self._far:
            far.close()
        await asyncio.wait(self._tasks)


async def test_a_connection_that_only_the_server_still_has_is_nobody_else(
    postgres_tables: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    taken_over = asyncio.Event()
    async with Wire() as wire, sole(postgres_tables.replace(":5432", f":{wire.port}"), "bot", taken_over.set):
        for count in range(1, 3):
            wire.cut()
            while caplog.messages.count(AGAIN) < count and not taken_over.is_set():  # noqa: ASYNC110 (as above)
                await asyncio.sleep(0.01)
        assert not taken_over.is_set()
        other = Holder(postgres_tables)
        await said(caplog, WAITS)
    await other.inside.wait()
    await other.leave()


async def test_leaving_does_not_wait_for_a_silent_server(
    own_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.to_thread(own_server.ready)
    monkeypatch.setattr(locks, "_ANSWER_SECONDS", 1)
    async with sole(own_server.url, "bot", never):
        own_server.send(signal.SIGSTOP)
    own_server.send(signal.SIGCONT)
    async with sole(own_server.url, "bot", never):
        pass
