"""Places written down, so that a restart knows where to ask for what was said meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from adapters.discord.places import Place, Places, dumped, loaded
from bot import clock
from bot.errors import StorageError
from bot.ports import Notes

log = logging.getLogger(__name__)

WRITE_EVERY = 10.0
"""Seconds between two notes of what was heard, and the least age of what they say: longer than the core needs to store
what it accepted, and than words in a thread wait (`starters.ANSWERED_WITHIN`). So after a crash a note never claims too
much; what it does not know yet is read once more, and the core recognises it."""

_Known = Mapping[int, Place]


class Remembering:
    """The note of one bot; silent until it was `recall`ed, which tells whose it is. New places are noted at once."""

    def __init__(self, notes: Notes, places: Places) -> None:
        self._notes = notes
        self._places = places
        self._name: str | None = None
        self._noted: _Known = {}

    async def recall(self, bot_id: int) -> None:
        """Read the note, once. Without one nothing is known: of what was said before, an older version that kept no
        account of it may have answered all. Raises StorageError."""
        if self._name is not None:
            return
        name = f"discord:places:{bot_id}"
        written = await self._notes.read(name)
        self._name = name
        try:
            for place in loaded(written or "[]"):
                self._places.put(place)
        except (ValueError, TypeError):
            log.warning("the note of Discord's places cannot be read; what was said meanwhile is not looked for")
        self._noted = self._places.all()

    async def keep(self) -> None:
        """Write what changes, until cancelled."""
        seen: _Known = {}
        due: float | None = None
        while True:
            await clock.wait_until(self._places.changed, due)
            self._places.changed.clear()
            if due is not None and clock.now() >= due:
                await self._write_sure(seen)
                due = None
            elif not self._noted.keys() >= self._places.all().keys():
                await self._write_sure({})
            if due is None and (now := self._places.all()) != self._noted:
                seen, due = now, clock.now() + WRITE_EVERY

    async def save(self) -> None:
        """Write what is known now, when all of it is stored."""
        if (now := self._places.all()) != self._noted:
            await self._write(now.values())

    async def _write_sure(self, seen: _Known) -> None:
        """Write of each place no more than what was `seen` there or is noted already."""
        sure = {
            channel: seen.get(channel) or self._noted.get(channel) or place.unheard()
            for channel, place in self._places.all().items()
        }
        self._noted = sure
        await self._write(sure.values())

    async def _write(self, places: Iterable[Place]) -> None:
        if self._name is None:
            return
        try:
            await self._notes.write(self._name, dumped(places))
        except StorageError as error:
            log.warning("Discord's places could not be noted: %s", error)
