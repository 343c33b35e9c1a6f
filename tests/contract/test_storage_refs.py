"""Which pictures belong to questions and answers, over both databases, and how rows came to have any."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, event, inspect, text

from bot.domain.conversations import Answer, Exchange, Question, Turn
from bot.domain.media import Picture, PictureRef
from bot.ports import Conversations, Store
from bot.storage.database import SqlStore, open_store
from bot.storage.migrate import alembic_config
from bot.storage.tables import metadata
from tests.contract.rows import fill

CHAT = "telegram:1:42"
EVERYTHING = 10**12

PHOTO, DRAWING, MAP = (PictureRef(letter * 64, 640 + number, 480) for number, letter in enumerate("abc"))


@pytest.fixture
def conversations(any_store: Store) -> Conversations:
    return any_store.conversations


def question(words: str, *pictures: PictureRef) -> Question:
    return Question(f"key of {words}", "telegram:7", "Ada", words, f"message of {words}", pictures)


def answer(words: str, *pictures: PictureRef) -> Answer:
    return Answer(words, "complete", "some/model", "assistant", pictures=pictures)


async def add(conversations: Conversations, asked: Question, *said: Answer) -> int:
    """Add a turn with its answers, whose ids come right after its own."""
    turn = await conversations.add_question(await conversations.current(CHAT), asked)
    assert turn is not None
    for each in said:
        await conversations.add_answer(turn, each)
    return turn


async def line(conversations: Conversations) -> list[Turn]:
    return [turn async for turn in conversations.branch(await conversations.current(CHAT))]


async def test_pictures_of_a_turn_come_back_in_their_order(conversations: Conversations) -> None:
    asked, said = question("what is this", PHOTO, MAP, PHOTO), answer("a map", DRAWING, PHOTO)
    number = await add(conversations, asked, said)
    turn = Turn(number, asked, replace(said, id=number + 1))
    assert await conversations.turn(turn.id) == (turn, CHAT)
    assert await conversations.last(await conversations.current(CHAT)) == turn
    assert await conversations.by_message(CHAT, "message of what is this") == turn


async def test_pictures_are_told_in_the_history(conversations: Conversations) -> None:
    a = await add(conversations, question("a", PHOTO, MAP), answer("1", DRAWING))
    b = await add(conversations, question("b", MAP))
    c = await add(conversations, question("c"), answer("3", PHOTO))
    d = await add(conversations, question("d", DRAWING), answer("4"))
    last = await add(conversations, question("e", PHOTO))
    assert (await conversations.before(last, EVERYTHING)).exchanges == (
        Exchange("Ada", "a", "1", (PHOTO, MAP), (DRAWING,), a + 1),
        Exchange("Ada", "b", None, (MAP,), (), b),
        Exchange("Ada", "c", "3", (), (PHOTO,), c + 1),
        Exchange("Ada", "d", "4", (DRAWING,), (), d + 1),
    )


async def test_the_pictures_of_the_newest_answer_count(conversations: Conversations) -> None:
    asked = question("draw", PHOTO)
    turn = await add(conversations, asked, answer("first", DRAWING), answer("second", MAP), answer("third"))
    assert await conversations.turn(turn) == (Turn(turn, asked, replace(answer("third"), id=turn + 3)), CHAT)
    last = await add(conversations, question("and now"))
    told = (await conversations.before(last, EVERYTHING)).exchanges
    assert told == (Exchange("Ada", "draw", "third", (PHOTO,), (), turn + 3),)


async def test_the_branch_holds_the_pictures(conversations: Conversations) -> None:
    asked, said = question("a", PHOTO), answer("1", DRAWING, MAP)
    turn = await add(conversations, asked, said)
    assert await line(conversations) == [Turn(turn, asked, replace(said, id=turn + 1))]


async def test_no_pictures_are_stored_as_nothing(store: SqlStore) -> None:
    await add(store.conversations, question("a"), answer("1"))
    async with store.conversations.engines.reading() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM messages WHERE pictures IS NULL")) == 2


async def test_history_is_one_statement_that_reads_no_picture(store: SqlStore) -> None:
    photo = Picture(b"\xff\xd8", "image/jpeg", 640, 480)
    await store.pictures.keep(CHAT, [photo])
    first = await add(store.conversations, question("a", photo.ref), answer("1", photo.ref))
    last = await add(store.conversations, question("b"))
    statements: list[str] = []

    def collect(connection: object, cursor: object, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(store.conversations.engines.reader.sync_engine, "before_cursor_execute", collect)
    told = (await store.conversations.before(last, EVERYTHING)).exchanges
    assert told == (Exchange("Ada", "a", "1", (photo.ref,), (photo.ref,), first + 1),)
    [statement] = statements
    assert "FROM messages" in statement
    assert "FROM pictures" not in statement
    assert "JOIN pictures" not in statement


async def test_rows_from_before_there_were_pictures_have_none(storage_url: str) -> None:
    async with open_store(storage_url) as store:
        conversation = await store.conversations.current(CHAT)
        await fill(store, conversation, turns=3)
        old = await line(store.conversations)
        assert len(old) == 3
        await _step(store, "0001")
    async with open_store(storage_url) as store:
        assert await line(store.conversations) == old
        last = await add(store.conversations, question("new", PHOTO), answer("now", MAP))
        history = (await store.conversations.before(last, EVERYTHING)).exchanges
        assert [(each.question, each.shown, each.made) for each in history] == [
            (f"question {n}", (), ()) for n in range(3)
        ]
        found = await store.conversations.turn(last)
        assert found is not None
        assert found[0].question.pictures == (PHOTO,)


async def test_pictures_go_with_their_migration_and_nothing_else_does(storage_url: str) -> None:
    """Up, down and up again with rows of every kind; a turn's id is not given out twice on the way."""
    async with open_store(storage_url) as store:
        photo = Picture(b"\xff\xd8", "image/jpeg", 640, 480)
        await store.pictures.keep(CHAT, [photo])
        kept = await add(store.conversations, question("a", photo.ref), answer("1", photo.ref))
        gone = await add(store.conversations, question("b", photo.ref))
        async with store.conversations.engines.writing() as connection:
            await connection.execute(text(f"DELETE FROM messages WHERE id = {gone}"))
        await _step(store, "0001")
        async with store.conversations.engines.writing() as connection:
            assert not await connection.run_sync(lambda sync: inspect(sync).has_table("pictures"))
            rows = await connection.execute(text("SELECT * FROM messages ORDER BY id"))
            assert "pictures" not in set(rows.keys())
            assert [(row.id, row.text) for row in rows] == [(kept, "a"), (kept + 1, "1")]
    async with open_store(storage_url) as store:
        assert await store.pictures.load(CHAT, [photo.ref.digest]) == {}
        turn = Turn(kept, question("a"), replace(answer("1"), id=kept + 1))
        assert await store.conversations.turn(kept) == (turn, CHAT)
        assert await add(store.conversations, question("b")) > gone
        async with store.conversations.engines.writing() as connection:
            assert await connection.run_sync(_differences) == []


async def _step(store: SqlStore, revision: str) -> None:
    async with store.conversations.engines.writing() as connection:
        await connection.run_sync(lambda sync: command.downgrade(alembic_config(sync), revision))


def _differences(connection: Connection) -> list[Any]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))
