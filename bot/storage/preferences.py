"""Settings of a scope: short texts by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select

from bot.storage.engines import Engines
from bot.storage.rows import move_rows, upsert
from bot.storage.tables import preferences
from bot.storage.uninterrupted import uninterrupted


@dataclass(frozen=True, slots=True)
class SqlPreferences:
    """Implements `bot.ports.Preferences`; every call raises StorageError when the database fails."""

    engines: Engines

    async def get(self, scopes: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        found: dict[str, dict[str, str]] = {scope: {} for scope in scopes}
        async with self.engines.reading() as connection:
            rows = await connection.execute(select(preferences).where(preferences.c.scope.in_(scopes)))
            for row in rows:
                found[row.scope][row.name] = row.value
        return found

    @uninterrupted
    async def put(self, scope: str, name: str, value: str | None) -> None:
        async with self.engines.writing() as connection:
            if value is None:
                gone = delete(preferences).where(preferences.c.scope == scope, preferences.c.name == name)
                await connection.execute(gone)
            else:
                await upsert(connection, preferences, {"scope": scope, "name": name, "value": value})

    async def all(self, names: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        """Reads the whole table, which has no index by name: this is asked once, at the start."""
        found: dict[str, dict[str, str]] = {}
        async with self.engines.reading() as connection:
            for row in await connection.execute(select(preferences).where(preferences.c.name.in_(names))):
                found.setdefault(row.scope, {})[row.name] = row.value
        return found

    @uninterrupted
    async def move(self, old_scope: str, new_scope: str) -> None:
        """What the new scope has set already stays."""
        async with self.engines.writing() as connection:
            await move_rows(connection, preferences, old_scope, new_scope)
