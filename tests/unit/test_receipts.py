"""When an event is done: when nothing works on it any more, and nothing was broken off."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import pytest

from bot import receipts
from bot.conversation.lanes import Lanes
from bot.receipts import Receipt, carried, working_on
from bot.tasks import TaskOwner

pytestmark = pytest.mark.virtual


class Book:
    def __init__(self) -> None:
        self.done: list[str] = []

    def receipt(self, key: str = "a") -> Receipt:
        return Receipt(key, self._write)

    def _write(self, keys: Collection[str]) -> None:
        self.done += sorted(keys)


async def test_what_needs_nothing_is_done_at_once() -> None:
    book = Book()
    with working_on(book.receipt()):
        assert book.done == []
    assert book.done == ["a"]
    assert receipts.current() is None


async def test_tasks_that_are_started_meanwhile_hold_it() -> None:
    book, owner = Book(), TaskOwner()

    async def more() -> None:
        await asyncio.sleep(1)
        owner.start(asyncio.sleep(1), "more")

    with working_on(book.receipt()):
        owner.start(more(), "first")
    await asyncio.sleep(1.5)
    assert book.done == []
    await asyncio.sleep(1)
    assert book.done == ["a"]


async def test_a_job_in_a_lane_holds_its_own_event_alone() -> None:
    book, owner = Book(), TaskOwner()
    lanes = Lanes(owner)
    seen: list[str | None] = []

    async def work() -> None:
        await asyncio.sleep(1)
        current = receipts.current()
        seen.append(None if current is None else current.key)

    for key in ("a", "b"):
        with working_on(book.receipt(key)):
            lanes.submit("chat", carried(work))
    lanes.submit("chat", carried(work))
    await asyncio.sleep(1.5)
    assert book.done == ["a"]
    await asyncio.sleep(1)
    assert book.done == ["a", "b"]
    await owner.settle(None)
    assert seen == ["a", "b", None]


async def test_what_a_shutdown_breaks_off_is_never_done() -> None:
    book, owner = Book(), TaskOwner()
    lanes = Lanes(owner)
    for key in ("running", "waiting"):
        with working_on(book.receipt(key)):
            lanes.submit("chat", carried(lambda: asyncio.sleep(10)))
    with working_on(book.receipt("task")):
        owner.start(asyncio.sleep(10), "task")
    await asyncio.sleep(1)
    await owner.close()
    assert book.done == []


async def test_what_is_settled_stays_done_whatever_becomes_of_the_rest() -> None:
    book, owner = Book(), TaskOwner()
    receipt = book.receipt()
    with working_on(receipt):
        owner.start(asyncio.sleep(10), "task")
    receipt.settle()
    assert book.done == ["a"]
    await asyncio.sleep(1)
    await owner.close()
    assert book.done == ["a"]


async def test_work_that_fails_is_done() -> None:
    """Somebody was told, or it is a bug, which would come again."""
    book = Book()
    with pytest.raises(ValueError, match="no"), working_on(book.receipt()):
        raise ValueError("no")
    assert book.done == ["a"]


async def test_events_that_are_answered_together_are_done_together() -> None:
    book = Book()
    first = book.receipt("a")
    first.hold()
    with working_on(book.receipt("b")):
        receipts.join(first)
    with working_on(first):
        receipts.join(first)
    assert book.done == []
    first.release()
    assert book.done == ["a", "b"]


async def test_whatever_is_stored_under_one_key_is_owed_to_that_alone() -> None:
    book = Book()
    receipt = book.receipt("a")
    with working_on(receipt):
        for key in ("b", "c"):
            with working_on(book.receipt(key)):
                receipts.join(receipt)
        receipts.stored_as("unknown")
        assert book.done == []
        receipts.stored_as("b")
        assert book.done == ["a", "c"]
        assert receipt.key == "b"
    assert book.done == ["a", "c", "b"]


async def test_what_came_before_a_restart_is_counted_when_its_turn_comes() -> None:
    tries: list[str] = []

    async def tried() -> None:
        tries.append("again")

    with working_on(Receipt("a", lambda _: None, tried)):
        assert receipts.again()
        work = carried(lambda: asyncio.sleep(0))
    assert not receipts.again()
    assert tries == []
    await work()
    assert tries == ["again"]
