"""Replies that take the place of older messages, on a simulated channel."""

from __future__ import annotations

import asyncio

import pytest

from bot.replies.gate import Gates
from bot.replies.planner import FIRST_WAIT
from bot.replies.writer import NOTHING, Delivery, Reply
from tests.fakes.channel import LIMITS
from tests.unit.writing import (
    PREVIEWS,
    SENTENCE,
    THREE,
    TWO,
    calls,
    channel_with,
    reply_in_place,
    show,
)

pytestmark = pytest.mark.virtual


async def test_a_reply_takes_the_place_of_a_message() -> None:
    channel = channel_with(older=["a"])
    delivery = await show([SENTENCE, 5.0], reply_in_place(channel, "a"))
    assert delivery == Delivery(("a",), complete=True)
    assert channel.screen == {"a": SENTENCE.strip()}
    assert channel.buttons["a"] == ("retry 1",)


async def test_the_older_answer_stays_until_the_first_words_are_worth_it() -> None:
    channel = channel_with(older=["a", "b"])
    await show([3.0, "I", 0.2, " see", 5.0], reply_in_place(channel, "a", "b"))
    first = next(at for at, kind, _ in channel.calls if kind == "edit")
    assert first == pytest.approx(3.0 + FIRST_WAIT, abs=0.1)
    assert next(shown for _, kind, shown in channel.calls if kind == "edit") == "I see"


async def test_the_rest_of_the_older_answer_is_deleted_at_the_end() -> None:
    channel = channel_with(older=["a", "b", "c"])
    reply = reply_in_place(channel, "a", "b", "c")
    delivery = asyncio.create_task(reply.deliver())
    reply.feed(SENTENCE)
    await asyncio.sleep(10)
    assert list(channel.screen) == ["a", "b", "c"]
    reply.finish()
    assert await delivery == Delivery(("a",), complete=True)
    assert list(channel.screen) == ["a"]


async def test_more_messages_follow_the_older_ones() -> None:
    channel = channel_with(older=["a"])
    delivery = await show([TWO], reply_in_place(channel, "a"))
    assert delivery.message_ids == ("a", "1")
    assert list(channel.screen) == ["a", "1"]
    assert channel.buttons == {"a": (), "1": ("retry 1",)}


async def test_an_older_message_that_is_gone_leaves_its_place_to_the_next() -> None:
    channel = channel_with(older=["b"])
    delivery = await show([TWO], reply_in_place(channel, "a", "b"))
    assert delivery.message_ids == ("b", "1")
    assert list(channel.screen) == ["b", "1"]


async def test_where_all_older_messages_are_gone_new_ones_are_sent() -> None:
    channel = channel_with()
    delivery = await show([SENTENCE], reply_in_place(channel, "a", "b"))
    assert delivery == Delivery(("1",), complete=True)


async def test_a_message_that_shows_just_this_already_is_taken_too() -> None:
    channel = channel_with(older=["a"])
    channel.screen["a"], channel.buttons["a"] = "The same.", ("retry 1",)
    assert (await show(["The same."], reply_in_place(channel, "a"))).complete
    assert calls(channel) == ["edit"]


@pytest.mark.parametrize("fault", ["not-sent", "ambiguous", "ambiguous-lost", "flood"])
async def test_a_deletion_that_fails_is_made_again(fault: str) -> None:
    channel = channel_with("", fault, older=["a", "b"])
    delivery = await show([SENTENCE], reply_in_place(channel, "a", "b"))
    assert delivery.complete
    assert list(channel.screen) == ["a"]
    assert calls(channel) == ["edit", "delete", "delete"]


async def test_a_message_that_cannot_be_deleted_says_nothing_any_more() -> None:
    channel = channel_with("", "bad-format", older=["a", "b"])
    delivery = await show([SENTENCE], reply_in_place(channel, "a", "b"))
    assert delivery == Delivery(("a",), complete=True)
    assert channel.screen["b"] == NOTHING
    assert channel.buttons["b"] == ()


async def test_a_reply_that_says_nothing_leaves_nothing() -> None:
    channel = channel_with(older=["a", "b"])
    assert await show([], reply_in_place(channel, "a", drops=("b",))) == Delivery((), complete=True)
    assert channel.screen == {}


async def test_what_cannot_show_text_is_deleted_and_not_taken() -> None:
    channel = channel_with(older=["a", "b", "file", "picture"])
    reply = reply_in_place(channel, "a", "b", "file", drops=("picture",), most=2)
    delivery = await show([TWO, 1.0], reply)
    assert delivery == Delivery(("a", "b"), complete=True)
    assert list(channel.screen) == ["a", "b"]
    assert not any(kind == "edit" and shown == NOTHING for _, kind, shown in channel.calls)


async def test_a_message_that_may_be_a_file_is_not_taken_when_there_is_no_file() -> None:
    channel = channel_with("", "file-refused", older=["a", "file"])
    delivery = await show([THREE], reply_in_place(channel, "a", "file", most=1))
    assert delivery == Delivery(("a", "1", "2"), complete=True)
    assert list(channel.screen) == ["a", "1", "2"]


async def test_the_first_words_in_place_take_the_reserve() -> None:
    channel, gates = channel_with(older=["a"]), Gates()
    for _ in range(3):
        gates.ask("test:1", "test:1:1", LIMITS, "send", durable=True, earliest=0.0)
    reply = Reply(channel, gates, nonce="n", takes=("a",))
    await show([SENTENCE, 5.0], reply)
    assert channel.calls[0][0] == pytest.approx(0.0, abs=0.01)


async def test_a_reply_in_place_is_edited_where_others_have_previews() -> None:
    channel = channel_with(limits=PREVIEWS, older=["a"])
    await show([SENTENCE, 3.0, "End."], reply_in_place(channel, "a"))
    assert "preview" not in calls(channel)
    assert channel.screen == {"a": SENTENCE + "End."}
