"""Accounts, budgets and a clock for the tests of accounting."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot import clock
from bot.access.budgeting import Budgeting
from bot.domain.usage import Account, Budget, Spending, Usage
from tests.fakes.memory_accounts import MemoryBudgets, MemoryLedger

ANN = Account("telegram:1", "telegram:9:5")
BOB = Account("telegram:2", "telegram:9:5")
ADMIN = Account("telegram:3", "telegram:9:6", exempt=True)


@dataclass(slots=True)
class Calendar:
    """A wall clock that is moved by hand."""

    now: datetime = datetime(2026, 11, 21, 19, 0, tzinfo=UTC)

    def install(self, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(clock, "utc_now", lambda: self.now)

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass(slots=True)
class Books:
    """Budgeting over a ledger and budgets in memory."""

    calendar: Calendar
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    stored: MemoryBudgets = field(default_factory=MemoryBudgets)

    def open(self, *configured: Budget) -> Budgeting:
        return Budgeting(self.ledger, self.stored, configured)

    def call(self, account: Account = ANN, tokens: int = 0, cost: int | None = None, **fields: Any) -> Spending:
        usage = Usage(tokens)
        return replace(Spending(self.calendar.now, account, "chat", "p/m", usage, cost=cost), **fields)

    async def spend(self, budgets: Budgeting, account: Account = ANN, tokens: int = 0, cost: int | None = None) -> None:
        """One call from its beginning to its end."""
        reservation = await budgets.reserve(account, {"tokens": tokens, "dollars": cost or 0}, "p/m")
        call = self.call(account, tokens, cost)
        budgets.settle(reservation, [call])
        await budgets.write(call)


def tokens(subject: str, amount: int) -> Budget:
    return Budget(subject, "tokens", "day", amount)


def dollars(subject: str, amount: int) -> Budget:
    return Budget(subject, "dollars", "month", amount)
