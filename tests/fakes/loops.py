"""Event loops with another time: one that jumps ahead when nothing is left to do, and one that runs faster."""

from __future__ import annotations

import asyncio
import selectors
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


class _FastSelector(selectors.DefaultSelector):
    def __init__(self, speed: float) -> None:
        super().__init__()
        self.speed = speed

    def select(self, timeout: float | None = None) -> Any:
        return super().select(None if timeout is None else timeout / self.speed)


class FastLoop(asyncio.SelectorEventLoop):
    """A loop whose clock runs `speed` times as fast as the real one, for whole programs over real sockets.

    Server and client in one loop agree about the time; what the code itself needs counts `speed` times.
    """

    def __init__(self, speed: float = 10.0) -> None:
        self.speed = speed
        super().__init__(_FastSelector(speed))

    def time(self) -> float:
        return super().time() * self.speed


REAL_PATIENCE = 8.0
"""Real seconds that something may take in any case: the machine may be busy, and the loop's clock fast."""


def patient(seconds: float) -> float:
    """At least so many seconds on the running loop's clock, and never fewer than `REAL_PATIENCE` on the wall's."""
    speed: float = getattr(asyncio.get_running_loop(), "speed", 1.0)
    return max(seconds, REAL_PATIENCE * speed)
