"""What followed a row of the tree of messages.

Rows are read by conversation, in the order of their ids, which grow along every branch inside of one. To ask for the
children of each row instead would take PostgreSQL minutes in a long conversation that it has no statistics of yet.
"""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.tables import messages, summaries

_PAGE_ROWS = 5000

_following = messages.alias("following")

_CONVERSATION = select(messages.c.conversation_id).where(messages.c.id == bindparam("row"))
_PAGE = (
    select(messages.c.id, messages.c.parent_id)
    .where(messages.c.conversation_id == bindparam("conversation"), messages.c.id > bindparam("row"))
    .order_by(messages.c.id)
    .limit(_PAGE_ROWS)
)
_THREADS = (
    select(_following.c.id, _following.c.parent_id)
    .join_from(messages, _following, _following.c.parent_id == messages.c.id)
    .where(
        messages.c.conversation_id == bindparam("conversation"),
        messages.c.id >= bindparam("row"),
        _following.c.conversation_id != messages.c.conversation_id,
    )
)
_SUMMED = (
    select(summaries.c.message_id)
    .join_from(messages, summaries)
    .where(messages.c.conversation_id == bindparam("conversation"), messages.c.id >= bindparam("row"))
)
_DELETE = delete(summaries).where(summaries.c.message_id == bindparam("row"))


async def conversation_of(connection: AsyncConnection, row: int) -> int | None:
    """None when the row is gone."""
    conversation: int | None = await connection.scalar(_CONVERSATION, {"row": row})
    return conversation


async def below(connection: AsyncConnection, conversation: int, row: int) -> set[int]:
    """A row of this conversation and all that followed it there. Reads what is newer, some rows at a time."""
    found = {row}
    after: int | None = row
    while after is not None:
        page = (await connection.execute(_PAGE, {"conversation": conversation, "row": after})).all()
        for each, parent in page:
            if parent in found:
                found.add(each)
        after = page[-1][0] if len(page) == _PAGE_ROWS else None
    return found


async def drop_summaries_below(connection: AsyncConnection, row: int) -> None:
    """Delete the summaries of all that followed a row, in other conversations that went on from there, too."""
    rows = [row]
    while rows:
        row = rows.pop()
        conversation = await conversation_of(connection, row)
        if conversation is None:
            continue
        found, here = await below(connection, conversation, row), {"conversation": conversation, "row": row}
        for summed in (await connection.scalars(_SUMMED, here)).all():
            if summed in found:
                await connection.execute(_DELETE, {"row": summed})
        rows += [first for first, parent in (await connection.execute(_THREADS, here)).all() if parent in found]
