"""Changes of the tree of messages, each inside of a transaction that its caller holds."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.domain.conversations import Answer, Question
from bot.errors import StorageError
from bot.storage import history
from bot.storage.following import below, conversation_of, drop_summaries_below
from bot.storage.rows import insert_for
from bot.storage.tables import conversations, messages
from bot.storage.turns import ASSISTANT, DROPPED_ANSWER, DROPPED_QUESTION, USER, answer_row, question_row

# Every change begins with a lock on its conversation: two questions thus cannot find the same head, ids grow along
# every branch, and no two changes wait for each other. Rows that only refer to the conversation are not held up by it.
_HEAD = history.HEAD.with_for_update(key_share=True)
_CONVERSATION_OF = (
    select(conversations.c.id)
    .where(
        conversations.c.id
        == select(messages.c.conversation_id).where(messages.c.id == bindparam("row")).scalar_subquery()
    )
    .with_for_update(key_share=True)
)
_QUESTION = select(messages.c.conversation_id, messages.c.parent_id, messages.c.author_name).where(
    messages.c.id == bindparam("turn"), messages.c.role == USER
)
_SIBLINGS = select(messages.c.id, messages.c.message_ids).where(
    messages.c.role == ASSISTANT,
    messages.c.parent_id == select(messages.c.parent_id).where(messages.c.id == bindparam("answer")).scalar_subquery(),
)
_SET_HEAD = (
    update(conversations).where(conversations.c.id == bindparam("conversation")).values(head_id=bindparam("head"))
)


async def ask(connection: AsyncConnection, conversation: int, question: Question) -> int | None:
    """Add a question behind the head; None when its key is there already."""
    head = await connection.scalar(_HEAD, {"conversation": conversation})
    return await _ask(connection, question, conversation, head)


async def ask_beside(connection: AsyncConnection, turn: int, question: Question) -> int | None:
    """Add a question behind what another one follows. Raises StorageError when that is gone."""
    await _lock(connection, turn)
    beside = (await connection.execute(_QUESTION, {"turn": turn})).one_or_none()
    if beside is None:
        raise StorageError(f"there is no question {turn}")
    return await _ask(connection, question, beside.conversation_id, beside.parent_id)


async def _ask(connection: AsyncConnection, question: Question, conversation: int, parent: int | None) -> int | None:
    place = {"conversation_id": conversation, "parent_id": parent, "created_at": clock.utc_now()}
    insert = insert_for(connection, messages).on_conflict_do_nothing(index_elements=["key"]).returning(messages.c.id)
    added = await connection.execute(insert, question_row(question) | place)
    turn: int | None = added.scalar_one_or_none()
    if turn is not None:
        await _set_head(connection, conversation, turn)
    return turn


async def answer_turn(connection: AsyncConnection, turn: int, answer: Answer) -> int:
    """Add an answer; that to a question which was dropped meanwhile is dropped as well. Raises StorageError."""
    await _lock(connection, turn)
    asked = (await connection.execute(_QUESTION, {"turn": turn})).one_or_none()
    if asked is None:
        raise StorageError(f"there is no question {turn}")
    place = {"conversation_id": asked.conversation_id, "parent_id": turn, "created_at": clock.utc_now()}
    row = {**answer_row(answer), **place, **(DROPPED_ANSWER if asked.author_name is None else {})}
    added = await connection.execute(messages.insert().returning(messages.c.id), row)
    said = int(added.scalar_one())
    await _set_head(connection, asked.conversation_id, said)
    return said


async def _lock(connection: AsyncConnection, row: int) -> None:
    """Keep others from changing a row's conversation; SQLite's transaction keeps everybody from writing already."""
    if connection.dialect.name == "postgresql":
        await connection.execute(_CONVERSATION_OF, {"row": row})


async def _set_head(connection: AsyncConnection, conversation: int, row: int) -> None:
    await connection.execute(_SET_HEAD, {"conversation": conversation, "head": row})


async def choose(connection: AsyncConnection, answer: int, *, leaf: bool) -> None:
    """Go on behind an answer or what followed it; nothing happens when it is gone."""
    await _lock(connection, answer)
    conversation = await conversation_of(connection, answer)
    if conversation is not None:
        head = max(await below(connection, conversation, answer)) if leaf else answer
        await _set_head(connection, conversation, head)


async def place(connection: AsyncConnection, answer: int, message_ids: Sequence[str]) -> None:
    """Write down that these messages show this answer and no other one of its turn."""
    await _lock(connection, answer)
    taken = frozenset(message_ids)
    for row in (await connection.execute(_SIBLINGS, {"answer": answer})).all():
        ids = list(message_ids) if row.id == answer else [each for each in row.message_ids if each not in taken]
        if ids != row.message_ids:
            await connection.execute(update(messages).where(messages.c.id == row.id).values(message_ids=ids))


async def drop(connection: AsyncConnection, turn: int) -> None:
    """Blank a question and its answers. The rows stay, as knots of the tree."""
    await _lock(connection, turn)
    question = update(messages).where(messages.c.id == turn, messages.c.role == USER)
    await connection.execute(question.values(DROPPED_QUESTION))
    answers = update(messages).where(messages.c.parent_id == turn, messages.c.role == ASSISTANT)
    await connection.execute(answers.values(DROPPED_ANSWER))
    await drop_summaries_below(connection, turn)
