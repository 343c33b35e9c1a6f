"""Connections to the database: many that read, and for SQLite a single one that writes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import URL, Connection, CursorResult, Executable, NullPool, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.storage.failures import ConnectionLost, is_lost, mark_lost, patiently, problem_of, translated

# With a log ahead (WAL), synchronous=NORMAL keeps the file whole through a power cut, which
# may cost the last commits, and spares a disk flush per commit. The time-out, in milliseconds, is for other processes.
# What is deleted is overwritten, also where SQLite was not built that way: else it could be read in the file for long.
_SQLITE_PRAGMAS = ("busy_timeout=10000", "synchronous=NORMAL", "foreign_keys=ON", "secure_delete=ON")

# An error must not carry what people wrote. A window decodes hundreds of lists, the standard library at 3 us each.
_OPTIONS: dict[str, Any] = {"hide_parameters": True, "json_deserializer": orjson.loads}

_CONNECT_SECONDS = 10
"""Until an address that does not answer is given up."""

_STATEMENT_SECONDS = 15
"""Until PostgreSQL ends a statement by itself, its wait for locks included. With a million turns the slowest one takes
less than a second (`python -m benchmarks.storage`)."""

_ANSWER_SECONDS = 20
"""Until a server that says nothing at all is given up: longer than it may take by its own clock."""

_MIGRATION_SECONDS = 3600
"""The same where tables are changed: an index over millions of rows takes minutes."""

_GOODBYE_SECONDS = 5
"""For closing all connections to a server; then they are dropped."""

_POSTGRES_SETTINGS = {
    "application_name": "parley",
    # PostgreSQL keeps the plan of a statement that comes often. One from the first days, when reading a whole table was
    # quickest, would last until the next ANALYZE; a plan made afresh costs 0.3 ms.
    "plan_cache_mode": "force_custom_plan",
    "statement_timeout": f"{_STATEMENT_SECONDS}s",
    # No transaction waits for anything but the database: one that does belongs to a process that stands still, and
    # would keep its locks from the process that takes over.
    "idle_in_transaction_session_timeout": "60s",
}
_MIGRATION_SETTINGS = {"application_name": "parley", "statement_timeout": f"{_MIGRATION_SECONDS}s"}


class Reading(AsyncConnection):
    """A connection for statements that each stand alone. One that is lost on its way is asked once more on another."""

    __slots__ = ()

    async def execute(self, statement: Executable, parameters: Any = None, **options: Any) -> CursorResult[Any]:
        try:
            return await super().execute(statement, parameters, **options)
        except DBAPIError as error:
            if not is_lost(error):
                raise
        await self.close()
        self.sync_connection = None
        await patiently(self.start)
        return await super().execute(statement, parameters, **options)


@dataclass(frozen=True, slots=True)
class Engines:
    """`reader` runs single statements outside of transactions, `writer` runs transactions, `migrator` long ones.

    SQLite has one write lock for the whole file. Its `writer` therefore has one connection: callers queue for it
    in order, inside the process and without polling, so that "database is locked" cannot happen among them.
    """

    reader: AsyncEngine
    writer: AsyncEngine
    migrator: AsyncEngine
    opened: set[Any]  # connections to a server, which may be silent when they are closed

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection for statements that each stand alone; raises StorageError."""
        with translated():
            connection = await patiently(Reading(self.reader).start)
            try:
                yield connection
            finally:
                if connection.sync_connection is not None:  # else there was no other one
                    await connection.close()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction, committed at the end and rolled back on any exception.

        Raises StorageError. As ConnectionLost, it says that surely nothing was done; where the connection broke while
        it was committed, nobody knows whether it was.
        """
        with translated():
            connection = await patiently(self.writer.connect().start)
            try:
                await connection.begin()
                yield connection
            except DBAPIError as error:
                await _undo(connection)
                if is_lost(error):
                    raise ConnectionLost(problem_of(error)) from error
                raise
            except BaseException:
                # Also a cancellation: the connection must not go back to the others inside of a transaction.
                await _undo(connection)
                raise
            else:
                await _commit(connection)
            finally:
                await connection.close()

    async def close(self) -> None:
        """Says goodbye to the server, unless it is silent."""
        for engine in (self.reader, self.writer, self.migrator):
            try:
                async with asyncio.timeout(_GOODBYE_SECONDS if self.opened else None):
                    await engine.dispose()
            except TimeoutError:
                for connection in self.opened:
                    connection.terminate()
                await engine.dispose()


async def _commit(connection: AsyncConnection) -> None:
    try:
        await connection.commit()
    except BaseException:
        # What was not committed may still be open, where the next transaction would begin inside of it.
        await connection.invalidate()
        raise


async def _undo(connection: AsyncConnection) -> None:
    try:
        await connection.rollback()
    except (DBAPIError, OSError):
        await connection.invalidate()  # the database undoes what a connection leaves behind


def make_engines(url: URL) -> Engines:
    """Engines for a driver's URL; nothing is connected yet. Raises ImportError when the driver is not installed."""
    return _sqlite_engines(url) if url.get_backend_name() == "sqlite" else _postgres_engines(url)


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
    return Engines(reader, writer, migrator=writer, opened=set())


def _postgres_engines(url: URL) -> Engines:
    # Pre-ping costs a round trip. A connection that was lost while nobody used it is thus replaced before a transaction
    # begins.
    writer = create_async_engine(
        url,
        pool_pre_ping=True,
        skip_autocommit_rollback=True,
        connect_args=_postgres_arguments(_ANSWER_SECONDS, _POSTGRES_SETTINGS),
        **_OPTIONS,
    )
    migrator = create_async_engine(
        url, poolclass=NullPool, connect_args=_postgres_arguments(_MIGRATION_SECONDS, _MIGRATION_SETTINGS), **_OPTIONS
    )
    for engine in (writer, migrator):
        event.listen(engine.sync_engine, "handle_error", mark_lost)
    reader = writer.execution_options(isolation_level="AUTOCOMMIT")
    return Engines(reader, writer, migrator, _opened(writer, migrator))


def _postgres_arguments(seconds: int, settings: dict[str, str]) -> dict[str, Any]:
    """What asyncpg's `connect` is given."""
    return {"timeout": _CONNECT_SECONDS, "command_timeout": seconds, "server_settings": settings}


def _opened(*engines: AsyncEngine) -> set[Any]:
    """The driver's connections that are open, from now on."""
    opened: set[Any] = set()
    for engine in engines:
        event.listen(engine.sync_engine, "connect", lambda connection, _: opened.add(connection))
        event.listen(engine.sync_engine, "close", lambda connection, _: opened.discard(connection))
    return opened


def _set_pragmas(connection: Any, record: object) -> None:  # noqa: ARG001 (the event's signature)
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
