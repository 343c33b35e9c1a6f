"""Copies of a database that is in use, and what keeps one from being made."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.domain.conversations import Answer, Question
from bot.domain.media import Picture
from bot.errors import BackupError
from bot.storage.backup import back_up
from bot.storage.database import SqlStore, open_store
from tests.contract.test_storage_opening import fill_everything
from tests.contract.test_storage_trouble import damage, file_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where backups go."""
    made = tmp_path / "back ups"
    made.mkdir()
    return made


def only(folder: Path, *names: str) -> bool:
    return sorted(each.name for each in folder.iterdir()) == sorted(names)


async def talk(store: SqlStore, chat: str, number: int) -> None:
    conversation = await store.conversations.current(chat)
    turn = await store.conversations.add_question(conversation, Question(f"{chat} {number}", "telegram:7", "Ada", "hi"))
    assert turn is not None
    await store.conversations.add_answer(turn, Answer("hello", "complete", "some/model", "assistant"))


async def test_a_copy_made_under_load_is_one_state_of_the_database(sqlite_tables: str, folder: Path) -> None:
    """What was written before is in it; what is written at the same time is, or is not, a transaction at a time."""
    stop = asyncio.Event()

    async def counting() -> int:
        number = 0
        while not stop.is_set():
            number += 1
            async with store.notes.engines.writing() as connection:
                for name in ("first", "second"):
                    row = "INSERT INTO notes VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = :value"
                    await connection.execute(text(row), {"name": name, "value": f"{number}"})
            await talk(store, "chat", number)
        return number

    async with open_store(sqlite_tables) as store:
        await fill_everything(store)
        await store.pictures.keep("chat", [Picture(os.urandom(2_000_000), "image/jpeg", 9, 9)])
        writer = asyncio.create_task(counting())
        for copy in range(4):
            await store.notes.write("before", f"{copy}")
            made = await asyncio.to_thread(back_up, sqlite_tables, folder / f"{copy}.db")
            assert made.size == (folder / f"{copy}.db").stat().st_size > 2_000_000
        stop.set()
        assert await writer > 4
    assert only(folder, "0.db", "1.db", "2.db", "3.db")
    for copy in range(4):
        with closing(sqlite3.connect(folder / f"{copy}.db")) as database:
            notes = dict(database.execute("SELECT name, value FROM notes"))
            assert notes["before"] == f"{copy}"
            assert notes.get("first") == notes.get("second")
            assert database.execute("PRAGMA foreign_key_check").fetchall() == []
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def test_a_copy_can_be_used_in_the_place_of_a_lost_file(sqlite_tables: str, folder: Path) -> None:
    async with open_store(sqlite_tables) as store:
        await fill_everything(store)
        await talk(store, "chat", 1)
        newest = await store.conversations.start_new("chat")
        await asyncio.to_thread(back_up, sqlite_tables, folder / "parley.db")
        await talk(store, "chat", 2)
    file_of(sqlite_tables).unlink()
    shutil.copy(folder / "parley.db", file_of(sqlite_tables))
    async with open_store(sqlite_tables) as store:
        assert await store.conversations.current("chat") == newest
        assert await store.conversations.last(newest) is None
        assert await store.conversations.start_new("chat") > newest, "ids go on where they were"
        await talk(store, "chat", 2)


async def test_only_the_owner_may_read_it(sqlite_tables: str, folder: Path) -> None:
    umask = os.umask(0)
    try:
        back_up(sqlite_tables, folder / "parley.db")
        back_up(sqlite_tables, folder / "parley.db", force=True)
    finally:
        os.umask(umask)
    assert stat.S_IMODE((folder / "parley.db").stat().st_mode) == 0o600


async def test_it_says_how_to_restore(sqlite_tables: str, folder: Path) -> None:
    line = str(back_up(sqlite_tables, folder / "parley.db"))
    path = sqlite_tables.removeprefix("sqlite:///")
    assert "\n" not in line
    assert "MB, checked)" in line
    assert line.endswith(f"rm -f {path} {path}-wal {path}-shm && cp '{folder}/parley.db' {path}")


