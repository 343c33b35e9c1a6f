"""Replies that are withdrawn, on a simulated channel."""

from __future__ import annotations

import asyncio

import pytest

from bot.replies.gate import Gates
from bot.replies.writer import Delivery, Reply
from tests.fakes.channel import LIMITS
from tests.unit.writing import (
    DEDUPES,
    PREVIEWS,
    SENTENCE,
    THREE,
    TWO,
    WITHHELD,
    calls,
    channel_with,
    reply_in_place,
    reply_on,
    show,
)

pytestmark = pytest.mark.virtual


async def test_a_withdrawn_answer_gives_way_to_a_sentence() -> None:
    channel = channel_with()
    delivery = await show([THREE, 10.0, f"!{WITHHELD}"], reply_on(channel))
    assert delivery == Delivery(("1",), complete=True)
    assert channel.screen == {"1": WITHHELD}
    assert channel.buttons["1"] == ("retry 1",)


async def test_what_is_withdrawn_goes_while_the_reply_runs() -> None:
    channel = channel_with()
    reply = reply_on(channel)
    delivery = asyncio.create_task(reply.deliver())
    reply.feed(THREE)
    await asyncio.sleep(10)
    assert len(channel.screen) == 3
    reply.withdraw(WITHHELD)
    await asyncio.sleep(5)
    assert channel.screen == {"1": WITHHELD}
    assert not delivery.done()
    reply.feed(" More.")
    assert reply.text == f"{WITHHELD} More."
    reply.finish()
    assert (await delivery).complete
    assert channel.screen == {"1": f"{WITHHELD} More."}


async def test_what_was_not_shown_yet_is_never_shown() -> None:
    channel = channel_with()
    await show([THREE, f"!{WITHHELD}"], reply_on(channel))
    assert [shown for _, _, shown in channel.calls] == [WITHHELD]


async def test_a_message_on_its_way_is_corrected() -> None:
    channel = channel_with()
    delivery = await show([SENTENCE, 0.02, f"!{WITHHELD}"], reply_on(channel))
    assert calls(channel) == ["send", "edit"]
    assert delivery.message_ids == ("1",)
    assert channel.screen == {"1": WITHHELD}


async def test_an_edit_on_its_way_is_corrected() -> None:
    channel = channel_with(older=["a"])
    reply = reply_in_place(channel, "a")
    delivery = await show([SENTENCE, 0.02, f"!{SENTENCE}"], reply)
    assert delivery.message_ids == ("a",)
    assert channel.screen == {"a": SENTENCE.strip()}
    assert channel.buttons["a"] == ("retry 1",)


async def test_a_later_message_on_its_way_is_deleted() -> None:
    channel = channel_with()
    delivery = await show([THREE, 0.07, f"!{WITHHELD}"], reply_on(channel))
    assert calls(channel) == ["send", "send", "edit", "delete"]
    assert delivery == Delivery(("1",), complete=True)
    assert channel.screen == {"1": WITHHELD}


async def test_a_later_edit_on_its_way_is_deleted() -> None:
    channel = channel_with(older=["a", "b"])
    delivery = await show([TWO, 0.07, f"!{WITHHELD}"], reply_in_place(channel, "a", "b"))
    assert calls(channel) == ["edit", "edit", "edit", "delete"]
    assert delivery == Delivery(("a",), complete=True)
    assert channel.screen == {"a": WITHHELD}


async def test_messages_are_reused_in_their_order() -> None:
    channel = channel_with(older=["a", "b", "c"])
    delivery = await show([SENTENCE, 5.0, f"!{TWO}"], reply_in_place(channel, "a", "b", "c"))
    assert delivery == Delivery(("a", "b"), complete=True)
    assert list(channel.screen) == ["a", "b"]


async def test_what_is_said_instead_does_not_wait_for_more_words() -> None:
    channel = channel_with(older=["a", "b"])
    reply = reply_in_place(channel, "a", "b")
    delivery = await show(["I", 0.1, "!No.", 5.0], reply)
    assert channel.calls[0][0] == pytest.approx(0.1, abs=0.01)
    assert delivery == Delivery(("a",), complete=True)


async def test_what_must_not_be_seen_any_more_takes_the_reserve() -> None:
    channel, gates = channel_with(), Gates()
    reply = Reply(channel, gates, nonce="n")
    delivery = asyncio.create_task(reply.deliver())
    reply.feed(TWO)
    await asyncio.sleep(20)
    for _ in range(2):
        gates.ask("test:1", "test:1:1", LIMITS, "send", durable=True, earliest=0.0)
    reply.withdraw(WITHHELD)
    await asyncio.sleep(0.5)
    assert channel.screen == {"1": WITHHELD}
    reply.finish()
    await delivery


