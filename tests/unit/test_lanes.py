"""Lanes: order within a conversation, none between them, and what cancelled or failed jobs leave behind."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from bot.conversation.lanes import Lanes
from bot.conversation.running import Running
from bot.domain.ids import ChatRef
from bot.tasks import TaskOwner

pytestmark = pytest.mark.virtual


def job(order: list[str], name: str, seconds: float = 1.0) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        await asyncio.sleep(seconds)
        order.append(name)

    return run


async def test_a_lane_keeps_the_order_of_arrival() -> None:
    owner = TaskOwner()
    lanes = Lanes(owner)
    order: list[str] = []
    for name, seconds in (("first", 3), ("second", 0), ("third", 1)):
        assert lanes.submit("chat", job(order, name, seconds))
    assert await owner.settle(10)
    assert order == ["first", "second", "third"]


async def test_lanes_do_not_wait_for_each_other() -> None:
    owner = TaskOwner()
    lanes = Lanes(owner)
    order: list[str] = []
    lanes.submit("slow chat", job(order, "slow", 100))
    lanes.submit("quick chat", job(order, "quick", 1))
    await asyncio.sleep(2)
    assert order == ["quick"]
    assert await owner.settle(200)


async def test_a_full_lane_refuses_and_takes_again_later() -> None:
    owner = TaskOwner()
    lanes = Lanes(owner, capacity=2)
    order: list[str] = []
    assert lanes.submit("chat", job(order, "a"))
    assert lanes.submit("chat", job(order, "b"))
    assert not lanes.submit("chat", job(order, "c"))
    await asyncio.sleep(1.5)
    assert lanes.submit("chat", job(order, "d"))
    assert await owner.settle(10)
    assert order == ["a", "b", "d"]


async def test_a_job_that_fails_does_not_hold_up_the_next(caplog: pytest.LogCaptureFixture) -> None:
    owner = TaskOwner()
    lanes = Lanes(owner)
    order: list[str] = []

    async def fails() -> None:
        raise ValueError("on purpose")

    lanes.submit("chat", fails)
    lanes.submit("chat", job(order, "next"))
    with caplog.at_level(logging.ERROR):
        assert await owner.settle(10)
    assert order == ["next"]
    assert "on purpose" in caplog.text


async def test_an_empty_lane_is_forgotten() -> None:
    owner = TaskOwner()
    lanes = Lanes(owner)
    for number in range(100):
        lanes.submit(str(number), job([], "x"))
    assert await owner.settle(10)
    assert not lanes._waiting


async def test_a_lane_is_busy_while_anything_runs_or_waits() -> None:
    owner = TaskOwner()
    lanes = Lanes(owner)
    assert not lanes.busy("chat")
    lanes.submit("chat", job([], "a", 2))
    assert lanes.busy("chat"), "also before its first step"
    lanes.submit("chat", job([], "b", 2))
    await asyncio.sleep(3)
    assert lanes.busy("chat")
    assert not lanes.busy("other")
    await asyncio.sleep(2)
    assert not lanes.busy("chat")


async def test_a_lane_is_free_after_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    owner = TaskOwner()
    lanes = Lanes(owner)

    async def fails() -> None:
        raise ValueError("on purpose")

    lanes.submit("chat", fails)
    assert await owner.settle(1)
    assert not lanes.busy("chat")


async def test_a_job_that_ends_in_a_cancellation_of_its_own_does_not_hold_up_the_next() -> None:
    owner = TaskOwner()
    lanes = Lanes(owner)
    order: list[str] = []

    async def gives_up() -> None:
        raise asyncio.CancelledError

    lanes.submit("chat", gives_up)
    lanes.submit("chat", job(order, "next"))
    assert await owner.settle(10)
    assert order == ["next"]
    lanes.submit("chat", gives_up)
    assert await owner.settle(10)
    assert not lanes.busy("chat")


async def test_an_interrupted_answer_makes_room_for_those_that_wait() -> None:
    """How the router interrupts: what runs is stopped, what waits keeps its order."""
    owner, running, chat = TaskOwner(), Running(), ChatRef("telegram", "1", "100", "private")
    lanes = Lanes(owner)
    endings: list[tuple[str, str]] = []

    def answer(name: str, seconds: float) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            task = asyncio.ensure_future(asyncio.sleep(seconds))
            endings.append((name, (await running.see_to_end(chat, task)).kind))

        return run

    lanes.submit(chat.key, answer("running", 100))
    lanes.submit(chat.key, answer("waiting", 3))
    await asyncio.sleep(1)
    assert running.stop(chat)
    lanes.submit(chat.key, answer("newest", 3))
    await asyncio.sleep(0.1)
    assert running.count == 1
    assert await owner.settle(10)
    assert endings == [("running", "stopped"), ("waiting", "done"), ("newest", "done")]


async def test_settling_in_time_or_not() -> None:
    owner = TaskOwner()
    owner.start(asyncio.sleep(10), "long")
    assert not await owner.settle(1)
    assert await owner.settle(10)


# The four cancellations.


async def test_cancelled_while_jobs_wait() -> None:
    owner = TaskOwner()
    lanes = Lanes(owner)
    order: list[str] = []
    lanes.submit("chat", job(order, "running", 5))
    lanes.submit("chat", job(order, "waiting", 0))
    await asyncio.sleep(1)
    await owner.close()
    assert order == []
    assert not lanes.busy("chat")


async def test_cancelled_before_the_first_step() -> None:
    owner = TaskOwner()
    lanes = Lanes(owner)
    order: list[str] = []
    lanes.submit("chat", job(order, "never"))
    await owner.close()
    assert order == []


async def test_what_must_be_done_is_taken_by_a_full_lane() -> None:
    owner = TaskOwner()
    lanes = Lanes(owner, capacity=2)
    order: list[str] = []
    assert [lanes.submit("chat", job(order, name)) for name in ("first", "second", "refused")] == [True, True, False]
    assert lanes.submit("chat", job(order, "surely"), surely=True)
    assert await owner.settle(10)
    assert order == ["first", "second", "surely"]


async def test_cancelled_after_the_end() -> None:
    owner = TaskOwner()
    lanes = Lanes(owner)
    order: list[str] = []
    lanes.submit("chat", job(order, "done", 0))
    assert await owner.settle(1)
    await owner.close()
    assert order == ["done"]


async def test_one_job_cancelled_in_a_race_with_another_lane() -> None:
    owner = TaskOwner()
    lanes = Lanes(owner)
    order: list[str] = []
    inner: list[asyncio.Task[None]] = []

    async def stoppable() -> None:
        task = asyncio.create_task(asyncio.sleep(5))
        inner.append(task)
        await asyncio.wait([task])
        order.append("stopped")

    lanes.submit("chat", stoppable)
    lanes.submit("chat", job(order, "next", 0))
    lanes.submit("other", job(order, "other", 1))
    asyncio.get_running_loop().call_later(1, lambda: inner[0].cancel())
    assert await owner.settle(10)
    assert sorted(order) == ["next", "other", "stopped"]
