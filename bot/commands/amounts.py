"""Amounts of tokens and dollars, as people write and read them. Pure."""

from __future__ import annotations

import re
from decimal import Decimal

from bot.domain.usage import NANO, Spent, Unit
from bot.replies import notices

_AMOUNT = re.compile(r"(\$)?\s*+(\d[\d,_]*+(?:\.\d++)?|\.\d++)\s*+([kKmM])?\s*+(\$)?")
_SIZES = {"": 1, "k": 1_000, "m": 1_000_000}

_MOST: dict[Unit, int] = {"tokens": 10**15, "dollars": 10**6 * NANO}
"""More is a slip of the finger, and would not fit into the database's numbers."""


def read(typed: str, unit: Unit | None) -> tuple[int, Unit] | None:
    """`50k`, `1.5M`, `50,000`, `$5` as whole tokens or nano-dollars; without a `$` and a unit they are tokens.

    None when it is no amount, not above zero, or beyond all measure; also when `unit` says something else than a `$`.
    """
    found = _AMOUNT.fullmatch(typed.strip())
    if found is None:
        return None
    before, digits, size, behind = found.groups()
    marked: Unit | None = "dollars" if before or behind else None
    if marked and unit == "tokens":
        return None
    meant: Unit = unit or marked or "tokens"
    number = Decimal(re.sub("[,_]", "", digits)) * _SIZES[(size or "").casefold()]
    amount = int(number * (NANO if meant == "dollars" else 1))
    return (amount, meant) if 0 < amount <= _MOST[meant] else None


def written(amount: int, unit: Unit, locale: str | None) -> str:
    """`50,000 tokens`, `$5`."""
    return notices.money(amount) if unit == "dollars" else notices.TOKENS.say(locale, count=f"{amount:,}")


def spent(sums: Spent, locale: str | None) -> str:
    """`12,345 tokens, $0.12; the price of 3 calls is not known`."""
    if not sums.calls:
        return notices.USAGE_NOTHING.say(locale)
    said = written(sums.tokens, "tokens", locale)
    if sums.cost or not sums.unpriced:
        said = f"{said}, {notices.money(sums.cost)}"
    match sums.unpriced:
        case 0:
            return said
        case 1:
            return f"{said}; {notices.USAGE_UNPRICED_ONE.say(locale)}"
        case count:
            return f"{said}; {notices.USAGE_UNPRICED.say(locale, count=f'{count:,}')}"
