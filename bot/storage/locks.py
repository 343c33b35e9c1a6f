"""Locks between processes that end with the process that holds them, however it ends."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import URL, NullPool, event, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot import clock
from bot.errors import StorageError
from bot.storage.failures import mark_lost, translated

_HEARTBEAT_SECONDS = 5.0
"""How often the connection that holds a lock is used, lest somebody between us and the server forgets it; also how long
it may take until a connection that broke without a word is noticed, and a new one taken."""

_ANSWER_SECONDS = 10
"""Until a server that says nothing is given up; until an address that does not answer is."""

# How soon the server notices that a machine is gone, and frees its lock: after 10 s of silence and three questions, 5 s
# apart.
_KEEPALIVE = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}

_TRY = text("SELECT pg_try_advisory_lock(:key)")

# A connection that broke on our side may still stand on the server's, which would then be us ourselves.
_END_FORMER = text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE application_name = :name AND pid <> pg_backend_pid()"
)


class Lock(Protocol):
    async def take(self) -> bool:
        """Try to take it, or to take it again; False when another process has it. Raises StorageError."""
        ...

    async def lost(self) -> None:
        """Wait until it is lost."""
        ...

    async def close(self) -> None:
        """Let it go."""
        ...


class FileLock:
    """A lock on a file beside a SQLite database: the kernel frees it when the process is gone.

    The file stays when the lock is let go: who deletes it could delete the one that somebody else has just locked. The
    database itself cannot be locked so: SQLite's own locks on it would be lost when it is opened here and closed.
    """

    def __init__(self, database: Path, name: str) -> None:
        # Whatever way the path is written, it is the same file.
        file = database.resolve()
        self.path = file.with_name(f"{file.name}.{_digest(name)[:4].hex()}.lock")
        self._handle: int | None = None

    async def take(self) -> bool:
        with translated():
            if self._handle is None:
                self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    async def lost(self) -> None:
        """It never is."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


class ServerLock:
    """An advisory lock of PostgreSQL, which belongs to a connection: the server frees it when that ends."""

    def __init__(self, address: URL, name: str) -> None:
        self._key = int.from_bytes(_digest(name)[:8], signed=True)
        self._name = f"parley sole {secrets.token_hex(8)}"  # who holds it can be seen in pg_stat_activity
        self._engine = _engine(address, self._name)
        self._connection: AsyncConnection | None = None
        self._ended = asyncio.Event()

    async def take(self) -> bool:
        with translated():
            try:
                connection = self._connection or await self._connect()
                while not await connection.scalar(_TRY, {"key": self._key}):
                    if await connection.scalar(_END_FORMER, {"name": self._name}) == 0:
                        return False
                    await clock.sleep(0.1)  # until our own former connection has ended
            except BaseException:
                # Also a cancellation: a connection that is left open might hold the lock of a process that gave up.
                await self._drop()
                raise
        return True

    async def lost(self) -> None:
        if (connection := self._connection) is None:
            return
        with suppress(StorageError), translated():
            while not await clock.wait_until(self._ended, clock.now() + _HEARTBEAT_SECONDS):
                await connection.execute(text("SELECT 1"))
        await self._drop()

    async def close(self) -> None:
        await self._drop()
        await self._engine.dispose()

    async def _connect(self) -> AsyncConnection:
        self._connection = connection = await self._engine.connect()
        self._ended = ended = asyncio.Event()
        driver: Any = (await connection.get_raw_connection()).driver_connection
        driver.add_termination_listener(lambda _: ended.set())
        return connection

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(StorageError), translated():
                await connection.invalidate()  # unlike closing, it does not wait for a server that is silent
                await connection.close()


def _engine(address: URL, name: str) -> AsyncEngine:
    settings = {"application_name": name, **_KEEPALIVE}
    arguments = {"timeout": _ANSWER_SECONDS, "command_timeout": _ANSWER_SECONDS, "server_settings": settings}
    engine = create_async_engine(address, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=arguments)
    event.listen(engine.sync_engine, "handle_error", mark_lost)
    return engine


def _digest(name: str) -> bytes:
    """Names may be long, or secret."""
    return hashlib.sha256(name.encode()).digest()
