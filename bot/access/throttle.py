"""How fast, and how much at once, a person may ask. Sans-IO: times are handed in, in seconds of one clock."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from bot.domain.recent import Recent

REMEMBERED = 10_000
"""People whose pace is known. Whoever is forgotten may send a burst again."""

SMALLEST_BURST = 3
_SLACK = 1e-9
"""Whoever waits exactly as long as they were told gets through, in spite of rounding."""


@dataclass(slots=True)
class _Bucket:
    """`tokens` messages were left at the time `at`."""

    tokens: float
    at: float


class Throttle:
    """`per_minute` messages of each person on average, 0 for any number; a quarter of them, but at least 3, at once.

    `at_once` is how many answers may be written for one person at the same time.
    """

    def __init__(self, per_minute: int, at_once: int) -> None:
        self.at_once = at_once
        self._per_second = per_minute / 60
        self._burst = max(SMALLEST_BURST, per_minute // 4)
        self._buckets: Recent[str, _Bucket] = Recent(REMEMBERED)
        self._running: Counter[str] = Counter()

    def take(self, person: str, now: float) -> float | None:
        """Count a message. Seconds until there is room for it if there is none; such a message is not counted."""
        if not self._per_second:
            return None
        bucket = self._buckets.get(person)
        if bucket is None:
            bucket = self._buckets[person] = _Bucket(self._burst, now)
        bucket.tokens = min(self._burst, bucket.tokens + max(0.0, now - bucket.at) * self._per_second)
        bucket.at = now
        if bucket.tokens < 1 - _SLACK:
            return (1 - bucket.tokens) / self._per_second
        bucket.tokens -= 1
        return None

    def begin(self, person: str) -> bool:
        """Whether one more answer may be written for this person; each True is followed by one `end`."""
        if self._running[person] >= self.at_once:
            return False
        self._running[person] += 1
        return True

    def end(self, person: str) -> None:
        self._running[person] -= 1
        if self._running[person] <= 0:
            del self._running[person]
