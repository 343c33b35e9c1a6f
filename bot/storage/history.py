"""Statements that walk the tree of messages. Each is made once: building one takes longer than running it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import CTE, BigInteger, ColumnElement, Select, and_, bindparam, cast, func, literal, null, or_, select

from bot.storage.tables import conversations, messages, summaries
from bot.storage.turns import ASSISTANT, TURN_COLUMNS, USER

# Bounds what one call reads, whatever it asks for.
_MOST_ROWS = 1000
_PAGE_ROWS = 1000
_MOST_VERSIONS = 50

_TEXT_LENGTH = cast(func.length(messages.c.text), BigInteger)
_SUMMARY = (
    select(summaries.c.text)
    .where(summaries.c.message_id == messages.c.id)
    .correlate(messages)
    .scalar_subquery()
    .label("summary")
)


def _walk(
    start: ColumnElement[Any],
    wanted: Sequence[ColumnElement[Any]],
    onwards: Callable[[CTE], ColumnElement[bool]],
    *,
    counted: bool = False,
) -> CTE:
    """The way from `start` towards the root, which goes on from a row while `onwards`; `depth` counts its rows.

    `counted`: `total` are the characters so far. SQLite and PostgreSQL count the same ones as Python.
    """
    columns = tuple(dict.fromkeys((*wanted, messages.c.role, messages.c.parent_id, messages.c.author_name)))
    total = [_TEXT_LENGTH.label("total")] if counted else []
    first = select(*columns, literal(1).label("depth"), *total).where(messages.c.id == start)
    newer = first.cte("walk", recursive=True)
    total = [(newer.c.total + _TEXT_LENGTH).label("total")] if counted else []
    return newer.union_all(
        select(*columns, newer.c.depth + 1, *total)
        .join_from(newer, messages, messages.c.id == newer.c.parent_id)
        .where(onwards(newer))
    )


def _oldest_first(way: CTE, wanted: Sequence[ColumnElement[Any]]) -> Select[Any]:
    return select(*(way.c[column.name] for column in wanted)).order_by(way.c.depth.desc())


def _while_told(newer: CTE) -> ColumnElement[bool]:
    """From a question only while the texts so far do not exceed `:characters`, from an answer always: so the way ends
    with a question, or where all before is summed up, and no row behind that is read."""
    within = newer.c.total <= bindparam("characters", type_=BigInteger)
    return and_(newer.c.summary.is_(None), or_(newer.c.role == ASSISTANT, and_(within, newer.c.depth < _MOST_ROWS)))


def _while_dropped(newer: CTE) -> ColumnElement[bool]:
    return or_(newer.c.role == ASSISTANT, and_(newer.c.author_name.is_(None), newer.c.depth < _MOST_ROWS))


def _within_a_page(newer: CTE) -> ColumnElement[bool]:
    return or_(newer.c.role == ASSISTANT, newer.c.depth < _PAGE_ROWS)


_BEFORE_COLUMNS = (
    messages.c.role,
    messages.c.text,
    messages.c.author_name,
    messages.c.pictures,
    messages.c.id,
    _SUMMARY,
)
_PARENT = select(messages.c.parent_id).where(messages.c.id == bindparam("turn")).scalar_subquery()

BEFORE = _oldest_first(_walk(_PARENT, _BEFORE_COLUMNS, _while_told, counted=True), _BEFORE_COLUMNS)
"""What led to `:turn`, back to the newest summary or to where the texts exceed `:characters`; few columns, since every
turn reads it."""

HEAD = select(conversations.c.head_id).where(conversations.c.id == bindparam("conversation"))
"""The row behind which `:conversation` goes on."""

LAST = _oldest_first(_walk(HEAD.scalar_subquery(), TURN_COLUMNS, _while_dropped), TURN_COLUMNS)
"""The turn at the head of `:conversation`; above it, turns that were dropped."""

PAGE = _oldest_first(_walk(bindparam("row"), TURN_COLUMNS, _within_a_page), TURN_COLUMNS)
"""The row `:row` and what led to it, back to a question that is about a page away."""

_page_above = _walk(bindparam("row"), (messages.c.id,), _within_a_page)
ABOVE_PAGE = select(_page_above.c.parent_id).order_by(_page_above.c.depth.desc()).limit(1)
"""The last row of the page that comes before that of `:row`."""

_newest_answer = (
    select(messages.c.id)
    .where(messages.c.parent_id == bindparam("turn"), messages.c.role == ASSISTANT)
    .order_by(messages.c.id.desc())
    .limit(1)
)

TURN = (
    select(*TURN_COLUMNS, conversations.c.chat_key)
    .join_from(messages, conversations)
    .where(
        or_(
            and_(messages.c.id == bindparam("turn"), messages.c.role == USER),
            messages.c.id == _newest_answer.scalar_subquery(),
        )
    )
    .order_by(messages.c.id)
)
"""The question `:turn` and its newest answer, with the key of their chat."""

ANSWERED = (
    select(*TURN_COLUMNS)
    .where(
        or_(
            messages.c.id == bindparam("answer"),
            messages.c.id == select(messages.c.parent_id).where(messages.c.id == bindparam("answer")).scalar_subquery(),
        )
    )
    .order_by(messages.c.id)
)
"""The answer `:answer` and, before it, its question."""

VERSIONS = (
    select(*TURN_COLUMNS)
    .where(
        messages.c.parent_id == bindparam("turn"),
        messages.c.role == ASSISTANT,
        or_(messages.c.text != "", messages.c.pictures.is_not(null())),
    )
    .order_by(messages.c.id.desc())
    .limit(_MOST_VERSIONS)
)
"""The newest answers of `:turn` that say or show anything, newest first."""

QUESTION_OF_MESSAGE = (
    select(messages.c.id)
    .join_from(conversations, messages)
    .where(
        conversations.c.chat_key == bindparam("chat_key"),
        messages.c.message_id == bindparam("message_id"),
        messages.c.author_name.is_not(None),
    )
    .order_by(messages.c.id.desc())
    .limit(1)
)
"""The newest question in `:chat_key` that is the platform's `:message_id` and was not dropped."""

QUESTION_OF_KEY = select(messages.c.id).where(messages.c.key == bindparam("key"))
"""The question with this `:key`."""

SHOWN_ANSWERS = (
    select(messages.c.id, messages.c.message_ids)
    .where(messages.c.conversation_id == bindparam("conversation"), messages.c.role == ASSISTANT)
    .order_by(messages.c.id.desc())
    .limit(bindparam("most"))
)
"""The `:most` newest answers of `:conversation`, newest first, and which messages show them."""
