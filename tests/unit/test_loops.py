"""The test bed's clocks."""

from __future__ import annotations

import asyncio
import threading
import time

import aiosqlite
import pytest


@pytest.mark.virtual
async def test_an_hour_takes_no_time() -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()
    await asyncio.sleep(3600)
    assert loop.time() - start == pytest.approx(3600)


@pytest.mark.virtual
async def test_timers_fire_in_order() -> None:
    order: list[str] = []

    async def say(word: str, after: float) -> None:
        await asyncio.sleep(after)
        order.append(word)

    await asyncio.gather(say("late", 9), say("early", 1), say("middle", 5))
    assert order == ["early", "middle", "late"]


@pytest.mark.fast
async def test_a_second_takes_a_tenth() -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()
    await asyncio.sleep(0.2)
    assert loop.time() - start >= 0.2


@pytest.mark.fast(100)
async def test_what_code_and_its_threads_need_counts_once() -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()
    time.sleep(0.05)  # noqa: ASYNC251  # code that needs long
    await asyncio.to_thread(time.sleep, 0.05)
    assert 0.1 <= loop.time() - start < 2


@pytest.mark.fast(100)
async def test_what_sqlite_needs_counts_once() -> None:
    async with aiosqlite.connect(":memory:") as connection:
        await connection.create_function("wait", 0, lambda: time.sleep(0.05))
        start = asyncio.get_running_loop().time()
        await connection.execute("SELECT wait()")
    assert asyncio.get_running_loop().time() - start < 2


@pytest.mark.fast(100)
async def test_a_thread_that_is_stuck_does_not_stop_the_clock() -> None:
    start = time.monotonic()
    stuck = threading.Event()
    waiting = asyncio.create_task(asyncio.to_thread(stuck.wait))
    await asyncio.sleep(50)
    assert time.monotonic() - start < 40
    stuck.set()
    await waiting
