"""Conversations, over both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.domain.conversations import Answer, Exchange, History, Question, Turn
from bot.domain.usage import Usage
from bot.errors import StorageError
from bot.ports import Store
from bot.storage.database import SqlStore, open_store
from tests.contract.rows import fill

CHAT = "telegram:1:42"
EVERYTHING = 10**12


def question(key: str, text: str = "hello", message_id: str | None = None) -> Question:
    return Question(key, "telegram:7", "Ada", text, message_id)


def answer(text: str = "hi") -> Answer:
    return Answer(text, "complete", "openai/some-model", "assistant", Usage(5, 3, 2, 1), ("100", "101"))


async def talk(store: Store, conversation: int, *pairs: tuple[str, str | None]) -> list[int]:
    """Add turns; an answer of None leaves the question open. Returns the turns' ids."""
    turns = []
    for asked, said in pairs:
        turn = await store.conversations.add_question(conversation, question(f"key of {asked}", asked))
        assert turn is not None
        if said is not None:
            await store.conversations.add_answer(turn, answer(said))
        turns.append(turn)
    return turns


async def line(store: Store, conversation: int) -> list[Turn]:
    """The turns from the root to the head."""
    return [turn async for turn in store.conversations.branch(conversation)]


async def told(store: Store, conversation: int, characters: int = EVERYTHING) -> list[tuple[str, str | None]]:
    """What a question is told that is asked now."""
    turn = await store.conversations.add_question(conversation, question("the key of one who wants to know"))
    assert turn is not None
    return words((await store.conversations.before(turn, characters)).exchanges)


def texts(turns: Sequence[Turn]) -> list[tuple[str, str | None]]:
    return [(turn.question.text, turn.answer.text if turn.answer else None) for turn in turns]


def words(exchanges: Sequence[Exchange]) -> list[tuple[str, str | None]]:
    return [(exchange.question, exchange.answer) for exchange in exchanges]


async def test_the_store_fits_its_port(store: SqlStore) -> None:
    port: Store = store
    assert port.conversations is store.conversations


async def test_a_chat_has_one_current_conversation(store: SqlStore) -> None:
    first = await store.conversations.current(CHAT)
    assert await store.conversations.current(CHAT) == first
    assert await store.conversations.current("telegram:1:43") != first


async def test_a_new_conversation_becomes_the_current_one_of_its_chat_alone(store: SqlStore) -> None:
    first = await store.conversations.current(CHAT)
    other = await store.conversations.current("other")
    second = await store.conversations.start_new(CHAT)
    assert second != first
    assert await store.conversations.current(CHAT) == second
    assert await store.conversations.current("other") == other


async def test_a_chat_may_begin_with_a_new_conversation(store: SqlStore) -> None:
    assert await store.conversations.start_new(CHAT) == await store.conversations.current(CHAT)


async def test_callers_at_once_get_the_same_first_conversation(store: SqlStore) -> None:
    found = await asyncio.gather(*(store.conversations.current(CHAT) for _ in range(30)))
    assert set(found) == {await store.conversations.current(CHAT)}


async def test_a_turn_comes_back_as_it_was_stored(store: SqlStore) -> None:
    conversation = await store.conversations.current(CHAT)
    asked = Question("key", "discord:9", "Ada", "What is a monad?", "55")
    said = Answer(
        "A monoid.", "stopped", "groq/llama", "teacher+engineer", Usage(10, 20, 3, 4), ("56", "57"), (), "Hm."
    )
    turn = await store.conversations.add_question(conversation, asked)
    assert turn is not None
    row = await store.conversations.add_answer(turn, said)
    assert await line(store, conversation) == [Turn(turn, asked, replace(said, id=row))]


async def test_what_is_unknown_stays_unknown(store: SqlStore) -> None:
    conversation = await store.conversations.current(CHAT)
    turn = await store.conversations.add_question(conversation, question("key"))
    assert turn is not None
    said = Answer("", "failed", "m", "assistant")
    row = await store.conversations.add_answer(turn, said)
    found = await store.conversations.last(conversation)
    assert found is not None
    assert found.question.message_id is None
    assert found.answer == replace(said, id=row)


