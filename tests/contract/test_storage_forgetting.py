"""Forgetting, over both databases and in memory."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select

from bot import clock
from bot.domain.conversations import Answer, Question, Turn
from bot.domain.media import Picture, PictureRef
from bot.domain.personas import Persona
from bot.domain.rules import Rule
from bot.domain.usage import Account, Spending, Spent, Usage
from bot.errors import StorageError
from bot.ports import Store
from bot.storage import tables
from bot.storage.database import SqlStore, open_store
from tests.contract.rows import fill

ANN, BOB = "telegram:1", "telegram:2"
CHAT = "telegram:9:42"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
EVERYTHING = 10**12


def picture(number: int) -> Picture:
    return Picture(b"\xff\xd8 picture %d" % number, "image/jpeg", 640, 480)


class Talk:
    """Adds turns to a chat and tells what it holds."""

    def __init__(self, store: Store, chat_key: str = CHAT) -> None:
        self.store = store
        self.chat_key = chat_key
        self.said = 0

    async def ask(self, author: str, words: str, answers: int = 1, *, shown: int = 0, made: int = 0) -> int:
        """A question with as many answers; `shown` and `made` are the numbers of its pictures. Returns the turn."""
        conversation = await self.store.conversations.current(self.chat_key)
        key = f"{self.chat_key} {self.said}"
        self.said += 1
        question = Question(key, author, author[-1], words, f"m{self.said}", await self._refs(shown))
        turn = await self.store.conversations.add_question(conversation, question)
        assert turn is not None
        for number in range(answers):
            said = Answer(f"{words} {number}", "complete", "a/b", "assistant", pictures=await self._refs(made))
            await self.store.conversations.add_answer(turn, said)
        return turn

    async def _refs(self, number: int) -> tuple[PictureRef, ...]:
        if not number:
            return ()
        await self.store.pictures.keep(self.chat_key, [picture(number)])
        return (picture(number).ref,)

    async def left(self) -> list[str]:
        """The questions of the chat's conversation."""
        return [turn.question.text for turn in await self.turns()]

    async def turns(self) -> list[Turn]:
        conversation = await self.store.conversations.current(self.chat_key)
        return [turn async for turn in self.store.conversations.branch(conversation)]

    async def pictures(self, *numbers: int) -> list[int]:
        """Those of these pictures that are there."""
        kept = await self.store.pictures.load(self.chat_key, [picture(number).ref.digest for number in numbers])
        return [number for number in numbers if picture(number).ref.digest in kept]


@pytest.fixture
def talk(any_store: Store) -> Talk:
    return Talk(any_store)


async def summary(store: Store, turn: int) -> str:
    return (await store.conversations.before(turn, EVERYTHING)).summary


async def end(store: Store, turn: int) -> int:
    """The row of a turn's newest answer."""
    found = await store.conversations.turn(turn)
    assert found is not None
    assert found[0].answer is not None
    assert found[0].answer.id is not None
    return found[0].answer.id


async def test_a_persons_words_go_and_those_of_others_stay(any_store: Store, talk: Talk) -> None:
    await talk.ask(ANN, "a")
    await talk.ask(BOB, "b")
    await talk.ask(ANN, "c", answers=3)
    await talk.ask(ANN, "d", answers=0)
    kept = await talk.ask(BOB, "e")
    assert await any_store.forgetting.person(ANN, []) == 2 + 4 + 1
    assert await talk.left() == ["b", "e"]
    assert [each.question for each in (await any_store.conversations.before(kept, EVERYTHING)).exchanges] == ["b"]
    assert await any_store.forgetting.person(ANN, []) == 0
    assert await talk.left() == ["b", "e"]


