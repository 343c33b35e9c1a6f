"""Replies that take the place of others, are withdrawn, or are too long, on a simulated channel."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

import pytest

from bot.domain.platform import Button, Limits, Outgoing
from bot.errors import BadFormat
from bot.replies import notices
from bot.replies.gate import Gates
from bot.replies.planner import FIRST_WAIT
from bot.replies.writer import NOTHING, Delivery, Reply
from tests.fakes.channel import LIMITS, Platform, SimulatedChannel

pytestmark = pytest.mark.virtual

STOP, RETRY = Button("Stop", "stop 1"), Button("Retry", "retry 1")
DEDUPES = replace(LIMITS, dedupes=True)
PREVIEWS = replace(LIMITS, previews=True, preview_life=25.0)
SENTENCE = "A sentence that is long enough to go. "
TWO, THREE = SENTENCE * 2, SENTENCE * 3
WITHHELD = "Moderation withheld the answer."
CAPTION = notices.ANSWER_IN_FILE.say()


def channel_with(*faults: str, limits: Limits = LIMITS, older: Iterable[str] = ()) -> SimulatedChannel:
    """A channel that shows these older messages."""
    channel = SimulatedChannel(Platform(faults=iter(faults)), limits=limits)
    for message_id in older:
        channel.screen[message_id] = "An older answer."
        channel.buttons[message_id], channel.files[message_id] = ("retry 0",), ()
    return channel


async def show(channel: SimulatedChannel, pieces: Iterable[str | float], reply: Reply) -> Delivery:
    """Feed texts, wait as many seconds as the numbers say, and finish; a piece "!..." withdraws all for what follows
    the mark."""
    delivery = asyncio.create_task(reply.deliver())
    for piece in pieces:
        if isinstance(piece, float):
            await asyncio.sleep(piece)
        elif piece.startswith("!"):
            reply.withdraw(piece[1:])
        else:
            reply.feed(piece)
    reply.finish((RETRY,))
    return await delivery


def reply_in_place(
    channel: SimulatedChannel, *takes: str, drops: tuple[str, ...] = (), most: int | None = None
) -> Reply:
    return Reply(channel, Gates(), nonce="n", buttons=(STOP,), takes=takes, drops=drops, most=most)


def reply_on(channel: SimulatedChannel, most: int | None = None) -> Reply:
    return Reply(channel, Gates(), nonce="n", buttons=(STOP,), most=most)


def calls(channel: SimulatedChannel) -> list[str]:
    return [kind for _, kind, _ in channel.calls if kind != "typing"]


# In place of older messages


async def test_a_reply_takes_the_place_of_a_message() -> None:
    channel = channel_with(older=["a"])
    delivery = await show(channel, [SENTENCE, 5.0], reply_in_place(channel, "a"))
    assert delivery == Delivery(("a",), complete=True)
    assert channel.screen == {"a": SENTENCE.strip()}
    assert channel.buttons["a"] == ("retry 1",)


async def test_the_older_answer_stays_until_the_first_words_are_worth_it() -> None:
    channel = channel_with(older=["a", "b"])
    await show(channel, [3.0, "I", 0.2, " see", 5.0], reply_in_place(channel, "a", "b"))
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
    delivery = await show(channel, [TWO], reply_in_place(channel, "a"))
    assert delivery.message_ids == ("a", "1")
    assert list(channel.screen) == ["a", "1"]
    assert channel.buttons == {"a": (), "1": ("retry 1",)}


async def test_an_older_message_that_is_gone_leaves_its_place_to_the_next() -> None:
    channel = channel_with(older=["b"])
    delivery = await show(channel, [TWO], reply_in_place(channel, "a", "b"))
    assert delivery.message_ids == ("b", "1")
    assert list(channel.screen) == ["b", "1"]


async def test_where_all_older_messages_are_gone_new_ones_are_sent() -> None:
    channel = channel_with()
    delivery = await show(channel, [SENTENCE], reply_in_place(channel, "a", "b"))
    assert delivery == Delivery(("1",), complete=True)


async def test_a_message_that_shows_just_this_already_is_taken_too() -> None:
    channel = channel_with(older=["a"])
    channel.screen["a"], channel.buttons["a"] = "The same.", ("retry 1",)
    assert (await show(channel, ["The same."], reply_in_place(channel, "a"))).complete
    assert calls(channel) == ["edit"]


@pytest.mark.parametrize("fault", ["not-sent", "ambiguous", "ambiguous-lost", "flood"])
async def test_a_deletion_that_fails_is_made_again(fault: str) -> None:
    channel = channel_with("", fault, older=["a", "b"])
    delivery = await show(channel, [SENTENCE], reply_in_place(channel, "a", "b"))
    assert delivery.complete
    assert list(channel.screen) == ["a"]
    assert calls(channel) == ["edit", "delete", "delete"]


async def test_a_message_that_cannot_be_deleted_says_nothing_any_more() -> None:
    channel = channel_with("", "bad-format", older=["a", "b"])
    delivery = await show(channel, [SENTENCE], reply_in_place(channel, "a", "b"))
    assert delivery == Delivery(("a",), complete=True)
    assert channel.screen["b"] == NOTHING
    assert channel.buttons["b"] == ()


async def test_a_reply_that_says_nothing_leaves_nothing() -> None:
    channel = channel_with(older=["a", "b"])
    assert await show(channel, [], reply_in_place(channel, "a", drops=("b",))) == Delivery((), complete=True)
    assert channel.screen == {}


async def test_what_cannot_show_text_is_deleted_and_not_taken() -> None:
    channel = channel_with(older=["a", "b", "file", "picture"])
    reply = reply_in_place(channel, "a", "b", "file", drops=("picture",), most=2)
    delivery = await show(channel, [TWO, 1.0], reply)
    assert delivery == Delivery(("a", "b"), complete=True)
    assert list(channel.screen) == ["a", "b"]
    assert not any(kind == "edit" and shown == NOTHING for _, kind, shown in channel.calls)


async def test_a_message_that_may_be_a_file_is_not_taken_when_there_is_no_file() -> None:
    channel = channel_with("", "file-refused", older=["a", "file"])
    delivery = await show(channel, [THREE], reply_in_place(channel, "a", "file", most=1))
    assert delivery == Delivery(("a", "1", "2"), complete=True)
    assert list(channel.screen) == ["a", "1", "2"]


async def test_the_first_words_in_place_take_the_reserve() -> None:
    channel, gates = channel_with(older=["a"]), Gates()
    for _ in range(3):
        gates.ask("test:1", "test:1:1", LIMITS, "send", durable=True, earliest=0.0)
    reply = Reply(channel, gates, nonce="n", takes=("a",))
    await show(channel, [SENTENCE, 5.0], reply)
    assert channel.calls[0][0] == pytest.approx(0.0, abs=0.01)


async def test_a_reply_in_place_is_edited_where_others_have_previews() -> None:
    channel = channel_with(limits=PREVIEWS, older=["a"])
    await show(channel, [SENTENCE, 3.0, "End."], reply_in_place(channel, "a"))
    assert "preview" not in calls(channel)
    assert channel.screen == {"a": SENTENCE + "End."}


# Withdrawn


async def test_a_withdrawn_answer_gives_way_to_a_sentence() -> None:
    channel = channel_with()
    delivery = await show(channel, [THREE, 10.0, f"!{WITHHELD}"], reply_on(channel))
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
    await show(channel, [THREE, f"!{WITHHELD}"], reply_on(channel))
    assert [shown for _, _, shown in channel.calls] == [WITHHELD]


async def test_a_message_on_its_way_is_corrected() -> None:
    channel = channel_with()
    delivery = await show(channel, [SENTENCE, 0.02, f"!{WITHHELD}"], reply_on(channel))
    assert calls(channel) == ["send", "edit"]
    assert delivery.message_ids == ("1",)
    assert channel.screen == {"1": WITHHELD}


async def test_an_edit_on_its_way_is_corrected() -> None:
    channel = channel_with(older=["a"])
    reply = reply_in_place(channel, "a")
    delivery = await show(channel, [SENTENCE, 0.02, f"!{SENTENCE}"], reply)
    assert delivery.message_ids == ("a",)
    assert channel.screen == {"a": SENTENCE.strip()}
    assert channel.buttons["a"] == ("retry 1",)


async def test_a_later_message_on_its_way_is_deleted() -> None:
    channel = channel_with()
    delivery = await show(channel, [THREE, 0.07, f"!{WITHHELD}"], reply_on(channel))
    assert calls(channel) == ["send", "send", "edit", "delete"]
    assert delivery == Delivery(("1",), complete=True)
    assert channel.screen == {"1": WITHHELD}


async def test_a_later_edit_on_its_way_is_deleted() -> None:
    channel = channel_with(older=["a", "b"])
    delivery = await show(channel, [TWO, 0.07, f"!{WITHHELD}"], reply_in_place(channel, "a", "b"))
    assert calls(channel) == ["edit", "edit", "edit", "delete"]
    assert delivery == Delivery(("a",), complete=True)
    assert channel.screen == {"a": WITHHELD}


async def test_messages_are_reused_in_their_order() -> None:
    channel = channel_with(older=["a", "b", "c"])
    delivery = await show(channel, [SENTENCE, 5.0, f"!{TWO}"], reply_in_place(channel, "a", "b", "c"))
    assert delivery == Delivery(("a", "b"), complete=True)
    assert list(channel.screen) == ["a", "b"]


async def test_what_is_said_instead_does_not_wait_for_more_words() -> None:
    channel = channel_with(older=["a", "b"])
    reply = reply_in_place(channel, "a", "b")
    delivery = await show(channel, ["I", 0.1, "!No.", 5.0], reply)
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
    delivery = await show(channel, [SENTENCE, 0.57, f"!{WITHHELD}"], reply_on(channel))
    assert calls(channel) == ["send", "send", "edit"]
    assert delivery == Delivery(("1",), complete=True)
    assert channel.screen == {"1": WITHHELD}


@pytest.mark.parametrize("pause", [0.02, 0.2], ids=["on its way", "back"])
@pytest.mark.parametrize("fault", ["ambiguous", "ambiguous-lost"])
async def test_an_unsure_message_is_found_and_corrected_where_the_platform_dedupes(fault: str, pause: float) -> None:
    channel = channel_with("", fault, limits=DEDUPES, older=["a"])
    reply = reply_in_place(channel, "a")
    delivery = await show(channel, [TWO, 0.06 + pause, f"!{WITHHELD}"], reply)
    assert delivery.complete
    assert list(channel.screen.values()) == [WITHHELD]
    assert tuple(channel.screen) == delivery.message_ids


async def test_a_message_of_the_new_text_is_not_taken_for_a_withdrawn_one() -> None:
    channel = channel_with(limits=DEDUPES)
    words = "Other words that are more than one message holds, and more of them than that."
    delivery = await show(channel, [SENTENCE, 5.0, f"!{words}"], reply_on(channel))
    assert len(delivery.message_ids) == 2
    assert "".join(channel.screen.values()).replace(" ", "") == words.replace(" ", "")


@pytest.mark.parametrize("pause", [0.02, 5.0], ids=["on its way", "there"])
async def test_a_preview_of_withdrawn_words_is_replaced(pause: float) -> None:
    channel = channel_with(limits=PREVIEWS)
    delivery = await show(channel, [TWO, 5.0, "More", pause, f"!{WITHHELD}"], reply_on(channel))
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
    pieces = [SENTENCE, 3.0, SENTENCE, pause, f"!{WITHHELD}"]
    await show(channel, pieces, reply_on(channel))
    assert calls(channel) == ["preview", "send", "edit"]
    assert channel.screen == {"1": WITHHELD}


@pytest.mark.parametrize(("fault", "pause"), [("", 2.0), ("ambiguous", 0.6)])
async def test_a_message_in_the_place_of_a_preview_stands_below_all_others(fault: str, pause: float) -> None:
    channel = channel_with("", fault, limits=PREVIEWS)
    delivery = await show(channel, [TWO, pause, f"!{TWO}"], reply_on(channel))
    assert "preview" in calls(channel)
    assert delivery.complete
    assert list(channel.screen) == list(delivery.message_ids)
    assert channel.preview_shown == ""
    assert "1" not in channel.screen


async def test_withdrawn_twice_the_last_word_stands() -> None:
    channel = channel_with(limits=DEDUPES)
    delivery = await show(channel, [TWO, 5.0, "!No.", 5.0, f"!{WITHHELD}"], reply_on(channel))
    assert delivery == Delivery(("1",), complete=True)
    assert channel.screen == {"1": WITHHELD}


async def test_a_finished_reply_is_not_withdrawn() -> None:
    reply = reply_on(channel_with())
    reply.finish()
    with pytest.raises(RuntimeError, match="finished"):
        reply.withdraw(WITHHELD)


# As a file


def whole(channel: SimulatedChannel, message_id: str) -> str:
    [file] = channel.files[message_id]
    assert (file.kind, file.name, file.mime) == ("document", "answer.md", "text/markdown")
    return file.data.decode()


async def test_a_long_answer_ends_with_a_file() -> None:
    channel = channel_with()
    text = "Zwölf Wörter. " + THREE * 2
    delivery = await show(channel, [text, 20.0], reply_on(channel, most=2))
    assert delivery.complete
    first, second, file = delivery.message_ids
    assert text.startswith(channel.screen[first])
    assert channel.screen[second] in text
    assert channel.screen[file] == CAPTION
    assert whole(channel, file) == text
    assert [channel.buttons[each] for each in delivery.message_ids] == [(), (), ("retry 1",)]


async def test_while_a_long_answer_grows_the_last_message_can_be_stopped() -> None:
    channel = channel_with()
    reply = reply_on(channel, most=2)
    delivery = asyncio.create_task(reply.deliver())
    for _ in range(5):
        reply.feed(SENTENCE)
        await asyncio.sleep(5)
    assert channel.buttons == {"1": (), "2": ("stop 1",)}
    reply.finish((RETRY,))
    assert (await delivery).message_ids == ("1", "2", "3")
    assert calls(channel).count("send") == 3


async def test_what_fits_needs_no_file() -> None:
    channel = channel_with()
    delivery = await show(channel, [TWO, 5.0], reply_on(channel, most=2))
    assert len(delivery.message_ids) == 2
    assert not any(channel.files.values())
    assert channel.buttons["2"] == ("retry 1",)


@pytest.mark.parametrize("fault", ["file-refused", "too-long"])
async def test_a_refused_file_becomes_messages(fault: str) -> None:
    channel = channel_with("", fault)
    delivery = await show(channel, [THREE * 2], reply_on(channel, most=1))
    assert delivery.complete
    assert len(delivery.message_ids) == 6
    assert " ".join(channel.screen.values()) == (THREE * 2).strip()
    assert not any(channel.files.values())


async def test_a_file_that_is_refused_without_a_reason_becomes_messages() -> None:
    class Picky(SimulatedChannel):
        async def send(self, message: Outgoing) -> str:
            if message.files:
                raise BadFormat
            return await SimulatedChannel.send(self, message)

    channel = Picky(Platform())
    delivery = await show(channel, [THREE], reply_on(channel, most=1))
    assert delivery.complete
    assert " ".join(channel.screen.values()) == THREE.strip()


async def test_a_text_that_is_too_large_for_a_file_becomes_messages() -> None:
    channel = channel_with(limits=replace(LIMITS, upload=len(THREE.encode()) - 1))
    delivery = await show(channel, [THREE], reply_on(channel, most=1))
    assert delivery.complete
    assert " ".join(channel.screen.values()) == THREE.strip()
    assert calls(channel) == ["send"] * 3
    enough = channel_with(limits=replace(LIMITS, upload=len(THREE.encode())))
    assert whole(enough, (await show(enough, [THREE], reply_on(enough, most=1))).message_ids[-1]) == THREE


async def test_the_file_of_an_answer_in_place_is_a_new_message() -> None:
    channel = channel_with(older=["a", "b", "c"])
    delivery = await show(channel, [THREE], reply_in_place(channel, "a", "b", "c", most=1))
    assert delivery == Delivery(("a", "1"), complete=True)
    assert list(channel.screen) == ["a", "1"]
    assert whole(channel, "1") == THREE


async def test_a_withdrawn_long_answer_leaves_no_file() -> None:
    channel = channel_with()
    delivery = await show(channel, [THREE, 10.0, f"!{WITHHELD}"], reply_on(channel, most=1))
    assert delivery == Delivery(("1",), complete=True)
    assert channel.screen == {"1": WITHHELD}
    assert not any(channel.files.values())
