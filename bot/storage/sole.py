"""One process at a time: two that serve the same bot would both answer."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from bot import clock
from bot.errors import SettingsError, StorageError
from bot.storage.address import POSTGRES_EXAMPLE, SQLITE_EXAMPLE, driver_url
from bot.storage.locks import FileLock, Lock, ServerLock
from bot.tasks import TaskOwner

log = logging.getLogger(__name__)

_PAUSE = 1.0
"""Seconds between two looks at whether the other process has ended."""


@asynccontextmanager
async def sole(url: str, name: str, taken_over: Callable[[], None]) -> AsyncIterator[None]:
    """Be the only process that serves the bot `name` from this database; wait while another one does.

    A process that dies, in whatever way, lets go of it at once; one whose machine vanishes, after half a minute (on
    PostgreSQL). Whoever enters several names does so in the same order everywhere. Raises SettingsError when the
    database, or its folder, cannot be used.

    `taken_over` is called when another process serves now, and this one must end: the connection to PostgreSQL was
    lost, and somebody was quicker to come back. The loss alone is no reason to end: without the database neither of
    them can work, and when it is there again, it gives back what was lost in most cases.
    """
    address = driver_url(url)
    sqlite = address.get_backend_name() == "sqlite"
    lock: Lock = FileLock(Path(address.database or ""), name) if sqlite else ServerLock(address, name)
    owner = TaskOwner()
    try:
        try:
            free = await lock.take()
        except StorageError as error:
            problem = f"cannot be locked: {error.problem}."
            raise SettingsError("DATABASE_URL", problem, SQLITE_EXAMPLE if sqlite else POSTGRES_EXAMPLE) from error
        if not free:
            await _wait(lock)
        owner.start(_keep(lock, taken_over), f"staying the only process of {name}")
        yield
    finally:
        await owner.close()
        await lock.close()


async def _wait(lock: Lock) -> None:
    log.warning("another Parley process serves this; waiting until it ends")
    free: bool | None = False
    while not free:
        await clock.sleep(_PAUSE)
        free = await _take(lock)
    log.info("the other process has ended")


async def _keep(lock: Lock, taken_over: Callable[[], None]) -> None:
    """Take the lock again whenever it was lost, until somebody else has it."""
    while True:
        await lock.lost()
        log.warning("the connection that keeps other processes from serving this was lost; making it anew")
        while (taken := await _take(lock)) is None:
            await clock.sleep(_PAUSE)
        if not taken:
            log.error("another Parley process has taken over; this one ends")
            taken_over()
            return
        log.info("this is the only process again")


async def _take(lock: Lock) -> bool | None:
    """None when the database does not answer."""
    try:
        return await lock.take()
    except StorageError as error:
        log.debug("%s", error)
        return None