async def test_a_conversation_goes_on_behind_what_is_left(any_store: Store, talk: Talk) -> None:
    await talk.ask(BOB, "a")
    gone = [await talk.ask(ANN, "b"), await talk.ask(ANN, "c")]
    await any_store.forgetting.person(ANN, [])
    last = await any_store.conversations.last(await any_store.conversations.current(CHAT))
    assert last is not None
    assert last.question.text == "a"
    new = await talk.ask(BOB, "d")
    assert new not in gone  # buttons still carry the old numbers
    assert await talk.left() == ["a", "d"]
    for turn in gone:
        assert await any_store.conversations.turn(turn) is None
        assert await any_store.conversations.versions(turn) == []
    assert await any_store.conversations.by_message(CHAT, "m2") is None


async def test_somebody_may_have_been_alone(any_store: Store, talk: Talk) -> None:
    await talk.ask(ANN, "a")
    await talk.ask(ANN, "b")
    assert await any_store.forgetting.person(ANN, []) == 4
    assert await talk.left() == []
    assert await any_store.conversations.last(await any_store.conversations.current(CHAT)) is None
    await talk.ask(ANN, "c")
    assert await talk.left() == ["c"]


async def test_other_branches_hang_on_what_is_left(any_store: Store, talk: Talk) -> None:
    store = any_store.conversations
    await talk.ask(BOB, "a")
    gone = await talk.ask(ANN, "b")
    await talk.ask(BOB, "c")
    other = await store.fork_question(gone, Question("k", BOB, "Bob", "d"))
    assert other is not None
    await store.add_answer(gone, Answer("another", "complete", "a/b", "assistant"))
    beyond = await talk.ask(BOB, "e")
    await any_store.forgetting.person(ANN, [])
    assert await talk.left() == ["a", "e"]
    for turn in (other, beyond):
        assert [each.question for each in (await store.before(turn, EVERYTHING)).exchanges] == ["a"]


async def test_a_thread_that_began_behind_it_goes_on_behind_what_is_left(any_store: Store, talk: Talk) -> None:
    await talk.ask(BOB, "a")
    gone = await talk.ask(ANN, "b")
    thread = await any_store.conversations.start_behind(f"{CHAT}:5", await end(any_store, gone))
    empty = await any_store.conversations.start_behind(f"{CHAT}:6", await end(any_store, gone))
    there = Talk(any_store, f"{CHAT}:5")
    await any_store.conversations.summarise(await end(any_store, await there.ask(BOB, "c")), "what Ann said")
    last = await there.ask(BOB, "d")
    assert await summary(any_store, last) == "what Ann said"
    await any_store.forgetting.person(ANN, [])
    assert await summary(any_store, last) == ""
    assert [turn.question.text async for turn in any_store.conversations.branch(thread)] == ["a", "c", "d"]
    assert [turn.question.text async for turn in any_store.conversations.branch(empty)] == ["a"]


async def test_summaries_of_what_goes_go(any_store: Store, talk: Talk) -> None:
    first, second = await talk.ask(BOB, "a"), await talk.ask(ANN, "b")
    third, last = await talk.ask(BOB, "c"), await talk.ask(BOB, "d")
    for turn in (first, second, third):
        await any_store.conversations.summarise(await end(any_store, turn), f"up to {turn}")
    elsewhere = Talk(any_store, "telegram:9:43")
    await any_store.conversations.summarise(await end(any_store, await elsewhere.ask(BOB, "x")), "of others")
    apart = await elsewhere.ask(BOB, "y")
    assert await summary(any_store, last) == f"up to {third}"
    await any_store.forgetting.person(ANN, [])
    assert await summary(any_store, last) == ""
    assert await summary(any_store, apart) == "of others"


async def test_pictures_go_unless_others_showed_them_too(any_store: Store, talk: Talk) -> None:
    elsewhere = Talk(any_store, "telegram:9:43")
    await talk.ask(ANN, "a", shown=1, made=2)
    await talk.ask(BOB, "b", shown=3, made=4)
    await talk.ask(ANN, "c", shown=3, made=4)
    await talk.ask(ANN, "d", shown=4)
    await elsewhere.ask(BOB, "e", shown=1)
    await any_store.forgetting.person(ANN, [])
    assert await talk.pictures(1, 2, 3, 4) == [3, 4]
    assert await elsewhere.pictures(1) == [1]


