"""Replies on a simulated channel, written down as what is fed and when."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from bot.domain.platform import Button, Limits
from bot.replies import notices
from bot.replies.gate import Gates
from bot.replies.writer import Delivery, Reply
from tests.fakes.channel import LIMITS, Platform, SimulatedChannel

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


async def show(pieces: Iterable[str | float], reply: Reply) -> Delivery:
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
