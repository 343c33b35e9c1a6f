"""Conversations and their pictures in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot import clock
from bot.domain.conversations import Answer, Exchange, History, Question, Turn
from bot.domain.media import Picture
from bot.errors import StorageError


@dataclass(slots=True)
class Row:
    """A question or an answer; `message_ids` are those of the answer, which can change."""

    id: int
    conversation: int
    parent: int | None
    said: Question | Answer
    message_ids: tuple[str, ...] = ()
    dropped: bool = False
    at: datetime = field(default_factory=clock.utc_now)

    @property
    def answer(self) -> Answer:
        assert isinstance(self.said, Answer)
        return replace(self.said, message_ids=self.message_ids, id=self.id)


@dataclass(slots=True)
class Held:
    """A conversation: whose it is, and the row behind which it goes on."""

    chat_key: str
    head: int | None = None


@dataclass(slots=True)
class MemoryConversations:
    """Rows by id, in the order in which they were added; conversations by their place in a list.

    Everything is looked for in all rows: slow, and plain enough to judge the databases by.
    """

    rows: dict[int, Row] = field(default_factory=dict)
    held: list[Held] = field(default_factory=list)
    order: dict[str, list[int]] = field(default_factory=dict)
    summaries: dict[int, str] = field(default_factory=dict)
    last_id: int = 0

    @property
    def turns(self) -> dict[int, Turn]:
        """All turns with their newest answers, by id."""
        return {row.id: self._turn(row) for row in self.rows.values() if isinstance(row.said, Question)}

    async def current(self, chat_key: str) -> int:
        return self.order[chat_key][-1] if chat_key in self.order else await self.start_new(chat_key)

    async def known(self, chat_key: str) -> bool:
        return chat_key in self.order

    async def start_new(self, chat_key: str) -> int:
        return self._begin(Held(chat_key))

    async def start_behind(self, chat_key: str, answer: int) -> int:
        return self._begin(Held(chat_key, answer))

    def _begin(self, held: Held) -> int:
        self.held.append(held)
        self.order.setdefault(held.chat_key, []).append(len(self.held) - 1)
        return len(self.held) - 1

    async def add_question(self, conversation: int, question: Question) -> int | None:
        return self._ask(conversation, self.held[conversation].head, question)

    async def fork_question(self, turn: int, question: Question) -> int | None:
        return self._ask(self.rows[turn].conversation, self.rows[turn].parent, question)

    def _ask(self, conversation: int, parent: int | None, question: Question) -> int | None:
        if any(isinstance(row.said, Question) and row.said.key == question.key for row in self.rows.values()):
            return None
        return self._add(Row(self.last_id + 1, conversation, parent, question))

    async def add_answer(self, turn: int, answer: Answer) -> int:
        asked = self.rows.get(turn)
        if asked is None or isinstance(asked.said, Answer):
            raise StorageError(f"there is no question {turn}")
        added = Row(self.last_id + 1, asked.conversation, turn, answer, answer.message_ids)
        added.dropped = asked.dropped
        return self._add(added)

    def _add(self, row: Row) -> int:
        self.rows[row.id] = row
        self.last_id = row.id
        self.held[row.conversation].head = row.id
        return row.id

    async def versions(self, turn: int) -> Sequence[Answer]:
        said = [row.answer for row in self._answers(turn) if not row.dropped]
        return [answer for answer in said if answer.text or answer.pictures][-50:]

    async def choose(self, answer: int, *, leaf: bool = True) -> None:
        held = self.held[self.rows[answer].conversation]
        held.head = max(self._below(answer, here=True)) if leaf else answer

    async def place(self, answer: int, message_ids: Sequence[str]) -> None:
        for other in self._answers(self.rows[answer].parent):
            other.message_ids = tuple(each for each in other.message_ids if each not in message_ids)
        self.rows[answer].message_ids = tuple(message_ids)

    async def before(self, turn: int, characters: int) -> History:
        exchanges: list[Exchange] = []
        answer: Answer | None = None
        for row in self._way(self.rows[turn].parent):
            if row.id in self.summaries and answer is None:
                return History(tuple(exchanges[::-1]), self.summaries[row.id])
            if isinstance(row.said, Answer):
                answer = row.answer
                characters -= 0 if row.dropped else len(answer.text)
                continue
            if not row.dropped:
                exchanges.append(_exchange(row, row.said, answer))
                characters -= len(row.said.text)
            if row.id in self.summaries or characters < 0:
                return History(tuple(exchanges[::-1]), self.summaries.get(row.id, ""))
            answer = None
        return History(tuple(exchanges[::-1]))

    async def summarise(self, end: int, text: str) -> None:
        self.summaries[end] = text

    async def last(self, conversation: int) -> Turn | None:
        branch = self._branch(conversation)
        return branch[-1] if branch else None

    async def branch(self, conversation: int) -> AsyncIterator[Turn]:
        for turn in self._branch(conversation):
            yield turn

    async def drop(self, turn: int) -> None:
        for row in (self.rows[turn], *self._answers(turn)):
            row.dropped = True
        for row_id in self._below(turn, here=False):
            self.summaries.pop(row_id, None)

    async def turn(self, turn: int) -> tuple[Turn, str] | None:
        row = self.rows.get(turn)
        if row is None or row.dropped or isinstance(row.said, Answer):
            return None
        return self._turn(row), self.held[row.conversation].chat_key

    async def by_key(self, key: str) -> Turn | None:
        for row in self.rows.values():
            if isinstance(row.said, Question) and row.said.key == key and not row.dropped:
                return self._turn(row)
        return None

    async def by_message(self, chat_key: str, message_id: str) -> Turn | None:
        for row in self._newest(chat_key):
            if isinstance(row.said, Question) and row.said.message_id == message_id and not row.dropped:
                return self._turn(row)
        return None

    async def by_answer(self, chat_key: str, message_id: str) -> Turn | None:
        for row in self._newest(chat_key):
            if isinstance(row.said, Answer) and message_id in row.message_ids:
                assert row.parent is not None
                return None if row.dropped else replace(self._turn(self.rows[row.parent]), answer=row.answer)
        return None

    async def move(self, old_chat_key: str, new_chat_key: str) -> None:
        for key in [key for key in self.order if key == old_chat_key or key.startswith(f"{old_chat_key}@")]:
            if old_chat_key != new_chat_key:
                self._move(key, new_chat_key + key.removeprefix(old_chat_key))

    def _move(self, old: str, new: str) -> None:
        earlier, later = self.order.pop(old), self.order.get(new, [])
        self.order[new] = earlier + later
        for conversation in earlier:
            self.held[conversation].chat_key = new
        if later:
            head = self.held[earlier[-1]].head
            self.held[later[0]].head = self.held[later[0]].head or head
            for row in self.rows.values():
                if row.conversation == later[0] and row.parent is None:
                    row.parent = head

    def _turn(self, row: Row, answer: Answer | None = None) -> Turn:
        """A question with this answer, or with its newest one."""
        assert isinstance(row.said, Question)
        newest = self._answers(row.id)[-1:]
        return Turn(row.id, row.said, answer or (newest[0].answer if newest else None))

    def _answers(self, turn: int | None) -> list[Row]:
        return [row for row in self.rows.values() if row.parent == turn and isinstance(row.said, Answer)]

    def _newest(self, chat_key: str) -> list[Row]:
        return [row for row in reversed(self.rows.values()) if self.held[row.conversation].chat_key == chat_key]

    def _way(self, row_id: int | None) -> Iterator[Row]:
        """From a row to the root."""
        while row_id is not None:
            yield self.rows[row_id]
            row_id = self.rows[row_id].parent

    def _branch(self, conversation: int) -> list[Turn]:
        turns: list[Turn] = []
        answer: Answer | None = None
        for row in self._way(self.held[conversation].head):
            if isinstance(row.said, Answer):
                answer = row.answer
                continue
            if not row.dropped:
                turns.append(Turn(row.id, row.said, answer))
            answer = None
        return turns[::-1]

    def _below(self, row_id: int, *, here: bool) -> set[int]:
        """A row and all that followed it; `here`: in its own conversation."""
        found = {row_id}
        for row in self.rows.values():
            inside = row.conversation == self.rows[row_id].conversation
            if row_id in {each.id for each in self._way(row.id)} and (inside or not here):
                found.add(row.id)
        return found


def _exchange(row: Row, question: Question, answer: Answer | None) -> Exchange:
    told = Exchange(question.author_name, question.text, shown=question.pictures, end=row.id)
    if answer is None or answer.id is None:
        return told
    return replace(told, answer=answer.text, made=answer.pictures, end=answer.id)


@dataclass(slots=True)
class MemoryPictures:
    """By chat and digest, each with the time when it was last kept."""

    chats: dict[str, dict[str, tuple[Picture, datetime]]] = field(default_factory=dict)

    async def keep(self, chat_key: str, pictures: Sequence[Picture]) -> None:
        kept = {picture.ref.digest: (picture, clock.utc_now()) for picture in pictures}
        self.chats[chat_key] = self.chats.get(chat_key, {}) | kept

    async def load(self, chat_key: str, digests: Collection[str]) -> Mapping[str, Picture]:
        stored = self.chats.get(chat_key, {})
        return {digest: stored[digest][0] for digest in digests if digest in stored}

    async def drop_before(self, when: datetime) -> int:
        old = [(chat, digest) for chat, kept in self.chats.items() for digest, (_, at) in kept.items() if at < when]
        for chat, digest in old:
            del self.chats[chat][digest]
        return len(old)

    async def move(self, old_chat_key: str, new_chat_key: str) -> None:
        for key in [key for key in self.chats if key == old_chat_key or key.startswith(f"{old_chat_key}@")]:
            new = new_chat_key + key.removeprefix(old_chat_key)
            self.chats[new] = self.chats.pop(key) | self.chats.get(new, {})