async def test_settings_personas_and_the_name_in_the_ledger_go(any_store: Store) -> None:
    mine, theirs = "telegram:9/user/1", "telegram:9/user/10"
    for scope in (mine, theirs, f"{mine}/deeper"):
        await any_store.preferences.put(scope, "model", "a/b")
    await any_store.personas.save("chat", Persona("hers", "prompt", author=ANN))
    await any_store.personas.save("chat", Persona("his", "prompt", author=BOB))
    await any_store.rules.put(Rule(ANN, "deny", BOB, LONG_AGO))
    for person in (ANN, ANN, BOB):
        await any_store.ledger.add(Spending(LONG_AGO, Account(person, CHAT), "chat", "a/b", Usage(1, 2), cost=4))
    assert await any_store.forgetting.person(ANN, [mine]) == 0
    left = await any_store.preferences.all(["model"])
    assert set(left) == {theirs}
    assert [persona.name for persona in await any_store.personas.list(["chat"])] == ["his"]
    assert [rule.subject for rule in await any_store.rules.all()] == [ANN]
    since = LONG_AGO.date()
    assert await any_store.ledger.spent(since) == Spent(3, 9, 12)
    assert await any_store.ledger.spent(since, chat=CHAT) == Spent(3, 9, 12)
    assert await any_store.ledger.spent(since, person=ANN) == Spent()
    assert await any_store.ledger.by("person", since, 9) == [(BOB, Spent(1, 3, 4))]
    assert await any_store.ledger.by("model", since, 9) == [("a/b", Spent(3, 9, 12))]


async def test_those_without_a_name_are_one(any_store: Store) -> None:
    for person in (ANN, BOB):
        for day in range(3):
            at = LONG_AGO + timedelta(days=day)
            await any_store.ledger.add(Spending(at, Account(person, CHAT), "chat", "a/b", Usage(1, 2), cost=None))
    await any_store.forgetting.person(ANN, [])
    await any_store.forgetting.person(BOB, [])
    await any_store.forgetting.chat(CHAT, [])
    assert await any_store.ledger.spent(LONG_AGO.date()) == Spent(6, 18, 0, 6)
    assert [each.spent for each in await any_store.ledger.days(LONG_AGO.date())] == [Spent(2, 6, 0, 2)] * 3
    assert await any_store.ledger.by("person", LONG_AGO.date(), 9) == []
    assert await any_store.ledger.by("chat", LONG_AGO.date(), 9) == []


PLACES = (CHAT, f"{CHAT}@1", f"{CHAT}:5", f"{CHAT}:5@1")
OTHERS = (f"{CHAT}1", "telegram:9:4", "telegram:9:43", "Telegram:9:42:1", "telegram:9:42%", "telegram_9:42", "other")


async def test_a_chat_goes_with_its_threads_and_nothing_else(any_store: Store) -> None:
    for key in (*PLACES, *OTHERS):
        talk = Talk(any_store, key)
        await talk.ask(ANN, "a", answers=0, shown=1)
        await any_store.conversations.start_new(key)
        await talk.ask(BOB, "b", made=2)
        await any_store.ledger.add(Spending(LONG_AGO, Account(ANN, key), "chat", "a/b", Usage(1, 2), cost=4))
    assert await any_store.forgetting.chat(CHAT, []) == len(PLACES) * 3
    assert await any_store.forgetting.chat(CHAT, []) == 0
    for key in PLACES:
        assert not await any_store.conversations.known(key)
        assert await Talk(any_store, key).pictures(1, 2) == []
        assert await any_store.ledger.spent(LONG_AGO.date(), chat=key) == Spent()
    for key in OTHERS:
        assert await Talk(any_store, key).left() == ["b"]
        assert await Talk(any_store, key).pictures(1, 2) == [1, 2]
        assert await any_store.ledger.spent(LONG_AGO.date(), chat=key) == Spent(1, 3, 4)
    assert await any_store.ledger.spent(LONG_AGO.date(), person=ANN) == Spent(11, 33, 44)


