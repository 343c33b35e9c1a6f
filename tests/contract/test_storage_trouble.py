"""SQLite in trouble: locked by somebody else, no room left, not writable, damaged. Each is told, and passes."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.domain.media import Picture
from bot.errors import SettingsError, StorageError
from bot.storage import engines as engines_module
from bot.storage.database import SqlStore, open_store
from tests.contract.rows import fill
from tests.contract.test_storage_opening import fill_everything

NOBODY = 65534

HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits ten seconds for another process."""
    pragmas = tuple(each for each in engines_module._SQLITE_PRAGMAS if not each.startswith("busy_timeout"))
    assert len(pragmas) == len(engines_module._SQLITE_PRAGMAS) - 1
    monkeypatch.setattr(engines_module, "_SQLITE_PRAGMAS", ("busy_timeout=50", *pragmas))


@pytest.fixture
async def sqlite(hasty: None, sqlite_tables: str) -> AsyncIterator[SqlStore]:
    async with open_store(sqlite_tables) as store:
        yield store


@contextmanager
def held(url: str) -> Iterator[None]:
    """Another process has the write lock."""
    command = [sys.executable, "-c", HOLD, str(file_of(url))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        try:
            yield
        finally:
            holder.communicate()


async def goes_on(store: SqlStore) -> None:
    """Everything works; the single writer is not inside of an old transaction."""
    await fill_everything(store)
    async with store.notes.engines.writing() as connection:
        assert await connection.scalar(text("PRAGMA integrity_check")) == "ok"


async def pragma(store: SqlStore, statement: str) -> None:
    """Set something of the connection that writes, outside of a transaction."""
    async with store.notes.engines.writer.connect() as connection:
        raw = await connection.get_raw_connection()
        assert raw.driver_connection is not None
        await raw.driver_connection.execute(f"PRAGMA {statement}")


async def test_a_lock_of_another_process_is_told_and_passes(sqlite: SqlStore, sqlite_url: str) -> None:
    await sqlite.notes.write("a", "before")
    with held(sqlite_url):
        calls = (sqlite.notes.write(f"{number}", "lost") for number in range(5))
        for error in await asyncio.gather(*calls, return_exceptions=True):
            assert str(error) == "the database failed: database is locked"
            assert isinstance(error, StorageError)
        assert await sqlite.notes.read("a") == "before"
    assert await sqlite.notes.read("0") is None
    await goes_on(sqlite)


async def test_a_short_lock_of_another_process_is_waited_for(sqlite_tables: str) -> None:
    async with open_store(sqlite_tables) as store:
        with held(sqlite_tables):
            writing = asyncio.create_task(store.notes.write("a", "waited"))
            await store.notes.read("a")
            assert not writing.done()
        await writing
        assert await store.notes.read("a") == "waited"


async def test_a_lock_at_the_start_is_explained(hasty: None, sqlite_tables: str) -> None:
    with held(sqlite_tables), pytest.raises(SettingsError, match="cannot be used: database is locked"):
        await open_store(sqlite_tables).__aenter__()
    async with open_store(sqlite_tables) as store:
        await goes_on(store)


async def test_a_full_disk_is_told_and_passes(sqlite: SqlStore) -> None:
    picture = Picture(os.urandom(100_000), "image/jpeg", 640, 480)
    async with sqlite.notes.engines.reading() as connection:
        pages = await connection.scalar(text("PRAGMA page_count"))
    await pragma(sqlite, f"max_page_count={pages + 2}")
    for _ in range(3):
        with pytest.raises(StorageError, match="database or disk is full"):
            await sqlite.pictures.keep("chat", [picture])
    assert await sqlite.pictures.load("chat", [picture.ref.digest]) == {}
    await pragma(sqlite, "max_page_count=1000000")
    await goes_on(sqlite)
    await sqlite.pictures.keep("chat", [picture])
    assert await sqlite.pictures.load("chat", [picture.ref.digest]) == {picture.ref.digest: picture}


async def test_a_disk_that_fails_in_a_commit_is_told_and_passes(sqlite: SqlStore, sqlite_url: str) -> None:
    """The kernel refuses to let files of this process grow beyond what the log ahead has now."""
    await sqlite.notes.write("a", "before")
    room = file_of(sqlite_url).with_name("parley.db-wal").stat().st_size + 60_000
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        for _ in range(3):
            with pytest.raises(StorageError, match="disk I/O error"):
                await sqlite.notes.write("b", "x" * 200_000)
        assert await sqlite.notes.read("a") == "before"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert await sqlite.notes.read("b") is None
    await goes_on(sqlite)


async def test_a_commit_that_is_refused_does_not_leave_its_transaction_open(sqlite: SqlStore) -> None:
    wrong = "INSERT INTO messages (conversation_id, role, text, created_at) VALUES (99, 'user', '', '2026-01-01')"
    for _ in range(3):
        with pytest.raises(StorageError, match="FOREIGN KEY"):  # noqa: PT012 (raised at the end of `writing`)
            async with sqlite.notes.engines.writing() as connection:
                await connection.execute(text("PRAGMA defer_foreign_keys=ON"))
                await connection.execute(text(wrong))
    await goes_on(sqlite)


async def test_a_file_that_became_read_only_is_told_and_passes(sqlite: SqlStore) -> None:
    await pragma(sqlite, "query_only=ON")
    for _ in range(3):
        with pytest.raises(StorageError, match="attempt to write a readonly database"):
            await sqlite.notes.write("a", "b")
    await pragma(sqlite, "query_only=OFF")
    await goes_on(sqlite)


@contextmanager
def somebody_else() -> Iterator[None]:
    """Root may write everywhere: be nobody for a while."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.fixture(params=["file", "folder"])
def not_writable(request: pytest.FixtureRequest, sqlite_tables: str) -> Iterator[Path]:
    """A database that others may only read; pytest's own folders would not let them in."""
    with tempfile.TemporaryDirectory(prefix="parley-") as name:
        folder = Path(name)
        path = Path(shutil.copy(file_of(sqlite_tables), folder / "parley.db"))
        path.chmod(0o444 if request.param == "file" else 0o666)
        folder.chmod(0o777 if request.param == "file" else 0o555)
        yield path
        folder.chmod(0o755)


async def test_what_is_not_writable_at_the_start_is_explained(not_writable: Path) -> None:
    with somebody_else(), pytest.raises(SettingsError, match="cannot be used: ") as caught:
        await open_store(f"sqlite:///{not_writable}").__aenter__()
    assert caught.value.variable == "DATABASE_URL"
    assert "\n" not in str(caught.value)


def damage(path: Path, start: int, length: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(os.urandom(length))


async def test_a_file_that_is_damaged_at_its_beginning_is_explained(sqlite_tables: str) -> None:
    damage(file_of(sqlite_tables), 100, 3000)
    with pytest.raises(SettingsError, match="cannot be used: database disk image is malformed"):
        await open_store(sqlite_tables).__aenter__()


async def test_a_file_that_was_cut_short_is_explained(sqlite_tables: str) -> None:
    os.truncate(file_of(sqlite_tables), 5000)
    with pytest.raises(SettingsError, match="cannot be used: database disk image is malformed"):
        await open_store(sqlite_tables).__aenter__()


async def test_damage_farther_on_is_told_where_it_is_met(sqlite_tables: str) -> None:
    """The rest goes on."""
    async with open_store(sqlite_tables) as store:
        conversation = await store.conversations.current("chat")
        await fill(store, conversation, turns=200, text="x" * 2000)
        await store.notes.write("a", "whole")
    path = file_of(sqlite_tables)
    with closing(path.open("rb")) as file:
        middle = file.read().index(b"answer 100")
    damage(path, middle // 4096 * 4096, 4096)
    async with open_store(sqlite_tables) as store:
        with pytest.raises(StorageError, match="malformed"):
            async for _ in store.conversations.branch(conversation):
                pass
        assert await store.notes.read("a") == "whole"
        await store.notes.write("b", "new")
        assert await store.notes.read("b") == "new"
