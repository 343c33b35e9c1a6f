"""The only module that reads a clock or sleeps, so that tests can hand the loop another time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime


def now() -> float:
    """Seconds on the running loop's monotonic clock."""
    return asyncio.get_running_loop().time()


def utc_now() -> datetime:
    """The wall clock, for what is stored and shown."""
    return datetime.now(UTC)


async def sleep(seconds: float) -> None:
    await asyncio.sleep(seconds)


async def wait_until(event: asyncio.Event, deadline: float | None) -> bool:
    """Wait for the event, at most until `deadline` on the loop's clock; tells whether the event came."""
    try:
        async with asyncio.timeout_at(deadline):
            await event.wait()
    except TimeoutError:
        return False
    return True


def call_at(when: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
    """Call back at a time on the loop's clock."""
    return asyncio.get_running_loop().call_at(when, callback)
