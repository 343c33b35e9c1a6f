"""Events are written down before they are dealt with, once each, and known as done in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import Any

import pytest

from bot import receipts
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import Incoming, Message
from bot.door import KEEP_WITHIN, Door
from bot.errors import StorageError
from bot.ports import Channel, Platform
from tests.fakes.memory import MemoryChannel
from tests.fakes.memory_mail import MemoryArrivals

pytestmark = pytest.mark.virtual

CHAT = ChatRef("telegram", "1", "42", "private")
CHANNEL = MemoryChannel(CHAT)


def message(key: str) -> Message:
    return Message(key, CHAT, Person("telegram", "7", "Ann"), "1", "Hello", "direct")


class Arrivals(MemoryArrivals):
    """A database that takes its time and fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        super().__init__()
        self.failures = failures

    async def add(self, events: Sequence[Incoming]) -> Collection[str]:
        await self._reached()
        return await super().add(events)

    async def done(self, keys: Collection[str]) -> None:
        await self._reached()
        await super().done(keys)

    async def _reached(self) -> None:
        await asyncio.sleep(0.1)
        if self.failures:
            self.failures -= 1
            raise StorageError("full")


class Core:
    """Notes what it is handed, and what was written down by then; `work` is how long it takes."""

    def __init__(self, arrivals: MemoryArrivals, work: float = 0.0) -> None:
        self.arrivals = arrivals
        self.work = work
        self.taken: list[str] = []
        self.kept: list[bool] = []
        self.tasks: list[asyncio.Task[None]] = []

    def accept(self, event: Incoming, channel: Channel) -> None:
        self.taken.append(event.key)
        self.kept.append(event.key in self.arrivals.rows)
        if self.work:
            with receipts.working_on(None):
                work = asyncio.create_task(asyncio.sleep(self.work))
            receipt = receipts.current()
            if receipt is not None:
                receipt.hold()
                work.add_done_callback(lambda _: receipt.release())
            self.tasks.append(work)


async def nothing(platform: Platform, door: Door) -> None: ...


def door_to(core: Core) -> Door:
    router: Any = core
    return Door(core.arrivals, router, nothing)


def undone(arrivals: MemoryArrivals) -> list[str]:
    return [key for key, row in arrivals.rows.items() if row.event is not None]


async def test_what_is_told_twice_at_once_is_one_event_and_done_when_its_work_is() -> None:
    core = Core(Arrivals(), work=10)
    async with door_to(core) as door:
        await asyncio.gather(door.accept(message("1"), CHANNEL), door.accept(message("1"), CHANNEL))
        await asyncio.sleep(5)
        assert (core.taken, undone(core.arrivals)) == (["1"], ["1"])
        await asyncio.sleep(10)
        assert undone(core.arrivals) == []


async def test_it_is_written_down_first_and_in_order() -> None:
    core = Core(Arrivals())
    async with door_to(core) as door:
        kept = [door.accept(message(str(number)), CHANNEL) for number in range(250)]
        assert core.taken == []
        await kept[-1]
        assert core.taken == [str(number) for number in range(250)]
        assert all(core.kept)


async def test_what_comes_again_is_left_alone() -> None:
    core = Core(Arrivals())
    async with door_to(core) as door:
        await door.accept(message("1"), CHANNEL)
        await door.accept(message("1"), CHANNEL)
        assert core.taken == ["1"]
    async with door_to(core) as door:
        await door.accept(message("1"), CHANNEL)
    assert core.taken == ["1"]


async def test_it_is_done_when_the_work_on_it_is() -> None:
    core = Core(Arrivals(), work=5)
    async with door_to(core) as door:
        await door.accept(message("1"), CHANNEL)
        await asyncio.sleep(4)
        assert undone(core.arrivals) == ["1"]
        await asyncio.sleep(2)
        assert undone(core.arrivals) == []


async def test_what_is_done_in_the_last_moment_is_written_down() -> None:
    core = Core(Arrivals())
    async with door_to(core) as door:
        await door.accept(message("1"), CHANNEL)
    assert undone(core.arrivals) == []


async def test_a_database_in_trouble_is_waited_for() -> None:
    core = Core(Arrivals(failures=5))
    async with door_to(core) as door:
        await door.accept(message("1"), CHANNEL)
        assert core.kept == [True]


async def test_without_a_database_people_are_not_met_with_silence(caplog: pytest.LogCaptureFixture) -> None:
    core = Core(Arrivals(failures=1000))
    began = asyncio.get_running_loop().time()
    async with door_to(core) as door:
        await door.accept(message("1"), CHANNEL)
        assert core.kept == [False]
        assert asyncio.get_running_loop().time() - began < KEEP_WITHIN + 2
    assert "without being kept" in caplog.text


async def test_that_something_is_done_is_written_down_when_the_database_is_back() -> None:
    core = Core(Arrivals())
    async with door_to(core) as door:
        await door.accept(message("1"), CHANNEL)
        assert isinstance(core.arrivals, Arrivals)
        core.arrivals.failures = 1
        await asyncio.sleep(1)
        await door.accept(message("2"), CHANNEL)
        await asyncio.sleep(1)
        assert undone(core.arrivals) == []


async def test_one_event_with_a_bug_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Core):
        def accept(self, event: Incoming, channel: Channel) -> None:
            super().accept(event, channel)
            if event.key == "1":
                raise ValueError("a bug")

    core = Broken(Arrivals())
    async with door_to(core) as door:
        door.accept(message("1"), CHANNEL)
        await door.accept(message("2"), CHANNEL)
        assert core.taken == ["1", "2"]
    assert undone(core.arrivals) == []
    assert "1 could not be taken" in caplog.text


async def test_settled_means_that_nothing_waits_to_be_handed_on() -> None:
    core = Core(Arrivals())
    async with door_to(core) as door:
        await door.settle()
        door.accept(message("1"), CHANNEL)
        await door.settle()
        assert core.taken == ["1"]
