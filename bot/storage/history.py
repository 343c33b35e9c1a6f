"""Statements that walk the tree of messages, and the way from rows to turns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, ScalarSelect, Select, and_, bindparam, cast, func, literal, or_, select

from bot.domain.conversations import Answer, Exchange, Question, Turn
from bot.domain.usage import Usage
from bot.storage.tables import conversations, messages

USER = "user"
ASSISTANT = "assistant"

# Bounds what one call reads, whatever it asks for.
_MOST_ROWS = 1000

# In the order in which `turns_of` takes them apart.
_COLUMNS = (
    messages.c.id,
    messages.c.role,
    messages.c.text,
    messages.c.key,
    messages.c.author_id,
    messages.c.author_name,
    messages.c.message_id,
    messages.c.state,
    messages.c.model,
    messages.c.persona,
    messages.c.message_ids,
    messages.c.prompt_tokens,
    messages.c.completion_tokens,
    messages.c.cached_tokens,
    messages.c.reasoning_tokens,
)


def newest_row() -> ScalarSelect[Any]:
    """The id of the newest message of `:conversation`."""
    return (
        select(messages.c.id)
        .where(messages.c.conversation_id == bindparam("conversation"))
        .order_by(messages.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def _parent() -> ScalarSelect[Any]:
    return select(messages.c.parent_id).where(messages.c.id == bindparam("turn")).scalar_subquery()


def _newest_answer() -> ScalarSelect[Any]:
    return (
        select(messages.c.id)
        .where(messages.c.parent_id == bindparam("turn"), messages.c.role == ASSISTANT)
        .order_by(messages.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def _walk(start: ScalarSelect[Any], wanted: Sequence[Column[Any]]) -> Select[Any]:
    """The way from `start` towards the root, oldest row first, with the columns that are wanted of each.

    It goes on from a question only while the texts so far do not exceed `:characters`, and from an answer always: so it
    ends with a question, and reads no row behind that. SQLite and PostgreSQL count the same characters as Python.
    """
    size = cast(func.length(messages.c.text), BigInteger)
    columns = tuple(dict.fromkeys((*wanted, messages.c.role, messages.c.text, messages.c.parent_id)))
    walk = select(*columns, size.label("total"), literal(1).label("depth")).where(messages.c.id == start)
    newer = walk.cte("walk", recursive=True)
    within = newer.c.total <= bindparam("characters", type_=BigInteger)
    way = newer.union_all(
        select(*columns, newer.c.total + size, newer.c.depth + 1)
        .join_from(newer, messages, messages.c.id == newer.c.parent_id)
        .where(or_(newer.c.role == ASSISTANT, and_(within, newer.c.depth < _MOST_ROWS)))
    )
    return select(*(way.c[column.name] for column in wanted)).order_by(way.c.depth.desc())


# Made once: building such a statement takes longer than running it.
WINDOW = _walk(newest_row(), _COLUMNS)
"""The rows of `:conversation`, from its newest back to where they exceed `:characters`."""

BEFORE = _walk(_parent(), (messages.c.role, messages.c.text, messages.c.author_name))
"""The words that led to `:turn`, back to where they exceed `:characters`; few columns, since every turn reads it."""

TURN = (
    select(*_COLUMNS, conversations.c.chat_key)
    .join_from(messages, conversations)
    .where(
        or_(
            and_(messages.c.id == bindparam("turn"), messages.c.role == USER),
            messages.c.id == _newest_answer(),
        )
    )
    .order_by(messages.c.id)
)
"""The question `:turn` and its newest answer, with the key of their chat."""

QUESTION_OF_MESSAGE = (
    select(messages.c.id)
    .join_from(conversations, messages)
    .where(conversations.c.chat_key == bindparam("chat_key"), messages.c.message_id == bindparam("message_id"))
    .order_by(messages.c.id.desc())
    .limit(1)
)
"""The newest question in `:chat_key` that is the platform's `:message_id`."""


def turns_of(rows: Iterable[Sequence[Any]]) -> list[Turn]:
    """The turns of rows in which every answer follows its question.

    Rows are taken apart by position: by name, it takes longer than the query.
    """
    turns: list[Turn] = []
    for row in rows:
        number, role, text, key, author_id, author_name, message_id, state, model, persona, message_ids, *usage = row
        if role == USER:
            turns.append(Turn(number, Question(key, author_id, author_name, text, message_id)))
        else:
            answer = Answer(text, state, model, persona, _usage(*usage[:4]), tuple(message_ids))
            turns[-1] = Turn(turns[-1].id, turns[-1].question, answer)
    return turns


def exchanges_of(rows: Iterable[Sequence[Any]]) -> list[Exchange]:
    """The words of rows of `BEFORE`."""
    exchanges: list[Exchange] = []
    for role, text, author in rows:
        if role == USER:
            exchanges.append(Exchange(author, text))
        else:
            exchanges[-1] = Exchange(exchanges[-1].author, exchanges[-1].question, text)
    return exchanges


def _usage(prompt: int | None, completion: int, cached: int, reasoning: int) -> Usage | None:
    return None if prompt is None else Usage(prompt, completion, cached, reasoning)
