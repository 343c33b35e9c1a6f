"""Deleting for good what is stored about somebody, about a place, or from long ago."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, delete, exists, or_, select, update

from bot.storage.engines import Engines
from bot.storage.pictures import SqlPictures
from bot.storage.places import begins_with, held_at, keys_at
from bot.storage.pruning import drop_summaries, in_turns, prune
from bot.storage.renaming import rename
from bot.storage.shedding import Shedding, shed_place
from bot.storage.tables import conversations, inbox, messages, outbox, personas, preferences, spent_days
from bot.storage.turns import USER
from bot.storage.uninterrupted import uninterrupted

_AT_ONCE = 100
"""Turns in one transaction, some milliseconds for those who wait to write."""

_NOBODY = ""


@dataclass(frozen=True, slots=True)
class SqlForgetting:
    """Implements `bot.ports.Forgetting`; every call raises StorageError when the database fails.

    A call that broke off can be made again: what leads to the rest goes last. `looked_up` is what
    `SqlConversations` remembers of chats.
    """

    engines: Engines
    looked_up: dict[str, int] = field(default_factory=dict)

    async def person(self, handle: str, scopes: Sequence[str]) -> int:
        """In a group, what others asked stays, and what they were answered."""
        asked = messages.c.author_id == handle
        written = await self._read(select(messages.c.conversation_id).where(asked).distinct())
        await drop_summaries(self.engines, written)
        shedding = Shedding(self.engines, handle)
        gone = after = 0
        theirs = select(messages.c.id).order_by(messages.c.id).limit(_AT_ONCE)
        while questions := await self._read(theirs.where(asked, messages.c.id > after)):
            await shedding.of_turns(questions)
            gone += await self._prune(in_turns(questions))
            after = questions[-1]
        await drop_summaries(self.engines, written)  # those that were made meanwhile
        await self._delete_scopes(preferences, scopes)
        await self._delete(personas, personas.c.author == handle)
        waiting = select(inbox.c.key).where(inbox.c.author == handle)
        await self._delete(outbox, outbox.c.event_key.in_(waiting))
        await self._blank(inbox.c.author == handle)
        await rename(self.engines, "person", handle, _NOBODY)
        return gone

    async def chat(self, place: str, scopes: Sequence[str]) -> int:
        """A scope stands for those below it, too (`telegram:1/thread/42` for `telegram:1/thread/42/7`)."""
        held = await self._held_at(place)
        await drop_summaries(self.engines, held)
        await shed_place(self.engines, place)
        gone = 0
        for conversation in held:
            # The newest first: hardly anything follows a row then. What comes meanwhile stays.
            newest = select(messages.c.id).where(messages.c.conversation_id == conversation)
            newest = newest.order_by(messages.c.id.desc()).limit(2 * _AT_ONCE)
            rows = await self._read(newest)
            while rows:
                gone += await self._prune(messages.c.id.in_(rows))
                rows = await self._read(newest.where(messages.c.id < rows[-1]))
            await self._delete_conversation(conversation)
        await self._delete_scopes(preferences, scopes)
        await self._delete_scopes(personas, scopes)
        dialect = self.engines.writer.dialect.name
        await self._delete(outbox, held_at(outbox.c.place, place, dialect))
        await self._blank(held_at(inbox.c.place, place, dialect))
        for key in await keys_at(self.engines, spent_days.c.chat_key, place):
            await rename(self.engines, "chat_key", key, _NOBODY)
        return gone

    async def before(self, when: datetime) -> int:
        """A turn goes with its question. Summaries go with the row that they end with, which is older than they are."""
        utc = when.astimezone(UTC)  # SQLite stores no zone
        oldest = select(messages.c.id).where(messages.c.created_at < utc, messages.c.role == USER)
        oldest = oldest.order_by(messages.c.created_at).limit(_AT_ONCE)
        gone = 0
        while questions := await self._read(oldest):
            gone += await self._prune(in_turns(questions))
        await SqlPictures(self.engines).drop_before(utc)
        return gone

    async def _held_at(self, place: str) -> Sequence[int]:
        async with self.engines.reading() as connection:
            at_place = held_at(conversations.c.chat_key, place, connection.dialect.name)
            return (await connection.scalars(select(conversations.c.id).where(at_place))).all()

    async def _read(self, numbers: Select[Any]) -> Sequence[int]:
        async with self.engines.reading() as connection:
            return (await connection.scalars(numbers)).all()

    @uninterrupted
    async def _prune(self, which: ColumnElement[bool]) -> int:
        async with self.engines.writing() as connection:
            return await prune(connection, which)

    @uninterrupted
    async def _delete_conversation(self, conversation: int) -> None:
        """Unless somebody has just gone on with it."""
        used = exists().where(messages.c.conversation_id == conversation)
        self.looked_up.clear()
        async with self.engines.writing() as connection:
            await connection.execute(delete(conversations).where(conversations.c.id == conversation, ~used))
        self.looked_up.clear()

    @uninterrupted
    async def _delete(self, table: Table, which: ColumnElement[bool]) -> None:
        async with self.engines.writing() as connection:
            await connection.execute(delete(table).where(which))

    @uninterrupted
    async def _blank(self, which: ColumnElement[bool]) -> None:
        """What arrived and is not answered yet never was; its keys stay known, so that it does not come again."""
        async with self.engines.writing() as connection:
            await connection.execute(
                update(inbox).where(which, inbox.c.event.is_not(None)).values(event=None, author=None)
            )

    async def _delete_scopes(self, table: Table, scopes: Sequence[str]) -> None:
        dialect = self.engines.writer.dialect.name
        for scope in scopes:
            below = begins_with(table.c.scope, f"{scope}/", dialect)
            await self._delete(table, or_(table.c.scope == scope, below))
