"""Databases from before conversations had heads go on where they were."""

from __future__ import annotations

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from bot.domain.conversations import Answer, Question
from bot.storage.database import SqlStore, open_store
from bot.storage.migrate import alembic_config
from bot.storage.tables import metadata

EVERYTHING = 10**12


def question(words: str) -> Question:
    return Question(f"key of {words}", "telegram:7", "Ada", words)


def answer(words: str) -> Answer:
    return Answer(words, "complete", "some/model", "assistant", reasoning="Hm.")


async def line(store: SqlStore, conversation: int) -> list[tuple[str, str | None]]:
    turns = [turn async for turn in store.conversations.branch(conversation)]
    return [(turn.question.text, turn.answer.text if turn.answer else None) for turn in turns]


async def test_every_conversation_goes_on_behind_its_newest_row(storage_url: str) -> None:
    """One was answered anew at its beginning, one was not answered, one is empty, one is over."""
    async with open_store(storage_url) as store:
        conversations = store.conversations
        over = await conversations.current("retried")
        await conversations.add_question(over, question("long ago"))
        retried, waiting = await conversations.start_new("retried"), await conversations.current("waiting")
        empty = await conversations.current("empty")
        first = await conversations.add_question(retried, question("a"))
        assert first is not None
        said = await conversations.add_answer(first, answer("1"))
        second = await conversations.add_question(retried, question("b"))
        assert second is not None
        await conversations.add_answer(second, answer("2"))
        await conversations.add_question(waiting, question("c"))
        await conversations.add_answer(first, answer("1 again"))
        await conversations.choose(said)
        assert await line(store, retried) == [("a", "1"), ("b", "2")]
        await conversations.summarise(said, "hello")
        async with conversations.engines.writing() as connection:
            await connection.run_sync(lambda sync: command.downgrade(alembic_config(sync), "0002"))
            columns = await connection.run_sync(_columns)
            assert "head_id" not in columns
            assert "reasoning" not in columns
            assert await connection.scalar(text("SELECT count(*) FROM messages")) == 7
    async with open_store(storage_url) as store:
        conversations = store.conversations
        assert await conversations.current("retried") == retried
        assert await line(store, retried) == [("a", "1 again")]
        assert await line(store, waiting) == [("c", None)]
        assert await line(store, empty) == []
        assert await line(store, over) == [("long ago", None)]
        newest = await conversations.add_question(retried, question("d"))
        assert newest is not None
        history = await conversations.before(newest, EVERYTHING)
        assert [(each.question, each.answer) for each in history.exchanges] == [("a", "1 again")]
        assert [version.reasoning for version in await conversations.versions(first)] == ["", ""]
        await conversations.add_question(empty, question("e"))
        assert await line(store, empty) == [("e", None)]
        async with conversations.engines.writing() as connection:
            assert await connection.run_sync(_differences) == []


def _columns(connection: Connection) -> set[str]:
    tables = ("messages", "conversations")
    return {column["name"] for table in tables for column in inspect(connection).get_columns(table)}


def _differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))
