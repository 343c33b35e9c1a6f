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


async def move_rows(connection: AsyncConnection, table: Table, old: str, new: str) -> None:
    """Give the rows of one owner to another; the table's primary key is the owner and what it has one of each.

    What the other has already stays.
    """
    if old == new:
        return
    owner, name = table.primary_key.columns
    taken = select(name).where(owner == new)
    await connection.execute(delete(table).where(owner == old, name.in_(taken)))
    await connection.execute(update(table).where(owner == old).values({owner: new}))
