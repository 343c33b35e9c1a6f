"""An answer that another process began comes to its end: it is shown and stored, or says that it broke off."""

from __future__ import annotations

import asyncio
import logging

from bot.conversation.running import end
from bot.domain.outbox import Fate, KeptReply
from bot.ports import Channel, Conversations
from bot.replies.gate import Gates
from bot.replies.outbox import Entry
from bot.replies.splitter import below
from bot.replies.writer import Reply

log = logging.getLogger(__name__)


class Reviving:
    def __init__(self, conversations: Conversations, gates: Gates) -> None:
        self._conversations = conversations
        self._gates = gates

    async def go_on(self, kept: KeptReply, channel: Channel, entry: Entry) -> None:
        """Show what is missing and store what is not stored; in its turn."""
        stored = False

        def fate() -> Fate | None:
            return None if stored else kept.fate

        reply = Reply.resumed(channel, self._gates, kept, entry, fate)
        if not kept.finished:
            _break_off(reply, kept)
        delivery = asyncio.create_task(reply.deliver(), name=f"reply {kept.nonce} from before")
        try:
            answer = await self._store(kept.fate)
            stored = True
            shown = await delivery
            if answer is not None:
                await self._conversations.place(answer, shown.message_ids)
        finally:
            await end(delivery)
        if not shown.complete:
            log.warning("reply %s: not all of it could be shown", kept.nonce)

    async def _store(self, fate: Fate | None) -> int | None:
        """The row of the answer; None for what is not stored, or has its row and its messages already."""
        if fate is None or fate.turn is None or fate.answer is None:
            return None
        found = await self._conversations.turn(fate.turn)
        if found is None:
            return None  # it was forgotten meanwhile
        last = found[0].answer
        # The process may have died between storing the answer and writing that down.
        if last is not None and (last.text, last.state) == (fate.answer.text, fate.answer.state):
            return last.id
        return await self._conversations.add_answer(fate.turn, fate.answer)


def _break_off(reply: Reply, kept: KeptReply) -> None:
    fate = kept.fate
    if fate is None:
        reply.finish()
        return
    if fate.taken_back:
        reply.withdraw(fate.words)
    elif fate.words:
        reply.feed(below(kept.text, fate.words))
    reply.finish(fate.buttons)
