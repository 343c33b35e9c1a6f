"""The gate: every call to a platform passes it, so that the platform never has to say no.

There is a place for each chat that the platform meters, with counts of its own, and shared counts for the whole bot.
A call that cannot go out yet waits in one queue: durable calls (first sends, final texts, errors) first, then those
that have been due the longest, which gives every chat its turn when the whole bot is at its limit. A wait of one place
never holds up another. After a RetryLater the place is silent, and slower for a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass

from bot import clock, progress
from bot.domain.platform import Bucket, CallKind, Limits, Meter
from bot.ports import Channel, Observer
from bot.replies.meters import Count, count_for
from bot.telemetry.silence import Silence

MARGIN = 0.25
"""Seconds added to a pause that the platform asks for: its clock and ours differ, and a call too early lengthens it."""

LATE = 5.0
"""Seconds after which a call that may go out and does not was forgotten; a busy loop is late by much less."""

SLOWEST = 8.0
CALM = 60.0
"""After so many seconds without a RetryLater a place that was slowed down gets twice as fast again."""


@dataclass(slots=True)
class _Place:
    counts: list[tuple[Meter, Count]]
    quiet_until: float = float("-inf")
    slow: float = 1.0
    calm_at: float = float("inf")
    last: float = float("-inf")
    waiting: int = 0

    def settle(self, now: float) -> None:
        while self.slow > 1.0 and now >= self.calm_at:
            self.slow_down(max(1.0, self.slow / 2))
            self.calm_at += CALM

    def slow_down(self, factor: float) -> None:
        self.slow = factor
        for _, count in self.counts:
            count.slow = factor

    def idle(self, now: float) -> bool:
        quiet = now >= self.quiet_until and self.slow == 1.0 and not self.waiting
        return quiet and all(count.idle(now) for _, count in self.counts)


@dataclass(slots=True, eq=False)
class Ticket:
    """A call that asks to go out: never before `earliest`, and before `due` only if it is durable.

    The platform counts it as so many `calls`.
    """

    place: _Place
    shared: list[tuple[Meter, Count]]
    kind: CallKind
    durable: bool
    earliest: float
    due: float
    number: int
    granted: asyncio.Future[None]
    calls: int = 1

    def counts(self) -> list[tuple[Meter, Count]]:
        return [(meter, count) for meter, count in (*self.place.counts, *self.shared) if self.kind in meter.calls]

    def free_at(self, now: float) -> float:
        """When this call may go out, as far as is known now."""
        times = [self.earliest if self.durable else self.due, self.place.quiet_until]
        times += [self._free_of(meter, count, now) for meter, count in self.counts()]
        return max(times)

    def gathers(self, now: float) -> set[int]:
        """The counts (by `id`) that those behind must leave alone, or a call that counts as several would never find
        enough in them. What all places share is left alone only when nothing else is missing."""
        if self.calls == 1 or now < max(self.earliest, self.place.quiet_until):
            return set()
        own = [(meter, count) for meter, count in self.place.counts if self.kind in meter.calls]
        shared = [(meter, count) for meter, count in self.shared if self.kind in meter.calls]
        missing = any(self._free_of(meter, count, now) > now for meter, count in own)
        return {id(count) for _, count in (own if missing else [*own, *shared])}

    def _free_of(self, meter: Meter, count: Count, now: float) -> float:
        # More than the platform ever allows at once cannot be waited for: all of it is the most.
        most = meter.rate.capacity if isinstance(meter.rate, Bucket) else meter.rate.calls
        others = min(self.calls, max(1, int(most))) - 1
        return count.free_at(now, others + (0 if self.durable else meter.reserve))

    def order(self) -> tuple[bool, float, int]:
        return (not self.durable, self.earliest if self.durable else self.due, self.number)


class Gates:
    """All gates of one process; places and bots are told apart by their keys. `paused` is told of each pause that a
    platform asks for: its place, and how many seconds it lasts. `observer` is told of calls by those who make them."""

    def __init__(
        self,
        paused: Callable[[str, float], None] = lambda _place, _seconds: None,
        observer: Observer | None = None,
    ) -> None:
        self.observer = observer or Silence()
        self._paused = paused
        self._quiet: dict[str, float] = {}
        self._places: dict[str, _Place] = {}
        self._shared: dict[str, list[tuple[Meter, Count]]] = {}
        self._queue: list[Ticket] = []
        self._timer: asyncio.TimerHandle | None = None
        self._number = 0
        self._sweep_at = 64

    def ask(
        self,
        bot: str,
        place: str,
        limits: Limits,
        kind: CallKind,
        *,
        durable: bool,
        earliest: float,
        calls: int = 1,
    ) -> Ticket:
        """Queue up for a call at `place` (`Channel.rate_key`), not before `earliest`.

        `calls` is as how many the platform counts it; only a durable one may count as several.
        """
        now = clock.now()
        spot = self._place(place, limits, now)
        shared = self._shared_by(bot, limits)
        earliest = max(earliest, now)
        due = max(earliest, self._paced(spot, kind, now))
        self._number += 1
        granted = asyncio.get_running_loop().create_future()
        ticket = Ticket(spot, shared, kind, durable, earliest, due, self._number, granted, calls)
        spot.waiting += 1
        self._queue.append(ticket)
        self._pump()
        return ticket

    async def pass_through(self, ticket: Ticket) -> None:
        """Wait until the call may go out; it counts from then on. Cancelled, the call does not count."""
        try:
            # Typing signs and previews are kept up while nothing happens.
            shows = ticket.kind in ("send", "edit") and not ticket.granted.done()
            with progress.waiting() if shows else nullcontext():
                await ticket.granted
        except asyncio.CancelledError:
            self.withdraw(ticket)
            raise

    def withdraw(self, ticket: Ticket) -> None:
        """The call is not wanted any more."""
        if ticket in self._queue:
            self._queue.remove(ticket)
            ticket.place.waiting -= 1
            self._pump()
        else:
            self.give_back(ticket)

    def promote(self, ticket: Ticket) -> None:
        """The call became durable while it waits."""
        ticket.durable = True
        self._pump()

    def give_back(self, ticket: Ticket) -> None:
        """The granted call was not made after all."""
        for _, count in ticket.counts() * ticket.calls:
            count.give_back()
        self._pump()

    @property
    def waiting(self) -> int:
        """How many calls wait, at all places."""
        return len(self._queue)

    def quiet(self) -> int:
        """How many places are silent because their platform asked for it."""
        now = clock.now()
        recalled = sum(now < until for until in self._quiet.values())
        return recalled + sum(now < spot.quiet_until for spot in self._places.values())

    def flooded(self, place: str, limits: Limits, after: float) -> None:
        """The platform asked for a pause of `after` seconds at this place."""
        self._paused(place, after)
        self.pause(place, limits, after)

    def pause(self, place: str, limits: Limits, after: float) -> None:
        """Be silent at a place, and slower afterwards."""
        now = clock.now()
        spot = self._place(place, limits, now)
        spot.quiet_until = max(spot.quiet_until, now + after + MARGIN)
        spot.slow_down(min(SLOWEST, spot.slow * 2))
        spot.calm_at = spot.quiet_until + CALM
        for _, count in spot.counts:
            count.empty(spot.quiet_until)
        self._pump()

    def rouse(self) -> int:
        """Let out the calls that should have gone out some seconds ago, and tell how many those were. There are none,
        unless a timer was lost."""
        then = clock.now() - LATE
        forgotten = [each for each in self._queue if not each.granted.cancelled() and each.free_at(then) <= then]
        if forgotten:
            self._pump()
        return sum(ticket.granted.done() for ticket in forgotten)

    def recall(self, pauses: Mapping[str, float]) -> None:
        """Pauses that were asked for before a restart: places, and the seconds that are left."""
        now = clock.now()
        self._quiet.update({place: now + seconds for place, seconds in pauses.items()})

    def spent(self, bot: str, place: str, limits: Limits) -> None:
        """Another process has just used this place, nobody knows how much: nothing is left there now."""
        now = clock.now()
        for _, count in (*self._place(place, limits, now).counts, *self._shared_by(bot, limits)):
            count.spend(now)

    def _shared_by(self, bot: str, limits: Limits) -> list[tuple[Meter, Count]]:
        return self._shared.setdefault(bot, [(meter, count_for(meter)) for meter in limits.shared])

    def _place(self, key: str, limits: Limits, now: float) -> _Place:
        if key not in self._places:
            self._drop_idle(now)
            self._places[key] = _Place([(meter, count_for(meter)) for meter in limits.place])
            if (until := self._quiet.pop(key, now)) > now:
                self.pause(key, limits, until - now)
        spot = self._places[key]
        spot.settle(now)
        return spot

    def _drop_idle(self, now: float) -> None:
        """Forget idle places, at a cost that is constant for each new one."""
        if len(self._places) >= self._sweep_at:
            self._places = {key: spot for key, spot in self._places.items() if not spot.idle(now)}
            self._sweep_at = max(64, 2 * len(self._places))

    def _paced(self, spot: _Place, kind: CallKind, now: float) -> float:
        """When a call that can wait should go out, to spread the spare calls of its place."""
        if kind == "typing" or spot.last == float("-inf"):
            return now
        counts = [(meter, count) for meter, count in spot.counts if kind in meter.calls]
        return max((count.paced(spot.last, now, meter.reserve) for meter, count in counts), default=now)

    def _pump(self) -> None:
        """Let out whatever may go, in order, and come back when the next one may."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = clock.now()
        wake = float("inf")
        left: list[Ticket] = []
        kept: set[int] = set()
        for ticket in sorted(self._queue, key=Ticket.order):
            if ticket.granted.cancelled():  # its task is about to withdraw it
                left.append(ticket)
                continue
            at = ticket.free_at(now)
            behind = bool(kept) and any(id(count) in kept for _, count in ticket.counts())
            if at <= now and not behind:
                self._let_out(ticket, now)
                continue
            left.append(ticket)
            kept |= ticket.gathers(now)
            if at > now:
                wake = min(wake, at)
        self._queue = left
        if wake < float("inf"):
            self._timer = clock.call_at(wake, self._pump)

    def _let_out(self, ticket: Ticket, now: float) -> None:
        for _, count in ticket.counts() * ticket.calls:
            count.take(now)
        if ticket.kind != "typing":
            ticket.place.last = now
        ticket.place.waiting -= 1
        ticket.granted.set_result(None)


def place_of(channel: Channel) -> tuple[str, str]:
    """The keys of the bot and of the place that the platform meters."""
    bot = f"{channel.chat.platform}:{channel.chat.bot_id}"
    return bot, f"{bot}:{channel.rate_key}"
