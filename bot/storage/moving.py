"""Giving the conversations of a chat to another chat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.places import held_at
from bot.storage.tables import conversations, messages


async def move_conversations(connection: AsyncConnection, old_chat_key: str, new_chat_key: str) -> None:
    """Those that all share, and those that members have of their own (`chat@person`).

    The moved ones come first: what the other chat has goes on from them.
    """
    held = held_at(conversations.c.chat_key, old_chat_key, connection.dialect.name, threads=False)
    keys = select(conversations.c.chat_key).where(held).distinct()
    for key in (await connection.scalars(keys)).all():
        await _move(connection, key, new_chat_key + key.removeprefix(old_chat_key))


async def _move(connection: AsyncConnection, old: str, new: str) -> None:
    earlier, later = await _numbered(connection, old), await _numbered(connection, new)
    if later:
        await _count_from(connection, new, earlier[-1].number + later[-1].number)
        await _append(connection, earlier[-1].id, later[0].id)
    await connection.execute(update(conversations).where(conversations.c.chat_key == old).values(chat_key=new))


async def _numbered(connection: AsyncConnection, chat_key: str) -> Sequence[Row[Any, Any]]:
    """A chat's conversations, oldest first."""
    found = await connection.execute(
        select(conversations.c.id, conversations.c.number)
        .where(conversations.c.chat_key == chat_key)
        .order_by(conversations.c.number)
    )
    return found.all()


async def _count_from(connection: AsyncConnection, chat_key: str, offset: int) -> None:
    """Raise the numbers of a chat's conversations; `offset` exceeds them all, so that none meets another on the way."""
    await connection.execute(
        update(conversations).where(conversations.c.chat_key == chat_key).values(number=conversations.c.number + offset)
    )


async def _append(connection: AsyncConnection, older: int, newer: int) -> None:
    """Let a conversation's first question follow the head of another one; one that is empty goes on there."""
    head = select(conversations.c.head_id).where(conversations.c.id == older).scalar_subquery()
    await connection.execute(
        update(messages)
        .where(messages.c.conversation_id == newer, messages.c.parent_id.is_(None))
        .values(parent_id=head)
    )
    await connection.execute(
        update(conversations).where(conversations.c.id == newer, conversations.c.head_id.is_(None)).values(head_id=head)
    )