async def test_a_forgotten_chat_begins_anew(any_store: Store, talk: Talk) -> None:
    gone = await talk.ask(ANN, "a")
    await any_store.forgetting.chat(CHAT, [])
    new = await talk.ask(ANN, "b")
    assert new != gone
    assert await talk.left() == ["b"]
    assert (await any_store.conversations.before(new, EVERYTHING)).exchanges == ()


async def test_of_a_chat_the_settings_and_personas_go_too(any_store: Store) -> None:
    gone = ("telegram:9/chat/42", "telegram:9/thread/42/7", "telegram:9/thread/42/8")
    kept = ("telegram:9/chat/421", "telegram:9/thread/421/7", "telegram:9/user/1")
    for scope in (*gone, *kept):
        await any_store.preferences.put(scope, "model", "a/b")
        await any_store.personas.save(scope, Persona("mine", "prompt", author=ANN))
    await any_store.forgetting.chat(CHAT, ["telegram:9/chat/42", "telegram:9/thread/42"])
    assert set(await any_store.preferences.all(["model"])) == set(kept)
    for scope in gone:
        assert await any_store.personas.list([scope]) == []
    for scope in kept:
        assert len(await any_store.personas.list([scope])) == 1


async def test_a_thread_that_is_forgotten_leaves_its_chat_alone(any_store: Store, talk: Talk) -> None:
    turn = await talk.ask(ANN, "a")
    await any_store.conversations.start_behind(f"{CHAT}:5", await end(any_store, turn))
    await Talk(any_store, f"{CHAT}:5").ask(ANN, "b")
    assert await any_store.forgetting.chat(f"{CHAT}:5", []) == 2
    assert await talk.left() == ["a"]


async def test_what_went_on_elsewhere_stays_without_what_went_before(any_store: Store, talk: Talk) -> None:
    turn = await talk.ask(ANN, "a")
    await any_store.conversations.start_behind("elsewhere", await end(any_store, turn))
    there = Talk(any_store, "elsewhere")
    await any_store.conversations.summarise(await end(any_store, await there.ask(BOB, "b")), "what Ann said")
    last = await there.ask(BOB, "c")
    assert await any_store.forgetting.chat(CHAT, []) == 2
    assert await there.left() == ["b", "c"]
    assert await summary(any_store, last) == ""


async def test_what_is_old_goes_and_what_follows_stays(any_store: Store, talk: Talk) -> None:
    old = [await talk.ask(ANN, "a", shown=1), await talk.ask(BOB, "b", answers=2)]
    await any_store.conversations.summarise(await end(any_store, old[1]), "old")
    when = clock.utc_now()
    new = [await talk.ask(ANN, "c", shown=2), await talk.ask(BOB, "d")]
    assert await any_store.forgetting.before(when - timedelta(hours=1)) == 0
    assert await any_store.forgetting.before(when) == 5
    assert await any_store.forgetting.before(when) == 0
    assert await talk.left() == ["c", "d"]
    assert await talk.pictures(1, 2) == [2]
    history = await any_store.conversations.before(new[1], EVERYTHING)
    assert ([each.question for each in history.exchanges], history.summary) == (["c"], "")
    assert await any_store.forgetting.before(clock.utc_now()) == 4
    assert await talk.left() == []


async def test_an_old_question_takes_a_new_answer_along(any_store: Store, talk: Talk) -> None:
    turn = await talk.ask(ANN, "a")
    when = clock.utc_now()
    await any_store.conversations.add_answer(turn, Answer("again", "complete", "a/b", "assistant"))
    assert await any_store.forgetting.before(when) == 3
    assert await talk.left() == []


