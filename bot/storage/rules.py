"""Who may and who may not, as admins decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC

from sqlalchemy import delete, select

from bot.domain.rules import Rule
from bot.storage.engines import Engines
from bot.storage.rows import upsert
from bot.storage.tables import rules
from bot.storage.uninterrupted import uninterrupted


@dataclass(frozen=True, slots=True)
class SqlRules:
    """Implements `bot.ports.Rules`; every call raises StorageError when the database fails."""

    engines: Engines

    async def all(self) -> Sequence[Rule]:
        """Sorted by subject."""
        async with self.engines.reading() as connection:
            rows = await connection.execute(select(rules).order_by(rules.c.subject, rules.c.effect))
            # SQLite stores no zone
            return [Rule(row.subject, row.effect, row.by, row.at.replace(tzinfo=UTC)) for row in rows]

    @uninterrupted
    async def put(self, rule: Rule) -> None:
        async with self.engines.writing() as connection:
            await upsert(connection, rules, asdict(rule) | {"at": rule.at.astimezone(UTC)})

    @uninterrupted
    async def remove(self, rule: Rule) -> bool:
        these = delete(rules).where(rules.c.subject == rule.subject, rules.c.effect == rule.effect)
        async with self.engines.writing() as connection:
            return (await connection.execute(these)).rowcount > 0
