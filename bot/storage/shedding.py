"""Deleting pictures that somebody's turns alone refer to, before the turns themselves go."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, bindparam, delete, or_, select

from bot.storage.engines import Engines
from bot.storage.places import held_at
from bot.storage.pruning import in_turns
from bot.storage.tables import conversations, messages, pictures
from bot.storage.turns import ASSISTANT, USER
from bot.storage.uninterrupted import uninterrupted

_AT_ONCE = 2
"""Pictures in one transaction: SQLite overwrites what it deletes, 20 ms for each that has 4 MB, and others wait."""

_DELETE = delete(pictures).where(pictures.c.chat_key == bindparam("key"), pictures.c.digest == bindparam("wanted"))

Key = tuple[str, str]


class Shedding:
    """Pictures of one person's turns. What others showed or were shown in a chat is looked up once for each chat."""

    def __init__(self, engines: Engines, author: str) -> None:
        self._engines = engines
        self._author = author
        self._others: dict[str, frozenset[str]] = {}

    async def of_turns(self, questions: Sequence[int]) -> None:
        """Delete the pictures of these turns of theirs that no turn of somebody else in the chat refers to."""
        shown = (
            select(conversations.c.chat_key, messages.c.pictures)
            .join_from(messages, conversations)
            .where(in_turns(questions), messages.c.pictures.is_not(None))
        )
        async with self._engines.reading() as connection:
            rows = (await connection.execute(shown)).all()
        keys = {(row.chat_key, ref["digest"]) for row in rows for ref in row.pictures}
        await _drop(self._engines, sorted([key for key in keys if key[1] not in await self._of_others(key[0])]))

    async def _of_others(self, chat_key: str) -> frozenset[str]:
        if chat_key not in self._others:
            question = messages.alias("question")
            theirs = or_(
                and_(messages.c.role == USER, messages.c.author_id != self._author),
                and_(messages.c.role == ASSISTANT, question.c.author_id != self._author),
            )
            shown = (
                select(messages.c.pictures)
                .join_from(conversations, messages)
                .outerjoin(question, question.c.id == messages.c.parent_id)
                .where(conversations.c.chat_key == chat_key, messages.c.pictures.is_not(None), theirs)
            )
            async with self._engines.reading() as connection:
                found = await connection.scalars(shown)
                self._others[chat_key] = frozenset(ref["digest"] for refs in found for ref in refs)
        return self._others[chat_key]


async def shed_place(engines: Engines, place: str) -> None:
    """Delete all pictures of a place, its threads included."""
    async with engines.reading() as connection:
        at_place = held_at(pictures.c.chat_key, place, connection.dialect.name)
        found = await connection.execute(select(pictures.c.chat_key, pictures.c.digest).where(at_place))
        keys = [(row.chat_key, row.digest) for row in found]
    await _drop(engines, keys)


async def _drop(engines: Engines, keys: Sequence[Key]) -> None:
    for start in range(0, len(keys), _AT_ONCE):
        await _drop_some(engines, keys[start : start + _AT_ONCE])


@uninterrupted
async def _drop_some(engines: Engines, keys: Sequence[Key]) -> None:
    async with engines.writing() as connection:
        await connection.execute(_DELETE, [{"key": chat_key, "wanted": digest} for chat_key, digest in keys])
