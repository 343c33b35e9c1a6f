"""Statements that several tables share.

`INSERT ... ON CONFLICT` is one of them: SQLAlchemy offers it per database, although both spell it alike.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

Insert = sqlite.Insert | postgresql.Insert


def insert_for(connection: AsyncConnection, table: Table) -> Insert:
    """An insert that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


async def upsert(connection: AsyncConnection, table: Table, row: dict[str, Any]) -> None:
    """Add a row, or give the row with the same primary key these values."""
    keys = [column.name for column in table.primary_key]
    changed = {name: value for name, value in row.items() if name not in keys}
    await connection.execute(
        insert_for(connection, table).values(row).on_conflict_do_update(index_elements=keys, set_=changed)
    )


async def move_scope(connection: AsyncConnection, table: Table, old: str, new: str) -> None:
    """Give the rows of one scope to another; where both have a row of that name, the other scope's stays."""
    if old == new:
        return
    taken = select(table.c.name).where(table.c.scope == new)
    await connection.execute(delete(table).where(table.c.scope == old, table.c.name.in_(taken)))
    await connection.execute(update(table).where(table.c.scope == old).values(scope=new))
