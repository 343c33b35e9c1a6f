"""Opening, migrating and closing the database, and what it reads to answer a call."""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, event, text

from bot import clock
from bot.domain.conversations import Answer, Question
from bot.domain.media import Picture
from bot.domain.personas import Persona
from bot.errors import SettingsError
from bot.storage.database import SqlStore, open_store
from bot.storage.history import BEFORE, HEAD
from bot.storage.migrate import alembic_config
from bot.storage.tables import metadata
from tests.contract.rows import fill

Statement = tuple[str, Any]


async def test_a_missing_folder_and_file_are_made(tmp_path: Path) -> None:
    async with open_store(f"sqlite:///{tmp_path}/a/b c/parley.db"):
        pass
    assert (tmp_path / "a" / "b c" / "parley.db").is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such rights")
async def test_what_people_wrote_is_for_the_owner_of_the_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "parley.db"
    async with open_store(f"sqlite:///{path}") as store:
        await store.conversations.current("chat")
        modes = {each.name: each.stat().st_mode & 0o777 for each in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert set(modes) > {"parley.db"}
    assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_the_rights_that_an_operator_gave_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "parley.db"
    path.touch()
    path.chmod(0o640)
    async with open_store(f"sqlite:///{path}"):
        pass
    assert path.stat().st_mode & 0o777 == 0o640


async def test_a_relative_path_starts_at_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with open_store("sqlite:///data/parley.db"):
        pass
    assert (tmp_path / "data" / "parley.db").is_file()


async def test_sqlite_is_set_up_on_every_connection(sqlite_url: str) -> None:
    async with open_store(sqlite_url) as store:
        engines = store.conversations.engines
        async with engines.reading() as one, engines.reading() as two, engines.writing() as three:
            for connection in (one, two, three):
                names = ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
                found = [await connection.scalar(text(f"PRAGMA {name}")) for name in names]
                assert found == ["wal", 1, 10000, 1]


async def test_closing_leaves_no_thread_and_no_side_file(sqlite_url: str) -> None:
    before = set(threading.enumerate())
    async with open_store(sqlite_url) as store:
        await asyncio.gather(*(store.conversations.current(f"chat {n}") for n in range(20)))
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=5)
        assert not thread.is_alive()
    folder = Path(sqlite_url.removeprefix("sqlite:///")).parent
    assert [file.name for file in folder.iterdir()] == ["parley.db"]


async def test_many_can_open_a_new_database_at_once(storage_url: str) -> None:
    async def use(number: int) -> None:
        async with open_store(storage_url) as store:
            await store.notes.write(f"note {number}", "here")

    await asyncio.gather(*map(use, range(6)))
    async with open_store(storage_url) as store:
        assert [await store.notes.read(f"note {n}") for n in range(6)] == ["here"] * 6


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "not a database address"),
        ("parley.db", "not a database address"),
        ("postgresql://user:secret@host:port/parley", "not a database address"),
        ("mysql://user:secret@localhost/parley", "only sqlite and postgresql"),
        ("postgresql+psycopg://user:secret@localhost/parley", "only sqlite and postgresql"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite://data/parley.db", "three slashes"),
        ("sqlite:///parley.db?mode=ro", "three slashes"),
        ("sqlite:////dev/null/parley.db", "cannot be used: [Errno"),
        ("sqlite:////dev", "Is a directory"),
        ("postgresql://user:secret@127.0.0.1", "names no database"),
        ("postgresql://user:secret@127.0.0.1/parley?options=x", "the parameter options"),
        ("postgresql://user:secret@127.0.0.1:9/parley", "postgresql://user:***@127.0.0.1:9/parley cannot be used: "),
    ],
)
async def test_an_address_that_cannot_be_used_is_explained(url: str, problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        await open_store(url).__aenter__()
    assert caught.value.variable == "DATABASE_URL"
    assert problem in caught.value.problem
    assert caught.value.example.startswith(("sqlite:///", "postgresql://"))
    assert "secret" not in str(caught.value)


async def test_a_file_that_is_no_database_is_explained(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database, but long enough to look like one " * 100)
    with pytest.raises(SettingsError, match="file is not a database"):
        await open_store(f"sqlite:///{tmp_path}/notes.txt").__aenter__()


async def test_a_missing_postgres_database_is_explained(postgres_url: str) -> None:
    with pytest.raises(SettingsError, match='_missing" does not exist'):
        await open_store(f"{postgres_url}_missing").__aenter__()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql+asyncpg"])
async def test_other_spellings_of_postgresql_are_understood(postgres_url: str, scheme: str) -> None:
    async with open_store(postgres_url.replace("postgresql", scheme) + "?sslmode=prefer") as store:
        assert await store.notes.read("anything") is None


async def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(SettingsError, match=r"asyncpg"):
        await open_store("postgresql://postgres@127.0.0.1/parley").__aenter__()


async def test_a_database_of_a_newer_version_is_refused(storage_url: str) -> None:
    async with open_store(storage_url) as store, store.conversations.engines.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SettingsError, match="newer version of Parley"):
        await open_store(storage_url).__aenter__()


async def test_migrations_make_the_tables_that_the_code_uses(store: SqlStore) -> None:
    def differences(connection: Connection) -> list[Any]:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    async with store.conversations.engines.writing() as connection:
        assert await connection.run_sync(differences) == []
        tables = await connection.run_sync(lambda sync: sync.dialect.get_table_names(sync))
        assert set(metadata.tables) <= set(tables)


async def test_migrations_go_down_and_up_with_data(storage_url: str) -> None:
    async with open_store(storage_url) as store:
        await fill_everything(store)
        async with store.conversations.engines.writing() as connection:
            await connection.run_sync(lambda sync: command.downgrade(alembic_config(sync), "base"))
            left = await connection.run_sync(lambda sync: sync.dialect.get_table_names(sync))
            assert left == ["alembic_version"]
            await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync), "head"))
        await fill_everything(store)