async def test_a_key_is_stored_once(store: SqlStore) -> None:
    here, there = await store.conversations.current(CHAT), await store.conversations.current("other")
    assert await store.conversations.add_question(here, question("key")) is not None
    assert await store.conversations.add_question(here, question("key", "again")) is None
    assert await store.conversations.add_question(there, question("key", "elsewhere")) is None
    assert texts(await line(store, here)) == [("hello", None)]


async def test_a_key_that_comes_many_times_at_once_is_stored_once(store: SqlStore) -> None:
    conversation = await store.conversations.current(CHAT)
    adds = (store.conversations.add_question(conversation, question("key")) for _ in range(30))
    stored = [turn for turn in await asyncio.gather(*adds) if turn is not None]
    assert len(stored) == 1


async def test_questions_at_once_form_one_line(store: SqlStore) -> None:
    conversation = await store.conversations.current(CHAT)
    adds = (store.conversations.add_question(conversation, question(f"key {n}", f"text {n}")) for n in range(50))
    stored = await asyncio.gather(*adds)
    turns = await line(store, conversation)
    assert [turn.id for turn in turns] == sorted(turn for turn in stored if turn is not None)
    assert {turn.question.text for turn in turns} == {f"text {n}" for n in range(50)}


async def test_chats_at_once_do_not_mix(store: SqlStore) -> None:
    async def chat(name: str) -> list[tuple[str, str | None]]:
        conversation = await store.conversations.current(name)
        await talk(store, conversation, *((f"{name} {n}", f"to {name} {n}") for n in range(5)))
        return texts(await line(store, conversation))

    names = [f"chat {n}" for n in range(10)]
    for name, found in zip(names, await asyncio.gather(*map(chat, names)), strict=True):
        assert found == [(f"{name} {n}", f"to {name} {n}") for n in range(5)]


async def test_the_newest_answer_counts(store: SqlStore) -> None:
    conversation = await store.conversations.current(CHAT)
    [turn] = await talk(store, conversation, ("a", "first"))
    await store.conversations.add_answer(turn, answer("second"))
    assert texts(await line(store, conversation)) == [("a", "second")]
    await talk(store, conversation, ("b", None))
    assert texts(await line(store, conversation)) == [("a", "second"), ("b", None)]


async def test_another_answer_to_an_older_turn_makes_a_fork(store: SqlStore) -> None:
    conversation = await store.conversations.current(CHAT)
    first, second = await talk(store, conversation, ("a", "1"), ("b", "2"))
    await store.conversations.add_answer(first, answer("1 again"))
    await talk(store, conversation, ("c", "3"))
    assert texts(await line(store, conversation)) == [("a", "1 again"), ("c", "3")]
    assert words((await store.conversations.before(second, EVERYTHING)).exchanges) == [("a", "1")]


async def test_questions_without_an_answer_stay_in_the_line(store: SqlStore) -> None:
    conversation = await store.conversations.current(CHAT)
    pairs: list[tuple[str, str | None]] = [("a", None), ("b", "2"), ("c", None), ("d", None)]
    await talk(store, conversation, *pairs)
    assert texts(await line(store, conversation)) == pairs


@pytest.mark.parametrize(
    ("characters", "turns"),
    [(0, 1), (19, 1), (20, 2), (39, 2), (40, 3), (99, 5), (EVERYTHING, 5)],
)
async def test_history_ends_where_the_texts_exceed_it(store: SqlStore, characters: int, turns: int) -> None:
    conversation = await store.conversations.current(CHAT)
    pairs = [(f"{n}" * 10, f"{n}" * 10) for n in range(5)]
    await talk(store, conversation, *pairs)
    assert await told(store, conversation, characters) == pairs[-turns:]


async def test_an_answer_never_comes_without_its_question(store: SqlStore) -> None:
    conversation = await store.conversations.current(CHAT)
    await talk(store, conversation, ("a", "1"), ("b", "x" * 1000))
    assert await told(store, conversation, 10) == [("b", "x" * 1000)]


async def test_characters_are_counted_as_python_does(store: SqlStore) -> None:
    conversation = await store.conversations.current(CHAT)
    *_, last = await talk(store, conversation, ("a", None), ("\U0001f600" * 10, None), ("b", None))
    assert len((await store.conversations.before(last, 10)).exchanges) == 2
    assert len((await store.conversations.before(last, 9)).exchanges) == 1


