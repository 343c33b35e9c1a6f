"""Whatever is done to conversations, both databases tell of it what the plain tree in memory tells."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.conversations import Answer, History, Question, Turn
from bot.ports import Conversations
from bot.storage.database import open_store
from tests.fakes.memory_history import MemoryConversations

EXAMPLES = max(1, int(os.environ.get("PROPERTY_EXAMPLES", "1000")) // 40)
EVERYTHING = 10**6

# Chats move among the first two; threads are opened in all of them.
CHATS = ("old", "new", "new:thread", "old@7", "new@7")

# What is done, and two numbers: which chat, turn, answer or words it is done to.
Step = tuple[str, int, int]
KINDS = (
    "ask",
    "ask",
    "ask",
    "answer",
    "answer",
    "answer",
    "fork",
    "choose",
    "choose",
    "drop",
    "place",
    "sum up",
    "new",
)
RARE = ("thread", "move")
LOOKED_AT = ("drop", "move")

steps: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 30), st.integers(0, 30)), min_size=5, max_size=30
)


@dataclass
class Pair:
    """A store and the tree that judges it, with the ids of the same rows in both. Names are this pair's alone."""

    store: Conversations
    name: str
    tree: MemoryConversations = field(default_factory=MemoryConversations)
    turns: list[tuple[int, int]] = field(default_factory=list)
    answers: list[tuple[int, int]] = field(default_factory=list)
    keys: int = 0

    def chat(self, number: int) -> str:
        return f"{self.name} {CHATS[number % len(CHATS)]}"

    async def take(self, step: Step) -> None:
        kind, which, other = step
        if kind in ("answer", "fork", "drop") and self.turns:
            await self._to_turn(kind, *self.turns[which % len(self.turns)], other)
        elif kind in ("choose", "place", "sum up", "thread") and self.answers:
            await self._to_answer(kind, *self.answers[which % len(self.answers)], other)
        else:
            await self._to_chat(kind, self.chat(which))

    async def _to_chat(self, kind: str, chat: str) -> None:
        if kind == "ask":
            asked = self._question(None)
            here, there = await self.store.current(chat), await self.tree.current(chat)
            self._asked(await self.store.add_question(here, asked), await self.tree.add_question(there, asked))
        elif kind == "new":
            await self.store.start_new(chat)
            await self.tree.start_new(chat)
        elif kind == "move":
            old, new = f"{self.name} old", f"{self.name} new"
            for conversations in (self.store, self.tree):
                await conversations.move(old, new)

    async def _to_turn(self, kind: str, here: int, there: int, other: int) -> None:
        if kind == "answer":
            said = self._answer(other)
            self.answers.append((await self.store.add_answer(here, said), await self.tree.add_answer(there, said)))
        elif kind == "fork":
            asked = self._question(self.tree.turns[there].question.message_id)
            self._asked(await self.store.fork_question(here, asked), await self.tree.fork_question(there, asked))
        else:
            await self.store.drop(here)
            await self.tree.drop(there)

    async def _to_answer(self, kind: str, here: int, there: int, other: int) -> None:
        if kind == "choose":
            await self.store.choose(here, leaf=other % 2 == 0)
            await self.tree.choose(there, leaf=other % 2 == 0)
        elif kind == "place":
            shown = [f"shows {other % 7}", f"shows {other}"]
            await self.store.place(here, shown)
            await self.tree.place(there, shown)
        elif kind == "sum up":
            await self.store.summarise(here, f"summary {other}")
            await self.tree.summarise(there, f"summary {other}")
        else:
            chat = f"{self.name} new:thread"
            await self.store.start_behind(chat, here)
            await self.tree.start_behind(chat, there)

    def _asked(self, here: int | None, there: int | None) -> None:
        assert here is not None
        assert there is not None
        self.turns.append((here, there))

    def _question(self, message_id: str | None) -> Question:
        self.keys += 1
        name = f"{self.name} {self.keys}"
        return Question(name, "telegram:7", "Ada", f"question {self.keys}", message_id or name)

    def _answer(self, number: int) -> Answer:
        self.keys += 1
        words = f"answer {self.keys}" if number % 5 else ""
        return Answer(words, "complete", "some/model", "assistant", None, (f"shows {number % 7}", f"shows {number}"))

    async def compare(self) -> None:
        names = dict((*self.turns, *self.answers))
        for here, there in self.turns:
            for characters in (0, 25, EVERYTHING):
                found = _renamed(await self.store.before(here, characters), names)
                assert found == await self.tree.before(there, characters)
            versions = [replace(each, id=names[each.id or 0]) for each in await self.store.versions(here)]
            assert versions == await self.tree.versions(there)
            known, expected = await self.store.turn(here), await self.tree.turn(there)
            assert (None if known is None else (_turn(known[0], names), known[1])) == expected
        for chat in map(self.chat, range(len(CHATS))):
            assert await self.store.known(chat) == await self.tree.known(chat)
            for number in range(7):
                shown = await self.store.by_answer(chat, f"shows {number}")
                assert _turn(shown, names) == await self.tree.by_answer(chat, f"shows {number}")
        await self.compare_branches()

    async def compare_branches(self) -> None:
        names = dict((*self.turns, *self.answers))
        for chat in map(self.chat, range(len(CHATS))):
            if await self.tree.known(chat):
                branch = [turn async for turn in self.store.branch(await self.store.current(chat))]
                expected_branch = [turn async for turn in self.tree.branch(await self.tree.current(chat))]
                assert [_turn(turn, names) for turn in branch] == expected_branch
                last = await self.store.last(await self.store.current(chat))
                assert _turn(last, names) == await self.tree.last(await self.tree.current(chat))


def _turn(turn: Turn | None, names: dict[int, int]) -> Turn | None:
    if turn is None or turn.answer is None:
        return None if turn is None else replace(turn, id=names[turn.id])
    return Turn(names[turn.id], turn.question, replace(turn.answer, id=names[turn.answer.id or 0]))


def _renamed(history: History, names: dict[int, int]) -> History:
    return replace(history, exchanges=tuple(replace(each, end=names[each.end]) for each in history.exchanges))


def test_conversations_are_the_tree_in_memory(storage_url: str) -> None:
    tried = 0

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(steps)
    def agree(chosen: Sequence[Step]) -> None:
        nonlocal tried
        tried += 1

        async def live() -> None:
            pair = Pair(store.conversations, f"{tried}")
            for step in chosen:
                await pair.take(step)
                if step[0] in LOOKED_AT:
                    await pair.compare_branches()
            await pair.compare()

        runner.run(live())

    with asyncio.Runner() as runner:
        opening = open_store(storage_url)
        store = runner.run(opening.__aenter__())
        try:
            agree()
        finally:
            runner.run(opening.__aexit__(None, None, None))
    assert tried >= EXAMPLES
