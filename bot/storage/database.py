"""The door to all that is stored."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from alembic.util import CommandError
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import SettingsError
from bot.storage.address import POSTGRES_EXAMPLE, SQLITE_EXAMPLE, driver_url
from bot.storage.budgets import SqlBudgets
from bot.storage.conversations import SqlConversations
from bot.storage.engines import Engines, make_engines
from bot.storage.failures import problem_of
from bot.storage.forgetting import SqlForgetting
from bot.storage.inbox import SqlInbox
from bot.storage.ledger import SqlLedger
from bot.storage.migrate import upgrade
from bot.storage.notes import SqlNotes
from bot.storage.outbox import SqlOutbox
from bot.storage.personas import SqlPersonas
from bot.storage.pictures import SqlPictures
from bot.storage.preferences import SqlPreferences
from bot.storage.rules import SqlRules

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SqlStore:
    """Implements `bot.ports.Store`."""

    conversations: SqlConversations
    pictures: SqlPictures
    preferences: SqlPreferences
    personas: SqlPersonas
    notes: SqlNotes
    ledger: SqlLedger
    rules: SqlRules
    budgets: SqlBudgets
    arrivals: SqlInbox
    outbox: SqlOutbox
    forgetting: SqlForgetting


@asynccontextmanager
async def open_store(url: str) -> AsyncIterator[SqlStore]:
    """Open the database at `sqlite:///path` or `postgresql://...` and bring its tables up to date.

    Makes a SQLite file and its folder where they are missing. Raises SettingsError, naming DATABASE_URL, when the
    database cannot be used.
    """
    address = driver_url(url)
    engines = _engines(address)
    try:
        await _prepare(address, engines)
        conversations = SqlConversations(engines)
        yield SqlStore(
            conversations,
            SqlPictures(engines),
            SqlPreferences(engines),
            SqlPersonas(engines),
            SqlNotes(engines),
            SqlLedger(engines),
            SqlRules(engines),
            SqlBudgets(engines),
            SqlInbox(engines),
            SqlOutbox(engines),
            SqlForgetting(engines, conversations.looked_up),
        )
    finally:
        await engines.close()


def _engines(address: URL) -> Engines:
    try:
        return make_engines(address)
    except ImportError:
        problem = "needs the driver asyncpg: pip install asyncpg."
        raise SettingsError("DATABASE_URL", problem, SQLITE_EXAMPLE) from None


async def _prepare(address: URL, engines: Engines) -> None:
    example = SQLITE_EXAMPLE if address.get_backend_name() == "sqlite" else POSTGRES_EXAMPLE
    shown = address.set(query={}, drivername=address.get_backend_name()).render_as_string()  # hides the password
    try:
        if address.get_backend_name() == "sqlite":
            _make_file(address)
        async with engines.migrator.begin() as connection:
            await connection.run_sync(upgrade)
    except CommandError:
        problem = f"{shown} was written by a newer version of Parley."
        raise SettingsError("DATABASE_URL", problem, example) from None
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise SettingsError("DATABASE_URL", f"{shown} cannot be used: {problem_of(error)}.", example) from error


def _make_file(address: URL) -> None:
    """Make the file where it is missing, and let it keep its log ahead (WAL): readers then go on beside the writer.

    The file remembers that. Connections that asked for it side by side could lock each other out of a new file. A new
    one, what SQLite puts beside it, and a new folder are for their owner alone: they hold what people wrote.
    """
    path = Path(address.database or "")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Says what keeps the file from being opened more plainly than SQLite does.
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    with closing(sqlite3.connect(path, timeout=10.0)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
