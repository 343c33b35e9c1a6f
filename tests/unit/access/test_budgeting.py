"""Budgets: whose holds, when it is used up, and when it starts anew."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.access.budgeting import Budgeting, BudgetWarning, configured_budgets
from bot.access.counting import BudgetTable, resets_in
from bot.domain.usage import Account, Budget, Spending, Spent
from bot.errors import OverBudget, StorageError
from tests.fakes.memory_accounts import MemoryLedger
from tests.unit.access.books import ADMIN, ANN, BOB, Books, Calendar, dollars, tokens

HOUR = 3600.0


async def refused(budgets: Budgeting, account: Account = ANN) -> OverBudget | None:
    """Asks for one more token."""
    try:
        reservation = await budgets.reserve(account, {"tokens": 1}, "p/m")
    except OverBudget as error:
        return error
    budgets.settle(reservation, [])
    return None


def holding(budgets: Sequence[Budget], account: Account = ANN) -> list[tuple[str, int]]:
    return [(budget.subject, budget.amount) for _, budget in BudgetTable(budgets).of(account)]


# Which hold


def test_the_settings() -> None:
    assert configured_budgets(None, None) == []
    assert configured_budgets(5, 7) == [tokens("everyone", 5), tokens("total", 7)]


def test_a_persons_own_budget_takes_the_place_of_everybodys() -> None:
    both = [tokens("person:telegram:1", 5), tokens("everyone", 100), dollars("everyone", 9)]
    assert holding(both) == [("person:telegram:1", 5), ("everyone", 9)]
    assert holding(both, BOB) == [("everyone", 100), ("everyone", 9)]


def test_a_chats_own_budget_takes_the_place_of_all_chats() -> None:
    both = [tokens("chat:telegram:9:5", 5), tokens("chats", 100), tokens("total", 1)]
    assert holding(both) == [("chat:telegram:9:5", 5), ("total", 1)]
    assert holding(both, ADMIN) == [("chats", 100), ("total", 1)]


async def test_a_stored_budget_takes_the_place_of_the_settings(books: Books) -> None:
    budgets = books.open(tokens("everyone", 10), tokens("total", 100))
    await books.stored.put(tokens("everyone", 50))
    assert [budget.amount for budget in budgets.all()] == [10, 100]
    await budgets.reload()
    assert [budget.amount for budget in budgets.all()] == [50, 100]
    await books.stored.remove("everyone")
    await budgets.reload()
    assert [budget.amount for budget in budgets.all()] == [10, 100]


# When they are used up


async def test_a_budget_is_used_up(books: Books) -> None:
    budgets = books.open(tokens("everyone", 100))
    await books.spend(budgets, tokens=99)
    assert await refused(budgets) is None
    await books.spend(budgets, tokens=1)
    error = await refused(budgets)
    assert error is not None
    assert (error.whose, error.resets_in, error.model) == ("person", 5 * HOUR, "p/m")
    assert await refused(budgets, BOB) is None


async def test_a_chats_budget_is_used_up_by_all_in_it(books: Books) -> None:
    budgets = books.open(tokens("chats", 100))
    await books.spend(budgets, ANN, tokens=60)
    await books.spend(budgets, BOB, tokens=60)
    error = await refused(budgets)
    assert error is not None
    assert error.whose == "chat"
    assert await refused(budgets, Account("telegram:1", "telegram:9:other")) is None


async def test_money(books: Books) -> None:
    budgets = books.open(dollars("total", 1_000))
    await books.spend(budgets, ANN, cost=999)
    await books.spend(budgets, BOB, tokens=1_000_000, cost=None)
    assert await refused(budgets) is None
    await books.spend(budgets, BOB, cost=1)
    error = await refused(budgets)
    assert error is not None
    assert (error.whose, error.resets_in) == ("total", 9 * 24 * HOUR + 5 * HOUR)


async def test_of_several_the_longest_wait_is_told(books: Books) -> None:
    budgets = books.open(tokens("everyone", 1), dollars("chats", 1), tokens("total", 1))
    await books.spend(budgets, tokens=1, cost=1)
    error = await refused(budgets)
    assert error is not None
    assert error.whose == "chat"


async def test_who_is_exempt_is_counted_and_never_refused(books: Books) -> None:
    budgets = books.open(tokens("everyone", 10), tokens("total", 10))
    await books.spend(budgets, ADMIN, tokens=100)
    assert await refused(budgets, ADMIN) is None
    error = await refused(budgets)
    assert error is not None
    assert error.whose == "total"


async def test_what_may_not_be_refused(books: Books) -> None:
    budgets = books.open(tokens("everyone", 0))
    reservation = await budgets.reserve(ANN, {}, "p/judge", refusable=False)
    budgets.settle(reservation, [])
    assert await refused(budgets) is not None


async def test_what_was_spent_before_the_start_counts(books: Books) -> None:
    books.ledger.calls += [
        books.call(tokens=60),
        books.call(BOB, tokens=60),
        books.call(at=datetime(2026, 11, 20, tzinfo=UTC)),
    ]
    budgets = books.open(tokens("everyone", 60), tokens("total", 1000))
    assert await refused(budgets) is not None
    assert [spent for _, spent, _ in await budgets.remaining(ANN)] == [60, 120]


async def test_the_ledger_is_asked_once(books: Books) -> None:
    ledger = CountingLedger()
    budgets = Budgeting(ledger, books.stored, [tokens("everyone", 1000), tokens("total", 5000)])
    await asyncio.gather(*(books.spend(budgets, tokens=1) for _ in range(20)))
    await budgets.remaining(ANN)
    assert ledger.asked == 2
    await books.spend(budgets, BOB, tokens=1)
    assert ledger.asked == 3


class CountingLedger(MemoryLedger):
    asked = 0

    async def spent(self, since: date, *, person: str | None = None, chat: str | None = None) -> Spent:
        self.asked += 1
        await asyncio.sleep(0)
        return await super().spent(since, person=person, chat=chat)


async def test_without_budgets_nothing_is_asked(books: Books) -> None:
    ledger = CountingLedger()
    budgets = Budgeting(ledger, books.stored)
    await books.spend(budgets, tokens=5)
    assert ledger.asked == 0
    assert await budgets.remaining(ANN) == []
    assert budgets.warning(ANN) is None
    assert len(ledger.calls) == 1


# Reservations


async def test_what_is_reserved_cannot_be_spent_by_another(books: Books) -> None:
    budgets = books.open(tokens("everyone", 100))
    first = await budgets.reserve(ANN, {"tokens": 80}, "p/m")
    second = await budgets.reserve(ANN, {"tokens": 80}, "p/m")
    assert await refused(budgets) is not None
    assert await budgets.remaining(ANN) == [(tokens("everyone", 100), 0, 160)]
    budgets.settle(first, [])
    budgets.settle(second, [books.call(tokens=10)])
    assert await refused(budgets) is None
    assert await budgets.remaining(ANN) == [(tokens("everyone", 100), 10, 0)]


async def test_a_budget_that_is_new_counts_what_is_running(books: Books) -> None:
    budgets = books.open()
    reservation = await budgets.reserve(ANN, {"tokens": 80}, "p/m")
    await books.stored.put(tokens("everyone", 50))
    await budgets.reload()
    assert await refused(budgets) is not None
    call = books.call(tokens=40)
    budgets.settle(reservation, [call])
    assert await budgets.remaining(ANN) == [(tokens("everyone", 50), 40, 0)]
    await budgets.write(call)
    assert await budgets.remaining(ANN) == [(tokens("everyone", 50), 40, 0)]


# Days and months


async def test_another_day(books: Books) -> None:
    budgets = books.open(tokens("everyone", 100), Budget("everyone", "tokens", "month", 150))
    await books.spend(budgets, tokens=100)
    assert await refused(budgets) is not None
    books.calendar.move(hours=5)
    assert await refused(budgets) is None
    await books.spend(budgets, tokens=50)
    error = await refused(budgets)
    assert error is not None
    assert error.resets_in == 9 * 24 * HOUR
    books.calendar.move(days=9)
    assert await refused(budgets) is None


async def test_what_began_before_midnight_is_paid_for_after_it(books: Books) -> None:
    budgets = books.open(tokens("everyone", 100))
    reservation = await budgets.reserve(ANN, {"tokens": 100}, "p/m")
    books.calendar.move(hours=6)
    assert await refused(budgets) is not None
    call = books.call(tokens=70)
    budgets.settle(reservation, [call])
    await budgets.write(call)
    assert await budgets.remaining(ANN) == [(tokens("everyone", 100), 70, 0)]


async def test_midnight_while_the_ledger_is_read(books: Books) -> None:
    class Slow(MemoryLedger):
        async def spent(self, since: date, *, person: str | None = None, chat: str | None = None) -> Spent:
            found = await super().spent(since, person=person, chat=chat)
            if books.calendar.now.hour == 19:
                books.calendar.move(hours=5)
            return found

    ledger = Slow([books.call(tokens=100)])
    budgets = Budgeting(ledger, books.stored, [tokens("everyone", 100)])
    assert await refused(budgets) is None


@pytest.mark.parametrize(
    ("now", "day", "month"),
    [
        (datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC), 1.0, 1.0),
        (datetime(2026, 12, 31, tzinfo=UTC), 24 * HOUR, 24 * HOUR),
        (datetime(2028, 2, 1, 12, tzinfo=UTC), 12 * HOUR, 28.5 * 24 * HOUR),
    ],
)
def test_when_periods_end(now: datetime, day: float, month: float) -> None:
    assert (resets_in("day", now), resets_in("month", now)) == (day, month)


# Warnings


async def test_a_warning_comes_once_in_a_period(books: Books) -> None:
    budgets = books.open(tokens("everyone", 100))
    await books.spend(budgets, tokens=79)
    assert budgets.warning(ANN) is None
    await books.spend(budgets, tokens=1)
    assert budgets.warning(ANN) == BudgetWarning("person", 80, 5 * HOUR)
    await books.spend(budgets, tokens=10)
    assert budgets.warning(ANN) is None
    books.calendar.move(days=1)
    assert budgets.warning(ANN) is None
    await books.spend(budgets, tokens=130)
    assert budgets.warning(ANN) == BudgetWarning("person", 100, 5 * HOUR)


async def test_the_fullest_budget_is_warned_of(books: Books) -> None:
    budgets = books.open(tokens("everyone", 100), tokens("chats", 90), tokens("total", 1000))
    await books.spend(budgets, tokens=85)
    warning = budgets.warning(ANN)
    assert warning is not None
    assert (warning.whose, warning.percent) == ("chat", 94)


async def test_who_is_exempt_is_warned_of_the_budget_of_all(books: Books) -> None:
    budgets = books.open(tokens("everyone", 100), tokens("total", 101))
    await books.spend(budgets, ADMIN, tokens=100)
    warning = budgets.warning(ADMIN)
    assert warning is not None
    assert warning.whose == "total"


# A ledger that fails


class FailingLedger(MemoryLedger):
    async def add(self, spending: Spending) -> None:
        raise StorageError("disk full")

    async def spent(self, since: date, *, person: str | None = None, chat: str | None = None) -> Spent:
        raise StorageError("disk full")


async def test_a_ledger_that_fails_stops_nobody(books: Books, caplog: pytest.LogCaptureFixture) -> None:
    budgets = Budgeting(FailingLedger(), books.stored, [tokens("everyone", 10)])
    await books.spend(budgets, tokens=100)
    assert await refused(budgets) is None
    assert "missing in the ledger" in caplog.text
    with pytest.raises(StorageError):
        await budgets.remaining(ANN)


# Reading the ledger while calls end


@given(st.integers(0, 2**32), st.integers(1, 12))
def test_each_call_is_counted_once_however_the_ledger_is_read(seed: int, calls: int) -> None:
    """The first look at the sums happens at any moment between the calls' ends and their entries."""
    chance = random.Random(seed)

    class Slow(MemoryLedger):
        async def add(self, spending: Spending) -> None:
            await pause()
            await super().add(spending)
            await pause()

        async def spent(self, since: date, *, person: str | None = None, chat: str | None = None) -> Spent:
            await pause()
            found = await super().spent(since, person=person, chat=chat)
            await pause()
            return found

    async def pause() -> None:
        for _ in range(chance.randrange(4)):
            await asyncio.sleep(0)

    async def main() -> None:
        with pytest.MonkeyPatch.context() as patch:
            calendar = Calendar()
            calendar.install(patch)
            books = Books(calendar, Slow())
            budgets = books.open()

            async def call() -> None:
                await pause()
                reservation = await budgets.reserve(ANN, {"tokens": 1}, "p/m")
                await pause()
                ended = books.call(tokens=1)
                budgets.settle(reservation, [ended])
                await pause()
                await budgets.write(ended)

            async def look() -> None:
                await pause()
                await books.stored.put(tokens("everyone", 1000))
                await books.stored.put(tokens("total", 1000))
                await budgets.reload()
                await budgets.remaining(ANN)

            await asyncio.gather(look(), *(call() for _ in range(calls)))
            assert [spent for _, spent, _ in await budgets.remaining(ANN)] == [calls, calls]
            assert [reserved for _, _, reserved in await budgets.remaining(ANN)] == [0, 0]

    asyncio.run(main())