async def test_an_unsure_message_that_is_found_too_late_is_corrected_too() -> None:
    channel = channel_with("ambiguous", limits=DEDUPES)
    delivery = await show([SENTENCE, 0.57, f"!{WITHHELD}"], reply_on(channel))
    assert calls(channel) == ["send", "send", "edit"]
    assert delivery == Delivery(("1",), complete=True)
    assert channel.screen == {"1": WITHHELD}


@pytest.mark.parametrize("pause", [0.02, 0.2], ids=["on its way", "back"])
@pytest.mark.parametrize("fault", ["ambiguous", "ambiguous-lost"])
async def test_an_unsure_message_is_found_and_corrected_where_the_platform_dedupes(fault: str, pause: float) -> None:
    channel = channel_with("", fault, limits=DEDUPES, older=["a"])
    reply = reply_in_place(channel, "a")
    delivery = await show([TWO, 0.06 + pause, f"!{WITHHELD}"], reply)
    assert delivery.complete
    assert list(channel.screen.values()) == [WITHHELD]
    assert tuple(channel.screen) == delivery.message_ids


async def test_a_message_of_the_new_text_is_not_taken_for_a_withdrawn_one() -> None:
    channel = channel_with(limits=DEDUPES)
    words = "Other words that are more than one message holds, and more of them than that."
    delivery = await show([SENTENCE, 5.0, f"!{words}"], reply_on(channel))
    assert len(delivery.message_ids) == 2
    assert "".join(channel.screen.values()).replace(" ", "") == words.replace(" ", "")


@pytest.mark.parametrize("pause", [0.02, 5.0], ids=["on its way", "there"])
async def test_a_preview_of_withdrawn_words_is_replaced(pause: float) -> None:
    channel = channel_with(limits=PREVIEWS)
    delivery = await show([TWO, 5.0, "More", pause, f"!{WITHHELD}"], reply_on(channel))
    assert channel.preview_shown == ""
    assert list(channel.screen.values()) == [WITHHELD]
    assert delivery.complete


async def test_a_withdrawn_message_that_people_delete_twice_comes_back_with_the_new_text() -> None:
    channel = channel_with("", "gone", limits=DEDUPES)
    reply = reply_on(channel)
    delivery = asyncio.create_task(reply.deliver())
    reply.feed(SENTENCE)
    await asyncio.sleep(5)
    reply.feed("More.")
    await asyncio.sleep(5)
    assert list(channel.screen) == ["2"]
    del channel.screen["2"]
    reply.withdraw(WITHHELD)
    reply.finish()
    assert await delivery == Delivery(("3",), complete=True)
    assert channel.screen == {"3": WITHHELD}


@pytest.mark.parametrize("pause", [0.02, 0.07], ids=["on its way", "there"])
async def test_a_message_that_took_the_place_of_a_preview_is_corrected(pause: float) -> None:
    channel = channel_with(limits=PREVIEWS)
    await show([SENTENCE, 3.0, SENTENCE, pause, f"!{WITHHELD}"], reply_on(channel))
    assert calls(channel) == ["preview", "send", "edit"]
    assert channel.screen == {"1": WITHHELD}


@pytest.mark.parametrize(("fault", "pause"), [("", 2.0), ("ambiguous", 0.6)])
async def test_a_message_in_the_place_of_a_preview_stands_below_all_others(fault: str, pause: float) -> None:
    channel = channel_with("", fault, limits=PREVIEWS)
    delivery = await show([TWO, pause, f"!{TWO}"], reply_on(channel))
    assert "preview" in calls(channel)
    assert delivery.complete
    assert list(channel.screen) == list(delivery.message_ids)
    assert channel.preview_shown == ""
    assert "1" not in channel.screen


async def test_withdrawn_twice_the_last_word_stands() -> None:
    channel = channel_with(limits=DEDUPES)
    delivery = await show([TWO, 5.0, "!No.", 5.0, f"!{WITHHELD}"], reply_on(channel))
    assert delivery == Delivery(("1",), complete=True)
    assert channel.screen == {"1": WITHHELD}


async def test_a_finished_reply_is_not_withdrawn() -> None:
    reply = reply_on(channel_with())
    reply.finish()
    with pytest.raises(RuntimeError, match="finished"):
        reply.withdraw(WITHHELD)
