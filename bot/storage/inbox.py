"""What arrived: every event is written down before the platform is told that it was received."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import bindparam, delete, func, select, update

from bot import clock
from bot.domain.ids import ChatRef
from bot.domain.messages import Incoming
from bot.errors import StorageError
from bot.storage.engines import Engines
from bot.storage.rows import insert_for
from bot.storage.tables import inbox
from bot.storage.uninterrupted import uninterrupted
from bot.storage.values import chat_of, event_of, stored_chat, stored_event

log = logging.getLogger(__name__)

DONE = update(inbox).where(inbox.c.key == bindparam("done_key")).values(event=None, author=None)
"""What was said is not kept here for longer than it is needed."""


@dataclass(frozen=True, slots=True)
class SqlInbox:
    """Implements `bot.ports.Arrivals`; every call raises StorageError when the database fails."""

    engines: Engines

    @uninterrupted
    async def add(self, events: Sequence[Incoming]) -> Collection[str]:
        now = clock.utc_now()
        async with self.engines.writing() as connection:
            insert = insert_for(connection, inbox).on_conflict_do_nothing(index_elements=["key"])
            added = set()
            for event in events:  # one by one: their rows are numbered in the order of their arrival
                row = {
                    "key": event.key,
                    "platform": event.chat.platform,
                    "place": event.chat.place,
                    "chat": stored_chat(event.chat),
                    "arrived_at": now,
                    "tries": 0,
                    "author": _author(event),
                    "event": stored_event(event),
                }
                found = await connection.execute(insert.returning(inbox.c.key), row)
                if found.scalar_one_or_none() is not None:
                    added.add(event.key)
        return added

    @uninterrupted
    async def done(self, keys: Collection[str]) -> None:
        async with self.engines.writing() as connection:
            await connection.execute(DONE, [{"done_key": key} for key in keys])

    async def waiting(self, platforms: Collection[str]) -> Sequence[tuple[Incoming, int]]:
        undone = inbox.c.event.is_not(None) & inbox.c.platform.in_(platforms)
        found = select(inbox.c.event, inbox.c.tries).where(undone).order_by(inbox.c.id)
        async with self.engines.reading() as connection:
            rows = (await connection.execute(found)).all()
        events = []
        for stored, tries in rows:
            try:
                events.append((event_of(stored), tries))
            except StorageError as error:
                log.warning("something that arrived cannot be read any more: %s", error)
        return events

    @uninterrupted
    async def tried(self, key: str) -> None:
        async with self.engines.writing() as connection:
            await connection.execute(update(inbox).where(inbox.c.key == key).values(tries=inbox.c.tries + 1))

    async def active(self, since: datetime) -> Sequence[ChatRef]:
        newest = select(func.max(inbox.c.id)).where(inbox.c.arrived_at >= since.astimezone(UTC)).group_by(inbox.c.place)
        async with self.engines.reading() as connection:
            rows = await connection.scalars(select(inbox.c.chat).where(inbox.c.id.in_(newest)))
            return [chat_of(row) for row in rows]

    @uninterrupted
    async def drop_before(self, when: datetime) -> int:
        old = inbox.c.arrived_at < when.astimezone(UTC)  # SQLite stores no zone
        async with self.engines.writing() as connection:
            gone = await connection.scalar(select(func.count()).where(old, inbox.c.event.is_not(None)))
            await connection.execute(delete(inbox).where(old))
        return int(gone or 0)


def _author(event: Incoming) -> str | None:
    match event.kind:
        case "deleted" | "moved":
            return None
        case _:
            return event.author.handle
