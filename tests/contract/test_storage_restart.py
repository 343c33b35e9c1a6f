"""What becomes of calls when the PostgreSQL server dies, is started again, is silent, or cuts connections."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import text

from bot.domain.conversations import Answer, Question
from bot.errors import StorageError
from bot.storage import engines as engines_module
from bot.storage import failures
from bot.storage.database import SqlStore, open_store
from bot.storage.engines import Engines
from bot.storage.uninterrupted import uninterrupted
from tests.contract.test_storage_opening import fill_everything
from tests.fakes.postgres import PostgresServer, postgres_server

MINE = "pid <> pg_backend_pid() AND datname = current_database()"


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture
async def served(own_server: PostgresServer) -> AsyncIterator[SqlStore]:
    """A store on a server that may be killed."""
    async with open_store(own_server.url) as store:
        async with store.notes.engines.writing() as connection:
            await connection.execute(text("TRUNCATE conversations, messages, pictures, preferences, notes CASCADE"))
        yield store


@pytest.fixture
async def shared(postgres_url: str) -> AsyncIterator[SqlStore]:
    """A store on the server that others use, too: only its own connections may be cut."""
    async with open_store(postgres_url) as store:
        yield store


async def cut(url: str) -> None:
    """End all connections to this database but the one that says so."""
    async with open_store(url) as other, other.notes.engines.reading() as connection:
        await connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {MINE}"))


def question(key: str) -> Question:
    return Question(key, "telegram:7", "Ada", "hello")


async def test_a_restart_between_calls_goes_unnoticed(served: SqlStore, own_server: PostgresServer) -> None:
    await asyncio.gather(*(served.notes.write(f"note {number}", "kept") for number in range(8)))
    own_server.restart()
    found = await asyncio.gather(*(served.notes.read(f"note {number}") for number in range(8)))
    assert found == ["kept"] * 8
    own_server.restart()
    await served.notes.write("note 8", "later")
    assert await served.notes.read("note 8") == "later"
    own_server.restart()
    await fill_everything(served)


async def test_restarts_under_load_lose_and_double_nothing(served: SqlStore, own_server: PostgresServer) -> None:
    conversations = served.conversations
    stop = asyncio.Event()
    asked: list[str] = []

    async def talk(number: int) -> None:
        conversation = await conversations.current(f"chat {number}")
        while not stop.is_set():
            key = f"{number} {len(asked)}"
            asked.append(key)
            turn = await certainly(conversation, key)
            if turn is not None:  # else it was committed although the connection broke
                await conversations.before(turn, 1000)
                await served.notes.read("anything")

    async def certainly(conversation: int, key: str) -> int | None:
        """Who may ask the same again does so: a question has a key."""
        while True:
            try:
                return await conversations.add_question(conversation, question(key))
            except StorageError:
                continue

    async def more(count: int) -> None:
        enough = len(asked) + count
        while len(asked) < enough:  # noqa: ASYNC110 (the others get on, whatever they are doing)
            await asyncio.sleep(0.01)

    async with asyncio.TaskGroup() as group:
        for number in range(6):
            group.create_task(talk(number))
        for _ in range(3):
            await more(30)
            await asyncio.to_thread(own_server.restart)
        await more(30)
        stop.set()
    async with served.notes.engines.reading() as connection:
        stored = list(await connection.scalars(text("SELECT key FROM messages")))
    assert sorted(stored) == sorted(asked)


async def test_a_server_that_stays_away_is_told_and_comes_back(
    served: SqlStore, own_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "PATIENCE", 0.5)
    await served.notes.write("a", "kept")
    own_server.kill()
    for _ in range(3):
        with pytest.raises(StorageError):
            await served.notes.read("a")
        with pytest.raises(StorageError):
            await served.notes.write("a", "lost")
    own_server.start()
    own_server.ready()
    assert await served.notes.read("a") == "kept"


async def test_a_silent_server_holds_nobody_for_ever(
    own_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped, it neither answers nor ends a connection."""
    monkeypatch.setattr(failures, "PATIENCE", 0.5)
    monkeypatch.setattr(engines_module, "_ANSWER_SECONDS", 1)
    monkeypatch.setattr(engines_module, "_CONNECT_SECONDS", 1)
    async with open_store(own_server.url) as store:
        await asyncio.gather(*(store.notes.write(f"note {number}", "kept") for number in range(20)))
        own_server.send(signal.SIGSTOP)
        try:
            calls = [store.notes.read("note 1"), store.notes.write("note 2", "new"), store.notes.read("note 3")]
            found = await asyncio.gather(*calls, return_exceptions=True)
            assert [type(each) for each in found] == [StorageError] * 3
            assert "did not answer in time" in str(found[0])
        finally:
            own_server.send(signal.SIGCONT)
        await asyncio.gather(*(store.notes.write(f"note {number}", "again") for number in range(20)))
        assert await store.notes.read("note 1") == "again"


