"""Pauses that platforms asked for hold for the next process too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot import clock
from bot.errors import StorageError
from bot.ports import Notes

NOTE = "pauses"


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause of `seconds`, over at `until` if nobody sets the wall clock meanwhile."""

    until: datetime
    seconds: float

    def left(self, now: datetime) -> float:
        """Seconds; where the clock was set back, no more than the platform asked for."""
        return min((self.until - now).total_seconds(), self.seconds)


class Pauses:
    """Those of all places, kept as a note."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._all: dict[str, Pause] = {}
        self._changed = False

    def add(self, place: str, seconds: float) -> None:
        now = clock.utc_now()
        self._all = {where: pause for where, pause in self._all.items() if pause.left(now) > 0}
        self._all[place] = Pause(now + timedelta(seconds=seconds), seconds)
        self._changed = True

    async def load(self) -> Mapping[str, float]:
        """Those that are not over: places, and the seconds that are left. Raises StorageError."""
        self._all = _read(await self._notes.read(NOTE) or "{}") | self._all
        now = clock.utc_now()
        left = {place: pause.left(now) for place, pause in self._all.items()}
        return {place: seconds for place, seconds in left.items() if seconds > 0}

    async def save(self) -> None:
        """Write down what changed. Raises StorageError."""
        if self._changed:
            self._changed = False
            try:
                await self._notes.write(NOTE, _written(self._all))
            except StorageError:
                self._changed = True
                raise


def _written(pauses: Mapping[str, Pause]) -> str:
    return json.dumps({place: [pause.until.isoformat(), pause.seconds] for place, pause in pauses.items()})


def _read(note: str) -> dict[str, Pause]:
    stored = json.loads(note).items()
    return {place: Pause(datetime.fromisoformat(until), seconds) for place, (until, seconds) in stored}
