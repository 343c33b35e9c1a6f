"""Replies on their way: what another process needs to bring them to their end."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import bindparam, delete, exists, select

from bot import clock
from bot.domain.outbox import KeptReply
from bot.errors import StorageError
from bot.storage.engines import Engines
from bot.storage.inbox import DONE
from bot.storage.rows import insert_for
from bot.storage.tables import inbox, outbox
from bot.storage.uninterrupted import uninterrupted
from bot.storage.values import reply_of, stored_chat, stored_reply

log = logging.getLogger(__name__)

_DROP = delete(outbox).where(outbox.c.nonce == bindparam("shown"))
# An event may have several replies (`/compare`).
_DONE = DONE.where(~exists().where(outbox.c.event_key == inbox.c.key))


@dataclass(frozen=True, slots=True)
class SqlOutbox:
    """Implements `bot.ports.Outbox`; every call raises StorageError when the database fails."""

    engines: Engines

    @uninterrupted
    async def save(self, replies: Sequence[KeptReply]) -> None:
        now = clock.utc_now()
        rows = [
            {
                "nonce": reply.nonce,
                "event_key": reply.event,
                "place": reply.chat.place,
                "chat": stored_chat(reply.chat),
                "written_at": now,
                "reply": stored_reply(reply),
            }
            for reply in replies
        ]
        async with self.engines.writing() as connection:
            insert = insert_for(connection, outbox)
            changed = {"written_at": insert.excluded.written_at, "reply": insert.excluded.reply}
            await connection.execute(insert.on_conflict_do_update(index_elements=["nonce"], set_=changed), rows)

    @uninterrupted
    async def drop(self, nonces: Collection[str], done: Collection[str] = ()) -> None:
        async with self.engines.writing() as connection:
            if nonces:
                await connection.execute(_DROP, [{"shown": nonce} for nonce in nonces])
            if done:
                await connection.execute(_DONE, [{"done_key": key} for key in done])

    async def all(self) -> Sequence[KeptReply]:
        async with self.engines.reading() as connection:
            rows = (await connection.scalars(select(outbox.c.reply).order_by(outbox.c.id))).all()
        replies = []
        for stored in rows:
            try:
                replies.append(reply_of(stored))
            except StorageError as error:
                log.warning("a reply on its way cannot be read any more: %s", error)
        return replies

    @uninterrupted
    async def drop_before(self, when: datetime) -> int:
        old = outbox.c.written_at < when.astimezone(UTC)  # SQLite stores no zone
        async with self.engines.writing() as connection:
            return (await connection.execute(delete(outbox).where(old))).rowcount
