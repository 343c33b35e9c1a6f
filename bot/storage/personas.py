"""Personas that people wrote, by scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import delete, select

from bot.domain.personas import Persona
from bot.storage.engines import Engines
from bot.storage.rows import move_rows, upsert
from bot.storage.tables import personas
from bot.storage.uninterrupted import uninterrupted


@dataclass(frozen=True, slots=True)
class SqlPersonas:
    """Implements `bot.ports.Personas`; every call raises StorageError when the database fails."""

    engines: Engines

    async def list(self, scopes: Sequence[str]) -> Sequence[Persona]:
        async with self.engines.reading() as connection:
            rows = (await connection.execute(select(personas).where(personas.c.scope.in_(scopes)))).all()
        by_name: dict[str, Persona] = {}
        for row in sorted(rows, key=lambda row: scopes.index(row.scope)):
            by_name.setdefault(
                row.name,
                Persona(row.name, row.prompt, row.description, row.kind, row.model, row.preset, row.author),
            )
        return [by_name[name] for name in sorted(by_name)]

    @uninterrupted
    async def save(self, scope: str, persona: Persona) -> None:
        """Add a persona, or replace the one of that name."""
        async with self.engines.writing() as connection:
            await upsert(connection, personas, {"scope": scope} | asdict(persona))

    @uninterrupted
    async def delete(self, scope: str, name: str) -> bool:
        async with self.engines.writing() as connection:
            gone = await connection.execute(
                delete(personas).where(personas.c.scope == scope, personas.c.name == name).returning(personas.c.name)
            )
            return gone.first() is not None

    @uninterrupted
    async def move(self, old_scope: str, new_scope: str) -> None:
        """What the new scope has under the same name stays."""
        async with self.engines.writing() as connection:
            await move_rows(connection, personas, old_scope, new_scope)
