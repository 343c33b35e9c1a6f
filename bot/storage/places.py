"""Finding what belongs to a place by the beginning of its key."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Column, ColumnElement, and_, collate, or_, select

from bot.storage.engines import Engines


def begins_with(column: Column[str], prefix: str, dialect: str) -> ColumnElement[bool]:
    """Whether a text begins so; `prefix` ends with a character of ASCII.

    A range rather than a pattern: an index finds it, and no character means anything else. It ends before the next
    character, so texts are compared byte by byte, whatever the order of the database is.
    """
    exact = collate(column, "C" if dialect == "postgresql" else "BINARY")
    return and_(exact >= prefix, exact < prefix[:-1] + chr(ord(prefix[-1]) + 1))


def held_at(column: Column[str], place: str, dialect: str, *, threads: bool = True) -> ColumnElement[bool]:
    """Whether a conversation's key (`ChatRef.key`) is that of a place (`ChatRef.place`), or of one person there (`@`),
    or of its threads (`:`)."""
    marks = "@:" if threads else "@"
    return or_(column == place, *(begins_with(column, place + mark, dialect) for mark in marks))


async def keys_at(engines: Engines, column: Column[str], place: str, *, threads: bool = True) -> Sequence[str]:
    """The keys of a column that are held at a place."""
    async with engines.reading() as connection:
        within = held_at(column, place, connection.dialect.name, threads=threads)
        return (await connection.scalars(select(column).where(within).distinct())).all()