async def test_a_migration_that_fails_leaves_nothing_behind(storage_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(connection: Connection) -> None:
        command.upgrade(alembic_config(connection), "head")
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("bot.storage.database.upgrade", fail)
        with pytest.raises(SettingsError, match="the disk is full"):
            await open_store(storage_url).__aenter__()
    async with open_store(storage_url) as store:
        await fill_everything(store)


async def test_every_statement_finds_its_rows_by_an_index(sqlite_url: str) -> None:
    """SQLite's plan for all that is executed: SEARCH goes through an index, SCAN reads a whole table."""
    async with open_store(sqlite_url) as store:
        engines = store.conversations.engines
        statements: list[Statement] = []
        for engine in (engines.reader, engines.writer):
            event.listen(engine.sync_engine, "before_cursor_execute", _collect(statements))
        await fill_everything(store)
        collected = [one for one in statements if one[0].startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"))]
        assert len(collected) > 30
        async with engines.reading() as connection:
            for statement, values in collected:
                plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
                steps = [row.detail for row in plan if row.detail not in ("SCAN walk", "SCAN CONSTANT ROW")]
                assert [step for step in steps if step.startswith("SCAN")] == [], statement


async def test_postgresql_does_not_keep_the_plan_of_a_small_table(postgres_url: str) -> None:
    async with open_store(postgres_url) as store:
        small = await store.conversations.current("small")
        await fill(store, small, turns=20)
        await rows_read_in_full(store, small, times=20)
        large = await store.conversations.current("large")
        await fill(store, large, turns=3000)
        assert await rows_read_in_full(store, large, times=1) < 100


async def rows_read_in_full(store: SqlStore, conversation: int, times: int) -> int:
    """How many rows PostgreSQL read without an index to give the history some times."""
    seen = text("SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'messages'")
    async with store.conversations.engines.writing() as connection:
        head = await connection.scalar(HEAD, {"conversation": conversation})
        before = int((await connection.execute(seen)).scalar_one())
        for _ in range(times):
            await connection.execute(BEFORE, {"turn": head, "characters": 1000})
        return int((await connection.execute(seen)).scalar_one()) - before


def _collect(statements: list[Statement]) -> Any:
    def collect(connection: object, cursor: object, statement: str, values: Any, *_: object) -> None:
        statements.append((statement, values))

    return collect


async def fill_everything(store: SqlStore) -> None:
    """Make every call at least once, on tables that hold something."""
    persona, picture = Persona("pirate", "Speak like a pirate."), Picture(b"\xff\xd8", "image/jpeg", 640, 480)
    digest = picture.ref.digest
    for chat in ("one", "two"):
        conversation = await store.conversations.start_new(chat)
        for number in range(3):
            question = Question(f"{chat} {number}", "telegram:7", "Ada", "hello", f"{number}", (picture.ref,))
            turn = await store.conversations.add_question(conversation, question)
            assert turn is not None
            said = Answer("hi", "complete", "some/model", "assistant", message_ids=(f"answer {number}",))
            answer = await store.conversations.add_answer(turn, said)
        assert turn is not None
        assert await store.conversations.current(chat) == conversation
        assert len((await store.conversations.before(turn, 1000)).exchanges) == 2
        assert await store.conversations.turn(turn) is not None
        assert await store.conversations.by_message(chat, "1") is not None
        await branch_out(store, chat, turn, answer)
        await store.pictures.keep(chat, [picture, picture])
        assert await store.pictures.load(chat, [digest]) == {digest: picture}
        await store.preferences.put(chat, "persona", "pirate")
        await store.preferences.put(chat, "model", None)
        await store.personas.save(chat, persona)
        await store.notes.write(chat, "a note")
    assert not await store.conversations.known("three")
    await store.conversations.move("one", "two")
    await store.pictures.move("one", "two")
    assert await store.pictures.drop_before(clock.utc_now()) == 1
    await store.preferences.move("one", "two")
    await store.personas.move("one", "two")
    assert await store.preferences.get(["one", "two"]) == {"one": {}, "two": {"persona": "pirate"}}
    assert await store.personas.list(["one", "two"]) == [persona]
    assert await store.personas.delete("two", "pirate")
    assert await store.notes.read("two") == "a note"


async def branch_out(store: SqlStore, chat: str, turn: int, answer: int) -> None:
    conversations = store.conversations
    here = await conversations.current(chat)
    again = Question(f"{chat} again", "telegram:7", "Ada", "hello again", "2")
    fork = await conversations.fork_question(turn, again)
    assert fork is not None
    assert [version.id for version in await conversations.versions(turn)] == [answer]
    await conversations.choose(answer)
    await conversations.choose(answer, leaf=False)
    await conversations.place(answer, ["elsewhere"])
    assert await conversations.by_answer(chat, "elsewhere") == await conversations.last(here)
    assert len([turn async for turn in conversations.branch(here)]) == 3
    await conversations.summarise(answer, "they greeted each other")
    behind = await conversations.start_behind(f"{chat}:thread", answer)
    assert await conversations.last(behind) == await conversations.last(here)
    await conversations.drop(fork)
    assert await conversations.turn(fork) is None
