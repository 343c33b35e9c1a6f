"""The bot's database as the test sees it: read while nobody looks, locked and filled from outside."""

from __future__ import annotations

import asyncio
import resource
import secrets
import shutil
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, TypeVar

import asyncpg  # type: ignore[import-untyped]
import orjson

from tests.chaos.judge import Stored
from tests.fakes.database import empty_database

Rows = Mapping[str, Sequence[Mapping[str, object]]]
"""All rows of all tables."""


T = TypeVar("T")

SERVER = "postgresql://postgres@127.0.0.1:5432"
OURS = "parley chaos"
"""The name of our own connections, which are not cut with the bot's."""

NO_SERVER = (OSError, asyncpg.PostgresError)
"""What is raised where no server answers."""

HOLDS_UP = "LOCK TABLE messages, inbox IN ACCESS EXCLUSIVE MODE"
"""What somebody else may do who works on the database at the same time."""


class Database(Protocol):
    """What a story needs of the bot's database; it does not wait for the bot, nor disturbs it where it only reads."""

    @property
    def url(self) -> str: ...

    def rows(self) -> Rows:
        """What is stored while the bot runs."""
        ...

    def rows_left(self) -> Rows:
        """What a bot left that has ended."""
        ...

    async def lock(self, seconds: float) -> None:
        """Keep the bot from writing for so long."""
        ...

    async def fill(self, pid: int, seconds: float) -> None:
        """Let nothing be written by this process for so long, as on a disk that is full."""
        ...

    async def cut(self) -> None:
        """End every connection."""
        ...


class SqliteFile:
    """`parley.db` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "parley.db"
        self._path.write_bytes(empty_database())

    @property
    def url(self) -> str:
        return f"sqlite:///{self._path}"

    def rows(self) -> Rows:
        """What is stored while the bot runs."""
        return _all_rows(self._path)

    def rows_left(self) -> Rows:
        """What a bot left that has ended. From a copy: opening the file itself would tidy up behind it."""
        with TemporaryDirectory() as folder:
            for path in self._path.parent.glob("parley.db*"):
                if not path.name.endswith("-shm"):
                    shutil.copy(path, folder)
            return _all_rows(Path(folder) / "parley.db")

    async def lock(self, seconds: float) -> None:
        """Takes the write lock, as another program would; the bot may have it, and be frozen meanwhile."""
        connection = sqlite3.connect(self._path, timeout=30, isolation_level=None, check_same_thread=False)
        with closing(connection):
            await asyncio.to_thread(connection.execute, "BEGIN IMMEDIATE")
            await asyncio.sleep(seconds)

    async def fill(self, pid: int, seconds: float) -> None:
        """No file of the process can grow; it may die meanwhile, and the next one finds room."""
        largest = max(path.stat().st_size for path in self._path.parent.glob("parley.db*"))
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
            await asyncio.sleep(seconds)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    async def cut(self) -> None:
        """There is no connection that could break."""


class ServedDatabase:
    """A database of PostgreSQL; its calls run in a thread with a loop whose clock is the real one."""

    def __init__(self, name: str, threads: ThreadPoolExecutor) -> None:
        self.url = f"{SERVER}/{name}"
        self._threads = threads

    def rows(self) -> Rows:
        return self._threads.submit(asyncio.run, self._connected(_served_rows)).result()

    rows_left = rows

    async def lock(self, seconds: float) -> None:
        speed = getattr(asyncio.get_running_loop(), "speed", 1.0)

        async def hold(connection: Any) -> None:
            async with connection.transaction():
                await connection.execute(HOLDS_UP)
                await asyncio.sleep(seconds / speed)

        await self._aside(self._connected(hold))

    async def fill(self, pid: int, seconds: float) -> None:
        """Nobody but its administrator can fill a server's disk."""

    async def cut(self) -> None:
        others = f"FROM pg_stat_activity WHERE datname = current_database() AND application_name <> '{OURS}'"
        await self._aside(self._connected(lambda it: it.execute(f"SELECT pg_terminate_backend(pid) {others}")))

    async def _connected(self, act: Callable[[Any], Awaitable[T]]) -> T:
        connection = await asyncpg.connect(self.url, timeout=20, server_settings={"application_name": OURS})
        try:
            return await act(connection)
        finally:
            await connection.close()

    async def _aside(self, work: Coroutine[Any, Any, Any]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, asyncio.run, work)


@asynccontextmanager
async def served_database() -> AsyncIterator[ServedDatabase]:
    """An empty database that is dropped in the end. Raises `NO_SERVER`."""
    name = f"parley_chaos_{secrets.token_hex(6)}"
    with ThreadPoolExecutor(4) as threads:
        above = ServedDatabase("postgres", threads)

        async def order(words: str) -> None:
            await above._aside(above._connected(lambda connection: connection.execute(words)))

        await order(f"CREATE DATABASE {name}")
        try:
            yield ServedDatabase(name, threads)
        finally:
            await order(f"DROP DATABASE {name} WITH (FORCE)")


async def _served_rows(connection: Any) -> Rows:
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {name: [dict(row) for row in await connection.fetch(f"SELECT * FROM {name}")] for (name,) in tables}


def _all_rows(path: Path) -> Rows:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: [dict(row) for row in connection.execute(f"SELECT * FROM {table}")] for table in tables}


def written_down(rows: Rows, message_id: str) -> bool:
    """Whether the number of this message stands anywhere in the database, however it is stored."""
    needle = message_id
    return any(needle in str(value) for table in rows.values() for row in table for value in row.values())


def heard(rows: Rows, message_id: str) -> bool:
    """Whether this message reached the bot, so that it owes an answer."""
    return any(message_id in str(row["key"]) for row in rows.get("inbox", ()))


def answers_in(rows: Rows, chat_key: str) -> tuple[Stored, ...]:
    """The stored answers of a chat, in the order of their questions."""
    conversations = {row["id"] for row in rows["conversations"] if row["chat_key"] == chat_key}
    mine = [row for row in rows["messages"] if row["conversation_id"] in conversations]
    questions = {row["id"]: str(row["text"]) for row in mine if row["role"] == "user"}
    return tuple(
        Stored(questions[row["parent_id"]], str(row["text"]), str(row["state"]), _ids(row["message_ids"]))
        for row in mine
        if row["role"] == "assistant"
    )


def _ids(value: object) -> tuple[str, ...]:
    found = orjson.loads(value) if isinstance(value, str) else value
    return tuple(found) if isinstance(found, list) else ()
