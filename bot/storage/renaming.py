"""Other names for those on whose account something was spent, some rows at a time.

Nobody's name is "": the numbers stay in the sums.
"""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import Column, delete, select, tuple_, update

from bot.storage.engines import Engines
from bot.storage.rows import insert_for
from bot.storage.tables import ledger, spent_days
from bot.storage.uninterrupted import uninterrupted

_AT_ONCE = 200
"""Rows in one transaction, a few milliseconds for those who wait to write."""

_SUMS = ("calls", "tokens", "cost", "unpriced")

Owner = Literal["person", "chat_key"]


async def rename(engines: Engines, owner: Owner, old: str, new: str) -> None:
    """Give all that one person or chat spent to another, whose sums grow by it. Done twice, it does nothing more."""
    if old == new:
        return
    while await _rename_calls(engines, ledger.c[owner], old, new):
        pass
    while await _rename_sums(engines, spent_days.c[owner], old, new):
        pass


@uninterrupted
async def _rename_calls(engines: Engines, column: Column[str], old: str, new: str) -> bool:
    some = select(ledger.c.id).where(column == old).limit(_AT_ONCE)
    async with engines.writing() as connection:
        changed = await connection.execute(update(ledger).where(ledger.c.id.in_(some)).values({column: new}))
        return changed.rowcount > 0


@uninterrupted
async def _rename_sums(engines: Engines, column: Column[str], old: str, new: str) -> bool:
    key = tuple(spent_days.primary_key)
    some = select(*key).where(column == old).order_by(spent_days.c.day).limit(_AT_ONCE)
    async with engines.writing() as connection:
        taken = await connection.execute(delete(spent_days).where(tuple_(*key).in_(some)).returning(*spent_days.c))
        rows: list[dict[str, Any]] = [{**row, column.name: new} for row in taken.mappings()]
        rows.sort(key=lambda row: [row[part.name] for part in key])  # in one order, so that two cannot lock each other
        if rows:
            insert = insert_for(connection, spent_days)
            sums = {name: spent_days.c[name] + insert.excluded[name] for name in _SUMS}
            await connection.execute(insert.on_conflict_do_update(index_elements=list(key), set_=sums), rows)
        return bool(rows)
