"""What of each budget is spent and reserved. Sans-IO: days are handed in, sums are read by others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from bot.domain.usage import Account, Budget, Period, Unit

Whose = Literal["person", "chat", "total"]

Amounts = Mapping[Unit, int]
"""Tokens, and nano-dollars."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Whose use is counted: a person's by handle, a chat's by key, or that of all ("")."""

    whose: Whose
    name: str = ""


TOTAL = Slot("total")


def slots_of(account: Account) -> tuple[Slot, ...]:
    return (Slot("person", account.person), Slot("chat", account.chat), TOTAL)


class BudgetTable:
    """Which budgets hold for whom. Where two are alike in subject, unit and period, the later one holds."""

    def __init__(self, budgets: Iterable[Budget]) -> None:
        self._budgets = {(budget.subject, budget.unit, budget.period): budget for budget in budgets}

    def all(self) -> Sequence[Budget]:
        return list(self._budgets.values())

    def of(self, account: Account) -> Iterator[tuple[Slot, Budget]]:
        """A budget of one person or chat takes the place of everybody's of the same unit and period."""
        person, chat, total = slots_of(account)
        yield from self._holding(person, "everyone", f"person:{account.person}")
        yield from self._holding(chat, "chats", f"chat:{account.chat}")
        yield from self._holding(total, "total")

    def _holding(self, slot: Slot, *subjects: str) -> Iterator[tuple[Slot, Budget]]:
        found: dict[tuple[Unit, Period], Budget] = {}
        for subject in subjects:
            found |= {(b.unit, b.period): b for b in self._budgets.values() if b.subject == subject}
        for budget in found.values():
            yield slot, budget


class Counts:
    """What is spent in the running day and month by those whose sums were loaded, and what is reserved by all.

    A reservation belongs to no period: what began before midnight is paid for after it.
    """

    def __init__(self) -> None:
        self._reserved: dict[Slot, Counter[Unit]] = {}
        self._spent: dict[tuple[Slot, Period], Counter[Unit]] = {}
        self._today = date.min

    def turn_to(self, today: date) -> bool:
        """Forget the sums of periods that are over; tells whether it is another day."""
        if today == self._today:
            return False
        over = {period for period in ("day", "month") if start_of(period, today) != start_of(period, self._today)}
        self._spent = {(slot, period): sums for (slot, period), sums in self._spent.items() if period not in over}
        self._today = today
        return True

    def loaded(self, slot: Slot, period: Period) -> bool:
        return (slot, period) in self._spent

    def load(self, slot: Slot, period: Period, sums: Amounts) -> None:
        self._spent[slot, period] = Counter(sums)

    def add(self, slot: Slot, period: Period, amounts: Amounts) -> None:
        self._spent[slot, period].update(amounts)

    def spend(self, account: Account, amounts: Amounts) -> None:
        for slot in slots_of(account):
            for period in ("day", "month"):
                if self.loaded(slot, period):
                    self.add(slot, period, amounts)

    def reserve(self, account: Account, amounts: Amounts) -> None:
        for slot in slots_of(account):
            self._reserved.setdefault(slot, Counter()).update(amounts)

    def release(self, account: Account, amounts: Amounts) -> None:
        for slot in slots_of(account):
            held = self._reserved.pop(slot, Counter())
            held.subtract(amounts)
            if any(held.values()):
                self._reserved[slot] = held

    def spent(self, slot: Slot, budget: Budget) -> int:
        """Of this budget; nothing while the sum is not loaded."""
        return self._spent.get((slot, budget.period), Counter())[budget.unit]

    def reserved(self, slot: Slot, budget: Budget) -> int:
        return self._reserved.get(slot, Counter())[budget.unit]


def start_of(period: Period, today: date) -> date:
    return today if period == "day" else today.replace(day=1)


def resets_in(period: Period, now: datetime) -> float:
    """Seconds until the next day or month begins (UTC)."""
    today = now.astimezone(UTC).date()
    first = today + timedelta(days=1) if period == "day" else (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    return (datetime.combine(first, time(), UTC) - now).total_seconds()
