"""Conversations: trees of messages, each with a head behind which it goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, bindparam, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.domain.conversations import Answer, History, Question, Turn
from bot.storage import growing, history
from bot.storage.engines import Engines
from bot.storage.moving import move_conversations
from bot.storage.rows import insert_for, upsert
from bot.storage.tables import conversations, summaries
from bot.storage.turns import answer_of, history_of, turns_of
from bot.storage.uninterrupted import uninterrupted

_MOST_LOOKED_UP = 10_000

# How far back the answer is looked for that a message shows.
_NEWEST_CONVERSATIONS = 20
_NEWEST_ANSWERS = 500

_NEWEST = (
    select(conversations.c.id)
    .where(conversations.c.chat_key == bindparam("chat_key"))
    .order_by(conversations.c.number.desc())
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class SqlConversations:
    """Implements `bot.ports.Conversations`; every call raises StorageError when the database fails."""

    engines: Engines
    # The current conversations that were looked up: a chat belongs to one bot, and a bot to one process, so that nobody
    # else changes them. Whoever deletes conversations clears it.
    looked_up: dict[str, int] = field(default_factory=dict)

    async def current(self, chat_key: str) -> int:
        found = await self._find(chat_key)
        return found if found is not None else self._remember(chat_key, await self._begin(chat_key, literal(1)))

    async def known(self, chat_key: str) -> bool:
        return await self._find(chat_key) is not None

    async def start_new(self, chat_key: str) -> int:
        return self._remember(chat_key, await self._begin(chat_key, _next_number(chat_key)))

    async def start_behind(self, chat_key: str, answer: int) -> int:
        return self._remember(chat_key, await self._begin(chat_key, _next_number(chat_key), answer))

    async def _find(self, chat_key: str) -> int | None:
        if chat_key in self.looked_up:
            return self.looked_up[chat_key]
        async with self.engines.reading() as connection:
            found: int | None = await connection.scalar(_NEWEST, {"chat_key": chat_key, "most": 1})
        return None if found is None else self._remember(chat_key, found)

    def _remember(self, chat_key: str, conversation: int) -> int:
        if len(self.looked_up) >= _MOST_LOOKED_UP:
            self.looked_up.clear()
        self.looked_up[chat_key] = conversation
        return conversation

    @uninterrupted
    async def _begin(self, chat_key: str, number: ColumnElement[int], head: int | None = None) -> int:
        """Add a conversation, unless another caller has just added the one with this number; returns the newest."""
        async with self.engines.writing() as connection:
            row = {"chat_key": chat_key, "number": number, "started_at": clock.utc_now(), "head_id": head}
            await connection.execute(insert_for(connection, conversations).values(row).on_conflict_do_nothing())
            newest = await connection.execute(_NEWEST, {"chat_key": chat_key, "most": 1})
            return int(newest.scalar_one())

    @uninterrupted
    async def add_question(self, conversation: int, question: Question) -> int | None:
        async with self.engines.writing() as connection:
            return await growing.ask(connection, conversation, question)

    @uninterrupted
    async def fork_question(self, turn: int, question: Question) -> int | None:
        async with self.engines.writing() as connection:
            return await growing.ask_beside(connection, turn, question)

    @uninterrupted
    async def add_answer(self, turn: int, answer: Answer) -> int:
        async with self.engines.writing() as connection:
            return await growing.answer_turn(connection, turn, answer)

    async def versions(self, turn: int) -> Sequence[Answer]:
        async with self.engines.reading() as connection:
            rows = (await connection.execute(history.VERSIONS, {"turn": turn})).all()
        return [answer_of(row) for row in reversed(rows)]

    @uninterrupted
    async def choose(self, answer: int, *, leaf: bool = True) -> None:
        async with self.engines.writing() as connection:
            await growing.choose(connection, answer, leaf=leaf)

    @uninterrupted
    async def place(self, answer: int, message_ids: Sequence[str]) -> None:
        async with self.engines.writing() as connection:
            await growing.place(connection, answer, message_ids)

    async def before(self, turn: int, characters: int) -> History:
        async with self.engines.reading() as connection:
            rows = await connection.execute(history.BEFORE, {"turn": turn, "characters": characters})
            return history_of(rows.all())

    @uninterrupted
    async def summarise(self, end: int, text: str) -> None:
        async with self.engines.writing() as connection:
            await upsert(connection, summaries, {"message_id": end, "text": text, "created_at": clock.utc_now()})

    async def last(self, conversation: int) -> Turn | None:
        """The turn at the head, or the last one before it that was not dropped."""
        async with self.engines.reading() as connection:
            rows = await connection.execute(history.LAST, {"conversation": conversation})
            turns = turns_of(rows.all())
        return turns[0] if turns else None

    async def branch(self, conversation: int) -> AsyncIterator[Turn]:
        for end in reversed(await self._pages(conversation)):
            async with self.engines.reading() as connection:
                rows = (await connection.execute(history.PAGE, {"row": end})).all()
            for turn in turns_of(rows):
                yield turn

    async def _pages(self, conversation: int) -> Sequence[int]:
        """The rows with which the pages of a branch end, from the head towards the root."""
        async with self.engines.reading() as connection:
            row = await connection.scalar(history.HEAD, {"conversation": conversation})
        ends: list[int] = []
        while row is not None:
            ends.append(row)
            async with self.engines.reading() as connection:
                row = await connection.scalar(history.ABOVE_PAGE, {"row": row})
        return ends

    @uninterrupted
    async def drop(self, turn: int) -> None:
        async with self.engines.writing() as connection:
            await growing.drop(connection, turn)

    async def turn(self, turn: int) -> tuple[Turn, str] | None:
        async with self.engines.reading() as connection:
            rows = (await connection.execute(history.TURN, {"turn": turn})).all()
        turns = turns_of(rows)
        return (turns[0], rows[0].chat_key) if turns else None

    async def by_key(self, key: str) -> Turn | None:
        async with self.engines.reading() as connection:
            question = await connection.scalar(history.QUESTION_OF_KEY, {"key": key})
        found = None if question is None else await self.turn(question)
        return None if found is None else found[0]

    async def by_message(self, chat_key: str, message_id: str) -> Turn | None:
        async with self.engines.reading() as connection:
            message = {"chat_key": chat_key, "message_id": message_id}
            question = await connection.scalar(history.QUESTION_OF_MESSAGE, message)
        found = None if question is None else await self.turn(question)
        return None if found is None else found[0]

    async def by_answer(self, chat_key: str, message_id: str) -> Turn | None:
        async with self.engines.reading() as connection:
            answer = await _answer_shown_by(connection, chat_key, message_id)
            if answer is None:
                return None
            turns = turns_of((await connection.execute(history.ANSWERED, {"answer": answer})).all())
        return turns[0] if turns else None

    @uninterrupted
    async def move(self, old_chat_key: str, new_chat_key: str) -> None:
        """Give a chat's conversations to another chat. Those come first: what the other chat has goes on from them."""
        if old_chat_key == new_chat_key:
            return
        async with self.engines.writing() as connection:
            await move_conversations(connection, old_chat_key, new_chat_key)
        self.looked_up.clear()


def _next_number(chat_key: str) -> ColumnElement[int]:
    newest = select(func.coalesce(func.max(conversations.c.number), 0)).where(conversations.c.chat_key == chat_key)
    return newest.scalar_subquery() + 1


async def _answer_shown_by(connection: AsyncConnection, chat_key: str, message_id: str) -> int | None:
    """Looks through conversations one by one: SQLite would sort all answers of a chat to find its newest ones."""
    chat = {"chat_key": chat_key, "most": _NEWEST_CONVERSATIONS}
    left = _NEWEST_ANSWERS
    for conversation in (await connection.scalars(_NEWEST, chat)).all():
        rows = await connection.execute(history.SHOWN_ANSWERS, {"conversation": conversation, "most": left})
        for answer, message_ids in rows.all():
            left -= 1
            if message_id in message_ids:
                return int(answer)
    return None
