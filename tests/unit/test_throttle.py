"""How fast and how much at once a person may ask."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.access.throttle import REMEMBERED, Throttle


@pytest.mark.parametrize(("per_minute", "burst"), [(1, 3), (12, 3), (20, 5), (60, 15)])
def test_a_burst_passes_and_then_the_pace_holds(per_minute: int, burst: int) -> None:
    throttle = Throttle(per_minute, 1)
    assert [throttle.take("ann", 0.0) for _ in range(burst)] == [None] * burst
    assert throttle.take("ann", 0.0) == pytest.approx(60 / per_minute)
    assert throttle.take("ann", 30 / per_minute) == pytest.approx(30 / per_minute)
    assert throttle.take("ann", 60 / per_minute) is None
    assert throttle.take("ann", 60 / per_minute) is not None


def test_everybody_has_a_pace_of_their_own() -> None:
    throttle = Throttle(1, 1)
    while throttle.take("ann", 0.0) is None:
        pass
    assert throttle.take("bob", 0.0) is None


def test_without_a_pace_nobody_waits() -> None:
    throttle = Throttle(0, 1)
    assert all(throttle.take("ann", 0.0) is None for _ in range(1000))


@given(
    st.integers(1, 120),
    st.lists(st.floats(0, 100, allow_nan=False).map(lambda gap: round(gap, 3)), min_size=1, max_size=60),
)
def test_whoever_waits_as_told_gets_through_and_nobody_is_faster(per_minute: int, gaps: list[float]) -> None:
    throttle, now, taken = Throttle(per_minute, 1), 1_234_567.8, []
    for gap in gaps:
        now += gap
        wait = throttle.take("ann", now)
        if wait is not None:
            assert 0 < wait <= 60 / per_minute + 1e-6
            now += wait
            assert throttle.take("ann", now) is None
        taken.append(now)
    burst = max(3, per_minute // 4)
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            most = burst + (taken[last] - taken[first]) * per_minute / 60
            assert last - first + 1 <= most + 1e-3


def test_only_so_many_people_are_remembered() -> None:
    throttle = Throttle(1, 1)
    while throttle.take("first", 0.0) is None:
        pass
    for number in range(REMEMBERED):
        throttle.take(str(number), 0.0)
    assert throttle.take("first", 0.0) is None


def test_so_many_answers_at_once() -> None:
    throttle = Throttle(20, 3)
    assert throttle.at_once == 3
    assert [throttle.begin("ann") for _ in range(5)] == [True, True, True, False, False]
    assert throttle.begin("bob")
    throttle.end("ann")
    assert throttle.begin("ann")
    assert not throttle.begin("ann")


def test_an_end_too_many_gives_no_room() -> None:
    throttle = Throttle(20, 1)
    throttle.end("ann")
    throttle.end("ann")
    assert throttle.begin("ann")
    assert not throttle.begin("ann")
