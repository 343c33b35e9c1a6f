"""Conversations and their pictures in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot import clock
from bot.domain.conversations import Answer, Exchange, Question, Turn
from bot.domain.media import Picture


@dataclass(slots=True)
class MemoryConversations:
    """Turns by id; a conversation is the list of its turns' ids."""

    turns: dict[int, Turn] = field(default_factory=dict)
    threads: list[list[int]] = field(default_factory=list)
    chats: dict[str, list[int]] = field(default_factory=dict)

    async def current(self, chat_key: str) -> int:
        known = self.chats.get(chat_key)
        return known[-1] if known else await self.start_new(chat_key)

    async def start_new(self, chat_key: str) -> int:
        self.threads.append([])
        self.chats.setdefault(chat_key, []).append(len(self.threads) - 1)
        return len(self.threads) - 1

    async def add_question(self, conversation: int, question: Question) -> int | None:
        if any(turn.question.key == question.key for turn in self.turns.values()):
            return None
        turn = Turn(len(self.turns) + 1, question)
        self.turns[turn.id] = turn
        self.threads[conversation].append(turn.id)
        return turn.id

    async def add_answer(self, turn: int, answer: Answer) -> int:
        self.turns[turn] = replace(self.turns[turn], answer=answer)
        return turn

    async def before(self, turn: int, characters: int) -> Sequence[Exchange]:
        thread = next(thread for thread in self.threads if turn in thread)
        turns = self._newest(thread[: thread.index(turn)], characters)
        return [_exchange(each.question, each.answer) for each in turns]

    async def last(self, conversation: int) -> Turn | None:
        thread = self.threads[conversation]
        return self.turns[thread[-1]] if thread else None

    async def turn(self, turn: int) -> tuple[Turn, str] | None:
        for chat_key, conversations in self.chats.items():
            if any(turn in self.threads[conversation] for conversation in conversations):
                return self.turns[turn], chat_key
        return None

    async def by_message(self, chat_key: str, message_id: str) -> Turn | None:
        for conversation in self.chats.get(chat_key, []):
            for turn in self.threads[conversation]:
                if self.turns[turn].question.message_id == message_id:
                    return self.turns[turn]
        return None

    async def move(self, old_chat_key: str, new_chat_key: str) -> None:
        self.chats[new_chat_key] = self.chats.get(new_chat_key, []) + self.chats.pop(old_chat_key, [])

    def _newest(self, ids: Sequence[int], characters: int) -> Sequence[Turn]:
        taken: list[Turn] = []
        room = characters
        for turn in (self.turns[each] for each in reversed(ids)):
            room -= len(turn.question.text) + len(turn.answer.text if turn.answer else "")
            if room < 0:
                break
            taken.append(turn)
        return taken[::-1]


def _exchange(question: Question, answer: Answer | None) -> Exchange:
    told = Exchange(question.author_name, question.text, shown=question.pictures)
    return told if answer is None else replace(told, answer=answer.text, made=answer.pictures)


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
        self.chats[new_chat_key] = self.chats.pop(old_chat_key, {}) | self.chats.get(new_chat_key, {})
