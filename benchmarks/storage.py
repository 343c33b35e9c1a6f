"""What the database takes for a turn, for what was used, and for an export, when it holds many turns.

    python -m benchmarks.storage
    python -m benchmarks.storage --rows 10000 1000000
    python -m benchmarks.storage --rows 10000 100000 --server postgresql://postgres@127.0.0.1:5432

Bars, with a million turns and in the median: what is read for a turn's window takes less than 5 ms, what /usage reads
less than 50 ms. Without a server it measures SQLite, in a folder that is deleted afterwards; on a server, a database of
its own.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]

from benchmarks.filling import LARGE, Filled, fill
from bot.conversation.window import CHARACTERS_PER_TOKEN
from bot.domain.conversations import Answer, Question
from bot.domain.usage import Account, Spending, Usage
from bot.ports import Store
from bot.storage.database import SqlStore, open_store

SIZES = (10_000, 100_000, 1_000_000)
HISTORY_TOKENS = 16_000
WINDOW_BAR, USAGE_BAR = 5.0, 50.0
ROUNDS = 100

Work = Callable[[], Awaitable[object]]


@dataclass(slots=True)
class Figures:
    """Milliseconds of each round, and of these what this process worked: on a busy machine, they differ."""

    rounds: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)

    @asynccontextmanager
    async def round(self) -> AsyncIterator[None]:
        start, worked = time.perf_counter(), time.process_time()
        yield
        self.rounds.append((time.perf_counter() - start) * 1000)
        self.worked.append((time.process_time() - worked) * 1000)


def share(figures: list[float], part: float) -> float:
    return sorted(figures)[min(len(figures) - 1, int(len(figures) * part))]


async def measure(work: Work, rounds: int = ROUNDS) -> Figures:
    await work()
    figures = Figures()
    for _ in range(rounds):
        async with figures.round():
            await work()
    return figures


def show(name: str, figures: Figures, bar: float | None = None) -> None:
    median = share(figures.rounds, 0.5)
    line = f"  {name:<46}{median:>9.2f} ms{share(figures.rounds, 0.95):>9.2f} ms{share(figures.worked, 0.5):>9.2f} ms"
    if bar is not None:
        line += f"   {'within' if median < bar else 'BEYOND'} {bar:.0f} ms"
    print(line, flush=True)


@dataclass(frozen=True, slots=True)
class Measured:
    """What is asked of a database that was filled."""

    store: Store
    filled: Filled
    chance: random.Random

    async def window(self) -> None:
        turn = self.chance.choice(self.filled.newest)
        await self.store.conversations.before(turn, HISTORY_TOKENS * CHARACTERS_PER_TOKEN)

    async def large_window(self) -> None:
        await self.store.conversations.before(self.filled.newest_of_large, HISTORY_TOKENS * CHARACTERS_PER_TOKEN)

    async def own_usage(self) -> None:
        await self._usage(self.chance.choice(self.filled.people))

    async def busiest_usage(self) -> None:
        await self._usage(self.filled.people[0])

    async def _usage(self, person: str) -> None:
        ledger, today = self.store.ledger, self.filled.today
        await ledger.spent(today, person=person)
        await ledger.spent(month(today), person=person)
        await ledger.days(today - timedelta(days=29), person=person)

    async def all_usage(self) -> None:
        ledger, today = self.store.ledger, self.filled.today
        await ledger.spent(today)
        await ledger.spent(month(today))

    async def by_person(self) -> None:
        await self.store.ledger.by("person", month(self.filled.today), 10)

    async def by_chat(self) -> None:
        await self.store.ledger.by("chat", month(self.filled.today), 10)

    async def by_model(self) -> None:
        await self.store.ledger.by("model", month(self.filled.today), 10)

    async def by_provider(self) -> None:
        await self.store.ledger.by("provider", month(self.filled.today), 10)

    async def export(self) -> None:
        conversation = await self.store.conversations.current(self.chance.choice(self.filled.chats))
        async for _ in self.store.conversations.branch(conversation):
            pass

    async def large_export_begins(self) -> None:
        async for _ in self.store.conversations.branch(await self.store.conversations.current(LARGE)):
            return

    async def large_export(self) -> None:
        async for _ in self.store.conversations.branch(await self.store.conversations.current(LARGE)):
            pass

    async def turn(self) -> None:
        chat = self.chance.choice(self.filled.chats)
        conversation = await self.store.conversations.current(chat)
        question = Question(secrets.token_hex(8), "telegram:1", "Ann", "What is this about?", "1")
        turn = await self.store.conversations.add_question(conversation, question)
        assert turn is not None
        usage = Usage(900, 100)
        await self.store.conversations.add_answer(turn, Answer("This and that. " * 30, "complete", "a/b", "p", usage))
        at = datetime.combine(self.filled.today, datetime.min.time(), UTC)
        await self.store.ledger.add(Spending(at, Account("telegram:1", chat), "chat", "a/b", usage, cost=5))


def month(day: date) -> date:
    return day.replace(day=1)


async def report(store: SqlStore, filled: Filled) -> None:
    measured = Measured(store, filled, random.Random(1))
    show("what a turn's window reads, any chat", await measure(measured.window), WINDOW_BAR)
    show("what a turn's window reads, the large chat", await measure(measured.large_window), WINDOW_BAR)
    show("question, answer and what it cost, stored", await measure(measured.turn))
    show("/usage of a person: today, month, 30 days", await measure(measured.own_usage), USAGE_BAR)
    show("/usage of the busiest person", await measure(measured.busiest_usage), USAGE_BAR)
    show("/usage of all: today, month", await measure(measured.all_usage), USAGE_BAR)
    show("/usage person", await measure(measured.by_person), USAGE_BAR)
    show("/usage chat", await measure(measured.by_chat), USAGE_BAR)
    show("/usage model", await measure(measured.by_model), USAGE_BAR)
    show("/usage provider", await measure(measured.by_provider), USAGE_BAR)
    show("/export of any chat", await measure(measured.export))
    show("/export of the large chat, its first turn", await measure(measured.large_export_begins, 3))
    show("/export of the large chat", await measure(measured.large_export, 3))
    await forget(store, filled)


async def forget(store: SqlStore, filled: Filled) -> None:
    """How long it takes to forget the large chat, and how long somebody else waits to write meanwhile."""
    waited = Figures()
    start = time.perf_counter()
    forgetting = asyncio.create_task(store.forgetting.chat(LARGE, []))
    while not forgetting.done():
        async with waited.round():
            await store.notes.write("waiting", "done")
        await asyncio.sleep(0.005)
    gone = await forgetting
    print(f"  /forget of the large chat: {gone} messages in {time.perf_counter() - start:.1f} s")
    show("a write while it runs", waited)
    start = time.perf_counter()
    gone = await store.forgetting.person(filled.people[0], [])
    print(f"  /forget of the busiest person: {gone} messages in {time.perf_counter() - start:.1f} s")


@asynccontextmanager
async def database(server: str | None) -> AsyncIterator[str]:
    """The address of an empty database."""
    if server is None:
        folder = Path(tempfile.mkdtemp(prefix="parley-storage-"))
        try:
            yield f"sqlite:///{folder}/parley.db"
        finally:
            shutil.rmtree(folder)
        return
    name = f"parley_benchmark_{secrets.token_hex(6)}"
    await _execute(server, f"CREATE DATABASE {name}")
    try:
        yield f"{server}/{name}"
    finally:
        await _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


async def _execute(server: str, statement: str) -> None:
    connection = await asyncpg.connect(f"{server}/postgres")
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def run(sizes: list[int], server: str | None) -> None:
    for turns in sizes:
        async with database(server) as url:
            start = time.perf_counter()
            filled = await fill(url, turns)
            seconds = time.perf_counter() - start
            title = f"{turns} turns, filled in {seconds:.0f} s"
            print(f"\n{title:<48}{'median':>12}{'95 %':>12}{'CPU':>12}", flush=True)
            async with open_store(url) as store:
                await report(store, filled)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=list(SIZES), help="how many turns (all three sizes)")
    parser.add_argument("--server", help="a PostgreSQL server, such as postgresql://postgres@127.0.0.1:5432")
    arguments = parser.parse_args()
    asyncio.run(run(arguments.rows, arguments.server))
