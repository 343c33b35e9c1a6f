"""One lane per conversation: what was accepted first is done first, and nothing in one lane waits for another."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from bot import receipts
from bot.tasks import TaskOwner

Job = Callable[[], Awaitable[None]]

CAPACITY = 20


class Lanes:
    """Runs jobs in the order of `submit`, one at a time for each key; a lane without jobs does not exist."""

    def __init__(self, owner: TaskOwner, capacity: int = CAPACITY) -> None:
        self._owner = owner
        self._capacity = capacity
        self._waiting: dict[str, deque[Job]] = {}

    def busy(self, key: str) -> bool:
        """Whether a job that is submitted now has to wait."""
        return key in self._waiting

    @property
    def waiting(self) -> int:
        """How many jobs wait for their turn, over all lanes."""
        return sum(len(jobs) - 1 for jobs in self._waiting.values())

    def submit(self, key: str, job: Job, *, surely: bool = False) -> bool:
        """Put a job at the end of its lane. Does not wait. False when the lane is full and the job was not taken, which
        it is all the same where it must `surely` be done."""
        if key not in self._waiting:
            self._waiting[key] = deque([job])
            self._start(key)
            return True
        if len(self._waiting[key]) >= self._capacity and not surely:
            return False
        self._waiting[key].append(job)
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
                    await jobs[0]()
                finally:
                    jobs.popleft()
        finally:
            if jobs and not _being_cancelled():
                self._start(key)
            else:
                del self._waiting[key]


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
