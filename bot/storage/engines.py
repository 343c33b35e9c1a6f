"""Connections to the database: many that read, and for SQLite a single one that writes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import URL, Connection, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.errors import StorageError

# With a log ahead (WAL), synchronous=NORMAL keeps the file whole through a power cut, which
# may cost the last commits, and spares a disk flush per commit. The time-out, in milliseconds, is for other processes.
# What is deleted is overwritten, also where SQLite was not built that way: else it could be read in the file for long.
_SQLITE_PRAGMAS = ("busy_timeout=10000", "synchronous=NORMAL", "foreign_keys=ON", "secure_delete=ON")

# An error must not carry what people wrote. A window decodes hundreds of lists, the standard library at 3 us each.
_OPTIONS: dict[str, Any] = {"hide_parameters": True, "json_deserializer": orjson.loads}


@dataclass(frozen=True, slots=True)
class Engines:
    """`reader` runs single statements outside of transactions, `writer` runs transactions.

    SQLite has one write lock for the whole file. Its `writer` therefore has one connection: callers queue for it
    in order, inside the process and without polling, so that "database is locked" cannot happen among them.
    """

    reader: AsyncEngine
    writer: AsyncEngine

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection for statements that each stand alone; raises StorageError."""
        with _translated():
            async with self.reader.connect() as connection:
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction, committed at the end and rolled back on any exception; raises StorageError."""
        with _translated():
            async with self.writer.begin() as connection:
                yield connection

    async def close(self) -> None:
        await self.reader.dispose()
        await self.writer.dispose()


def make_engines(url: URL) -> Engines:
    """Engines for a driver's URL; nothing is connected yet. Raises ImportError when the driver is not installed."""
    return _sqlite_engines(url) if url.get_backend_name() == "sqlite" else _postgres_engines(url)


def problem_of(error: Exception) -> str:
    """What went wrong, in one line, without the statement and its values."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return (str(cause) or type(cause).__name__).splitlines()[0]


def _sqlite_engines(url: URL) -> Engines:
    # isolation_level None stops the driver from opening transactions by itself: readers need none, and the writer
    # must have the lock from the start, because a transaction that first reads cannot wait for it later.
    # Whoever waits for a connection waits in order, and nothing would be gained by giving up soon.
    options: dict[str, Any] = {
        "connect_args": {"isolation_level": None},
        "max_overflow": 0,
        "pool_timeout": 120,
        **_OPTIONS,
    }
    reader = create_async_engine(
        url, pool_size=4, isolation_level="AUTOCOMMIT", skip_autocommit_rollback=True, **options
    )
    # A transaction of `writing` is always ended there, so that the pool need not roll back once more.
    writer = create_async_engine(url, pool_size=1, pool_reset_on_return=None, **options)
    for engine in (reader, writer):
        event.listen(engine.sync_engine, "connect", _set_pragmas)
    event.listen(writer.sync_engine, "begin", _begin_immediate)
    return Engines(reader, writer)


def _postgres_engines(url: URL) -> Engines:
    # PostgreSQL keeps the plan of a statement that comes often. One from the first days, when reading a whole table was
    # quickest, would last until the next ANALYZE; a plan made afresh costs 0.3 ms. `timeout` is in seconds.
    connect_args = {"timeout": 10, "server_settings": {"plan_cache_mode": "force_custom_plan"}}
    # Pre-ping costs a round trip and saves the first turn after the server was restarted.
    writer = create_async_engine(
        url, pool_pre_ping=True, skip_autocommit_rollback=True, connect_args=connect_args, **_OPTIONS
    )
    return Engines(writer.execution_options(isolation_level="AUTOCOMMIT"), writer)


def _set_pragmas(connection: Any, record: object) -> None:  # noqa: ARG001 (the event's signature)
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise StorageError(problem_of(error)) from error
