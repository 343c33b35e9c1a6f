"""Rows for tables as they are found in a database, whatever its age, and what is in them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    select,
)

Snapshot = dict[str, list[dict[str, Any]]]

ROWS = 3
"""So many are added to each table at a time."""


def add_rows(connection: Connection, first: int) -> None:
    """Add rows to every table, numbered from `first`. The last one has nothing where there may be nothing."""
    for table in tables(connection):
        for number in range(first, first + ROWS):
            empty = number == first + ROWS - 1
            row = {column.name: _value(column, number, empty=empty) for column in table.columns}
            connection.execute(table.insert().values(row))


def snapshot(connection: Connection) -> Snapshot:
    """All rows of all tables."""
    return {
        table.name: [dict(row) for row in connection.execute(select(table)).mappings()] for table in tables(connection)
    }


def differences(before: Snapshot, after: Snapshot) -> list[str]:
    """What the tables and columns that are in both hold no longer, or hold anew."""
    found = []
    for name in before.keys() & after.keys():
        columns = sorted(before[name][0].keys() & after[name][0].keys()) if before[name] and after[name] else []
        then, now = ({repr([row[column] for column in columns]) for row in rows[name]} for rows in (before, after))
        found += [f"{name}: lost {row}" for row in sorted(then - now)]
        found += [f"{name}: new {row}" for row in sorted(now - then)]
        if len(before[name]) != len(after[name]):
            found.append(f"{name}: {len(before[name])} rows became {len(after[name])}")
    return found


def tables(connection: Connection) -> list[Table]:
    """Those that others refer to come first."""
    metadata = MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != "alembic_version"]


def _value(column: Column[Any], number: int, *, empty: bool) -> Any:
    if column.foreign_keys:
        (key,) = column.foreign_keys
        return number if key.column.table is not column.table else (number - 1 or None)
    if empty and column.nullable:
        return None
    match column.type:
        case JSON():
            return [{"number": number}, "\N{SNOWMAN}"]
        case DateTime():
            return datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(hours=number, microseconds=5)
        case Date():
            return date(2026, 1, 1) + timedelta(days=number)
        case BigInteger() | Integer():
            return number
        case Float() | Numeric():
            return number + 0.5
        case LargeBinary():
            return bytes([0, number, 255])
        case Text():
            return f"{column.table.name} {column.name} {number} \N{SNOWMAN}"
        case unknown:
            raise AssertionError(f"no sample of {unknown!r} for {column}")
