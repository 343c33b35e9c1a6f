"""Statements that walk the tree of messages, and the way from rows to turns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import BigInteger, Column, ScalarSelect, Select, and_, bindparam, cast, func, literal, or_, select

from bot.domain.conversations import Answer, AnswerState, Exchange, Question, Turn
from bot.domain.media import PictureRef
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
    messages.c.pictures,
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

BEFORE = _walk(_parent(), (messages.c.role, messages.c.text, messages.c.author_name, messages.c.pictures))
"""What led to `:turn`, back to where the texts exceed `:characters`; few columns, since every turn reads it."""

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
    for number, role, text, pictures, *rest in rows:
        refs = _refs(pictures) if pictures else ()
        if role == USER:
            turns.append(Turn(number, _question(text, refs, *rest[:4])))
        else:
            turns[-1] = Turn(turns[-1].id, turns[-1].question, _answer(text, refs, *rest[4:12]))
    return turns


def exchanges_of(rows: Sequence[Sequence[Any]]) -> list[Exchange]:
    """The words of rows of `BEFORE`, and which pictures belong to them.

    From the newest, so that each is made once: a value takes longer to make than its row to read.
    """
    exchanges: list[Exchange] = []
    answer: str | None = None
    made: tuple[PictureRef, ...] = ()
    for role, text, author, pictures in reversed(rows):
        refs = _refs(pictures) if pictures else ()
        if role == USER:
            exchanges.append(Exchange(author, text, answer, refs, made))
            answer, made = None, ()
        else:
            answer, made = text, refs
    return exchanges[::-1]


def stored_refs(refs: Sequence[PictureRef]) -> list[dict[str, Any]] | None:
    """What the column `pictures` holds: nothing where there are none, as in rows that are older than the column."""
    return [asdict(ref) for ref in refs] or None


def _refs(stored: Iterable[Mapping[str, Any]]) -> tuple[PictureRef, ...]:
    return tuple(PictureRef(each["digest"], each["width"], each["height"]) for each in stored)


def _question(
    text: str, refs: tuple[PictureRef, ...], key: str, author_id: str, author_name: str, message_id: str | None
) -> Question:
    return Question(key, author_id, author_name, text, message_id, refs)


def _answer(
    text: str,
    refs: tuple[PictureRef, ...],
    state: AnswerState,
    model: str,
    persona: str,
    message_ids: Iterable[str],
    *usage: int,
) -> Answer:
    return Answer(text, state, model, persona, _usage(*usage), tuple(message_ids), refs)


def _usage(prompt: int | None, completion: int, cached: int, reasoning: int) -> Usage | None:
    return None if prompt is None else Usage(prompt, completion, cached, reasoning)
