"""The bot's database as the test sees it: read while nobody looks, locked and filled from outside."""

from __future__ import annotations

import resource
import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from tests.chaos.judge import Stored
from tests.fakes.database import empty_database

Rows = Mapping[str, Sequence[Mapping[str, object]]]
"""All rows of all tables."""


class SqliteFile:
    """`parley.db` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "parley.db"
        self._path.write_bytes(empty_database())

    @property
    def url(self) -> str:
        return f"sqlite:///{self._path}"

    def rows(self) -> Rows:
        """What is stored while the bot runs."""
        return _all_rows(self._path)

    def rows_left(self) -> Rows:
        """What a bot left that has ended. From a copy: opening the file itself would tidy up behind it."""
        with TemporaryDirectory() as folder:
            for path in self._path.parent.glob("parley.db*"):
                if not path.name.endswith("-shm"):
                    shutil.copy(path, folder)
            return _all_rows(Path(folder) / "parley.db")

    def lock(self) -> sqlite3.Connection:
        """Takes the write lock, as another program would; closing the connection gives it back."""
        connection = sqlite3.connect(self._path, timeout=5, isolation_level=None, check_same_thread=False)
        connection.execute("BEGIN IMMEDIATE")
        return connection

    def fill(self, pid: int) -> None:
        """Let no file of this process grow any more, as on a disk that is full."""
        largest = max(path.stat().st_size for path in self._path.parent.glob("parley.db*"))
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))

    @staticmethod
    def empty(pid: int) -> None:
        """The disk has room again."""
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def _all_rows(path: Path) -> Rows:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: [dict(row) for row in connection.execute(f"SELECT * FROM {table}")] for table in tables}


def written_down(rows: Rows, message_id: str) -> bool:
    """Whether the number of this message stands anywhere in the database, however it is stored."""
    needle = message_id
    return any(needle in str(value) for table in rows.values() for row in table for value in row.values())


def answers_in(rows: Rows, chat_key: str) -> tuple[Stored, ...]:
    """The stored answers of a chat, in the order of their questions."""
    conversations = {row["id"] for row in rows["conversations"] if row["chat_key"] == chat_key}
    mine = [row for row in rows["messages"] if row["conversation_id"] in conversations]
    questions = {row["id"]: str(row["text"]) for row in mine if row["role"] == "user"}
    return tuple(
        Stored(questions[row["parent_id"]], str(row["text"]), str(row["state"]), _ids(row["message_ids"]))
        for row in mine
        if row["role"] == "assistant"
    )


def _ids(value: object) -> tuple[str, ...]:
    found = orjson.loads(value) if isinstance(value, str) else value
    return tuple(found) if isinstance(found, list) else ()