def test_an_older_copy_stays_unless_it_may_go(sqlite_tables: str, folder: Path) -> None:
    (folder / "parley.db").write_text("older")
    with pytest.raises(BackupError, match="--force"):
        back_up(sqlite_tables, folder / "parley.db")
    assert (folder / "parley.db").read_text() == "older"
    back_up(sqlite_tables, folder / "parley.db", force=True)
    assert (folder / "parley.db").read_bytes().startswith(b"SQLite format 3")
    assert only(folder, "parley.db")


def test_the_database_does_not_replace_itself(sqlite_tables: str, folder: Path) -> None:
    path = file_of(sqlite_tables)
    (folder / "link").symlink_to(path)
    for target in (path, path.parent / ".." / path.parent.name / path.name, folder / "link"):
        with pytest.raises(BackupError, match="is the database itself"):
            back_up(sqlite_tables, target, force=True)


def test_a_missing_database_is_not_made(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(BackupError, match="there is no database at"):
        back_up(f"sqlite:///{tmp_path}/none.db", folder / "parley.db")
    assert not (tmp_path / "none.db").exists()
    assert only(folder)


def test_a_missing_folder_is_named(sqlite_tables: str, folder: Path) -> None:
    with pytest.raises(BackupError, match=r"there is no folder .*missing"):
        back_up(sqlite_tables, folder / "missing" / "parley.db")
    with pytest.raises(BackupError, match="is not a file"):
        back_up(sqlite_tables, folder, force=True)


async def test_a_full_disk_leaves_no_half_file(sqlite_tables: str, folder: Path) -> None:
    async with open_store(sqlite_tables) as store:
        await store.pictures.keep("chat", [Picture(os.urandom(2_000_000), "image/jpeg", 9, 9)])
    (folder / "parley.db").write_text("older")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, hard))
    try:
        with pytest.raises(BackupError, match="no backup was made"):
            back_up(sqlite_tables, folder / "parley.db", force=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert only(folder, "parley.db")
    assert (folder / "parley.db").read_text() == "older"


async def test_a_damaged_database_is_told(sqlite_tables: str, folder: Path) -> None:
    async with open_store(sqlite_tables) as store:
        for number in range(200):
            await talk(store, f"chat {number}", number)
    path = file_of(sqlite_tables)
    damage(path, path.stat().st_size // 2 // 4096 * 4096, 8192)
    with pytest.raises(BackupError, match="no backup was made"):
        back_up(sqlite_tables, folder / "parley.db")
    assert only(folder)


def test_an_index_that_misses_a_row_is_told(sqlite_tables: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy is looked through, whatever SQLite said while it was made."""

    def copy(source: Path, target: Path) -> None:
        shutil.copy(source, target)
        with closing(sqlite3.connect(target)) as database:
            database.execute("INSERT INTO notes VALUES ('a', 'b')")
            database.commit()
            database.execute("PRAGMA writable_schema=ON")
            database.execute("UPDATE sqlite_master SET rootpage = rootpage + 1 WHERE name = 'ix_personas_author'")
            database.commit()

    monkeypatch.setattr("bot.storage.backup._copy", copy)
    with pytest.raises(BackupError, match="damaged"):
        back_up(sqlite_tables, folder / "parley.db")
    assert only(folder)


@pytest.mark.parametrize(
    ("url", "command"),
    [
        (
            "postgresql://ada:secret@db.example.com:6432/parley?sslmode=require",
            "'postgresql://ada@db.example.com:6432/parley?sslmode=require'",
        ),
        ("postgres://localhost/parley", "postgresql://localhost/parley"),
        ("postgresql:///parley?host=/run/postgresql", "'postgresql:///parley?host=%2Frun%2Fpostgresql'"),
    ],
)
def test_postgresql_has_its_own_tool(url: str, command: str, folder: Path) -> None:
    with pytest.raises(BackupError) as caught:
        back_up(url, Path("parley.dump"))
    assert str(caught.value) == (
        f"PostgreSQL is backed up with its own tool: pg_dump --format=custom --file=parley.dump {command}"
    )
    assert "secret" not in str(caught.value)
