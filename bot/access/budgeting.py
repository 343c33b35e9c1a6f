"""Budgets: admission before a model is called, and counting afterwards. One process owns a bot's budgets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date

from bot import clock
from bot.access.counting import Amounts, BudgetTable, Counts, Slot, Whose, resets_in, slots_of, start_of
from bot.domain.usage import Account, Budget, Period, Spending
from bot.errors import OverBudget, StorageError
from bot.ports import Budgets, Ledger

log = logging.getLogger(__name__)

WARN_AT = 80
"""Percent of a budget from which on people are told."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """What a running call may use; it is handed back with `Budgeting.settle`, however the call ends."""

    account: Account
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class BudgetWarning:
    """`percent` of a budget is used up; in `resets_in` seconds it starts anew."""

    whose: Whose
    percent: int
    resets_in: float


class Budgeting:
    """`configured` are the budgets of the settings. Those that are stored take their place, once `reload` was called.

    What is spent is read from the ledger when it is first asked about and counted in memory from then on, so that
    nothing waits between the look at a budget and the reservation: calls that run at the same time exceed a budget by
    at most the last one's reservation.
    """

    def __init__(self, ledger: Ledger, stored: Budgets, configured: Iterable[Budget] = ()) -> None:
        self._ledger = ledger
        self._stored = stored
        self._configured = tuple(configured)
        self._budgets = BudgetTable(self._configured)
        self._counts = Counts()
        self._warned: set[tuple[Slot, Budget, date]] = set()
        # The ledger is not read while it is written, so that a call is either in its sum or in this list.
        self._ledger_access = asyncio.Lock()
        self._unwritten: list[Spending] = []

    async def reload(self) -> None:
        """Read the stored budgets; raises StorageError."""
        self._budgets = BudgetTable([*self._configured, *await self._stored.all()])

    async def move(self, old: str, new: str) -> None:
        """Chats have another name: what was set for one goes along. Raises StorageError."""
        moved = [budget for budget in await self._stored.all() if budget.subject == f"chat:{old}"]
        for budget in moved:
            await self._stored.put(replace(budget, subject=f"chat:{new}"))
        if moved:
            await self._stored.remove(f"chat:{old}")
            await self.reload()

    def all(self) -> Sequence[Budget]:
        """Those that hold."""
        return self._budgets.all()

    async def reserve(self, account: Account, amounts: Amounts, model: str, *, refusable: bool = True) -> Reservation:
        """Raises OverBudget where nothing is left of a budget; not for who is exempt, nor where it is not `refusable`.

        Sums that cannot be read count as nothing: a ledger that fails does not silence the bot.
        """
        try:
            await self._load(account)
        except StorageError as error:
            log.warning("what was spent cannot be read, and calls are let through: %s", error)
        # From here on nothing waits.
        if refusable and not account.exempt:
            self._admit(account, model)
        self._counts.reserve(account, amounts)
        return Reservation(account, amounts)

    def settle(self, reservation: Reservation, spendings: Sequence[Spending]) -> None:
        """Count what was really used; `write` has to follow. Does not wait."""
        self._turn()
        self._counts.release(reservation.account, reservation.amounts)
        for spending in spendings:
            self._counts.spend(spending.account, amounts_of(spending))
            self._unwritten.append(spending)

    async def write(self, spending: Spending) -> None:
        """Enter a call that was settled into the ledger; failures are logged."""
        async with self._ledger_access:
            try:
                await self._ledger.add(spending)
            except StorageError as error:
                log.warning("a call of %s is missing in the ledger: %s", spending.model, error)
            finally:
                self._unwritten.remove(spending)

    async def remaining(self, account: Account) -> Sequence[tuple[Budget, int, int]]:
        """The budgets that hold for this account, each with what is spent and reserved of it; raises StorageError."""
        await self._load(account)
        counts = self._counts
        return [
            (budget, counts.spent(slot, budget), counts.reserved(slot, budget))
            for slot, budget in self._budgets.of(account)
        ]

    def warning(self, account: Account) -> BudgetWarning | None:
        """The fullest budget of this account, when it has become rather full; once in its period.

        Who is exempt is warned of the budget of all alone.
        """
        self._turn()
        found: list[BudgetWarning] = []
        now = clock.utc_now()
        for slot, budget in self._budgets.of(account):
            percent = 100 if not budget.amount else self._counts.spent(slot, budget) * 100 // budget.amount
            once = (slot, budget, start_of(budget.period, now.date()))
            if percent < WARN_AT or once in self._warned or (account.exempt and slot.whose != "total"):
                continue
            self._warned.add(once)
            found.append(BudgetWarning(slot.whose, min(percent, 100), resets_in(budget.period, now)))
        return max(found, key=lambda warning: warning.percent, default=None)

    def _admit(self, account: Account, model: str) -> None:
        now = clock.utc_now()
        full: list[tuple[bool, float, Whose]] = []
        for slot, budget in self._budgets.of(account):
            left = budget.amount - self._counts.spent(slot, budget)
            if self._counts.reserved(slot, budget) >= left:
                full.append((left <= 0, resets_in(budget.period, now), slot.whose))
        if full:
            used_up, wait, whose = max(full)
            raise OverBudget(model, whose, wait, held=not used_up)

    def _missing(self, account: Account) -> list[tuple[Slot, Period]]:
        self._turn()
        needed = dict.fromkeys((slot, budget.period) for slot, budget in self._budgets.of(account))
        return [each for each in needed if not self._counts.loaded(*each)]

    async def _load(self, account: Account) -> None:
        """The sums that this account's budgets need; again when a day ends or a budget is added meanwhile."""
        while self._missing(account):
            async with self._ledger_access:
                for slot, period in self._missing(account):
                    await self._load_one(slot, period)

    async def _load_one(self, slot: Slot, period: Period) -> None:
        since = start_of(period, clock.utc_now().date())
        match slot.whose:
            case "person":
                spent = await self._ledger.spent(since, person=slot.name)
            case "chat":
                spent = await self._ledger.spent(since, chat=slot.name)
            case "total":
                spent = await self._ledger.spent(since)
        self._counts.load(slot, period, {"tokens": spent.tokens, "dollars": spent.cost})
        for spending in self._unwritten:
            if slot in slots_of(spending.account) and spending.at.astimezone(UTC).date() >= since:
                self._counts.add(slot, period, amounts_of(spending))

    def _turn(self) -> None:
        today = clock.utc_now().date()
        if self._counts.turn_to(today):
            self._warned = {each for each in self._warned if each[2] == start_of(each[1].period, today)}


def amounts_of(spending: Spending) -> Amounts:
    """What a call takes from budgets; one whose price is not known takes no money.

    A guess of what it cost holds until the sums are read from the ledger again, which does not know it.
    """
    usage = spending.usage
    dollars = spending.guess if spending.cost is None else spending.cost
    return {"tokens": usage.prompt_tokens + usage.completion_tokens, "dollars": dollars}


def configured_budgets(per_person: int | None, total: int | None) -> list[Budget]:
    """From the settings, tokens a day of each person and of all; None for any number."""
    wanted = (("everyone", per_person), ("total", total))
    return [Budget(subject, "tokens", "day", amount) for subject, amount in wanted if amount is not None]
