"""Readiness: bounded in time, asked once a second at most, and told without secrets."""

from __future__ import annotations

import asyncio
import math

import pytest

from bot import clock
from bot.domain.circuits import CircuitView
from bot.telemetry.health import (
    FRESH_SECONDS,
    PROBE_SECONDS,
    Health,
    Part,
    database_probe,
    models_probe,
    platform_part,
)
from tests.fakes.memory import MemoryNotes

pytestmark = pytest.mark.virtual


class Slow:
    """A part that answers after some seconds, and counts how often it was asked."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.asked = 0

    async def __call__(self) -> Part:
        self.asked += 1
        await clock.sleep(self.seconds)
        return Part(ready=True)


async def test_parts_are_asked_side_by_side_and_not_for_long() -> None:
    health = Health()
    health.start({"one": Slow(1.5), "two": Slow(1.9), "dead": Slow(3600)})
    report = await health.report()
    assert clock.now() == pytest.approx(PROBE_SECONDS)
    assert {name: part.ready for name, part in report.parts.items()} == {"one": True, "two": True, "dead": False}
    assert report.parts["dead"].facts == {"problem": "no answer in time"}
    assert not report.ready


async def test_many_who_ask_cost_one_look() -> None:
    part, health = Slow(0.5), Health()
    health.start({"part": part})
    reports = await asyncio.gather(*(health.report() for _ in range(1000)))
    assert all(report.ready for report in reports)
    assert part.asked == 1
    await clock.sleep(FRESH_SECONDS + 0.1)
    await health.report()
    assert part.asked == 2


async def test_what_was_found_before_the_start_is_not_told_after_it() -> None:
    health = Health()
    assert (await health.report()).as_json() == {"ready": False, "phase": "starting", "parts": {}}
    health.start({"dead": Slow(3600)})
    assert not (await health.report()).ready
    health.stop()
    assert (await health.report()).as_json() == {"ready": False, "phase": "stopping", "parts": {}}


async def test_the_end_comes_while_a_part_is_asked() -> None:
    health = Health()
    health.start({"part": Slow(1)})
    asking = asyncio.create_task(health.report())
    await clock.sleep(0.5)
    health.stop()
    assert (await asking).as_json() == {"ready": False, "phase": "stopping", "parts": {}}


@pytest.mark.parametrize(
    ("healthy_at", "silence", "ready", "since"),
    [
        (None, 90.0, False, None),
        (100.0, 90.0, True, 0.0),
        (12.34, 90.0, True, 87.7),
        (9.9, 90.0, False, 90.1),
        (100.0, math.inf, True, 0.0),
    ],
)
async def test_a_platform(healthy_at: float | None, silence: float, ready: bool, since: float | None) -> None:
    part = platform_part(100.0, healthy_at, silence)
    assert part == Part(ready=ready, facts={"connected": ready, "seconds_since_exchange": since})


async def test_the_database_is_read() -> None:
    part = await database_probe(MemoryNotes())()
    assert part == Part(ready=True, facts={"seconds": 0.0})


@pytest.mark.parametrize(
    ("left_alone", "ready"), [([], True), (["a/one"], True), (["a/one", "b/two"], False), (["c/other"], True)]
)
async def test_models_are_ready_while_one_of_those_that_answer_is(left_alone: list[str], ready: bool) -> None:
    circuits = {name: CircuitView("open", 3, 10.0, "ProviderDown") for name in left_alone}
    part = await models_probe(("a/one", "b/two"), lambda: {**circuits, "a/well": CircuitView("closed", 1)})()
    assert part == Part(ready=ready, facts=dict.fromkeys(left_alone, "open (ProviderDown)"))