async def test_more_goes_than_one_transaction_takes(store: SqlStore) -> None:
    talk = Talk(store)
    await fill(store, await store.conversations.current(CHAT), turns=150)
    await talk.ask(BOB, "b", shown=1)
    for number in range(5):
        await store.pictures.keep("filled", [picture(number)])
    assert await store.forgetting.person("telegram:7", []) == 300
    assert await talk.left() == ["b"]
    await fill(store, await store.conversations.start_new(CHAT), turns=150)
    assert await store.forgetting.chat(CHAT, []) == 302
    async with store.forgetting.engines.reading() as connection:
        for table in (tables.messages, tables.conversations):
            assert await connection.scalar(select(func.count()).select_from(table)) == 0
    await fill(store, await store.conversations.current(CHAT), turns=150)
    assert await store.forgetting.before(clock.utc_now()) == 300


async def test_a_call_that_broke_off_can_be_made_again(store: SqlStore) -> None:
    """Cancelled at each of its statements; every batch is whole, and the rest goes with the next call."""
    engines = store.forgetting.engines
    left = 0

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            forgetting.cancel()

    for engine in {engines.reader.sync_engine, engines.writer.sync_engine}:
        event.listen(engine, "before_cursor_execute", count)
    for statements in range(1, 40):
        talk = Talk(store, f"chat {statements}")
        handle = f"telegram:9{statements}"
        await talk.ask(handle, "a", shown=1)
        await store.conversations.summarise(await talk.ask(BOB, "b", answers=0, shown=2), "what was said")
        forgetting = asyncio.create_task(store.forgetting.person(handle, []))
        left = statements
        await asyncio.wait([forgetting])
        assert (await talk.left())[-1] == "b"
        await store.forgetting.person(handle, [])
        assert await talk.left() == ["b"]
        assert await summary(store, await talk.ask(BOB, "c")) == ""
        assert await talk.pictures(1, 2) == [2]
        if not forgetting.cancelled():
            break
    assert 10 < statements < 39


async def test_others_write_while_much_is_forgotten(store: SqlStore) -> None:
    talk, other = Talk(store), Talk(store, "other")
    await fill(store, await store.conversations.current(CHAT), turns=500)
    forgetting = asyncio.create_task(store.forgetting.chat(CHAT, []))
    written = 0
    while not forgetting.done():
        await other.ask(BOB, f"{written}")
        written += 1
    assert await forgetting == 1000
    assert 2 * written >= 5  # a question or an answer between two batches
    assert len(await other.left()) == written
    assert await talk.left() == []


async def test_what_is_said_while_a_chat_is_forgotten_stays(store: SqlStore) -> None:
    talk = Talk(store)
    conversation = await store.conversations.current(CHAT)
    await fill(store, conversation, turns=250)
    forgetting = asyncio.create_task(store.forgetting.chat(CHAT, []))
    said: list[int | None] = []
    while not forgetting.done():
        with suppress(StorageError):  # once the conversation is gone
            question = Question(f"{len(said)}", BOB, "Bob", "still here")
            said.append(await store.conversations.add_question(conversation, question))
    early = await forgetting - 500  # what was said before its first look
    assert 0 <= early < len(said)
    found = [await store.conversations.turn(turn or 0) for turn in said]
    assert [turn is not None for turn in found] == [False] * early + [True] * (len(said) - early)
    assert await talk.left() == ["still here"] * (len(said) - early)


