"""A database with all tables and no rows: making the tables takes longer than most tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import create_engine

from bot.storage.migrate import upgrade


@cache
def empty_database() -> bytes:
    """A file of SQLite."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "parley.db"
        engine = create_engine(f"sqlite:///{path}")
        with engine.begin() as connection:
            upgrade(connection)
        engine.dispose()
        return path.read_bytes()
