"""Rows put straight into the tables, where a test needs more of them than calls would make in its time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select, update

from bot import clock
from bot.storage.database import SqlStore
from bot.storage.tables import conversations, messages


async def fill(store: SqlStore, conversation: int, turns: int, text: str = "") -> None:
    """Add answered turns to an empty conversation: `question 0`, `answer 0`, ..., each followed by `text`."""
    engines = store.conversations.engines
    async with engines.writing() as connection:
        first = ((await connection.scalar(select(func.max(messages.c.id)))) or 0) + 1
        rows = [
            _question(conversation, first, number, text)
            if number % 2 == 0
            else _answer(conversation, first, number, text)
            for number in range(2 * turns)
        ]
        await connection.execute(messages.insert(), rows)
        head = update(conversations).where(conversations.c.id == conversation).values(head_id=rows[-1]["id"])
        await connection.execute(head)
        if connection.dialect.name == "postgresql":
            await connection.execute(select(func.setval("messages_id_seq", first + len(rows))))


def _question(conversation: int, first: int, number: int, text: str) -> dict[str, Any]:
    return _row(conversation, first, number) | {
        "role": "user",
        "text": f"question {number // 2}{text}",
        "key": f"filled {conversation} {number}",
        "author_id": "telegram:7",
        "author_name": "Ada",
        "message_id": f"filled {number}",
    }


def _answer(conversation: int, first: int, number: int, text: str) -> dict[str, Any]:
    return _row(conversation, first, number) | {
        "role": "assistant",
        "text": f"answer {number // 2}{text}",
        "state": "complete",
        "model": "some/model",
        "persona": "assistant",
        "message_ids": [],
    }


def _row(conversation: int, first: int, number: int) -> dict[str, Any]:
    empty = dict.fromkeys(column.name for column in messages.columns)
    return empty | {
        "id": first + number,
        "conversation_id": conversation,
        "parent_id": first + number - 1 if number else None,
        "created_at": clock.utc_now(),
    }
