"""One lane per conversation: what was accepted first is done first, and nothing in one lane waits for another."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot import clock, receipts
from bot.progress import Progress, followed
from bot.tasks import TaskOwner

Job = Callable[[], Awaitable[None]]

CAPACITY = 20


@dataclass(frozen=True, slots=True, eq=False)
class Doing:
    """A job that is being done: its signs of life, and the task that does it."""

    progress: Progress
    task: asyncio.Task[None] | None
    scope: asyncio.Timeout

    def end(self) -> None:
        """Cancel the job, as one that is stuck; what waits behind it goes on."""
        if not self.scope.expired():
            self.scope.reschedule(clock.now())


@dataclass(frozen=True, slots=True)
class _Waiting:
    job: Job
    if_stuck: Callable[[], None] | None


class Lanes:
    """Runs jobs in the order of `submit`, one at a time for each key; a lane without jobs does not exist."""

    def __init__(self, owner: TaskOwner, capacity: int = CAPACITY) -> None:
        self._owner = owner
        self._capacity = capacity
        self._waiting: dict[str, deque[_Waiting]] = {}
        self._doing: dict[str, Doing] = {}

    def busy(self, key: str) -> bool:
        """Whether a job that is submitted now has to wait."""
        return key in self._waiting

    @property
    def running(self) -> int:
        """How many lanes have a job."""
        return len(self._waiting)

    @property
    def waiting(self) -> int:
        """How many jobs wait for their turn, over all lanes."""
        return sum(len(jobs) - 1 for jobs in self._waiting.values())

    @property
    def doing(self) -> Mapping[str, Doing]:
        """What is being done now, by lane."""
        return self._doing

    def submit(self, key: str, job: Job, *, surely: bool = False, if_stuck: Callable[[], None] | None = None) -> bool:
        """Put a job at the end of its lane. Does not wait. False when the lane is full and the job was not taken, which
        it is all the same where it must `surely` be done. `if_stuck` is called when it had to be ended."""
        waiting = _Waiting(job, if_stuck)
        if key not in self._waiting:
            self._waiting[key] = deque([waiting])
            self._start(key)
            return True
        if len(self._waiting[key]) >= self._capacity and not surely:
            return False
        self._waiting[key].append(waiting)
        return True

    def _start(self, key: str) -> None:
        with receipts.working_on(None):  # a lane outlives the event that was its first
            self._owner.start(self._run(key), name=f"lane {key}")

    async def _run(self, key: str) -> None:
        """Work the lane off. A job that fails, or ends in a cancellation of its own, ends this task; what waits behind
        it goes on in another."""
        jobs = self._waiting[key]
        try:
            while jobs:
                try:
                    await self._do(key, jobs[0])
                finally:
                    jobs.popleft()
        finally:
            if jobs and not _being_cancelled():
                self._start(key)
            else:
                del self._waiting[key]

    async def _do(self, key: str, waiting: _Waiting) -> None:
        progress = Progress()
        try:
            with followed(progress):
                async with asyncio.timeout(None) as scope:
                    self._doing[key] = Doing(progress, asyncio.current_task(), scope)
                    await waiting.job()
        except TimeoutError:
            if not scope.expired():
                raise
            if waiting.if_stuck is not None:
                waiting.if_stuck()
        finally:
            self._doing.pop(key, None)


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
