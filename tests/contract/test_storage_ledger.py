"""The ledger, rules and budgets, over both databases and in memory."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Literal

import pytest
from sqlalchemy import func, select

from bot.domain.rules import Rule
from bot.domain.usage import Account, Budget, DaySpent, Spending, Spent, Usage
from bot.ports import Ledger, Store
from bot.storage.database import SqlStore
from bot.storage.tables import ledger as calls
from bot.storage.tables import spent_days

NOON = datetime(2026, 7, 14, 12, tzinfo=UTC)
TODAY = NOON.date()
ANN, BOB = "telegram:1", "discord:2"
HERE, THERE = "telegram:9:42", "discord:9:77"

Group = Literal["person", "chat", "model", "provider"]


@pytest.fixture
def ledger(any_store: Store) -> Ledger:
    return any_store.ledger


def call(
    person: str = ANN,
    chat: str = HERE,
    model: str = "openai/some-model",
    tokens: int = 10,
    cost: int | None = 5,
    at: datetime = NOON,
) -> Spending:
    return Spending(at, Account(person, chat), "chat", model, Usage(tokens - 3, 3, 2, 1), cost=cost)


async def test_nothing_is_spent_at_first(ledger: Ledger) -> None:
    assert await ledger.spent(date.min) == Spent()
    assert await ledger.spent(date.min, person=ANN) == Spent()
    assert await ledger.days(date.min) == []
    assert await ledger.by("person", date.min, 10) == []
    assert await ledger.by("provider", date.min, 10) == []


async def test_calls_add_up(ledger: Ledger) -> None:
    await ledger.add(call(tokens=10, cost=5))
    await ledger.add(call(tokens=20, cost=None))
    await ledger.add(call(person=BOB, tokens=40, cost=7))
    await ledger.add(call(chat=THERE, model="groq/other", tokens=80, cost=0))
    assert await ledger.spent(TODAY) == Spent(4, 150, 12, 1)
    assert await ledger.spent(TODAY, person=ANN) == Spent(3, 110, 5, 1)
    assert await ledger.spent(TODAY, person=BOB) == Spent(1, 40, 7, 0)
    assert await ledger.spent(TODAY, chat=HERE) == Spent(3, 70, 12, 1)
    assert await ledger.spent(TODAY, person=ANN, chat=THERE) == Spent(1, 80, 0, 0)
    assert await ledger.spent(TODAY, person=BOB, chat=THERE) == Spent()


async def test_sums_may_be_large(ledger: Ledger) -> None:
    for _ in range(3):
        await ledger.add(call(tokens=2_000_000_000, cost=4 * 10**18 // 3))
    assert await ledger.spent(TODAY) == Spent(3, 6_000_000_000, 4 * 10**18 // 3 * 3, 0)


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 7, 14, 0, 0, tzinfo=UTC), date(2026, 7, 14)),
        (datetime(2026, 7, 13, 23, 59, 59, 999_999, tzinfo=UTC), date(2026, 7, 13)),
        (datetime(2026, 7, 14, 1, 30, tzinfo=timezone(timedelta(hours=2))), date(2026, 7, 13)),
        (datetime(2026, 7, 13, 20, 0, tzinfo=timezone(timedelta(hours=-5))), date(2026, 7, 14)),
    ],
)
async def test_a_day_is_one_of_utc(ledger: Ledger, at: datetime, day: date) -> None:
    await ledger.add(call(at=at))
    assert await ledger.days(date.min) == [DaySpent(day, Spent(1, 10, 5, 0))]
    assert await ledger.spent(day) == Spent(1, 10, 5, 0)
    assert await ledger.spent(day + timedelta(days=1)) == Spent()


async def test_days_come_oldest_first_without_empty_ones(ledger: Ledger) -> None:
    for ago in (0, 5, 1, 5, 40):
        await ledger.add(call(at=NOON - timedelta(days=ago)))
    await ledger.add(call(person=BOB, at=NOON - timedelta(days=3)))
    since = TODAY - timedelta(days=10)

    def days(*found: tuple[int, int]) -> list[DaySpent]:
        return [DaySpent(TODAY - timedelta(days=ago), Spent(n, 10 * n, 5 * n, 0)) for ago, n in found]

    assert await ledger.days(since) == days((5, 2), (3, 1), (1, 1), (0, 1))
    assert await ledger.days(since, person=ANN) == days((5, 2), (1, 1), (0, 1))
    assert await ledger.days(TODAY, person=BOB) == []


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("person", [(ANN, Spent(4, 40, 12, 1)), (BOB, Spent(2, 30, 11, 0))]),
        ("chat", [(THERE, Spent(2, 40, 16, 0)), (HERE, Spent(4, 30, 7, 1))]),
        (
            "model",
            [
                ("a/b", Spent(3, 40, 9, 0)),
                ("a/b/c", Spent(1, 20, 9, 0)),
                ("bare", Spent(1, 5, 5, 0)),
                ("c/d", Spent(1, 5, 0, 1)),
            ],
        ),
        ("provider", [("a", Spent(4, 60, 18, 0)), ("bare", Spent(1, 5, 5, 0)), ("c", Spent(1, 5, 0, 1))]),
    ],
)
async def test_groups_come_by_cost_then_by_tokens(
    ledger: Ledger, group: Group, expected: list[tuple[str, Spent]]
) -> None:
    for each in (
        call(ANN, THERE, "a/b", 20, 7),
        call(ANN, HERE, "a/b", 10, 0),
        call(BOB, HERE, "a/b", 10, 2),
        call(BOB, THERE, "a/b/c", 20, 9),
        call(ANN, HERE, "bare", 5, 5),
        call(ANN, HERE, "c/d", 5, None),
        call(ANN, HERE, "old/model", 1000, 1000, NOON - timedelta(days=1)),
    ):
        await ledger.add(each)
    assert await ledger.by(group, TODAY, 10) == expected
    assert await ledger.by(group, TODAY, 1) == expected[:1]
    assert await ledger.by(group, TODAY, 0) == []


async def test_a_chat_that_moves_takes_what_it_spent_along(ledger: Ledger) -> None:
    for chat in ("old", "old@7", "old:1", "older", "new", "new@7"):
        await ledger.add(call(chat=chat))
    await ledger.move("old", "old")
    await ledger.move("old", "new")
    await ledger.move("old", "new")
    sums = {chat: (await ledger.spent(TODAY, chat=chat)).calls for chat in ("old", "old@7", "old:1", "older", "new")}
    assert sums == {"old": 0, "old@7": 0, "old:1": 1, "older": 1, "new": 2}
    assert await ledger.spent(TODAY, chat="new@7") == Spent(2, 20, 10, 0)
    assert (await ledger.spent(TODAY)).calls == 6


async def test_calls_at_once_are_all_counted(ledger: Ledger) -> None:
    await asyncio.gather(*(ledger.add(call(person=f"p{n % 3}", tokens=n + 3)) for n in range(60)))
    assert await ledger.spent(TODAY) == Spent(60, sum(range(3, 63)), 300, 0)


async def test_the_ledger_keeps_every_call(store: SqlStore) -> None:
    spoken = Spending(NOON, Account(ANN, HERE), "speech", "a/b", seconds=1.5, images=2, characters=7, cost=None)
    await store.ledger.add(spoken)
    await store.ledger.add(call())
    async with store.ledger.engines.reading() as connection:
        rows = (await connection.execute(select(calls).order_by(calls.c.id))).mappings().all()
        assert await connection.scalar(select(func.count()).select_from(spent_days)) == 2
    assert [row["at"].replace(tzinfo=UTC) for row in rows] == [NOON, NOON]
    columns = [column.name for column in calls.c if column.name not in ("id", "at")]
    assert [tuple(row[name] for name in columns) for row in rows] == [
        (ANN, HERE, "speech", "a/b", 0, 0, 0, 0, 1.5, 2, 7, None),
        (ANN, HERE, "chat", "openai/some-model", 7, 3, 2, 1, 0.0, 0, 0, 5),
    ]


async def test_rules_are_added_replaced_and_removed(any_store: Store) -> None:
    rules = any_store.rules
    allow, deny = Rule("telegram:7", "allow", ANN, NOON), Rule("telegram:7", "deny", ANN, NOON)
    assert await rules.all() == []
    await rules.put(deny)
    await rules.put(allow)
    later = Rule("telegram:7", "allow", BOB, NOON.astimezone(timezone(timedelta(hours=3))) + timedelta(1))
    await rules.put(later)
    await rules.put(Rule("discord:3", "admin", BOB, NOON))
    assert await rules.all() == [Rule("discord:3", "admin", BOB, NOON), later, deny]
    assert await rules.remove(allow)
    assert not await rules.remove(allow)
    assert not await rules.remove(Rule("telegram:8", "deny", ANN, NOON))
    assert await rules.all() == [Rule("discord:3", "admin", BOB, NOON), deny]


async def test_budgets_are_added_replaced_and_removed(any_store: Store) -> None:
    budgets = any_store.budgets
    assert await budgets.all() == []
    daily, monthly = Budget("everyone", "tokens", "day", 100), Budget("everyone", "dollars", "month", 9 * 10**15)
    for budget in (Budget("everyone", "tokens", "day", 50), daily, monthly, Budget("total", "tokens", "day", 7)):
        await budgets.put(budget)
    assert await budgets.all() == [monthly, daily, Budget("total", "tokens", "day", 7)]
    assert await budgets.remove("everyone") == 2
    assert await budgets.remove("everyone") == 0
    assert await budgets.all() == [Budget("total", "tokens", "day", 7)]
