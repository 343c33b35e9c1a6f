"""Event loops with another time: one that jumps ahead when nothing is left to do, and two that run faster."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of sleeping until the next timer, moves the clock there."""

    def __init__(self) -> None:
        super().__init__()
        self.offset = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("deadlock: every task waits and no timer is set")
        if not ready and timeout:
            self.offset += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose clock moves only by its own timers: an hour of sleeping takes no time, and a deadlock raises.

    For code without sockets and threads.
    """

    def __init__(self) -> None:
        self._jumper = _JumpingSelector()
        super().__init__(self._jumper)

    def time(self) -> float:
        return self._jumper.offset


THREADS_MAY_TAKE = 0.5
"""Real seconds for which a clock that runs fast waits for threads at work; a lock may hold them longer."""


class _FastSelector(selectors.DefaultSelector):
    """Waits a `speed`th of the time, but real time for threads; `gained` is by how much the clock is ahead."""

    def __init__(self, speed: float) -> None:
        super().__init__()
        self.speed = speed
        self.gained = 0.0
        self.threads = 0
        self._threads_since = 0.0

    def thread_begins(self) -> None:
        if not self.threads:
            self._threads_since = time.monotonic()
        self.threads += 1

    def thread_ends(self) -> None:
        self.threads -= 1

    def select(self, timeout: float | None = None) -> Any:
        began = time.monotonic()
        patience = self._threads_since + THREADS_MAY_TAKE - began if self.threads else 0.0
        if patience > 0:
            return super().select(patience if timeout is None else min(timeout, patience))
        ready = super().select(None if timeout is None else timeout / self.speed)
        waited = time.monotonic() - began
        # A busy machine may wake us late; the clock stops at the timer that we meant to be there for.
        passed = waited * self.speed if timeout is None else min(waited * self.speed, max(timeout, 0.0))
        self.gained += passed - waited
        return ready


class FastLoop(asyncio.SelectorEventLoop):
    """A loop that waits a `speed`th of the time, for whole programs over real sockets with their servers in one loop.

    What the code itself needs, and its threads, counts once, as on the wall's clock, and no timer is seen late by more
    than that: a busy machine makes a test slower and changes little in it.
    """

    def __init__(self, speed: float = 10.0) -> None:
        self.speed = speed
        self._fast = _FastSelector(speed)
        super().__init__(self._fast)

    def time(self) -> float:
        return super().time() + self._fast.gained

    @contextmanager
    def thread_at_work(self) -> Iterator[None]:
        self._fast.thread_begins()
        try:
            yield
        finally:
            self._fast.thread_ends()

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]
        future = super().run_in_executor(executor, func, *args)
        self._fast.thread_begins()
        future.add_done_callback(lambda _: self._fast.thread_ends())
        return future


class _ScaledSelector(selectors.DefaultSelector):
    def __init__(self, speed: float) -> None:
        super().__init__()
        self.speed = speed

    def select(self, timeout: float | None = None) -> Any:
        return super().select(None if timeout is None else timeout / self.speed)


class ScaledLoop(asyncio.SelectorEventLoop):
    """A loop whose clock is the wall's times `speed`, whatever happens: processes that run on it agree on the time."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        super().__init__(_ScaledSelector(speed))

    def time(self) -> float:
        return super().time() * self.speed


REAL_PATIENCE = 8.0
"""Real seconds that something may take in any case: the machine may be busy, and the loop's clock fast."""


def patient(seconds: float) -> float:
    """At least so many seconds on the running loop's clock, and never fewer than `REAL_PATIENCE` on the wall's."""
    speed: float = getattr(asyncio.get_running_loop(), "speed", 1.0)
    return max(seconds, REAL_PATIENCE * speed)
