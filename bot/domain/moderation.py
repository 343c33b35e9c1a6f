"""What a moderation model is asked, and what it says."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.usage import Account


@dataclass(frozen=True, slots=True)
class ModerationRequest:
    """`model` is `provider/model`."""

    model: str
    text: str
    account: Account | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`categories` are the provider's names of what it found (`harassment/threatening`), none when all is well."""

    flagged: bool
    categories: tuple[str, ...] = ()
