"""The counts that a platform keeps, as far as we can know them: how many calls are left, and when the next one is.

Times are seconds on the loop's clock.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Protocol

from bot.domain.platform import Bucket, Meter, Window

EAGERNESS = 0.5
"""How fast spare calls are spent beside the refill: this times the root of their number, in calls a second.

Early calls serve a reader who waits for the first words, but nobody knows how long an answer will be. The root lets the
pace fall slowly at first and the spare calls end; of the powers and factors tried, this came nearest to schedules that
know the end, for answers of 3 to 25 s on all platforms (benchmarks/delivery.py prints the comparison)."""


class Count(Protocol):
    """The state of one meter. `slow` stretches its waits, for a platform that is stricter than its data says."""

    slow: float

    def free_at(self, now: float, reserve: int) -> float:
        """When the next call may go out, leaving `reserve` calls untouched."""
        ...

    def paced(self, last: float, now: float, reserve: int) -> float:
        """When a call that can wait should follow the one at `last`, so that what is spare is spread well."""
        ...

    def take(self, now: float) -> None: ...

    def give_back(self) -> None:
        """Undo the newest `take`: the call was not made."""
        ...

    def idle(self, now: float) -> bool:
        """Whether nothing is known here that a new count would not know."""
        ...

    def spend(self, now: float) -> None:
        """Nothing is left now."""
        ...

    def empty(self, until: float) -> None:
        """The platform says that nothing is left before `until`; then it takes one call."""
        ...


class BucketCount:
    def __init__(self, rate: Bucket) -> None:
        self.slow = 1.0
        self._rate = rate
        self._level = rate.capacity
        self._at = float("-inf")

    def _filled(self, now: float) -> float:
        if self._at == float("-inf"):
            return self._level
        grown = self._level + max(0.0, now - self._at) * self._rate.per_second / self.slow
        return min(self._rate.capacity, grown)

    def free_at(self, now: float, reserve: int) -> float:
        missing = 1 + reserve - self._filled(now)
        return now if missing <= _EPSILON else now + missing * self.slow / self._rate.per_second

    def paced(self, last: float, now: float, reserve: int) -> float:
        spare = max(0.0, self._filled(now) - reserve)
        return last + self.slow / (self._rate.per_second + EAGERNESS * math.sqrt(spare))

    def take(self, now: float) -> None:
        self._level = self._filled(now) - 1
        self._at = now

    def give_back(self) -> None:
        self._level = min(self._rate.capacity, self._level + 1)

    def idle(self, now: float) -> bool:
        return self._filled(now) >= self._rate.capacity

    def spend(self, now: float) -> None:
        self._level, self._at = 0.0, now

    def empty(self, until: float) -> None:
        self._level, self._at = 1.0, until


class WindowCount:
    def __init__(self, rate: Window) -> None:
        self.slow = 1.0
        self._rate = rate
        self._taken: deque[float] = deque()

    @property
    def _seconds(self) -> float:
        return self._rate.seconds * self.slow

    def _counted(self, now: float) -> int:
        start = now - self._seconds + _EPSILON
        return sum(1 for at in self._taken if at > start)

    def free_at(self, now: float, reserve: int) -> float:
        allowed = max(1, self._rate.calls - reserve)
        if self._counted(now) < allowed:
            return now
        return self._taken[-allowed] + self._seconds

    def paced(self, last: float, now: float, reserve: int) -> float:
        allowed = max(1, self._rate.calls - reserve)
        used = self._counted(now)
        if used == 0:
            return last + self._seconds / allowed / 2
        full_again = self._taken[-used] + self._seconds
        return last + max(0.0, full_again - last) / (max(0, allowed - used) + 1)

    def take(self, now: float) -> None:
        self._taken.append(now)
        if len(self._taken) > self._rate.calls:
            self._taken.popleft()

    def give_back(self) -> None:
        self._taken.pop()

    def idle(self, now: float) -> bool:
        return not self._taken or now - self._taken[-1] > self._rate.seconds

    def spend(self, now: float) -> None:
        self._taken = deque([now] * self._rate.calls)

    def empty(self, until: float) -> None:
        self._taken = deque([until - self._seconds] + [until] * (self._rate.calls - 1))


_EPSILON = 1e-9


def count_for(meter: Meter) -> Count:
    """A new state for this meter, with nothing used."""
    match meter.rate:
        case Bucket():
            return BucketCount(meter.rate)
        case Window():
            return WindowCount(meter.rate)
