"""Work that is stopped, or whose caller is: how it ends, and that nothing of it is left running."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from bot.conversation.running import LAST_FLUSH, Ending, Running, end, see_through
from bot.domain.ids import ChatRef

pytestmark = pytest.mark.virtual

CHAT = ChatRef("telegram", "1", "100", "private")
OTHER = ChatRef("telegram", "1", "200", "private")


@pytest.fixture(autouse=True)
async def nothing_left_over() -> AsyncIterator[None]:
    """Whatever a test does, only its own task is left in the end."""
    yield
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left


class Watched:
    """Work in a chat, and the caller that sees it to its end."""

    def __init__(
        self, work: Callable[[], Awaitable[None]], turn: int | None = None, message_id: str | None = None
    ) -> None:
        self.running = Running()
        self.ending: Ending | None = None
        self.work = asyncio.create_task(_called(work))
        self.caller = asyncio.create_task(self._see(turn, message_id))

    async def _see(self, turn: int | None, message_id: str | None) -> None:
        self.ending = await self.running.see_to_end(CHAT, self.work, turn, message_id)

    async def ended(self) -> Ending:
        await asyncio.wait([self.caller])
        assert self.work.done()
        assert self.ending is not None
        assert self.running._work == {}
        return self.ending


async def _called(work: Callable[[], Awaitable[None]]) -> None:
    await work()


async def sleeping() -> None:
    await asyncio.sleep(10)


async def stubborn() -> None:
    """Goes on for a second when it is told to end."""
    try:
        await asyncio.sleep(10)
    finally:
        await asyncio.sleep(1)


async def failing() -> None:
    await asyncio.sleep(1)
    raise ValueError("on purpose")


async def test_work_that_comes_to_its_end() -> None:
    assert await Watched(sleeping).ended() == Ending("done")


async def test_work_that_fails() -> None:
    ending = await Watched(failing).ended()

    assert ending.kind == "failed"
    assert isinstance(ending.error, ValueError)


@pytest.mark.parametrize("work", [sleeping, stubborn])
async def test_somebody_stops_it(work: Callable[[], Awaitable[None]]) -> None:
    watched = Watched(work)
    await asyncio.sleep(1)

    assert watched.running.stop(CHAT)
    assert await watched.ended() == Ending("stopped")


@pytest.mark.parametrize("work", [sleeping, stubborn])
async def test_its_caller_is_cancelled(work: Callable[[], Awaitable[None]]) -> None:
    watched = Watched(work)
    await asyncio.sleep(1)
    watched.caller.cancel()

    assert await watched.ended() == Ending("interrupted")


@pytest.mark.parametrize("first", ["stop", "cancel"])
@pytest.mark.parametrize("apart", [0.0, 0.5])
async def test_stopped_and_cancelled_is_interrupted(first: str, apart: float) -> None:
    """A shutdown must not take longer because somebody pressed Stop at the same time."""
    watched = Watched(stubborn)
    await asyncio.sleep(1)
    for act in ("stop", "cancel") if first == "stop" else ("cancel", "stop"):
        if act == "stop":
            watched.running.stop(CHAT)
        else:
            watched.caller.cancel()
        await asyncio.sleep(apart)

    assert await watched.ended() == Ending("interrupted")


async def test_cancelled_before_the_first_step() -> None:
    watched = Watched(sleeping)
    watched.work.cancel()

    assert await watched.ended() == Ending("interrupted")


async def test_stopped_before_the_first_step() -> None:
    watched = Watched(sleeping)
    await asyncio.sleep(0)
    assert watched.running.stop(CHAT)

    assert await watched.ended() == Ending("stopped")


async def test_work_that_fails_while_it_is_stopped_has_failed() -> None:
    async def work() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            raise ValueError("on purpose")

    watched = Watched(work)
    await asyncio.sleep(1)
    watched.running.stop(CHAT)

    assert (await watched.ended()).kind == "failed"


async def test_only_the_turn_that_is_meant_is_stopped() -> None:
    watched = Watched(sleeping, turn=7)
    await asyncio.sleep(1)

    assert not watched.running.stop(OTHER)
    assert not watched.running.stop(CHAT, 6)
    assert watched.running.stop(CHAT, 7)
    assert await watched.ended() == Ending("stopped")


async def test_work_is_named_once_its_turn_is_known() -> None:
    watched = Watched(sleeping)
    await asyncio.sleep(1)
    watched.running.name(OTHER, watched.work, 7)
    assert not watched.running.stop(CHAT, 7)
    watched.running.name(CHAT, watched.work, 7)

    assert watched.running.stop(CHAT, 7)
    assert await watched.ended() == Ending("stopped")


@pytest.mark.parametrize("named_first", [True, False])
async def test_work_that_is_overtaken_is_stopped_once_its_turn_is_known(named_first: bool) -> None:
    watched = Watched(sleeping, message_id="m1")
    await asyncio.sleep(1)
    watched.running.overtake(OTHER, "m1")
    watched.running.overtake(CHAT, "m2")
    if named_first:
        watched.running.name(CHAT, watched.work, 7)
    await asyncio.sleep(1)
    assert not watched.work.done()

    watched.running.overtake(CHAT, "m1")
    await asyncio.sleep(1)
    assert watched.work.done() == named_first
    watched.running.name(CHAT, watched.work, 7)
    assert await watched.ended() == Ending("stopped")


async def test_what_has_ended_cannot_be_stopped() -> None:
    watched = Watched(sleeping)
    await watched.ended()

    assert not watched.running.stop(CHAT)
    watched.running.name(CHAT, watched.work, 7)
    assert not watched.running.stop(CHAT, 7)


# Seeing through


class Closing:
    """The end of an answer, which takes some seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.done = False

    async def run(self) -> None:
        await asyncio.sleep(self.seconds)
        self.done = True


