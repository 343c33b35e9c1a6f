"""Flood control: what Telegram meters, how much it lets pass, and the bans for going beyond.

Sources of the defaults. Telegram's bot FAQ, "My bot is hitting limits": about one message a second in one chat with
short bursts above that, at most 20 messages a minute in one group, about 30 messages a second overall; edits are
counted like messages. Notes on AI bots (core.telegram.org/api/bots/ai): drafts and chat actions share 20 calls in
5 s and 40 in 30 s for one chat. Reports from the field: bans begin with a few seconds, and calls made inside a ban
lengthen it, up to hours.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Literal, Protocol

from tests.fakes.telegram_errors import ApiError, too_many_requests

Metered = Literal["message", "activity"]
"""message: sends and edits; activity: drafts and chat actions."""


@dataclass(frozen=True, slots=True)
class Bucket:
    capacity: float
    per_second: float


@dataclass(frozen=True, slots=True)
class Window:
    """At most `calls` in any `seconds` seconds."""

    calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class FloodRules:
    """All times in seconds.

    `slack`: how much two calls may have drawn nearer to each other on their way, which no sender can see.
    `in_flight`: calls that arrive this soon after a ban began were under way; they are refused and not blamed.
    `growth`: what a call inside a ban multiplies the ban's length by.
    """

    private: Bucket = Bucket(capacity=5, per_second=1)
    group: Window = Window(calls=20, seconds=60)
    overall: Window = Window(calls=30, seconds=1)
    activity: tuple[Window, ...] = (Window(calls=20, seconds=5), Window(calls=40, seconds=30))
    first_ban: float = 3
    growth: float = 2
    longest_ban: float = 3600
    slack: float = 0.1
    in_flight: float = 0.25


class Meter(Protocol):
    def wait(self, now: float, calls: int = 1) -> float:
        """Seconds until so many more calls fit, or as many as ever do; 0 when they fit now."""
        ...

    def take(self, now: float) -> None: ...


class BucketMeter:
    def __init__(self, bucket: Bucket, slack: float) -> None:
        self._bucket = bucket
        self._debt = slack * bucket.per_second
        self._level = bucket.capacity
        self._at = -math.inf

    def wait(self, now: float, calls: int = 1) -> float:
        missing = min(calls, self._bucket.capacity) - self._debt - self._filled(now)
        return max(0.0, missing / self._bucket.per_second)

    def take(self, now: float) -> None:
        self._level = self._filled(now) - 1
        self._at = now

    def _filled(self, now: float) -> float:
        return min(self._bucket.capacity, self._level + (now - self._at) * self._bucket.per_second)


class WindowMeter:
    def __init__(self, window: Window, slack: float) -> None:
        self._calls = window.calls
        self._seconds = window.seconds - slack
        self._taken: deque[float] = deque()

    def wait(self, now: float, calls: int = 1) -> float:
        while self._taken and self._taken[0] <= now - self._seconds:
            self._taken.popleft()
        too_many = len(self._taken) + min(calls, self._calls) - self._calls
        return 0.0 if too_many <= 0 else self._taken[too_many - 1] + self._seconds - now

    def take(self, now: float) -> None:
        self._taken.append(now)


@dataclass(slots=True)
class Place:
    """Something that is metered on its own, and the ban that lies on it."""

    meters: list[Meter]
    banned_at: float = field(default=-math.inf, init=False)
    banned_until: float = field(default=-math.inf, init=False)
    length: float = field(default=0.0, init=False)

    def ban(self, now: float, seconds: float) -> None:
        self.banned_at, self.banned_until, self.length = now, now + seconds, seconds


class Flood:
    """Counts calls and refuses those that are too many. `hits` counts the refusals that the bot brought on itself."""

    def __init__(self, rules: FloodRules) -> None:
        self.hits = 0
        self._rules = rules
        self._overall = Place([WindowMeter(rules.overall, rules.slack)])
        self._places: dict[tuple[int, Metered], Place] = {}

    def charge(self, now: float, chat_id: int, what: Metered, calls: int = 1) -> None:
        """Count a call, an album as many. Raises a 429 ApiError when it is too many; a refused one is not counted."""
        place = self._place(chat_id, what)
        places = [place, self._overall] if what == "message" else [place]
        for banned in places:
            self._respect_ban(banned, now)
        for full in places:
            wait = max(meter.wait(now, calls) for meter in full.meters)
            if wait > 0:
                self.hits += 1
                full.ban(now, max(wait, self._rules.first_ban))
                raise self._refusal(full, now)
        for meter in (meter for counted in places for meter in counted.meters):
            for _ in range(calls):
                meter.take(now)

    def ban(self, now: float, chat_id: int, what: Metered, seconds: float) -> None:
        """Refuse these calls for a while, as a test's script asks; calling inside counts as the bot's own fault."""
        self._place(chat_id, what).ban(now, seconds)

    def rest(self) -> None:
        """So much time has passed that nothing is counted any more; bans go on."""
        self._overall.meters = [WindowMeter(self._rules.overall, self._rules.slack)]
        for (chat_id, what), place in self._places.items():
            place.meters = self._meters(chat_id, what)

    def _place(self, chat_id: int, what: Metered) -> Place:
        key = (chat_id, what)
        if key not in self._places:
            self._places[key] = Place(self._meters(chat_id, what))
        return self._places[key]

    def _meters(self, chat_id: int, what: Metered) -> list[Meter]:
        rules = self._rules
        if what == "activity":
            return [WindowMeter(window, rules.slack) for window in rules.activity]
        if chat_id > 0:
            return [BucketMeter(rules.private, rules.slack)]
        return [WindowMeter(rules.group, rules.slack)]

    def _respect_ban(self, place: Place, now: float) -> None:
        if now >= place.banned_until:
            return
        if now > place.banned_at + self._rules.in_flight:
            self.hits += 1
            place.length = min(self._rules.longest_ban, place.length * self._rules.growth)
            place.banned_until = now + place.length
        raise self._refusal(place, now)

    @staticmethod
    def _refusal(place: Place, now: float) -> ApiError:
        return too_many_requests(max(1, math.ceil(place.banned_until - now)))
