"""Replies that are too long for messages, on a simulated channel."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.domain.platform import Outgoing
from bot.errors import BadFormat
from bot.replies.writer import Delivery
from tests.fakes.channel import LIMITS, Platform, SimulatedChannel
from tests.unit.writing import (
    CAPTION,
    RETRY,
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


def whole(channel: SimulatedChannel, message_id: str) -> str:
    [file] = channel.files[message_id]
    assert (file.kind, file.name, file.mime) == ("document", "answer.md", "text/markdown")
    return file.data.decode()


async def test_a_long_answer_ends_with_a_file() -> None:
    channel = channel_with()
    text = "Zwölf Wörter. " + THREE * 2
    delivery = await show([text, 20.0], reply_on(channel, most=2))
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
    delivery = await show([TWO, 5.0], reply_on(channel, most=2))
    assert len(delivery.message_ids) == 2
    assert not any(channel.files.values())
    assert channel.buttons["2"] == ("retry 1",)


@pytest.mark.parametrize("fault", ["file-refused", "too-long"])
async def test_a_refused_file_becomes_messages(fault: str) -> None:
    channel = channel_with("", fault)
    delivery = await show([THREE * 2], reply_on(channel, most=1))
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
    delivery = await show([THREE], reply_on(channel, most=1))
    assert delivery.complete
    assert " ".join(channel.screen.values()) == THREE.strip()


async def test_a_text_that_is_too_large_for_a_file_becomes_messages() -> None:
    channel = channel_with(limits=replace(LIMITS, upload=len(THREE.encode()) - 1))
    delivery = await show([THREE], reply_on(channel, most=1))
    assert delivery.complete
    assert " ".join(channel.screen.values()) == THREE.strip()
    assert calls(channel) == ["send"] * 3
    enough = channel_with(limits=replace(LIMITS, upload=len(THREE.encode())))
    assert whole(enough, (await show([THREE], reply_on(enough, most=1))).message_ids[-1]) == THREE


async def test_the_file_of_an_answer_in_place_is_a_new_message() -> None:
    channel = channel_with(older=["a", "b", "c"])
    delivery = await show([THREE], reply_in_place(channel, "a", "b", "c", most=1))
    assert delivery == Delivery(("a", "1"), complete=True)
    assert list(channel.screen) == ["a", "1"]
    assert whole(channel, "1") == THREE


async def test_a_withdrawn_long_answer_leaves_no_file() -> None:
    channel = channel_with()
    delivery = await show([THREE, 10.0, f"!{WITHHELD}"], reply_on(channel, most=1))
    assert delivery == Delivery(("1",), complete=True)
    assert channel.screen == {"1": WITHHELD}
    assert not any(channel.files.values())
