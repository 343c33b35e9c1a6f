"""Fills a database with many turns at once, by the drivers alone; values are what the storage would write."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

import asyncpg  # type: ignore[import-untyped]

from bot.storage.database import open_store

LARGE = "telegram:1:1"
"""The chat with a tenth of all turns."""

MODELS = ("openai/large", "openai/small", "groq/quick", "openrouter/acme/large", "openrouter/acme/small", "local/tiny")
PEOPLE_OF_LARGE = 50
TURNS_OF_A_CHAT = 100
TURNS_OF_A_SITTING = 5
DAYS = 365
TODAY = date(2026, 7, 31)
"""The last day of a month: the month holds as much as it can."""

_AT_ONCE = 50_000
_WORDS = ("the", "bot", "reads", "what", "people", "write", "and", "answers", "in", "a", "chat", "while", "it", "grows")

_MESSAGES = (
    "id",
    "conversation_id",
    "parent_id",
    "role",
    "text",
    "created_at",
    "key",
    "author_id",
    "author_name",
    "message_id",
    "state",
    "model",
    "persona",
    "message_ids",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "reasoning_tokens",
)
_LEDGER = (
    "id",
    "at",
    "person",
    "chat_key",
    "work",
    "model",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "reasoning_tokens",
    "seconds",
    "images",
    "characters",
    "cost",
)
_SUMS = """
    INSERT INTO spent_days (day, person, chat_key, model, calls, tokens, cost, unpriced)
    SELECT {day}, person, chat_key, model, count(*), sum(prompt_tokens + completion_tokens), sum(cost), 0
    FROM ledger GROUP BY 1, 2, 3, 4
"""


@dataclass(slots=True)
class Filled:
    """What to ask of a database that was filled. The first of the people is the busiest; `newest` are turns."""

    today: date = TODAY
    people: list[str] = field(default_factory=list)
    chats: list[str] = field(default_factory=list)
    newest: list[int] = field(default_factory=list)
    newest_of_large: int = 0


@dataclass(slots=True)
class World:
    """Turns over a year, by people in chats of which one has a tenth of them."""

    turns: int
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    heads: dict[int, int] = field(default_factory=dict)
    text: str = ""

    @property
    def chats(self) -> int:
        return max(1, self.turns // TURNS_OF_A_CHAT)

    def messages(self) -> Iterator[tuple[Any, ...]]:
        self.text = " ".join(self.chance.choices(_WORDS, k=2000))
        for number in range(self.turns):
            yield from self._turn(number)

    def _turn(self, number: int) -> Iterator[tuple[Any, ...]]:
        chat, person, at, model = self.whose(number)
        question, answer = 2 * number + 1, 2 * number + 2
        asked, said = self._words(20, 300), self._words(100, 1200)
        told = (f"key {number}", f"telegram:{person}", f"Person {person}", f"{question}")
        yield (question, chat, self.heads.get(chat), "user", asked, at, *told, *[None] * 8)
        used = ("complete", model, "assistant", f'["{answer}"]', 900, 150, 0, 0)
        yield (answer, chat, question, "assistant", said, at, *[None] * 4, *used)
        self.heads[chat] = answer

    def whose(self, number: int) -> tuple[int, int, datetime, str]:
        """The chat, the person, the time and the model of a turn, always the same ones."""
        sitting = number // TURNS_OF_A_SITTING
        chance = sitting * 2_654_435_761 % 2**32  # Knuth's multiplicative hash: as good as random, and quick
        large = sitting % 10 == 0
        chat = 1 if large else 2 + chance % self.chats
        # Two thirds of the chats are private; in a group three people write.
        person = 1 + chance % PEOPLE_OF_LARGE if large else chat + (chance >> 8) % 3 * 7 * (chat % 3 == 0)
        past = timedelta(days=DAYS) * ((self.turns - number) / self.turns)
        at = datetime.combine(TODAY, datetime.max.time(), UTC) - past
        return chat, person, at, MODELS[chat % len(MODELS)]

    def calls(self) -> Iterator[tuple[Any, ...]]:
        for number in range(self.turns):
            chat, person, at, model = self.whose(number)
            who = (f"telegram:{person}", key_of(chat))
            yield (number + 1, at, *who, "chat", model, 900, 150, 0, 0, 0.0, 0, 0, 40_000 + number % 7)

    def conversations(self) -> Iterator[tuple[Any, ...]]:
        for chat in sorted(self.heads):
            yield (chat, key_of(chat), 1, datetime.combine(TODAY, datetime.min.time(), UTC), self.heads[chat])

    def _words(self, least: int, most: int) -> str:
        start = self.chance.randrange(2000)
        return self.text[start : start + self.chance.randint(least, most)]


def key_of(chat: int) -> str:
    return f"telegram:1:{chat}"


async def fill(url: str, turns: int) -> Filled:
    """Fill an empty database; returns what there is."""
    async with open_store(url):
        pass  # makes the tables
    world = World(turns)
    if url.startswith("sqlite:///"):
        _fill_sqlite(url.removeprefix("sqlite:///"), world)
    else:
        await _fill_postgres(url, world)
    return _filled(world)


def _filled(world: World) -> Filled:
    chats = random.Random(3).sample(sorted(world.heads), min(500, len(world.heads)))
    return Filled(
        people=["telegram:1", *(f"telegram:{chat}" for chat in chats)],
        chats=[key_of(chat) for chat in chats if chat != 1],
        newest=[world.heads[chat] - 1 for chat in chats],
        newest_of_large=world.heads[1] - 1,
    )


def _tables(world: World) -> Iterator[tuple[str, Sequence[str], Iterable[tuple[Any, ...]]]]:
    """Messages come first, since they tell where each conversation ends."""
    yield "messages", _MESSAGES, world.messages()
    yield "conversations", ("id", "chat_key", "number", "started_at", "head_id"), world.conversations()
    yield "ledger", _LEDGER, world.calls()


def _fill_sqlite(path: str, world: World) -> None:
    sqlite3.register_adapter(datetime, lambda at: at.strftime("%Y-%m-%d %H:%M:%S.%f"))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        for table, columns, rows in _tables(world):
            places = ", ".join("?" * len(columns))
            connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows)
            connection.commit()
        connection.execute(_SUMS.format(day="date(at)"))
        connection.commit()


async def _fill_postgres(url: str, world: World) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET session_replication_role = replica")  # messages come before their conversations
        for table, columns, rows in _tables(world):
            left = iter(rows)
            while some := list(islice(left, _AT_ONCE)):
                await connection.copy_records_to_table(table, records=some, columns=columns)
            await connection.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")
        await connection.execute(_SUMS.format(day="(at AT TIME ZONE 'UTC')::date"))
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
