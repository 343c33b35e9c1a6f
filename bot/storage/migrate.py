"""Brings a database to the present tables."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

# Any number will do, as long as every version of Parley uses the same one.
_POSTGRES_LOCK = 7_027_355_391


def upgrade(connection: Connection) -> None:
    """Run the missing steps inside the connection's transaction.

    Where two processes start at once, the second waits and then finds nothing to do: SQLite's transaction has the
    write lock from its beginning, PostgreSQL is asked for a lock.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _POSTGRES_LOCK})
    command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
