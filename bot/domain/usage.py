"""What model calls use, what they cost, and on whose account."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

NANO = 1_000_000_000
"""Costs are whole nano-dollars (US): a token costs some tens to some ten thousands of them."""

Work = Literal["chat", "summary", "image", "transcription", "speech", "moderation"]
"""What a model was called for."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them.

    `cached_tokens` are part of `prompt_tokens`, `reasoning_tokens` of `completion_tokens`. `written_tokens`, which the
    provider put into its cache, and `image_tokens` are part of `prompt_tokens` too; they are for the price, not stored.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    written_tokens: int = 0
    image_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            self.written_tokens + other.written_tokens,
            self.image_tokens + other.image_tokens,
        )


@dataclass(frozen=True, slots=True)
class Account:
    """Who and where a model call is for: a person's handle (`telegram:42`) and the key of a chat.

    `exempt`: budgets do not hold for this person; what they use is counted all the same.
    """

    person: str
    chat: str
    exempt: bool = False


@dataclass(frozen=True, slots=True)
class Spending:
    """One model call in the ledger. `cost` is in nano-dollars, None where the price is not known.

    `seconds` of sound that were heard, `images` that were made, `characters` that were spoken. `guess` is what it
    probably cost where that is not known: budgets count it, the ledger does not.
    """

    at: datetime
    account: Account
    work: Work
    model: str
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    images: int = 0
    characters: int = 0
    cost: int | None = None
    guess: int = 0


@dataclass(frozen=True, slots=True)
class Spent:
    """A sum over calls. `cost` is that of the calls whose price is known, `unpriced` counts the others."""

    calls: int = 0
    tokens: int = 0
    cost: int = 0
    unpriced: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.calls + other.calls,
            self.tokens + other.tokens,
            self.cost + other.cost,
            self.unpriced + other.unpriced,
        )


@dataclass(frozen=True, slots=True)
class DaySpent:
    """What was spent on one day (UTC)."""

    day: date
    spent: Spent


Unit = Literal["tokens", "dollars"]
Period = Literal["day", "month"]


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `amount` tokens or nano-dollars in a day or a calendar month (UTC).

    `subject`: `everyone` (each person), `person:telegram:42`, `chats` (each chat), `chat:KEY`, or `total`.
    """

    subject: str
    unit: Unit
    period: Period
    amount: int