async def test_one_call_reads_a_thousand_rows_at_most(store: SqlStore) -> None:
    conversation = await store.conversations.current(CHAT)
    await fill(store, conversation, turns=600)
    history = await told(store, conversation)
    assert len(history) == 500
    assert history[-1] == ("question 599", "answer 599")


async def test_an_empty_conversation_has_no_turns(store: SqlStore) -> None:
    conversation = await store.conversations.current(CHAT)
    assert await line(store, conversation) == []
    assert await store.conversations.last(conversation) is None


async def test_before_gives_what_led_to_a_turn(store: SqlStore) -> None:
    conversation = await store.conversations.current(CHAT)
    turns = await talk(store, conversation, ("aaaa", "1111"), ("bbbb", "2222"), ("cccc", "3333"), ("dddd", "4444"))
    assert await store.conversations.before(turns[0], EVERYTHING) == History()
    history = await store.conversations.before(turns[2], EVERYTHING)
    assert words(history.exchanges) == [("aaaa", "1111"), ("bbbb", "2222")]
    assert words((await store.conversations.before(turns[2], 7)).exchanges) == [("bbbb", "2222")]


async def test_last_is_the_newest_turn(store: SqlStore) -> None:
    conversation = await store.conversations.current(CHAT)
    await talk(store, conversation, ("a", "1"), ("", ""), ("c", None))
    last = await store.conversations.last(conversation)
    assert last is not None
    assert texts([last]) == [("c", None)]


async def test_a_turn_is_found_with_its_chat_and_newest_answer(store: SqlStore) -> None:
    conversation = await store.conversations.current(CHAT)
    open_turn, answered = await talk(store, conversation, ("a", None), ("b", "1"))
    newest = await store.conversations.add_answer(answered, answer("2"))
    assert await store.conversations.turn(open_turn) == (Turn(open_turn, question("key of a", "a")), CHAT)
    found = Turn(answered, question("key of b", "b"), replace(answer("2"), id=newest))
    assert await store.conversations.turn(answered) == (found, CHAT)
    assert await store.conversations.turn(newest) is None
    assert await store.conversations.turn(newest + 1000) is None


async def test_a_turn_is_found_by_its_message_in_its_chat(store: SqlStore) -> None:
    conversation = await store.conversations.current(CHAT)
    turn = await store.conversations.add_question(conversation, question("key", message_id="55"))
    assert turn is not None
    said = replace(answer(), id=await store.conversations.add_answer(turn, answer()))
    other = await store.conversations.current("other")
    await store.conversations.add_question(other, question("other key", message_id="56"))
    await store.conversations.start_new(CHAT)
    assert await store.conversations.by_message(CHAT, "55") == Turn(turn, question("key", message_id="55"), said)
    assert await store.conversations.by_message(CHAT, "56") is None
    assert await store.conversations.by_message(CHAT, "100") is None


async def test_a_message_that_was_edited_is_its_newest_question(store: SqlStore) -> None:
    conversation = await store.conversations.current(CHAT)
    await store.conversations.add_question(conversation, question("key", "before", "55"))
    await store.conversations.add_question(conversation, question("edited key", "after", "55"))
    found = await store.conversations.by_message(CHAT, "55")
    assert found is not None
    assert found.question.text == "after"


async def test_a_chat_that_moves_keeps_its_conversations(store: SqlStore) -> None:
    await store.conversations.current(CHAT)
    conversation = await store.conversations.start_new(CHAT)
    [turn] = await talk(store, conversation, ("a", "1"))
    await store.conversations.move(CHAT, "new")
    assert await store.conversations.current("new") == conversation
    found = await store.conversations.turn(turn)
    assert found is not None
    assert found[1] == "new"
    assert await store.conversations.current(CHAT) != conversation


async def test_a_chat_that_moves_into_another_comes_before_it(store: SqlStore) -> None:
    early = await store.conversations.current("new")
    await talk(store, early, ("b", "2"), ("c", "3"))
    await store.conversations.current(CHAT)
    await store.conversations.start_new(CHAT)
    [turn] = await talk(store, await store.conversations.start_new(CHAT), ("a", "1"))
    await store.conversations.move(CHAT, "new")
    assert await store.conversations.current("new") == early
    assert texts(await line(store, early)) == [("a", "1"), ("b", "2"), ("c", "3")]
    found = await store.conversations.turn(turn)
    assert found is not None
    assert found[1] == "new"
    assert await store.conversations.start_new("new") == await store.conversations.current("new")