async def test_what_running_calls_hold_is_told_apart_from_what_is_spent(books: Books) -> None:
    budgets = books.open(tokens("everyone", 100), tokens("total", 1000))
    running = await budgets.reserve(ANN, {"tokens": 100}, "p/m")
    error = await refused(budgets)
    assert error is not None
    assert (error.whose, error.held) == ("person", True)
    budgets.settle(running, [books.call(tokens=100)])
    error = await refused(budgets)
    assert error is not None
    assert (error.whose, error.held) == ("person", False)
    running = await budgets.reserve(BOB, {"tokens": 1000}, "p/m")
    error = await refused(budgets)
    assert error is not None
    assert (error.whose, error.held) == ("person", False), "what is used up comes first"


async def test_what_was_set_for_a_chat_follows_it(books: Books) -> None:
    budgets = books.open(tokens("chats", 100))
    for budget in (tokens("chat:telegram:9:5", 3), dollars("chat:telegram:9:5", 7), tokens("chat:telegram:9:55", 4)):
        await books.stored.put(budget)
    await budgets.reload()
    await budgets.move("telegram:9:5", "telegram:9:77")
    assert holding(budgets.all()) == [("chats", 100)]
    there = Account("telegram:1", "telegram:9:77")
    assert holding(budgets.all(), there) == [("chat:telegram:9:77", 3), ("chat:telegram:9:77", 7)]
    assert holding(await books.stored.all(), Account("telegram:1", "telegram:9:55")) == [("chat:telegram:9:55", 4)]
    assert len(await books.stored.all()) == 3
