"""An answer that another process began comes to its end: it is shown and stored, or says that it broke off."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from bot.conversation.running import end
from bot.conversation.storing import insistently, store_once
from bot.domain.outbox import Fate, KeptReply
from bot.errors import StorageError
from bot.ports import Channel, Conversations
from bot.replies.gate import Gates
from bot.replies.outbox import Entry
from bot.replies.splitter import below
from bot.replies.writer import Delivery, Reply

log = logging.getLogger(__name__)


class Reviving:
    def __init__(self, conversations: Conversations, gates: Gates) -> None:
        self._conversations = conversations
        self._gates = gates

    async def go_on(self, kept: KeptReply, channel: Channel, entry: Entry) -> None:
        """Show what is missing and store what is not stored; in its turn."""
        reply = Reply.resumed(channel, self._gates, kept, entry, lambda: kept.fate)
        if not kept.finished:
            _break_off(reply, kept)
        delivery = asyncio.create_task(reply.deliver(), name=f"reply {kept.nonce} from before")
        try:
            try:
                await self._store(kept.fate, reply, delivery)
            except StorageError:
                await asyncio.wait([delivery])
                log.exception("reply %s is shown and not stored; the next start tries again", kept.nonce)
                return
            reply.close()
        finally:
            await end(delivery)
        if not delivery.result().complete:
            log.warning("reply %s: not all of it could be shown", kept.nonce)

    async def _store(self, fate: Fate | None, reply: Reply, delivery: asyncio.Task[Delivery]) -> None:
        """Store what is to be stored, and when all of it is shown also by which messages."""
        answer = None
        if fate is not None and fate.turn is not None and fate.answer is not None:
            await reply.caught_up()
            store = partial(store_once, self._conversations, fate.turn, fate.answer)
            answer = await insistently(store)
        shown = await delivery
        if answer is not None:
            await reply.caught_up()
            await insistently(partial(self._conversations.place, answer, shown.message_ids))


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
