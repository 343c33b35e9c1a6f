"""Taking rows out of the tree of messages, so that what followed them goes on from what is left."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from sqlalchemy import ColumnElement, and_, bindparam, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.engines import Engines
from bot.storage.tables import conversations, messages, summaries
from bot.storage.turns import ASSISTANT
from bot.storage.uninterrupted import uninterrupted

_AT_ONCE = 200
"""Conversations that one statement looks through, and summaries that one transaction deletes."""

_attach = update(messages).where(messages.c.id == bindparam("row")).values(parent_id=bindparam("above"))
_go_on = update(conversations).where(conversations.c.id == bindparam("row")).values(head_id=bindparam("above"))


def in_turns(questions: Collection[int]) -> ColumnElement[bool]:
    """Whether a row is one of these questions, or an answer to one."""
    answers = and_(messages.c.parent_id.in_(questions), messages.c.role == ASSISTANT)
    return or_(messages.c.id.in_(questions), answers)


async def prune(connection: AsyncConnection, which: ColumnElement[bool]) -> int:
    """Delete these rows of `messages`; returns how many. An answer must go when its question goes.

    What followed a row is attached to the nearest row above it that stays, and a conversation that went on behind it
    goes on there.
    """
    await _lock(connection, which)
    found = await connection.execute(select(messages.c.id, messages.c.parent_id).where(which))
    parents: dict[int, int | None] = {row.id: row.parent_id for row in found}
    if not parents:
        return 0
    above = nearest_kept(parents)
    following = select(messages.c.id, messages.c.parent_id).where(messages.c.parent_id.in_(parents))
    attached = [
        {"row": row.id, "above": above[row.parent_id]}
        for row in await connection.execute(following)
        if row.id not in parents
    ]
    if attached:
        await connection.execute(_attach, attached)
    heads = select(conversations.c.id, conversations.c.head_id).where(conversations.c.head_id.in_(parents))
    moved = [{"row": row.id, "above": above[row.head_id]} for row in await connection.execute(heads)]
    if moved:
        await connection.execute(_go_on, moved)
    await connection.execute(delete(messages).where(messages.c.id.in_(parents)))
    return len(parents)


def nearest_kept(parents: Mapping[int, int | None]) -> dict[int, int | None]:
    """For each row that goes, the first row above it that does not; None where all above it go. Pure."""
    kept: dict[int, int | None] = {}
    for row in parents:
        way = [row]
        above = parents[row]
        while above is not None and above in parents and above not in kept:
            way.append(above)
            above = parents[above]
        end = kept.get(above, above) if above is not None else None
        kept.update(dict.fromkeys(way, end))
    return kept


async def drop_summaries(engines: Engines, within: Collection[int]) -> None:
    """Delete the summaries in these conversations, and in those that go on from them."""
    found = [summary for some in _some(await _with_following(engines, within)) for summary in await _in(engines, some)]
    for some in _some(found):
        await _drop(engines, some)


async def _with_following(engines: Engines, within: Collection[int]) -> list[int]:
    """These conversations, those that began behind a row of theirs, those that began behind these, and so on."""
    following = messages.alias("following")
    reached, new = set(within), set(within)
    while new:
        found: set[int] = set()
        for some in _some(sorted(new)):
            beyond = (
                select(following.c.conversation_id)
                .join_from(messages, following, following.c.parent_id == messages.c.id)
                .where(messages.c.conversation_id.in_(some), following.c.conversation_id != messages.c.conversation_id)
                .distinct()
            )
            async with engines.reading() as connection:
                found.update(await connection.scalars(beyond))
        new = found - reached
        reached |= new
    return sorted(reached)


async def _in(engines: Engines, within: Sequence[int]) -> Sequence[int]:
    summed = select(summaries.c.message_id).join_from(messages, summaries).where(messages.c.conversation_id.in_(within))
    async with engines.reading() as connection:
        return (await connection.scalars(summed)).all()


@uninterrupted
async def _drop(engines: Engines, ids: Sequence[int]) -> None:
    async with engines.writing() as connection:
        await connection.execute(delete(summaries).where(summaries.c.message_id.in_(ids)))


def _some(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), _AT_ONCE):
        yield numbers[start : start + _AT_ONCE]


async def _lock(connection: AsyncConnection, which: ColumnElement[bool]) -> None:
    """Keep others from adding to the conversations of these rows, in one order, so that two cannot wait for each other.

    SQLite's transaction keeps everybody from writing already.
    """
    if connection.dialect.name == "postgresql":
        theirs = select(messages.c.conversation_id).where(which)
        locked = select(conversations.c.id).where(conversations.c.id.in_(theirs)).order_by(conversations.c.id)
        await connection.execute(locked.with_for_update(key_share=True))