async def test_without_hurry_it_takes_its_time() -> None:
    closing = Closing(100)
    await see_through(closing.run(), hurry=False)

    assert closing.done


async def test_an_error_is_the_callers() -> None:
    with pytest.raises(ValueError, match="on purpose"):
        await see_through(failing(), hurry=False)


@pytest.mark.parametrize(("seconds", "done"), [(LAST_FLUSH - 1, True), (LAST_FLUSH + 1, False)])
async def test_in_a_hurry_it_has_some_seconds(seconds: float, done: bool) -> None:
    closing = Closing(seconds)
    with pytest.raises(asyncio.CancelledError):
        await see_through(closing.run(), hurry=True)

    assert closing.done == done
    assert asyncio.get_running_loop().time() <= LAST_FLUSH


@pytest.mark.parametrize(("seconds", "done"), [(LAST_FLUSH, True), (LAST_FLUSH + 2, False)])
async def test_a_caller_that_is_cancelled_meanwhile_hurries(seconds: float, done: bool) -> None:
    closing = Closing(seconds)
    seeing = asyncio.create_task(see_through(closing.run(), hurry=False))
    await asyncio.sleep(1)
    seeing.cancel()
    await asyncio.wait([seeing])

    assert seeing.cancelled()
    assert closing.done == done


async def test_an_impatient_second_cancel_leaves_nothing_running() -> None:
    seeing = asyncio.create_task(see_through(Closing(3).run(), hurry=False))
    await asyncio.sleep(1)
    for _ in range(2):
        seeing.cancel()
        await asyncio.sleep(0.1)
    await asyncio.wait([seeing])

    assert seeing.cancelled()
    await asyncio.sleep(0)


async def test_in_a_hurry_errors_go_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(asyncio.CancelledError), caplog.at_level(logging.ERROR):
        await see_through(failing(), hurry=True)

    assert "on purpose" in caplog.text


async def test_the_end_of_a_task_is_waited_for() -> None:
    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    await end(task)

    assert task.cancelled()
    await end(task)
