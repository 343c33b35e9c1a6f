"""The watchdog: when it loses patience, and that one platform's trouble stays its own."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

import pytest

from bot import clock
from bot.domain.ids import ChatRef
from bot.ports import Hook, Inbox
from bot.watchdog import LONGEST_PAUSE, LONGEST_SILENCE, LOOK_SECONDS, Vigil, Watchdog

pytestmark = pytest.mark.virtual

NO_INBOX = cast("Inbox", None)
"""Nothing comes in here."""


@dataclass
class Line:
    """A platform whose intake does what it is told; `begun` and `ended` are when its intakes were running."""

    work: Callable[[Line], Awaitable[None]]
    silence: float = 60.0
    name: str = "line"
    healthy_at: float | None = None
    hooks: Mapping[str, Hook] = field(default_factory=dict)
    begun: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)

    async def __aenter__(self) -> Line:
        return self

    async def __aexit__(self, *exc: object) -> None: ...

    def channel(self, chat: ChatRef) -> None: ...

    async def check(self) -> str:
        return self.name

    async def receive(self, inbox: Inbox) -> None:
        self.begun.append(clock.now())
        try:
            await self.work(self)
        finally:
            self.ended.append(clock.now())

    async def beat(self, seconds: float = math.inf) -> None:
        """Be alive for so long."""
        until = clock.now() + seconds
        while clock.now() < until:
            self.healthy_at = clock.now()
            await clock.sleep(10)


async def hangs(line: Line) -> None:
    await clock.sleep(10**9)


async def fails(line: Line) -> None:
    raise RuntimeError("a bug")


async def watched(line: Line, seconds: float) -> Watchdog:
    """Watch over it for so long."""
    watchdog = Watchdog()
    task = asyncio.create_task(watchdog.watch(line, NO_INBOX))
    await clock.sleep(seconds)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    return watchdog


def test_patience() -> None:
    vigil = Vigil(60.0)
    vigil.begin(1000.0)
    assert not vigil.is_dead(1060.0, None)
    assert vigil.is_dead(1061.0, None)
    assert vigil.is_dead(1061.0, 999.0), "what was heard before the beginning does not count"
    assert not vigil.is_dead(1161.0, 1101.0)
    assert vigil.is_dead(1162.0, 1101.0)


def test_what_does_not_help_is_done_less_and_less_often() -> None:
    vigil = Vigil(60.0)
    vigil.begin(0.0)
    pauses = []
    for patience in (60.0, 120.0, 240.0, 480.0, 960.0, 1920.0, LONGEST_SILENCE, LONGEST_SILENCE):
        vigil.begin(0.0)
        assert not vigil.is_dead(patience, None)
        assert vigil.is_dead(patience + 1, None)
        pauses.append(vigil.pause(None))
    assert pauses == [2.0, 4.0, 8.0, 16.0, 32.0, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]
    assert vigil.pause(1.0) == 1.0, "it was there: everything begins anew"
    vigil.begin(10.0)
    assert vigil.is_dead(71.0, 1.0)


def test_a_silence_that_is_long_anyway_is_never_cut_short() -> None:
    vigil = Vigil(2 * LONGEST_SILENCE)
    vigil.begin(0.0)
    vigil.pause(None)
    assert not vigil.is_dead(2 * LONGEST_SILENCE, None)


async def test_a_platform_that_lives_is_left_alone() -> None:
    line = Line(Line.beat)
    watchdog = await watched(line, 10_000)
    assert (line.begun, line.ended, watchdog.restarts) == ([0.0], [10_000.0], {})


async def test_silence_is_ended_and_the_intake_started_anew(caplog: pytest.LogCaptureFixture) -> None:
    async def dies(line: Line) -> None:
        await line.beat(300 if len(line.begun) == 1 else math.inf)
        await hangs(line)

    line = Line(dies)
    watchdog = await watched(line, 1000)
    last = 290.0
    assert last + line.silence < line.ended[0] <= last + line.silence + 2 * LOOK_SECONDS
    assert line.begun[1] == pytest.approx(line.ended[0] + 1)
    assert line.ended[1:] == [1000.0]
    assert watchdog.restarts == {"line": 1}
    assert "line: no sign of it for too long; its intake is started anew in 1 s" in caplog.text


async def test_an_intake_that_ends_with_an_error_is_started_anew(caplog: pytest.LogCaptureFixture) -> None:
    line = Line(fails)
    watchdog = await watched(line, 3600)
    pauses = [later - earlier for earlier, later in zip(line.begun, line.begun[1:], strict=False)]
    assert pauses[:7] == pytest.approx([2, 4, 8, 16, 32, 60, 60])
    assert watchdog.restarts["line"] == len(line.begun) == len(line.ended)
    assert "a bug" in caplog.text


async def test_an_intake_that_is_done_is_not_started_anew() -> None:
    async def ends(line: Line) -> None:
        await line.beat(50)

    line = Line(ends)
    await Watchdog().watch(line, NO_INBOX)
    assert len(line.begun) == 1


async def test_an_intake_that_was_cancelled_by_somebody_else_is_started_anew() -> None:
    async def cancelled(line: Line) -> None:
        raise asyncio.CancelledError

    line = Line(cancelled)
    watchdog = await watched(line, 5)
    assert watchdog.restarts == {"line": 2}


async def test_what_cannot_be_lost_is_not_watched() -> None:
    with pytest.raises(RuntimeError, match="a bug"):
        await Watchdog().watch(Line(fails, silence=math.inf), NO_INBOX)


async def test_an_intake_that_ends_slowly_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    """Two intakes of one platform at once would answer everything twice."""

    async def clings(line: Line) -> None:
        try:
            await hangs(line)
        except asyncio.CancelledError:
            await clock.sleep(14)
            raise

    line = Line(clings)
    await watched(line, 100)
    assert line.begun[1] >= line.ended[0] + 2
    assert "does not end" not in caplog.text


async def test_an_intake_that_does_not_want_to_end_is_told_again(caplog: pytest.LogCaptureFixture) -> None:
    async def stubborn(line: Line) -> None:
        for _ in range(3):
            try:
                await hangs(line)
            except asyncio.CancelledError:
                continue

    line = Line(stubborn)
    watchdog = Watchdog()
    watching = asyncio.create_task(watchdog.watch(line, NO_INBOX))
    await clock.sleep(120)
    assert len(line.begun) == 2
    assert "its intake does not end" in caplog.text
    watching.cancel()
    await asyncio.wait([watching])


async def test_one_platform_s_trouble_leaves_the_other_alone() -> None:
    watchdog, well, ill = Watchdog(), Line(Line.beat, name="well"), Line(fails, name="ill")
    tasks = [asyncio.create_task(watchdog.watch(line, NO_INBOX)) for line in (well, ill)]
    await clock.sleep(1000)
    assert len(well.begun) == 1
    assert well.ended == []
    assert set(watchdog.restarts) == {"ill"}
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
