"""Versions of answers, branches, summaries, and what is dropped: over both databases and the fake in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, text

from bot.domain.conversations import Answer, Exchange, History, Question, Turn
from bot.domain.media import PictureRef
from bot.errors import StorageError
from bot.ports import Conversations, Store
from bot.storage.database import SqlStore
from tests.contract.rows import fill

CHAT = "telegram:1:42"
EVERYTHING = 10**12
PHOTO = PictureRef("a" * 64, 640, 480)


@pytest.fixture
def conversations(any_store: Store) -> Conversations:
    return any_store.conversations


def question(words: str, *pictures: PictureRef) -> Question:
    return Question(f"key of {words}", "telegram:7", "Ada", words, f"message of {words}", pictures)


def answer(words: str, *messages: str, **more: Any) -> Answer:
    return replace(Answer(words, "complete", "some/model", "assistant", message_ids=messages), **more)


async def ask(conversations: Conversations, words: str, chat: str = CHAT) -> int:
    turn = await conversations.add_question(await conversations.current(chat), question(words))
    assert turn is not None
    return turn


async def say(conversations: Conversations, turn: int, words: str, *messages: str) -> int:
    return await conversations.add_answer(turn, answer(words, *messages))


async def fork(conversations: Conversations, turn: int, words: str) -> int:
    forked = await conversations.fork_question(turn, question(words))
    assert forked is not None
    return forked


async def line(conversations: Conversations, chat: str = CHAT) -> list[tuple[str, str | None]]:
    turns = [turn async for turn in conversations.branch(await conversations.current(chat))]
    last = await conversations.last(await conversations.current(chat))
    assert turns[-1:] == ([] if last is None else [last])
    return [(turn.question.text, turn.answer.text if turn.answer else None) for turn in turns]


async def told(conversations: Conversations, turn: int) -> tuple[str, list[tuple[str, str | None]]]:
    history = await conversations.before(turn, EVERYTHING)
    return history.summary, [(each.question, each.answer) for each in history.exchanges]


async def test_a_conversation_is_known_once_it_is_there(conversations: Conversations) -> None:
    assert not await conversations.known(CHAT)
    await conversations.current(CHAT)
    assert await conversations.known(CHAT)
    assert not await conversations.known(f"{CHAT}:thread")


async def test_reasoning_is_kept(conversations: Conversations) -> None:
    turn = await ask(conversations, "a")
    said = await conversations.add_answer(turn, answer("1", reasoning="Hm.\nWell."))
    assert await conversations.versions(turn) == [answer("1", reasoning="Hm.\nWell.", id=said)]


async def test_versions_say_or_show_something(conversations: Conversations) -> None:
    turn = await ask(conversations, "a")
    assert await conversations.versions(turn) == []
    first = await say(conversations, turn, "1")
    await conversations.add_answer(turn, answer("", reasoning="It thought, and said nothing."))
    shown = await conversations.add_answer(turn, answer("", pictures=(PHOTO,)))
    last = await say(conversations, turn, "3")
    assert [version.id for version in await conversations.versions(turn)] == [first, shown, last]
    assert await conversations.versions(last) == []
    assert await conversations.versions(last + 1000) == []


async def test_of_many_versions_the_newest_are_told(conversations: Conversations) -> None:
    turn = await ask(conversations, "a")
    for number in range(53):
        await say(conversations, turn, f"{number}")
    assert [version.text for version in await conversations.versions(turn)] == [f"{n}" for n in range(3, 53)]


async def test_a_changed_question_stands_beside_the_old_one(conversations: Conversations) -> None:
    await say(conversations, await ask(conversations, "a"), "1")
    old = await ask(conversations, "b")
    await say(conversations, old, "2")
    new = await fork(conversations, old, "b, changed")
    assert await line(conversations) == [("a", "1"), ("b, changed", None)]
    await say(conversations, new, "2, changed")
    last = await ask(conversations, "c")
    assert await told(conversations, new) == ("", [("a", "1")])
    assert await told(conversations, last) == ("", [("a", "1"), ("b, changed", "2, changed")])
    assert await conversations.fork_question(old, question("b")) is None


async def test_the_first_question_can_be_changed(conversations: Conversations) -> None:
    old = await ask(conversations, "a")
    await say(conversations, old, "1")
    await fork(conversations, old, "A")
    assert await line(conversations) == [("A", None)]


async def test_a_question_beside_one_that_is_gone_fails(store: SqlStore) -> None:
    with pytest.raises(StorageError):
        await store.conversations.fork_question(12345, question("a"))


async def test_a_conversation_goes_on_behind_a_chosen_answer(conversations: Conversations) -> None:
    turn = await ask(conversations, "a")
    first, _ = await say(conversations, turn, "1"), await say(conversations, turn, "2")
    assert await line(conversations) == [("a", "2")]
    await conversations.choose(first)
    assert await line(conversations) == [("a", "1")]
    await ask(conversations, "b")
    assert await line(conversations) == [("a", "1"), ("b", None)]


async def test_choosing_leads_to_the_newest_row_of_what_followed(conversations: Conversations) -> None:
    turn = await ask(conversations, "a")
    first = await say(conversations, turn, "1")
    second = await ask(conversations, "b")
    await say(conversations, second, "2")
    forked = await fork(conversations, second, "c")
    third = await say(conversations, second, "2 again")
    await say(conversations, turn, "another")
    assert await line(conversations) == [("a", "another")]
    await conversations.choose(first)
    assert await line(conversations) == [("a", "1"), ("b", "2 again")]
    await say(conversations, forked, "3")
    await conversations.choose(third)
    await conversations.choose(first)
    assert await line(conversations) == [("a", "1"), ("c", "3")]
    await conversations.choose(first, leaf=False)
    assert await line(conversations) == [("a", "1")]


async def test_choosing_does_not_lead_into_a_thread(conversations: Conversations) -> None:
    first = await say(conversations, await ask(conversations, "a"), "1")
    await conversations.start_behind("thread", first)
    await ask(conversations, "in the thread", "thread")
    await conversations.choose(first)
    assert await line(conversations) == [("a", "1")]
    assert await line(conversations, "thread") == [("a", "1"), ("in the thread", None)]


async def test_choosing_what_is_gone_changes_nothing(store: SqlStore) -> None:
    await ask(store.conversations, "a")
    await store.conversations.choose(12345)
    await store.conversations.choose(12345, leaf=False)
    await store.conversations.place(12345, ["5"])
    assert await line(store.conversations) == [("a", None)]


async def test_a_thread_goes_on_behind_an_answer_of_its_chat(conversations: Conversations) -> None:
    first = await say(conversations, await ask(conversations, "a"), "1")
    await ask(conversations, "b")
    behind = await conversations.start_behind("thread", first)
    assert await conversations.current("thread") == behind
    asked = await ask(conversations, "c", "thread")
    assert await told(conversations, asked) == ("", [("a", "1")])
    found = await conversations.turn(asked)
    assert found is not None
    assert found[1] == "thread"
    assert await line(conversations) == [("a", "1"), ("b", None)]


async def test_messages_show_one_version_of_a_turn(conversations: Conversations) -> None:
    turn = await ask(conversations, "a")
    first = await say(conversations, turn, "1", "100", "101", "102")
    second = await say(conversations, turn, "2", "103")
    other = await say(conversations, await ask(conversations, "b"), "3", "104")
    await conversations.place(second, ["101", "100"])
    assert [version.message_ids for version in await conversations.versions(turn)] == [("102",), ("101", "100")]
    await conversations.place(first, [])
    await conversations.place(other, ["100"])
    assert [version.message_ids for version in await conversations.versions(turn)] == [(), ("101", "100")]


async def test_a_turn_is_found_by_what_shows_an_answer(conversations: Conversations) -> None:
    turn = await ask(conversations, "a")
    first = await say(conversations, turn, "1", "100", "101")
    await say(conversations, turn, "2", "102")
    await conversations.start_new(CHAT)
    await say(conversations, await ask(conversations, "b"), "3", "103")
    await say(conversations, await ask(conversations, "c", "other"), "4", "104")
    assert await conversations.by_answer(CHAT, "101") == Turn(turn, question("a"), answer("1", "100", "101", id=first))
    assert await conversations.by_answer(CHAT, "104") is None
    assert await conversations.by_answer(CHAT, "10") is None
    assert await conversations.by_answer(CHAT, "message of a") is None
    assert await conversations.by_answer("nowhere", "100") is None


async def test_only_the_newest_answers_are_looked_through(store: SqlStore) -> None:
    first = await say(store.conversations, await ask(store.conversations, "a"), "1", "100")
    await store.conversations.start_new(CHAT)
    await fill(store, await store.conversations.current(CHAT), turns=499)
    found = await store.conversations.by_answer(CHAT, "100")
    assert found is not None
    assert found.answer is not None
    assert found.answer.id == first
    await say(store.conversations, await ask(store.conversations, "b"), "2")
    assert await store.conversations.by_answer(CHAT, "100") is None


async def test_a_summary_stands_for_all_that_came_before(conversations: Conversations) -> None:
    ends = [await say(conversations, await ask(conversations, each), each.upper()) for each in "abc"]
    last = await ask(conversations, "d")
    await conversations.summarise(ends[0], "older")
    assert await told(conversations, last) == ("older", [("b", "B"), ("c", "C")])
    await conversations.summarise(ends[1], "newer")
    assert await told(conversations, last) == ("newer", [("c", "C")])
    await conversations.summarise(ends[1], "newest")
    assert await told(conversations, last) == ("newest", [("c", "C")])
    await conversations.summarise(ends[2], "all")
    assert await conversations.before(last, EVERYTHING) == History((), "all")
    assert await line(conversations) == [("a", "A"), ("b", "B"), ("c", "C"), ("d", None)]


async def test_a_summary_is_not_read_where_the_texts_exceed(conversations: Conversations) -> None:
    end = await say(conversations, await ask(conversations, "a"), "A")
    await say(conversations, await ask(conversations, "b"), "x" * 100)
    last = await ask(conversations, "c")
    await conversations.summarise(end, "older")
    assert (await conversations.before(last, 101)).summary == "older"
    assert (await conversations.before(last, 100)).summary == ""


async def test_a_summary_of_another_version_is_not_told(conversations: Conversations) -> None:
    turn = await ask(conversations, "a")
    first = await say(conversations, turn, "1")
    await conversations.summarise(first, "of the first version")
    await say(conversations, turn, "2")
    assert await told(conversations, await ask(conversations, "b")) == ("", [("a", "2")])


async def test_a_question_that_was_summed_up_is_told_with_a_later_answer(conversations: Conversations) -> None:
    await ask(conversations, "a")
    turn = await ask(conversations, "b")
    await conversations.summarise(turn, "a and b were asked")
    last = await ask(conversations, "c")
    assert await told(conversations, last) == ("a and b were asked", [])
    said = await say(conversations, turn, "B")
    last = await ask(conversations, "d")
    assert await conversations.before(last, EVERYTHING) == History(
        (Exchange("Ada", "b", "B", end=said),), "a and b were asked"
    )


async def test_an_exchange_ends_with_its_last_row(conversations: Conversations) -> None:
    first = await ask(conversations, "a")
    said = await say(conversations, first, "1")
    second = await ask(conversations, "b")
    last = await ask(conversations, "c")
    ends = [each.end for each in (await conversations.before(last, EVERYTHING)).exchanges]
    assert ends == [said, second]


async def test_what_is_dropped_is_not_told(conversations: Conversations) -> None:
    turns = [await ask(conversations, "a")]
    await say(conversations, turns[0], "1", "100")
    for words, said in (("b", "2"), ("c", "3")):
        turns.append(await ask(conversations, words))
        await say(conversations, turns[-1], said, f"shows {said}")
    await say(conversations, turns[1], "2 again")
    await conversations.choose((await conversations.versions(turns[2]))[0].id or 0)
    await conversations.drop(turns[1])
    assert await line(conversations) == [("a", "1"), ("c", "3")]
    assert await told(conversations, turns[2]) == ("", [("a", "1")])
    assert await conversations.turn(turns[1]) is None
    assert await conversations.versions(turns[1]) == []
    assert await conversations.by_message(CHAT, "message of b") is None
    assert await conversations.by_answer(CHAT, "shows 2") is None
    last = await ask(conversations, "d")
    assert await told(conversations, last) == ("", [("a", "1"), ("c", "3")])


async def test_the_last_turn_is_one_that_was_not_dropped(conversations: Conversations) -> None:
    turns = []
    for each in "abc":
        turns.append(await ask(conversations, each))
        await say(conversations, turns[-1], "1")
    await conversations.drop(turns[2])
    await conversations.drop(turns[1])
    assert await line(conversations) == [("a", "1")]
    await conversations.drop(turns[0])
    assert await line(conversations) == []


async def test_an_edited_message_is_dropped_one_question_at_a_time(conversations: Conversations) -> None:
    old = await conversations.add_question(await conversations.current(CHAT), question("a"))
    assert old is not None
    new = await conversations.fork_question(old, replace(question("A"), message_id="message of a"))
    found = []
    while (turn := await conversations.by_message(CHAT, "message of a")) is not None:
        found.append(turn.id)
        await conversations.drop(turn.id)
    assert found == [new, old]


async def test_an_answer_to_a_dropped_question_is_dropped(conversations: Conversations) -> None:
    turn = await ask(conversations, "a")
    await conversations.drop(turn)
    await conversations.add_answer(turn, answer("1", "100", reasoning="Hm.", pictures=(PHOTO,)))
    assert await conversations.versions(turn) == []
    assert await conversations.by_answer(CHAT, "100") is None
    assert await conversations.before(await ask(conversations, "b"), EVERYTHING) == History()


async def test_dropping_leaves_no_word(store: SqlStore) -> None:
    asked = Question("key", "telegram:7", "Ada", "a secret", "5", (PHOTO,))
    turn = await store.conversations.add_question(await store.conversations.current(CHAT), asked)
    assert turn is not None
    for words in ("one secret", "two secrets"):
        said = await store.conversations.add_answer(turn, answer(words, reasoning="my secret", pictures=(PHOTO,)))
    await store.conversations.summarise(said, "they shared a secret")
    await store.conversations.drop(turn)
    await store.conversations.add_answer(turn, answer("a late secret", reasoning="my secret", pictures=(PHOTO,)))
    async with store.conversations.engines.reading() as connection:
        rows = (await connection.execute(text("SELECT text, pictures, author_name, reasoning FROM messages"))).all()
        assert [tuple(row) for row in rows] == [("", None, None, None)] * 4
        assert await connection.scalar(text("SELECT count(*) FROM summaries")) == 0


async def test_summaries_that_may_hold_a_dropped_word_go(conversations: Conversations) -> None:
    ends, turns = [], []
    for each in "abc":
        turns.append(await ask(conversations, each))
        ends.append(await say(conversations, turns[-1], each.upper()))
    await conversations.summarise(ends[0], "a")
    await conversations.summarise(ends[2], "a, b and c")
    await conversations.start_behind("thread", ends[1])
    inside = await say(conversations, await ask(conversations, "d", "thread"), "D")
    await conversations.summarise(inside, "a, b and d")
    await conversations.drop(turns[1])
    assert await told(conversations, await ask(conversations, "e")) == ("a", [("c", "C")])
    assert await told(conversations, await ask(conversations, "f", "thread")) == ("a", [("d", "D")])


async def test_a_branch_is_read_in_pages(store: SqlStore) -> None:
    """Each row twice, in some statements of bounded size; no connection is held while somebody reads slowly."""
    conversation = await store.conversations.current(CHAT)
    await fill(store, conversation, turns=2600)
    first = await store.conversations.current("first")
    await ask(store.conversations, "an open question", "first")
    statements: list[str] = []

    def collect(connection: object, cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    engines = store.conversations.engines
    event.listen(engines.reader.sync_engine, "before_cursor_execute", collect)
    seen = []
    async for turn in store.conversations.branch(conversation):
        seen.append(turn)
        if len(seen) == 1500:
            slow = [store.conversations.branch(first) for _ in range(20)]
            assert [(await anext(each)).question.text for each in slow] == ["an open question"] * 20
    assert [turn.question.text for turn in seen] == [f"question {n}" for n in range(2600)]
    assert [turn.answer and turn.answer.text for turn in seen] == [f"answer {n}" for n in range(2600)]
    assert len(statements) < 13 + 20 * 4


async def test_what_followed_is_found_in_a_long_conversation(store: SqlStore) -> None:
    conversations = store.conversations
    conversation = await conversations.current(CHAT)
    await fill(store, conversation, turns=2600)
    [first] = await conversations.versions((await anext(conversations.branch(conversation))).id)
    newest = await conversations.last(conversation)
    assert newest is not None
    assert newest.answer is not None
    assert first.id is not None
    await conversations.choose(first.id, leaf=False)
    await conversations.choose(first.id)
    assert await conversations.last(conversation) == newest
    await conversations.summarise(newest.answer.id or 0, "all of it")
    await conversations.drop(first.id - 1)
    assert (await conversations.before(await ask(conversations, "and?"), 10)).summary == ""


async def test_an_unfinished_look_at_a_branch_holds_nothing(store: SqlStore) -> None:
    conversation = await store.conversations.current(CHAT)
    await fill(store, conversation, turns=10)
    looks = [store.conversations.branch(conversation) for _ in range(30)]
    firsts = await asyncio.gather(*(anext(each) for each in looks))
    assert {turn.question.text for turn in firsts} == {"question 0"}
    assert await ask(store.conversations, "a")


async def test_answers_at_once_are_all_stored(store: SqlStore) -> None:
    """Answers, questions, drops and choices in one conversation wait for each other, and none for ever."""
    turn = await ask(store.conversations, "a")
    first = await say(store.conversations, turn, "1")
    calls: Sequence[object] = await asyncio.gather(
        *(say(store.conversations, turn, f"{n}") for n in range(12)),
        *(ask(store.conversations, f"b {n}") for n in range(12)),
        *(fork(store.conversations, turn, f"c {n}") for n in range(12)),
        *(store.conversations.choose(first) for _ in range(12)),
        *(store.conversations.place(first, [f"{n}"]) for n in range(12)),
    )
    assert len({call for call in calls if call is not None}) == 36
    assert len(await store.conversations.versions(turn)) == 13


async def test_an_answer_that_comes_while_its_question_is_dropped_is_not_kept(store: SqlStore) -> None:
    for number in range(15):
        turn = await ask(store.conversations, f"{number}")
        await asyncio.gather(
            *(say(store.conversations, turn, "a secret") for _ in range(3)), store.conversations.drop(turn)
        )
    async with store.conversations.engines.reading() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM messages WHERE text <> ''")) == 0


async def test_conversations_of_members_move_along(conversations: Conversations) -> None:
    for number, chat in enumerate((CHAT, f"{CHAT}@7", f"{CHAT}@8", f"{CHAT}:3", f"{CHAT}0@7", "new@8")):
        await say(conversations, await ask(conversations, f"{number}", chat), "yes")
    await conversations.move(CHAT, "new")
    assert await line(conversations, "new") == [("0", "yes")]
    assert await line(conversations, "new@7") == [("1", "yes")]
    assert await line(conversations, "new@8") == [("2", "yes"), ("5", "yes")]
    assert not await conversations.known(f"{CHAT}@7")
    assert await line(conversations, f"{CHAT}:3") == [("3", "yes")]
    assert await line(conversations, f"{CHAT}0@7") == [("4", "yes")]


async def test_an_empty_conversation_goes_on_from_what_moves_there(conversations: Conversations) -> None:
    await say(conversations, await ask(conversations, "a"), "1")
    await conversations.current("new")
    await conversations.move(CHAT, "new")
    await ask(conversations, "b", "new")
    assert await line(conversations, "new") == [("a", "1"), ("b", None)]
