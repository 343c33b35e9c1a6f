"""On whose account a model is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.domain.ids import ChatRef, Person
from bot.domain.usage import Account


@dataclass(frozen=True, slots=True)
class Accounts:
    """`exempt` tells for whom no budget holds."""

    exempt: Callable[[Person], bool]

    def of(self, chat: ChatRef, person: Person) -> Account:
        """A chat's threads, and the conversations of its members, are on the account of the chat."""
        return Account(person.handle, f"{chat.platform}:{chat.bot_id}:{chat.chat_id}", self.exempt(person))
