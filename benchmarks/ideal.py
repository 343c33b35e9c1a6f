"""The ideal to compare with: schedules that know all emission times in advance and spend the same meters.

A search, not a proof: for every number of calls, evenly spread calls are bent (more calls early or late), shifted
against those of the other chats, pushed through the meters in order of their times, and, for a single chat, improved
by moving one call at a time. The best schedule found is the ideal.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from bot.domain.platform import CallKind, Limits, Meter
from bot.replies.meters import Count, count_for

Emissions = Sequence[tuple[float, int]]
"""When the model emitted how many characters, in order."""

BENDS = (0.75, 0.9, 1.0, 1.1, 1.25, 1.5, 1.9)
SHIFTS = (0.0, 0.25, 0.5, 1.0)
MOST_CALLS = 40
MOVES = 1500


@dataclass(frozen=True, slots=True)
class Ideal:
    """Delays in seconds; `calls` is the mean for one answer."""

    mean: float
    p95: float
    first: float
    last: float
    calls: float


class Delays:
    """How late the characters of one answer are on screen, for given times of calls."""

    def __init__(self, emissions: Emissions) -> None:
        self.times = [at for at, _ in emissions]
        self.counts = [count for _, count in emissions]
        self._sums = [0, *accumulate(self.counts)]
        self._moments = [0.0, *accumulate(at * count for at, count in emissions)]
        self.characters = self._sums[-1]

    def total(self, calls: Sequence[float]) -> float:
        """Seconds summed over all characters; each is shown by the first call that is not before it."""
        shown = 0
        late = 0.0
        for call in calls:
            upto = bisect_right(self.times, call)
            if upto > shown:
                late += call * (self._sums[upto] - self._sums[shown]) - (self._moments[upto] - self._moments[shown])
                shown = upto
        return late if shown == len(self.times) else float("inf")

    def each(self, calls: Sequence[float]) -> list[tuple[float, int]]:
        """The delay of each emission, and how many characters it had."""
        found = []
        index = 0
        for at, count in zip(self.times, self.counts, strict=True):
            while calls[index] < at:
                index += 1
            found.append((calls[index] - at, count))
        return found


class _Meters:
    """The counts of one chat and those that all chats share, reserve included: the ideal may spend everything."""

    def __init__(self, place: Sequence[Meter], shared: list[tuple[Meter, Count]]) -> None:
        self._counts = [*((meter, count_for(meter)) for meter in place), *shared]

    def call(self, wanted: float, kind: CallKind) -> float:
        """Make a call at the first time from `wanted` at which the meters allow it."""
        at = wanted
        counts = [count for meter, count in self._counts if kind in meter.calls]
        while (free := max((count.free_at(at, 0) for count in counts), default=at)) > at + 1e-9:
            at = free
        for count in counts:
            count.take(at)
        return at


def ideal(answers: Sequence[Emissions], limits: Limits) -> Ideal:
    """The best schedule found for these answers, each in a chat of its own."""
    delays = [Delays(emissions) for emissions in answers]
    best = min(
        (
            _through_meters(delays, limits, calls, bend, shift)
            for calls in range(1, MOST_CALLS + 1)
            for bend in BENDS
            for shift in (SHIFTS if len(answers) > 1 else (0.0,))
        ),
        key=lambda schedule: _cost(delays, schedule),
    )
    if len(answers) == 1:
        best = [_improved(delays[0], limits, best[0])]
    return _figures(delays, best)


def _through_meters(
    delays: Sequence[Delays], limits: Limits, calls: int, bend: float, shift: float
) -> list[list[float]]:
    wanted: list[tuple[float, int]] = []
    for index, each in enumerate(delays):
        start, end = each.times[0], each.times[-1]
        offset = shift * index / len(delays) / calls
        for number in range(1, calls):
            share = min(1.0, max(0.0, number - 1 + offset * calls + (1 - shift)) / calls)
            wanted.append((start + (end - start) * share**bend, index))
        wanted.append((end, index))
    return _push([*sorted(wanted)], delays, limits)


def _push(wanted: Sequence[tuple[float, int]], delays: Sequence[Delays], limits: Limits) -> list[list[float]]:
    shared = [(meter, count_for(meter)) for meter in limits.shared]
    meters = [_Meters(limits.place, shared) for _ in delays]
    schedule: list[list[float]] = [[] for _ in delays]
    floor = 0.0
    for at, index in wanted:
        # A call never overtakes one that was granted before it, so that the shared counts see time go forward.
        done = meters[index].call(max(at, floor) if limits.shared else at, "edit" if schedule[index] else "send")
        floor = max(floor, done) if limits.shared and len(delays) > 1 else 0.0
        schedule[index].append(done)
    return schedule


def _improved(delays: Delays, limits: Limits, calls: list[float]) -> list[float]:
    rng = random.Random(1)
    best, cost = calls, delays.total(calls)
    for attempt in range(MOVES):
        step = 0.5 * (1 - attempt / MOVES) + 0.01
        moved = sorted(best[:-1])
        choice = rng.random()
        if choice < 0.1 and len(moved) > 1:
            moved.pop(rng.randrange(len(moved)))
        elif choice < 0.2:
            moved.append(rng.uniform(delays.times[0], delays.times[-1]))
        elif moved:
            moved[rng.randrange(len(moved))] += rng.uniform(-step, step)
        wanted = [*sorted(max(delays.times[0], at) for at in moved), delays.times[-1]]
        pushed = _push([(at, 0) for at in sorted(wanted)], [delays], limits)[0]
        if (total := delays.total(pushed)) < cost:
            best, cost = pushed, total
    return best


def _cost(delays: Sequence[Delays], schedule: Sequence[Sequence[float]]) -> float:
    return sum(each.total(calls) for each, calls in zip(delays, schedule, strict=True))


def _figures(delays: Sequence[Delays], schedule: Sequence[Sequence[float]]) -> Ideal:
    pairs = [pair for each, calls in zip(delays, schedule, strict=True) for pair in each.each(calls)]
    characters = sum(count for _, count in pairs)
    return Ideal(
        mean=sum(delay * count for delay, count in pairs) / characters,
        p95=percentile(pairs, 0.95),
        first=_mean([calls[0] - each.times[0] for each, calls in zip(delays, schedule, strict=True)]),
        last=_mean([calls[-1] - each.times[-1] for each, calls in zip(delays, schedule, strict=True)]),
        calls=_mean([float(len(calls)) for calls in schedule]),
    )


def percentile(pairs: Sequence[tuple[float, int]], share: float) -> float:
    """The delay that this share of the characters does not exceed."""
    total = sum(count for _, count in pairs)
    seen = 0
    for delay, count in sorted(pairs):
        seen += count
        if seen >= share * total:
            return delay
    return 0.0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
