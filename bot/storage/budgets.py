"""How much may be spent, as admins decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import delete, select

from bot.domain.usage import Budget
from bot.storage.engines import Engines
from bot.storage.rows import upsert
from bot.storage.tables import budgets
from bot.storage.uninterrupted import uninterrupted


@dataclass(frozen=True, slots=True)
class SqlBudgets:
    """Implements `bot.ports.Budgets`; every call raises StorageError when the database fails."""

    engines: Engines

    async def all(self) -> Sequence[Budget]:
        """Sorted by subject."""
        async with self.engines.reading() as connection:
            rows = await connection.execute(select(budgets).order_by(*budgets.primary_key))
            return [Budget(row.subject, row.unit, row.period, row.amount) for row in rows]

    @uninterrupted
    async def put(self, budget: Budget) -> None:
        async with self.engines.writing() as connection:
            await upsert(connection, budgets, asdict(budget))

    @uninterrupted
    async def remove(self, subject: str) -> int:
        async with self.engines.writing() as connection:
            return (await connection.execute(delete(budgets).where(budgets.c.subject == subject))).rowcount
