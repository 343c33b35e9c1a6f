"""Places written down, so that a restart knows where to ask for what was said meanwhile."""

from __future__ import annotations

import logging

from adapters.discord.places import Places
from bot import clock
from bot.errors import StorageError
from bot.ports import Notes

log = logging.getLogger(__name__)

WRITE_EVERY = 10.0
"""Seconds between two notes, and the age of what one says: longer than the core needs to store what it accepted, and
than words in a thread wait (`starters.ANSWERED_WITHIN`). After a crash a note thus never claims too much, and what it
does not know yet is read once more, which the core recognises."""


class Remembering:
    """The note of one bot; silent until it was `recall`ed, which tells whose it is."""

    def __init__(self, notes: Notes, places: Places) -> None:
        self._notes = notes
        self._places = places
        self._name: str | None = None

    async def recall(self, bot_id: int) -> None:
        """Read the note, once. Without one nothing is known: of what was said before, an older version that kept no
        account of it may have answered all. Raises StorageError."""
        if self._name is not None:
            return
        name = f"discord:places:{bot_id}"
        written = await self._notes.read(name)
        self._name = name
        try:
            self._places.load(written or "[]")
        except (ValueError, TypeError):
            log.warning("the note of Discord's places cannot be read; what was said meanwhile is not looked for")

    async def keep(self) -> None:
        """Write what changes, until cancelled."""
        while True:
            await self._places.changed.wait()
            self._places.changed.clear()
            seen = self._places.dump()
            await clock.sleep(WRITE_EVERY)
            await self._write(seen)

    async def save(self) -> None:
        """Write what is known now: all of it is stored."""
        await self._write(self._places.dump())

    async def _write(self, seen: str) -> None:
        if self._name is None:
            return
        try:
            await self._notes.write(self._name, seen)
        except StorageError as error:
            log.warning("Discord's places could not be noted: %s", error)
