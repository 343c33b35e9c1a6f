"""Event loops with another time: one that jumps ahead when nothing is left to do, and two that run faster."""

from __future__ import annotations

import asyncio
import selectors
import time
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


class _ScaledSelector(selectors.DefaultSelector):
    """Waits a `speed`th of the time; `gained` is by how much a clock that leaves out the machine's delays is ahead."""

    def __init__(self, speed: float) -> None:
        super().__init__()
        self.speed = speed
        self.gained = 0.0

    def select(self, timeout: float | None = None) -> Any:
        began = time.monotonic()
        ready = super().select(None if timeout is None else timeout / self.speed)
        waited = time.monotonic() - began
        passed = waited * self.speed
        # A busy machine may wake us late; the clock stops at the timer that we meant to be there for.
        self.gained += (passed if timeout is None else min(passed, max(timeout, 0.0))) - waited
        return ready


class FastLoop(asyncio.SelectorEventLoop):
    """A loop that waits a `speed`th of the time, for whole programs over real sockets with their servers in one loop.

    What the code itself needs counts once, as on the wall's clock, and a timer is never seen late by more than that: a
    busy machine makes a test slower and changes nothing in it.
    """

    def __init__(self, speed: float = 10.0) -> None:
        self.speed = speed
        self._scaled = _ScaledSelector(speed)
        super().__init__(self._scaled)

    def time(self) -> float:
        return super().time() + self._scaled.gained


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
