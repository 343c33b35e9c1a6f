"""Conversations: a tree of messages per conversation, of which the newest row is the head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.domain.conversations import Answer, Exchange, Question, Turn
from bot.storage import history
from bot.storage.engines import Engines
from bot.storage.rows import insert_for
from bot.storage.tables import conversations, messages
from bot.storage.uninterrupted import uninterrupted

_MOST_KNOWN = 10_000

_CURRENT = (
    select(conversations.c.id)
    .where(conversations.c.chat_key == bindparam("chat_key"))
    .order_by(conversations.c.number.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class SqlConversations:
    """Implements `bot.ports.Conversations`; every call raises StorageError when the database fails."""

    engines: Engines
    # What was looked up: a chat belongs to one bot, and a bot to one process, so that nobody else changes it.
    known: dict[str, int] = field(default_factory=dict)

    async def current(self, chat_key: str) -> int:
        if chat_key in self.known:
            return self.known[chat_key]
        async with self.engines.reading() as connection:
            found = await connection.scalar(_CURRENT, {"chat_key": chat_key})
        return self._remember(chat_key, found if found is not None else await self._begin(chat_key, literal(1)))

    async def start_new(self, chat_key: str) -> int:
        newest = select(func.coalesce(func.max(conversations.c.number), 0)).where(conversations.c.chat_key == chat_key)
        return self._remember(chat_key, await self._begin(chat_key, newest.scalar_subquery() + 1))

    def _remember(self, chat_key: str, conversation: int) -> int:
        if len(self.known) >= _MOST_KNOWN:
            self.known.clear()
        self.known[chat_key] = conversation
        return conversation

    @uninterrupted
    async def _begin(self, chat_key: str, number: ColumnElement[int]) -> int:
        """Add a conversation, unless another caller has just added the one with this number; returns the newest."""
        async with self.engines.writing() as connection:
            row = {"chat_key": chat_key, "number": number, "started_at": clock.utc_now()}
            await connection.execute(insert_for(connection, conversations).values(row).on_conflict_do_nothing())
            newest = await connection.execute(_CURRENT, {"chat_key": chat_key})
            return int(newest.scalar_one())

    @uninterrupted
    async def add_question(self, conversation: int, question: Question) -> int | None:
        async with self.engines.writing() as connection:
            await _lock(connection, conversation)
            row = _question_row(question) | {"conversation_id": conversation, "parent_id": history.newest_row()}
            insert = insert_for(connection, messages).values(row | {"created_at": clock.utc_now()})
            added = await connection.execute(
                insert.on_conflict_do_nothing(index_elements=["key"]).returning(messages.c.id),
                {"conversation": conversation},
            )
            turn: int | None = added.scalar_one_or_none()
            return turn

    @uninterrupted
    async def add_answer(self, turn: int, answer: Answer) -> int:
        conversation = select(messages.c.conversation_id).where(messages.c.id == turn, messages.c.role == history.USER)
        row = _answer_row(answer) | {"conversation_id": conversation.scalar_subquery(), "parent_id": turn}
        async with self.engines.writing() as connection:
            insert = messages.insert().values(row | {"created_at": clock.utc_now()})
            added = await connection.execute(insert.returning(messages.c.id))
            return int(added.scalar_one())

    async def window(self, conversation: int, characters: int) -> Sequence[Turn]:
        async with self.engines.reading() as connection:
            rows = await connection.execute(history.WINDOW, {"conversation": conversation, "characters": characters})
            return history.turns_of(rows.all())

    async def before(self, turn: int, characters: int) -> Sequence[Exchange]:
        async with self.engines.reading() as connection:
            rows = await connection.execute(history.BEFORE, {"turn": turn, "characters": characters})
            return history.exchanges_of(rows.all())

    async def last(self, conversation: int) -> Turn | None:
        newest = await self.window(conversation, -1)
        return newest[0] if newest else None

    async def turn(self, turn: int) -> tuple[Turn, str] | None:
        async with self.engines.reading() as connection:
            return await _turn(connection, turn)

    async def by_message(self, chat_key: str, message_id: str) -> Turn | None:
        async with self.engines.reading() as connection:
            message = {"chat_key": chat_key, "message_id": message_id}
            question = await connection.scalar(history.QUESTION_OF_MESSAGE, message)
            found = None if question is None else await _turn(connection, question)
        return None if found is None else found[0]

    @uninterrupted
    async def move(self, old_chat_key: str, new_chat_key: str) -> None:
        """Give a chat's conversations to another chat. Those come first: what the other chat has goes on from them."""
        if old_chat_key == new_chat_key:
            return
        self.known.clear()
        async with self.engines.writing() as connection:
            old = await _numbered(connection, old_chat_key)
            new = await _numbered(connection, new_chat_key)
            if old and new:
                await _count_from(connection, new_chat_key, old[-1].number + new[-1].number)
                await _append(connection, old[-1].id, new[0].id)
            await connection.execute(
                update(conversations).where(conversations.c.chat_key == old_chat_key).values(chat_key=new_chat_key)
            )


async def _lock(connection: AsyncConnection, conversation: int) -> None:
    """Keep others from adding to this conversation, so that two questions cannot find the same newest row.

    SQLite's transaction keeps everybody from writing already.
    """
    if connection.dialect.name == "postgresql":
        row = select(conversations.c.id).where(conversations.c.id == conversation).with_for_update()
        await connection.execute(row)


async def _turn(connection: AsyncConnection, turn: int) -> tuple[Turn, str] | None:
    rows = (await connection.execute(history.TURN, {"turn": turn})).all()
    return (history.turns_of(rows)[0], rows[0].chat_key) if rows else None


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
    """Let a conversation's first question follow what another one holds."""
    await connection.execute(
        update(messages)
        .where(messages.c.conversation_id == newer, messages.c.parent_id.is_(None))
        .values(parent_id=history.newest_row()),
        {"conversation": older},
    )


def _question_row(question: Question) -> dict[str, Any]:
    return {
        "role": history.USER,
        "text": question.text,
        "pictures": history.stored_refs(question.pictures),
        "key": question.key,
        "author_id": question.author_id,
        "author_name": question.author_name,
        "message_id": question.message_id,
    }


def _answer_row(answer: Answer) -> dict[str, Any]:
    usage = answer.usage
    return {
        "role": history.ASSISTANT,
        "text": answer.text,
        "pictures": history.stored_refs(answer.pictures),
        "state": answer.state,
        "model": answer.model,
        "persona": answer.persona,
        "message_ids": list(answer.message_ids),
        "prompt_tokens": usage and usage.prompt_tokens,
        "completion_tokens": usage and usage.completion_tokens,
        "cached_tokens": usage and usage.cached_tokens,
        "reasoning_tokens": usage and usage.reasoning_tokens,
    }
