"""Small facts by name."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from bot.storage.engines import Engines
from bot.storage.rows import upsert
from bot.storage.tables import notes
from bot.storage.uninterrupted import uninterrupted


@dataclass(frozen=True, slots=True)
class SqlNotes:
    """Implements `bot.ports.Notes`; every call raises StorageError when the database fails."""

    engines: Engines

    async def read(self, name: str) -> str | None:
        async with self.engines.reading() as connection:
            found: str | None = await connection.scalar(select(notes.c.value).where(notes.c.name == name))
            return found

    @uninterrupted
    async def write(self, name: str, value: str) -> None:
        async with self.engines.writing() as connection:
            await upsert(connection, notes, {"name": name, "value": value})