async def test_closing_does_not_wait_for_a_silent_server(
    own_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_server.ready()
    async with open_store(own_server.url) as store:
        await asyncio.gather(*(store.notes.write(f"note {number}", "kept") for number in range(20)))
        own_server.send(signal.SIGSTOP)
    own_server.send(signal.SIGCONT)
    async with open_store(own_server.url) as store:
        assert await store.notes.read("note 1") == "kept"


async def test_a_statement_that_takes_too_long_is_ended(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(engines_module._POSTGRES_SETTINGS, "statement_timeout", "200ms")
    async with open_store(postgres_url) as store:
        with pytest.raises(StorageError, match="statement timeout"):
            async with store.notes.engines.reading() as connection:
                await connection.execute(text("SELECT pg_sleep(60)"))
        async with store.notes.engines.writing() as connection:
            await connection.execute(text("LOCK TABLE notes"))
            with pytest.raises(StorageError, match="statement timeout"):
                await store.notes.write("a", "while somebody holds the table")
        await store.notes.write("a", "now")
        assert await store.notes.read("a") == "now"


async def test_cut_connections_are_replaced(shared: SqlStore, postgres_url: str) -> None:
    for _ in range(3):
        await asyncio.gather(*(shared.notes.write(f"note {number}", "here") for number in range(8)))
        await cut(postgres_url)
        found = await asyncio.gather(*(shared.notes.read(f"note {number}") for number in range(8)))
        assert found == ["here"] * 8
        await cut(postgres_url)


async def begun(store: SqlStore) -> None:
    """Wait until somebody sleeps in this database."""
    sleeping = text(f"SELECT count(*) FROM pg_stat_activity WHERE {MINE} AND wait_event = 'PgSleep'")
    async with store.notes.engines.reading() as connection:
        while await connection.scalar(sleeping) == 0:  # noqa: ASYNC110 (PostgreSQL tells nobody)
            await asyncio.sleep(0.01)


async def counter(store: SqlStore) -> None:
    """A sequence counts calls, also those that are undone."""
    async with store.notes.engines.writing() as connection:
        await connection.execute(text("CREATE SEQUENCE calls"))


async def counted(store: SqlStore) -> int:
    async with store.notes.engines.reading() as connection:
        return int(await connection.scalar(text("SELECT last_value FROM calls")))


async def test_a_read_that_is_cut_is_asked_once_more(shared: SqlStore, postgres_url: str) -> None:
    await counter(shared)

    async def read() -> int:
        async with shared.notes.engines.reading() as connection:
            await connection.execute(
                text("SELECT nextval('calls'), pg_sleep(CASE WHEN calls.is_called THEN 0 ELSE 60 END) FROM calls")
            )
            return int(await connection.scalar(text("SELECT 7")))

    reading = asyncio.create_task(read())
    await begun(shared)
    await cut(postgres_url)
    assert await reading == 7
    assert await counted(shared) == 2


@dataclass
class Writer:
    """A write as repositories make them."""

    engines: Engines
    dies: int
    calls: int = 0

    @uninterrupted
    async def write(self, statement: str) -> None:
        async with self.engines.writing() as connection:
            self.calls += 1
            await connection.execute(text(statement))
            if self.calls <= self.dies:
                await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


INSERT = "INSERT INTO notes (name, value) VALUES ('a', 'once')"


async def test_a_write_that_was_cut_before_its_end_is_made_once_more(shared: SqlStore) -> None:
    writer = Writer(shared.notes.engines, dies=1)
    await writer.write(INSERT)
    assert writer.calls == 2
    assert await shared.notes.read("a") == "once"


async def test_a_write_that_is_cut_again_is_told(shared: SqlStore) -> None:
    writer = Writer(shared.notes.engines, dies=2)
    with pytest.raises(StorageError, match="terminating connection"):
        await writer.write(INSERT)
    assert writer.calls == 2
    assert await shared.notes.read("a") is None


async def test_a_write_that_is_cut_in_its_commit_is_not_made_twice(shared: SqlStore) -> None:
    """Whether it was committed nobody knows; here it was not, elsewhere it may be."""
    async with shared.notes.engines.writing() as connection:
        body = "BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END"
        await connection.execute(text(f"CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"))
        await connection.execute(
            text(
                "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON notes DEFERRABLE INITIALLY DEFERRED "
                "FOR EACH ROW EXECUTE FUNCTION die()"
            )
        )
    writer = Writer(shared.notes.engines, dies=0)
    with pytest.raises(StorageError, match="terminating connection"):
        await writer.write(INSERT)
    assert writer.calls == 1
    await asyncio.gather(*(shared.preferences.put("scope", f"{number}", "on") for number in range(20)))
    assert len((await shared.preferences.get(["scope"]))["scope"]) == 20


async def test_an_answer_is_stored_once_however_it_was_cut(shared: SqlStore, postgres_url: str) -> None:
    conversation = await shared.conversations.current("chat")
    turn = await shared.conversations.add_question(conversation, question("a"))
    assert turn is not None
    await cut(postgres_url)
    await shared.conversations.add_answer(turn, Answer("hi", "complete", "some/model", "assistant"))
    await cut(postgres_url)
    assert len(await shared.conversations.versions(turn)) == 1