async def test_a_move_may_come_twice_or_lead_nowhere(store: SqlStore) -> None:
    conversation = await store.conversations.current(CHAT)
    await talk(store, conversation, ("a", "1"))
    await store.conversations.move(CHAT, CHAT)
    await store.conversations.move(CHAT, "new")
    await store.conversations.move(CHAT, "new")
    assert await store.conversations.current("new") == conversation
    assert texts(await line(store, conversation)) == [("a", "1")]


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("\0a\0b", "\ufffda\ufffdb"),
        ("half \ud83d of a pair", "half \ufffd of a pair"),
        ("a pair in halves \ud83d\ude00", "a pair in halves \U0001f600"),
        ("\U0001f468‍\U0001f469‍\U0001f467 é مرحبا שלום \u202eabc", None),
        ('it\'s "quoted" \\ %s %(x)s :x ? $1 {}\r\n\t', None),
        ("\ufeff leading mark", None),
        ("", None),
        ("long \U0001f600" * 200_000, None),
    ],
    ids=["nul", "half pair", "two halves", "emoji and rtl", "syntax", "byte order mark", "empty", "huge"],
)
async def test_any_text_can_be_stored(store: SqlStore, text: str, stored: str | None) -> None:
    expected = text if stored is None else stored
    conversation = await store.conversations.current(CHAT)
    asked = Question("key" + text[:50], "telegram:7", text[:50], text, text[:50])
    turn = await store.conversations.add_question(conversation, asked)
    assert turn is not None
    await store.conversations.add_answer(turn, replace(answer(), text=text))
    assert await store.conversations.add_question(conversation, asked) is None
    [found] = await line(store, conversation)
    assert found.question.text == expected
    assert found.answer is not None
    assert found.answer.text == expected
    assert await store.conversations.by_message(CHAT, text[:50]) == found


async def test_an_answer_needs_a_question(store: SqlStore) -> None:
    conversation = await store.conversations.current(CHAT)
    with pytest.raises(StorageError):
        await store.conversations.add_answer(12345, answer())
    [turn] = await talk(store, conversation, ("a", None))
    said = await store.conversations.add_answer(turn, answer())
    with pytest.raises(StorageError):
        await store.conversations.add_answer(said, answer())
    assert texts(await line(store, conversation)) == [("a", "hi")]


async def test_an_error_does_not_tell_what_was_said(store: SqlStore) -> None:
    with pytest.raises(StorageError) as caught:
        await store.conversations.add_question(12345, question("key", "a secret"))
    assert "a secret" not in str(caught.value)
    assert "a secret" not in str(caught.value.__cause__)


async def test_everything_is_there_after_opening_again(storage_url: str) -> None:
    async with open_store(storage_url) as store:
        conversation = await store.conversations.current(CHAT)
        await talk(store, conversation, ("a", "1"), ("b", None))
    async with open_store(storage_url) as store:
        assert await store.conversations.current(CHAT) == conversation
        assert texts(await line(store, conversation)) == [("a", "1"), ("b", None)]
        assert await store.conversations.add_question(conversation, question("key of a")) is None


async def test_two_processes_can_write_at_once(storage_url: str) -> None:
    async with open_store(storage_url) as one, open_store(storage_url) as two:
        conversation = await one.conversations.current(CHAT)
        assert await two.conversations.current(CHAT) == conversation
        await asyncio.gather(
            *(
                store.conversations.add_question(conversation, question(f"{name} {n}"))
                for name, store in (("one", one), ("two", two))
                for n in range(25)
            )
        )
        assert len(await line(two, conversation)) == 50


async def test_cancelled_callers_leave_the_others_alone(store: SqlStore) -> None:
    """Cancelled while they wait for a connection, while they hold one, and just before the end."""
    conversation = await store.conversations.current(CHAT)

    async def add(number: int) -> int | None:
        return await store.conversations.add_question(conversation, question(f"key {number}"))

    for passes in range(25):
        tasks = [asyncio.create_task(add(passes * 10 + n)) for n in range(8)]
        for _ in range(passes):
            await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [result for result in results[1::2] if not isinstance(result, int)] == []
        assert all(isinstance(result, int | asyncio.CancelledError) for result in results[::2])
    turns = await line(store, conversation)
    assert len({turn.question.key for turn in turns}) == len(turns) >= 100
