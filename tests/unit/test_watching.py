"""What is stuck in lanes and gates is ended or roused, and what is only slow is left alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from bot import progress, receipts
from bot.conversation.lanes import Lanes
from bot.conversation.running import Ending, Running
from bot.domain.ids import ChatRef, Person
from bot.domain.platform import Bucket, CallKind, Limits, Meter
from bot.progress import Progress
from bot.queue import Job, Queue
from bot.receipts import Receipt
from bot.replies import notices
from bot.replies.gate import LATE, Gates, Ticket
from bot.replies.speaker import Speaker
from bot.replies.writer import Reply
from bot.tasks import TaskOwner
from bot.watching import END_AFTER, LOOK_EVERY, STUCK_AFTER, Watched, Watching, places_of
from tests.fakes.channel import LIMITS, Platform, SimulatedChannel

pytestmark = pytest.mark.virtual

CHAT = ChatRef("telegram", "1", "100", "private")
ONE_A_SECOND = Limits(text=100, place=(Meter("chat", frozenset[CallKind]({"send", "edit"}), Bucket(1, 1.0), "test"),))
HOUR = 3600.0
STUCK = STUCK_AFTER * LOOK_EVERY


class Bot:
    """Lanes and gates that are watched."""

    def __init__(self) -> None:
        self.owner = TaskOwner()
        self.lanes = Lanes(self.owner)
        self.running = Running()
        self.gates = Gates()
        self.watching = Watching(self.lanes, self.running, self.gates)
        self.order: list[str] = []

    def put(self, job: Callable[[], Awaitable[None]], name: str = "stuck") -> None:
        self.lanes.submit(CHAT.key, job, if_stuck=lambda: self.order.append(f"told of {name}"))

    def put_next(self) -> None:
        async def run() -> None:
            self.order.append("next")

        self.put(run, "next")

    @contextmanager
    def watched(self) -> Iterator[None]:
        task = asyncio.create_task(self.watching.run())
        try:
            yield
        finally:
            task.cancel()

    @property
    def counts(self) -> tuple[int, int, int]:
        return self.watching.answers_ended, self.watching.jobs_ended, self.watching.calls_roused


def ask(gates: Gates, place: str = "a") -> Ticket:
    return gates.ask("bot", place, ONE_A_SECOND, "send", durable=True, earliest=0.0)


async def test_a_job_that_does_nothing_is_ended_and_what_waits_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    bot = Bot()

    async def hang_in_the_middle() -> None:
        await asyncio.Event().wait()

    async def stuck() -> None:
        await hang_in_the_middle()

    bot.put(stuck)
    bot.put_next()
    with bot.watched():
        await asyncio.sleep(STUCK)
        assert bot.order == []
        assert await bot.owner.settle(HOUR)
    assert bot.order == ["told of stuck", "next"]
    assert bot.counts == (0, 1, 0)
    (line,) = [record.getMessage() for record in caplog.records if "its job ended" in record.getMessage()]
    assert CHAT.key in line
    assert "hang_in_the_middle (test_watching.py:" in line
    assert line.index("Event.wait") < line.index("hang_in_the_middle") < line.index("stuck (test_")
    assert not bot.lanes.busy(CHAT.key)
    assert not bot.lanes.doing


async def test_a_stuck_answer_fails_and_is_brought_to_its_end(caplog: pytest.LogCaptureFixture) -> None:
    bot = Bot()
    endings: list[Ending] = []

    async def deep_in_the_model() -> None:
        await asyncio.Event().wait()

    async def answer() -> None:
        work = asyncio.ensure_future(deep_in_the_model())
        endings.append(await bot.running.see_to_end(CHAT, work))
        bot.order.append("shown")

    bot.put(answer)
    bot.put_next()
    with bot.watched():
        assert await bot.owner.settle(HOUR)
    assert bot.order == ["shown", "next"]
    assert [(ending.kind, type(ending.error)) for ending in endings] == [("failed", TimeoutError)]
    assert bot.counts == (1, 0, 0)
    assert "deep_in_the_model" in caplog.text


async def test_an_answer_that_hangs_while_it_ends_is_ended_with_its_job() -> None:
    bot = Bot()

    async def answer() -> None:
        await bot.running.see_to_end(CHAT, asyncio.ensure_future(asyncio.Event().wait()))  # type: ignore[arg-type]
        await asyncio.Event().wait()

    bot.put(answer)
    bot.put_next()
    with bot.watched():
        assert await bot.owner.settle(HOUR)
    assert bot.order == ["told of stuck", "next"]
    assert bot.counts == (1, 1, 0)


async def test_a_long_answer_that_streams_is_not_stuck() -> None:
    bot = Bot()

    async def speak() -> None:
        for _ in range(200):
            await asyncio.sleep(60)
            progress.mark()

    async def answer() -> None:
        ending = await bot.running.see_to_end(CHAT, asyncio.ensure_future(speak()))
        bot.order.append(ending.kind)

    bot.put(answer)
    with bot.watched():
        assert await bot.owner.settle(5 * HOUR)
    assert bot.order == ["done"]
    assert bot.counts == (0, 0, 0)


async def test_the_longest_honest_silence_is_not_stuck() -> None:
    bot = Bot()

    async def slow() -> None:
        await asyncio.sleep(120 + 600)
        bot.order.append("done")

    bot.put(slow)
    with bot.watched():
        assert await bot.owner.settle(HOUR)
    assert bot.order == ["done"]


async def test_a_flood_wait_is_not_stuck_however_long() -> None:
    bot = Bot()

    async def say() -> None:
        await bot.gates.pass_through(ask(bot.gates))
        bot.order.append("said")

    async def answer() -> None:
        await asyncio.create_task(say())

    bot.gates.flooded("a", ONE_A_SECOND, 3 * HOUR)
    bot.put(answer)
    with bot.watched():
        await asyncio.sleep(2.9 * HOUR)
        assert bot.order == []
        assert await bot.owner.settle(HOUR)
    assert bot.order == ["said"]
    assert bot.counts == (0, 0, 0)


async def test_after_a_flood_wait_the_time_begins_anew() -> None:
    bot = Bot()

    async def answer() -> None:
        await bot.gates.pass_through(ask(bot.gates))
        await asyncio.sleep(STUCK - 2 * LOOK_EVERY)
        bot.order.append("done")

    bot.gates.flooded("a", ONE_A_SECOND, HOUR)
    bot.put(answer)
    with bot.watched():
        assert await bot.owner.settle(2 * HOUR)
    assert bot.order == ["done"]


@pytest.mark.parametrize("previews", [False, True])
async def test_a_typing_sign_is_no_sign_of_life(previews: bool) -> None:
    bot = Bot()
    scarce = Meter("signs", frozenset[CallKind]({"typing", "preview"}), Bucket(1, 0.02), "test")
    limits = replace(LIMITS, previews=True, place=(LIMITS.place[0], scarce)) if previews else LIMITS
    channel = SimulatedChannel(Platform(), limits=limits)

    async def answer() -> None:
        reply = Reply(channel, bot.gates, nonce="n")
        reply.feed("Let me see" if previews else "")
        delivery = asyncio.create_task(reply.deliver())
        try:
            await asyncio.Event().wait()
        finally:
            delivery.cancel()
            await asyncio.wait([delivery])

    bot.put(answer)
    with bot.watched():
        assert await bot.owner.settle(HOUR)
    assert bot.order == ["told of stuck"]
    assert len([kind for _, kind, _ in channel.calls if kind == ("preview" if previews else "typing")]) > 10


async def test_signs_of_one_job_are_not_those_of_the_next() -> None:
    bot = Bot()
    straying: list[asyncio.Task[None]] = []

    async def stray() -> None:
        while True:
            await asyncio.sleep(60)
            progress.mark()

    async def start() -> None:
        straying.append(asyncio.create_task(stray()))

    async def stuck() -> None:
        await asyncio.Event().wait()

    bot.put(start)
    bot.put(stuck)
    with bot.watched():
        await asyncio.sleep(HOUR)
    straying[0].cancel()
    assert bot.order == ["told of stuck"]


def test_a_mark_outside_of_any_job_is_nothing() -> None:
    progress.mark()
    with progress.waiting():
        progress.mark()


def test_what_is_seen_of_a_job() -> None:
    job = Progress()
    watched = Watched(job)
    verdicts = [watched.look() for _ in range(1 + END_AFTER + 10)]
    assert verdicts.index("end the answer") == STUCK_AFTER
    assert verdicts.index("end the job") == END_AFTER
    assert verdicts.count("well") == len(verdicts) - 2
    job.signs += 1
    assert [watched.look() for _ in range(STUCK_AFTER)] == ["well"] * STUCK_AFTER
    job.waits += 1
    assert [watched.look() for _ in range(10 * STUCK_AFTER)] == ["well"] * (10 * STUCK_AFTER)
    job.waits -= 1
    assert watched.look() == "well"


async def test_one_look_that_fails_is_not_the_last(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bot = Bot()
    monkeypatch.setattr(bot.gates, "rouse", lambda: 1 // 0)
    with bot.watched():
        await asyncio.sleep(3.5 * LOOK_EVERY)
    assert caplog.text.count("the watch over lanes and gates failed") == 3


async def test_where_tasks_stand() -> None:
    async def outer() -> None:
        await inner()

    async def inner() -> None:
        await asyncio.sleep(10)

    task = asyncio.create_task(outer())
    await asyncio.sleep(0)
    names = [part.partition(" ")[0].rpartition(".")[2] for part in places_of([task, None]).split(" < ")]
    assert names == ["sleep", "inner", "outer"]
    await task
    assert places_of([task]) == ""


# Ending a job, and the cancellations of lanes


async def stuck() -> None:
    await asyncio.Event().wait()


async def test_ended_twice_or_after_its_end() -> None:
    bot = Bot()
    bot.put(stuck)
    bot.put_next()
    await asyncio.sleep(1)
    job = bot.lanes.doing[CHAT.key]
    job.end()
    job.end()
    assert await bot.owner.settle(10)
    job.end()
    assert bot.order == ["told of stuck", "next"]


async def test_ended_in_a_race_with_its_own_end() -> None:
    bot = Bot()

    async def brief() -> None:
        await asyncio.sleep(1)

    bot.put(brief)
    bot.put_next()
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_at(asyncio.get_running_loop().time() + 1, bot.lanes.doing[CHAT.key].end)
    assert await bot.owner.settle(10)
    assert bot.order[-1] == "next"


async def test_closed_while_a_stuck_job_is_ended() -> None:
    bot = Bot()
    bot.put(stuck)
    bot.put_next()
    await asyncio.sleep(1)
    bot.lanes.doing[CHAT.key].end()
    await bot.owner.close()
    assert bot.order == []
    assert not bot.lanes.busy(CHAT.key)


async def test_a_time_out_of_the_jobs_own_is_its_failure(caplog: pytest.LogCaptureFixture) -> None:
    bot = Bot()

    async def late() -> None:
        raise TimeoutError("its own")

    bot.put(late)
    bot.put_next()
    with caplog.at_level(logging.ERROR):
        assert await bot.owner.settle(10)
    assert bot.order == ["next"]
    assert "its own" in caplog.text


# Gates


async def test_a_call_that_its_gate_forgot_is_roused() -> None:
    bot = Bot()
    passing = [asyncio.create_task(bot.gates.pass_through(ask(bot.gates))) for _ in range(3)]
    await asyncio.sleep(0)
    assert bot.gates._timer is not None
    bot.gates._timer.cancel()
    with bot.watched():
        await asyncio.sleep(LOOK_EVERY + 5)
    assert all(task.done() for task in passing)
    assert bot.watching.calls_roused == 1, "the first that was let out set the timer for the others"


async def test_a_gate_that_works_is_not_roused() -> None:
    gates = Gates()
    gates.flooded("a", ONE_A_SECOND, HOUR)
    waiting = [asyncio.create_task(gates.pass_through(ask(gates, place))) for place in "aabbb"]
    await asyncio.sleep(0)
    for _ in range(100):
        assert gates.rouse() == 0
        await asyncio.sleep(0.1)
    waiting[0].cancel()
    await asyncio.sleep(LATE + HOUR)
    assert gates.rouse() == 0
    assert all(task.done() for task in waiting)


# Between the parts


async def test_a_platform_that_is_down_for_hours_is_waited_for() -> None:
    bot = Bot()
    platform = Platform(faults=iter(["not-sent"] * 300))  # two and a half hours of attempts
    channel = SimulatedChannel(platform)

    async def answer() -> None:
        reply = Reply(channel, bot.gates, nonce="n")
        reply.feed("Hello")
        reply.finish()
        await reply.deliver()

    bot.put(answer)
    with bot.watched():
        await asyncio.sleep(2 * HOUR)
        assert bot.lanes.busy(CHAT.key)
        assert await bot.owner.settle(HOUR)
    assert list(channel.screen.values()) == ["Hello"]
    assert bot.counts == (0, 0, 0)


async def test_somebody_whose_job_was_stuck_is_told_and_the_event_is_done() -> None:
    bot = Bot()
    channel = SimulatedChannel(Platform(), chat=CHAT, limits=replace(LIMITS, text=400))
    done: list[str] = []
    queue = Queue(bot.lanes, bot.owner, Speaker(bot.gates), None)  # type: ignore[arg-type]  # counts nothing
    with receipts.working_on(Receipt("update 1", done.extend)):
        queue.put(CHAT, channel, Job(stuck), Person("telegram", "7", "Ann"))
    with bot.watched():
        await asyncio.sleep(STUCK)
        assert done == []
        assert await bot.owner.settle(HOUR)
    assert list(channel.screen.values()) == [notices.STUCK.say()]
    assert done == ["update 1"]
