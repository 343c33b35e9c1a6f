"""Watches over the platforms: one whose connection died without a word, or whose intake failed, begins anew.

Adapters mend what they notice themselves. This is for what they do not notice: a task that ended, a wait that never
ends, a connection that looks open and is not.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import Counter
from dataclasses import dataclass

from bot import clock
from bot.ports import Inbox, Platform

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
"""Between two looks at a platform."""
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
"""Before an intake that failed is started anew; doubled at each failure in a row."""
LONGEST_SILENCE = 3600.0
"""A platform that is down for a day is not started anew every few minutes: the patience with it doubles up to this."""
END_SECONDS = 15.0
"""What an intake may take to end, until that is logged: a goodbye to the platform takes two seconds or so."""


@dataclass(slots=True)
class Vigil:
    """How much patience there is with one platform, which counts as dead after `silence` seconds. Pure: told the time.

    Each new start without a sign of the platform since doubles the patience, for it did not help.
    """

    silence: float
    _began: float = 0.0
    _in_vain: int = 0

    def begin(self, now: float) -> None:
        """Its intake starts."""
        self._began = now

    def is_dead(self, now: float, healthy_at: float | None) -> bool:
        heard = self._heard(healthy_at)
        patience = min(self.silence * 2.0**self._in_vain, max(self.silence, LONGEST_SILENCE))
        return now - (self._began if heard is None else heard) > patience

    def pause(self, healthy_at: float | None) -> float:
        """The intake is over, and it is to start anew: after so many seconds."""
        self._in_vain = 0 if self._heard(healthy_at) is not None else min(self._in_vain + 1, 20)
        return min(FIRST_PAUSE * 2.0**self._in_vain, LONGEST_PAUSE)

    def _heard(self, healthy_at: float | None) -> float | None:
        """When there was a sign since the beginning."""
        return healthy_at if healthy_at is not None and healthy_at > self._began else None


class Watchdog:
    """`restarts` counts by platform how often its intake was started anew."""

    def __init__(self) -> None:
        self.restarts: Counter[str] = Counter()

    async def watch(self, platform: Platform, inbox: Inbox) -> None:
        """Let a platform receive, as often as it takes, until it has nothing more to receive, or this is cancelled.

        What cannot be lost, such as a terminal, is not watched: there an error is an error.
        """
        if math.isinf(platform.silence):
            return await platform.receive(inbox)
        vigil = Vigil(platform.silence)
        while (trouble := await self._attend(platform, inbox, vigil)) is not None:
            pause = vigil.pause(platform.healthy_at)
            log.error("%s: %s; its intake is started anew in %.0f s", platform.name, trouble, pause)
            self.restarts[platform.name] += 1
            await clock.sleep(pause)
        return None

    async def _attend(self, platform: Platform, inbox: Inbox, vigil: Vigil) -> str | None:
        """One intake from its start to its end; returns what was wrong with it."""
        vigil.begin(clock.now())
        intake = asyncio.create_task(platform.receive(inbox), name=f"receive {platform.name}")
        try:
            while not intake.done():
                await asyncio.wait([intake], timeout=LOOK_SECONDS)
                if not intake.done() and vigil.is_dead(clock.now(), platform.healthy_at):
                    return "no sign of it for too long"
        finally:
            await _end(platform.name, intake)
        if intake.cancelled():
            return "its intake was cancelled"
        error = intake.exception()
        if error is not None:
            log.error("%s: its intake failed", platform.name, exc_info=error)
        return None if error is None else f"its intake failed ({type(error).__name__})"


async def _end(name: str, intake: asyncio.Task[None]) -> None:
    while not intake.done():
        intake.cancel()
        await asyncio.wait([intake], timeout=END_SECONDS)
        if not intake.done():
            log.warning("%s: its intake does not end", name)
