"""Pictures of a chat's conversations, by their content."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import bindparam, delete, select, tuple_, update

from bot import clock
from bot.domain.media import Picture
from bot.storage.engines import Engines
from bot.storage.places import keys_at
from bot.storage.rows import insert_for, move_rows
from bot.storage.tables import pictures as table
from bot.storage.uninterrupted import uninterrupted

# SQLite overwrites what it deletes, and other writers wait: 0.2 s for these when each has 4 MB.
_DROPPED_AT_ONCE = 10

_ONE = select(table.c.data, table.c.mime, table.c.width, table.c.height).where(
    table.c.chat_key == bindparam("chat_key"), table.c.digest == bindparam("digest")
)


@dataclass(frozen=True, slots=True)
class SqlPictures:
    """Implements `bot.ports.Pictures`; every call raises StorageError when the database fails."""

    engines: Engines

    async def keep(self, chat_key: str, pictures: Sequence[Picture]) -> None:
        # A transaction for each, so that other writers wait for one of them at most.
        for picture in pictures:
            await self._keep(chat_key, picture)

    @uninterrupted
    async def _keep(self, chat_key: str, picture: Picture) -> None:
        ref, now = picture.ref, {"kept_at": clock.utc_now()}
        key = {"chat_key": chat_key, "digest": ref.digest}
        row = key | {"mime": picture.mime, "width": ref.width, "height": ref.height, "data": picture.data} | now
        async with self.engines.writing() as connection:
            # One that is stored already is not sent to the database again.
            again = update(table).where(table.c.chat_key == chat_key, table.c.digest == ref.digest).values(now)
            if (await connection.execute(again)).rowcount == 0:
                insert = insert_for(connection, table).values(row)
                await connection.execute(insert.on_conflict_do_update(index_elements=list(key), set_=now))

    async def load(self, chat_key: str, digests: Collection[str]) -> Mapping[str, Picture]:
        if not digests:
            return {}  # the common turn: it needs no connection
        found: dict[str, Picture] = {}
        async with self.engines.reading() as connection:
            # One after another: the drivers hand over a whole result at once, and the loop stood still for 40 MB of it.
            for digest in dict.fromkeys(digests):
                row = (await connection.execute(_ONE, {"chat_key": chat_key, "digest": digest})).first()
                if row is not None:
                    found[digest] = Picture(*row)
        return found

    async def drop_before(self, when: datetime) -> int:
        """Some at a time, each in a transaction of their own."""
        utc = when.astimezone(UTC)  # SQLite stores no zone
        dropped = 0
        while some := await self._drop_some_before(utc):
            dropped += some
        return dropped

    @uninterrupted
    async def _drop_some_before(self, when: datetime) -> int:
        oldest = (
            select(table.c.chat_key, table.c.digest)
            .where(table.c.kept_at < when)
            .order_by(table.c.kept_at)
            .limit(_DROPPED_AT_ONCE)
        )
        async with self.engines.writing() as connection:
            # PostgreSQL looks at a row again when somebody has kept it meanwhile, but not at the list of the oldest.
            gone = delete(table).where(table.c.kept_at < when, tuple_(table.c.chat_key, table.c.digest).in_(oldest))
            return (await connection.execute(gone)).rowcount

    @uninterrupted
    async def move(self, old_chat_key: str, new_chat_key: str) -> None:
        """Those of its members' conversations move along. What the new chat has already stays."""
        for key in await keys_at(self.engines, table.c.chat_key, old_chat_key, threads=False):
            async with self.engines.writing() as connection:
                await move_rows(connection, table, key, new_chat_key + key.removeprefix(old_chat_key))