async def test_the_tree_stays_whole_while_it_grows(store: SqlStore) -> None:
    """Answers come to questions that are being forgotten, and questions behind them."""

    talk = Talk(store)

    async def chat(author: str) -> None:
        for count in range(8):
            with suppress(StorageError):
                await talk.ask(author, f"{count}", answers=2)

    talks = [asyncio.create_task(chat(author)) for author in (ANN, BOB, ANN, BOB)]
    while not all(task.done() for task in talks):
        await store.forgetting.person(ANN, [])
    await asyncio.gather(*talks)
    await store.forgetting.person(ANN, [])
    async with store.forgetting.engines.reading() as connection:
        rows = {row.id: row for row in await connection.execute(select(tables.messages))}
        heads = (await connection.scalars(select(tables.conversations.c.head_id))).all()
    assert {row.author_id for row in rows.values()} == {BOB, None}
    assert len(rows) == 2 * 8 * 3
    for row in rows.values():
        assert row.role == "user" or rows[row.parent_id].role == "user"
    assert [head in rows for head in heads] == [True]


def test_of_what_was_said_no_trace_is_left_in_the_file(sqlite_url: str) -> None:
    asyncio.run(_say_and_forget(sqlite_url))
    file = Path(sqlite_url.removeprefix("sqlite:///")).read_bytes()
    assert b"the words of Bob" in file
    assert b"the secret of Ann" not in file
    assert b"the plans of Bob" not in file
    assert b"telegram:9:77" not in file
    assert picture(1).data not in file


async def _say_and_forget(url: str) -> None:
    async with open_store(url) as store:
        talk, other = Talk(store), Talk(store, "telegram:9:77")
        for number in range(50):
            await talk.ask(ANN, f"the secret of Ann, number {number}, and much more", shown=1)
            await talk.ask(BOB, f"the words of Bob, number {number}")
            await other.ask(BOB, f"the plans of Bob, number {number}")
        await store.forgetting.person(ANN, [])
        await store.forgetting.chat("telegram:9:77", [])


async def test_every_statement_finds_its_rows_by_an_index(sqlite_url: str) -> None:
    """SQLite's plan for all that is executed: SEARCH goes through an index, SCAN reads a whole table."""
    async with open_store(sqlite_url) as store:
        engines = store.forgetting.engines
        statements: list[tuple[str, Any]] = []
        for engine in (engines.reader, engines.writer):
            event.listen(engine.sync_engine, "before_cursor_execute", _collect(statements))
        await everything(store)
        collected = [one for one in statements if one[0].startswith(("SELECT", "UPDATE", "DELETE"))]
        assert len(collected) > 60
        async with engines.reading() as connection:
            for statement, values in collected:
                first = values[0] if isinstance(values, list) else values
                plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", first)
                assert [row.detail for row in plan if row.detail.startswith("SCAN")] == [], statement


def _collect(statements: list[tuple[str, Any]]) -> Any:
    def collect(connection: object, cursor: object, statement: str, values: Any, *_: object) -> None:
        statements.append((statement, values))

    return collect


async def everything(store: SqlStore) -> None:
    """Each call of the ledger and of forgetting, with something to do."""
    since = LONG_AGO.date()
    for key in (CHAT, f"{CHAT}:5", "other"):
        talk = Talk(store, key)
        await talk.ask(ANN, "a", shown=1)
        turn = await talk.ask(BOB, "b", shown=2)
        await store.conversations.summarise(await end(store, turn), "summary")
        await store.ledger.add(Spending(LONG_AGO, Account(ANN, key), "chat", "a/b"))
    await store.preferences.put("scope", "model", "a/b")
    await store.personas.save("scope", Persona("hers", "prompt", author=ANN))
    await store.ledger.spent(since, person=ANN)
    await store.ledger.spent(since, chat=CHAT)
    await store.ledger.days(since, person=ANN)
    await store.ledger.by("person", since, 5)
    await store.ledger.move("other", "another")
    assert await store.forgetting.person(ANN, ["scope"]) == 6
    assert await store.forgetting.chat(CHAT, ["scope"]) == 4
    assert await store.forgetting.before(clock.utc_now()) == 2
