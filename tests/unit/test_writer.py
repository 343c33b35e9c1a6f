"""The writer on a simulated channel: what is called when, and what a failed call leads to."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable
from dataclasses import replace

import pytest

from bot.domain.platform import Button
from bot.errors import ChatGone
from bot.receipts import Receipt, working_on
from bot.replies.gate import MARGIN, Gates
from bot.replies.outbox import Outbox
from bot.replies.planner import FIRST_WAIT, TYPING_EVERY
from bot.replies.writer import Delivery, Reply
from tests.fakes.channel import LIMITS, Platform, SimulatedChannel
from tests.fakes.memory import MemoryNotes
from tests.fakes.memory_mail import MemoryOutbox

pytestmark = pytest.mark.virtual

STOP, RETRY = Button("Stop", "stop 1"), Button("Retry", "retry 1")
PREVIEWS = replace(LIMITS, previews=True, preview_life=25.0)


def channel_with(*faults: str, **changes: object) -> SimulatedChannel:
    channel = SimulatedChannel(Platform(faults=iter(faults)))
    return replace(channel, **changes)  # type: ignore[arg-type]  # fields of SimulatedChannel, by name


async def show(channel: SimulatedChannel, pieces: Iterable[str | float], gates: Gates | None = None) -> Delivery:
    """After two tenths of a second, feed texts and wait as many seconds as the numbers say; then finish."""
    reply = Reply(channel, gates or Gates(), nonce="n", buttons=(STOP,))
    delivery = asyncio.create_task(reply.deliver())
    await asyncio.sleep(0.2)
    for piece in pieces:
        if isinstance(piece, str):
            reply.feed(piece)
        else:
            await asyncio.sleep(piece)
    reply.finish((RETRY,))
    return await delivery


def kinds(channel: SimulatedChannel) -> list[str]:
    return [kind for _, kind, _ in channel.calls]


async def test_the_typing_sign_is_there_until_the_first_word() -> None:
    channel = channel_with()
    await show(channel, [2 * TYPING_EVERY + 1, "The answer.", 1.0])
    assert kinds(channel) == ["typing", "typing", "typing", "send", "edit"]


async def test_an_answer_that_is_there_at_once_needs_no_sign() -> None:
    channel = channel_with()
    reply = Reply(channel, Gates(), nonce="n")
    reply.feed("Here it is.")
    reply.finish()
    await reply.deliver()
    assert kinds(channel) == ["send"]


async def test_the_first_message_waits_for_words_worth_a_notification() -> None:
    channel = channel_with()
    await show(channel, ["I", 0.2, " see", 2.0])
    sent = next(at for at, kind, _ in channel.calls if kind == "send")
    assert sent == pytest.approx(FIRST_WAIT + 0.2, abs=0.1)
    assert list(channel.screen.values()) == ["I see"]


async def test_a_long_first_piece_does_not_wait() -> None:
    channel = channel_with()
    await show(channel, ["A sentence that is long enough to go.", 2.0])
    assert channel.calls[1][0] == pytest.approx(0.2, abs=0.06)


async def test_the_end_is_shown_at_once_from_the_reserve() -> None:
    channel = channel_with()
    pieces: list[str | float] = []
    for _ in range(40):
        pieces += ["w ", 0.1]
    await show(channel, [*pieces, "end"])
    assert channel.calls[-1][0] == pytest.approx(4.2, abs=0.1)
    assert channel.platform.floods == 0


async def test_text_that_stops_growing_is_still_shown() -> None:
    channel = channel_with()
    await show(channel, ["A sentence that is long enough to go.", 1.5, " More.", 30.0])
    assert any(text.endswith("More.") and at < 10 for at, _, text in channel.calls)


async def test_the_stop_button_gives_way_to_retry() -> None:
    channel = channel_with()
    delivery = await show(channel, ["A sentence that is long enough to go. ", 2.0, "x" * 60])
    assert [channel.buttons[message_id] for message_id in delivery.message_ids] == [(), ("retry 1",)]


async def test_a_flood_silences_the_chat_for_as_long_as_asked() -> None:
    channel = channel_with("", "flood")
    await show(channel, ["A sentence that is long enough to go.", 8.0])
    at = [at for at, kind, _ in channel.calls if kind == "send"]
    assert at[1] - at[0] == pytest.approx(3.0 + MARGIN, abs=0.1)
    assert channel.platform.floods == 0


async def test_a_refused_format_is_sent_plain() -> None:
    channel = channel_with("", "bad-format")
    delivery = await show(channel, ["**A sentence that is long enough to go.**", 2.0])
    assert delivery.complete
    assert list(channel.screen.values()) == ["**A sentence that is long enough to go.**"]


async def test_an_unsure_first_message_is_repeated_once_and_only_at_the_end() -> None:
    channel = channel_with("", "ambiguous")
    delivery = await show(channel, ["A sentence that is long enough to go.", 20.0, " End."])
    sends = [at for at, kind, _ in channel.calls if kind == "send"]
    assert len(sends) == 2
    assert sends[1] >= 20
    assert channel.screen[delivery.message_ids[0]] == "A sentence that is long enough to go. End."


async def test_an_unsure_first_message_is_found_again_where_the_platform_dedupes() -> None:
    channel = channel_with("", "ambiguous", limits=replace(LIMITS, dedupes=True))
    delivery = await show(channel, ["A sentence that is long enough to go.", 20.0, " End."])
    assert list(channel.screen) == list(delivery.message_ids)
    assert list(channel.screen.values()) == ["A sentence that is long enough to go. End."]


async def test_a_message_that_is_found_again_shows_the_newest_text_too() -> None:
    channel = channel_with("ambiguous", limits=replace(LIMITS, dedupes=True))
    reply = Reply(channel, Gates(), nonce="n")
    delivery = asyncio.create_task(reply.deliver())
    reply.feed("A sentence that is long enough to go.")
    await asyncio.sleep(0.1)
    reply.feed(" End.")
    await asyncio.sleep(20)
    assert list(channel.screen.values()) == ["A sentence that is long enough to go. End."]
    reply.finish()
    assert (await delivery).complete


async def test_messages_that_another_process_sent_show_the_answer_that_was_begun_anew() -> None:
    """It died before it could write down that it had sent them; the model says something else now."""
    channel = SimulatedChannel(Platform(), limits=replace(LIMITS, dedupes=True))
    for word in ("early ", "later "):
        again = None if word == "early " else nothing
        async with Outbox(MemoryOutbox(), MemoryNotes()) as outbox:
            with working_on(Receipt("event", lambda _: None, again)):
                entry = outbox.entry()
            reply = Reply(channel, Gates(), nonce=entry.nonce, entry=entry)
            reply.feed(word * 25)
            reply.finish()
            await reply.deliver()
        await asyncio.sleep(60)
    assert " ".join(channel.screen.values()).split() == ["later"] * 25


async def nothing() -> None: ...


@pytest.mark.parametrize("fault", ["ambiguous", "ambiguous-lost"])
async def test_an_unsure_edit_is_made_again(fault: str) -> None:
    channel = channel_with("", "", fault)
    await show(channel, ["A sentence that is long enough to go.", 2.0, " More.", 20.0])
    assert kinds(channel).count("edit") == 3
    assert list(channel.screen.values()) == ["A sentence that is long enough to go. More."]


async def test_a_message_that_was_deleted_comes_back_once() -> None:
    channel = channel_with("", "", "gone")
    delivery = await show(channel, ["A sentence that is long enough to go.", 1.0, " End.", 5.0])
    assert delivery.complete
    assert list(channel.screen.values()) == ["A sentence that is long enough to go. End."]


async def test_who_deletes_it_twice_gets_no_third() -> None:
    channel = channel_with("", "", "gone", "", "gone")
    await show(channel, ["A sentence that is long enough to go.", 1.0, " End.", 5.0, " And more.", 5.0])
    assert channel.screen == {}
    assert kinds(channel).count("send") == 2


async def test_a_text_that_is_too_long_after_all_is_cut_again() -> None:
    channel = channel_with("", "too-long")
    delivery = await show(channel, ["Some words that fill a message well " * 3, 5.0])
    assert delivery.complete
    assert all(len(text) <= LIMITS.text * 0.8 for text in channel.screen.values())


async def test_a_closed_chat_ends_the_reply() -> None:
    class Closed(SimulatedChannel):
        async def send(self, message: object) -> str:
            raise ChatGone

    channel = Closed(Platform())
    reply = Reply(channel, Gates(), nonce="n")
    reply.feed("Nobody will read this, and nothing waits for it.")
    delivery = await asyncio.wait_for(reply.deliver(), 5)
    assert delivery == Delivery((), complete=False)


async def test_previews_are_kept_alive_and_replaced_by_a_message() -> None:
    channel = channel_with(limits=PREVIEWS)
    await show(channel, ["First words", 1.0, " and more", 60.0, " and the end."])
    assert "send" not in kinds(channel)[:-1]
    assert list(channel.screen.values()) == ["First words and more and the end."]
    times = [at for at, kind, _ in channel.calls if kind == "preview"]
    assert all(later - earlier <= 26 for earlier, later in itertools.pairwise(times))
    assert max(times) > 50


async def test_where_previews_are_refused_the_reply_grows_by_edits() -> None:
    channel = channel_with("", "too-long", limits=PREVIEWS)
    await show(channel, ["First words", 1.0, " and more", 10.0, " and the end."])
    assert kinds(channel)[:3] == ["typing", "preview", "send"]
    assert kinds(channel).count("preview") == 1
    assert list(channel.screen.values()) == ["First words and more and the end."]


async def test_nothing_is_called_when_there_is_nothing_to_say() -> None:
    channel = channel_with()
    delivery = await show(channel, [])
    assert delivery == Delivery((), complete=True)
    assert kinds(channel) == ["typing"]


async def test_blank_text_makes_no_message() -> None:
    channel = channel_with()
    await show(channel, [" \n ", 1.0, "\t"])
    assert channel.screen == {}


async def test_two_replies_in_one_chat_share_its_gate() -> None:
    channel, gates = channel_with(), Gates()
    await asyncio.gather(*(show(channel, ["Words enough for a message here.", 3.0, " End."], gates) for _ in range(3)))
    assert channel.platform.floods == 0
    assert sorted(channel.screen.values()) == ["Words enough for a message here. End."] * 3
