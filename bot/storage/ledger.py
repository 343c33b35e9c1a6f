"""What model calls used and cost: every call, and their sums by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date
from functools import reduce
from itertools import groupby
from operator import add
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, func, select, true

from bot.domain.usage import DaySpent, Spending, Spent
from bot.storage.engines import Engines
from bot.storage.places import keys_at
from bot.storage.renaming import rename
from bot.storage.rows import insert_for
from bot.storage.tables import ledger, spent_days
from bot.storage.uninterrupted import uninterrupted

_SUMS = tuple(func.coalesce(func.sum(spent_days.c[name]), 0) for name in ("calls", "tokens", "cost", "unpriced"))
_GROUPS = {"person": spent_days.c.person, "chat": spent_days.c.chat_key, "model": spent_days.c.model}


@dataclass(frozen=True, slots=True)
class SqlLedger:
    """Implements `bot.ports.Ledger`; every call raises StorageError when the database fails.

    All that is asked is read from `spent_days`, which holds far fewer rows than there are calls.
    """

    engines: Engines

    @uninterrupted
    async def add(self, spending: Spending) -> None:
        async with self.engines.writing() as connection:
            await connection.execute(ledger.insert().values(_call_row(spending)))
            insert = insert_for(connection, spent_days).values(_day_row(spending))
            sums = {
                name: spent_days.c[name] + insert.excluded[name] for name in ("calls", "tokens", "cost", "unpriced")
            }
            await connection.execute(
                insert.on_conflict_do_update(index_elements=list(spent_days.primary_key), set_=sums)
            )

    async def spent(self, since: date, *, person: str | None = None, chat: str | None = None) -> Spent:
        async with self.engines.reading() as connection:
            found = await connection.execute(select(*_SUMS).where(_on(since, person, chat)))
            return _spent(found.one())

    async def days(self, since: date, *, person: str | None = None) -> Sequence[DaySpent]:
        day = spent_days.c.day
        wanted = select(*_SUMS, day).where(_on(since, person)).group_by(day).order_by(day)
        async with self.engines.reading() as connection:
            return [DaySpent(row.day, _spent(row)) for row in await connection.execute(wanted)]

    async def by(
        self, group: Literal["person", "chat", "model", "provider"], since: date, most: int
    ) -> Sequence[tuple[str, Spent]]:
        """Those who are forgotten have no name and come in no group."""
        if group == "provider":
            return _by_provider(await self._by(spent_days.c.model, since))[:most]
        return await self._by(_GROUPS[group], since, most)

    async def _by(self, name: ColumnElement[str], since: date, most: int | None = None) -> list[tuple[str, Spent]]:
        _, tokens, cost, _ = _SUMS
        # As an expression, lest SQLite reads all days in the order of an index on the names to spare itself a sort.
        group = func.coalesce(name, "").label("name")
        wanted = (
            select(*_SUMS, group)
            .where(_on(since), group != "")
            .group_by(group)
            .order_by(cost.desc(), tokens.desc(), group)
            .limit(most)
        )
        async with self.engines.reading() as connection:
            return [(row.name, _spent(row)) for row in await connection.execute(wanted)]

    async def move(self, old_chat_key: str, new_chat_key: str) -> None:
        """Also of the conversations that each person has alone there (`ChatRef.owner`)."""
        for key in await keys_at(self.engines, spent_days.c.chat_key, old_chat_key, threads=False):
            await rename(self.engines, "chat_key", key, new_chat_key + key.removeprefix(old_chat_key))


def _on(since: date, person: str | None = None, chat: str | None = None) -> ColumnElement[bool]:
    return and_(
        spent_days.c.day >= since,
        true() if person is None else spent_days.c.person == person,
        true() if chat is None else spent_days.c.chat_key == chat,
    )


def _spent(row: Sequence[Any]) -> Spent:
    """PostgreSQL's sums are decimals."""
    return Spent(*map(int, row[:4]))


def _by_provider(models: Sequence[tuple[str, Spent]]) -> list[tuple[str, Spent]]:
    def provider(each: tuple[str, Spent]) -> str:
        return each[0].partition("/")[0]

    groups = groupby(sorted(models, key=provider), key=provider)
    sums = [(name, reduce(add, (spent for _, spent in members))) for name, members in groups]
    return sorted(sums, key=lambda each: (-each[1].cost, -each[1].tokens, each[0]))


def _call_row(spending: Spending) -> dict[str, Any]:
    usage = spending.usage
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cached_tokens": usage.cached_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "at": spending.at.astimezone(UTC),  # SQLite stores no zone
        "person": spending.account.person,
        "chat_key": spending.account.chat,
        "work": spending.work,
        "model": spending.model,
        "seconds": spending.seconds,
        "images": spending.images,
        "characters": spending.characters,
        "cost": spending.cost,
    }


def _day_row(spending: Spending) -> dict[str, Any]:
    return {
        "day": spending.at.astimezone(UTC).date(),
        "person": spending.account.person,
        "chat_key": spending.account.chat,
        "model": spending.model,
        "calls": 1,
        "tokens": spending.usage.prompt_tokens + spending.usage.completion_tokens,
        "cost": spending.cost or 0,
        "unpriced": int(spending.cost is None),
    }
