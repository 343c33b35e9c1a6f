"""What was spent, who may, how much, and forgetting, in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import reduce
from operator import add
from typing import Literal, TypeVar

from bot.domain.conversations import Question
from bot.domain.personas import Persona
from bot.domain.rules import Rule
from bot.domain.usage import Account, Budget, DaySpent, Spending, Spent
from tests.fakes.memory_history import MemoryConversations, MemoryPictures, Row
from tests.fakes.memory_mail import MemoryOutbox

Scopes = dict[str, dict[str, str]] | dict[str, dict[str, Persona]]
K = TypeVar("K")


@dataclass(slots=True)
class MemoryLedger:
    calls: list[Spending] = field(default_factory=list)

    async def add(self, spending: Spending) -> None:
        self.calls.append(spending)

    async def spent(self, since: date, *, person: str | None = None, chat: str | None = None) -> Spent:
        return reduce(add, (_spent(call) for call in self._since(since, person, chat)), Spent())

    async def days(self, since: date, *, person: str | None = None) -> Sequence[DaySpent]:
        sums = _sums(self._since(since, person), lambda call: call.at.astimezone(UTC).date())
        return [DaySpent(day, sums[day]) for day in sorted(sums)]

    async def by(
        self, group: Literal["person", "chat", "model", "provider"], since: date, most: int
    ) -> Sequence[tuple[str, Spent]]:
        names: dict[str, Callable[[Spending], str]] = {
            "person": lambda call: call.account.person,
            "chat": lambda call: call.account.chat,
            "model": lambda call: call.model,
            "provider": lambda call: call.model.split("/")[0],
        }
        sums = _sums(self._since(since), names[group])
        sums.pop("", None)
        return sorted(sums.items(), key=lambda each: (-each[1].cost, -each[1].tokens, each[0]))[:most]

    async def move(self, old_chat_key: str, new_chat_key: str) -> None:
        def moved(account: Account) -> Account:
            chat, mark, owner = account.chat.partition("@")
            return replace(account, chat=new_chat_key + mark + owner) if chat == old_chat_key else account

        self.rename(moved)

    def rename(self, change: Callable[[Account], Account]) -> None:
        self.calls = [replace(call, account=change(call.account)) for call in self.calls]

    def _since(self, since: date, person: str | None = None, chat: str | None = None) -> list[Spending]:
        return [
            call
            for call in self.calls
            if call.at.astimezone(UTC).date() >= since
            and person in (None, call.account.person)
            and chat in (None, call.account.chat)
        ]


def _sums(calls: Sequence[Spending], name: Callable[[Spending], K]) -> dict[K, Spent]:
    sums: dict[K, Spent] = {}
    for call in calls:
        sums[name(call)] = sums.get(name(call), Spent()) + _spent(call)
    return sums


def _spent(call: Spending) -> Spent:
    tokens = call.usage.prompt_tokens + call.usage.completion_tokens
    return Spent(1, tokens, call.cost or 0, int(call.cost is None))


@dataclass(slots=True)
class MemoryRules:
    rules: dict[tuple[str, str], Rule] = field(default_factory=dict)

    async def all(self) -> Sequence[Rule]:
        return [self.rules[key] for key in sorted(self.rules)]

    async def put(self, rule: Rule) -> None:
        self.rules[rule.subject, rule.effect] = rule

    async def remove(self, rule: Rule) -> bool:
        return self.rules.pop((rule.subject, rule.effect), None) is not None


@dataclass(slots=True)
class MemoryBudgets:
    budgets: dict[tuple[str, str, str], Budget] = field(default_factory=dict)

    async def all(self) -> Sequence[Budget]:
        return [self.budgets[key] for key in sorted(self.budgets)]

    async def put(self, budget: Budget) -> None:
        self.budgets[budget.subject, budget.unit, budget.period] = budget

    async def remove(self, subject: str) -> int:
        keys = [key for key in self.budgets if key[0] == subject]
        for key in keys:
            del self.budgets[key]
        return len(keys)


@dataclass(slots=True)
class MemoryForgetting:
    """Deletes from the other parts of a store in memory, row by row."""

    conversations: MemoryConversations
    pictures: MemoryPictures
    preferences: dict[str, dict[str, str]]
    personas: dict[str, dict[str, Persona]]
    ledger: MemoryLedger
    outbox: MemoryOutbox

    async def person(self, handle: str, scopes: Sequence[str]) -> int:
        asked = [row for row in self._questions() if _author(row) == handle]
        gone = [each for row in asked for each in self._with_answers(row)]
        self._forget_summaries(gone)
        shown = {(self._chat(row), ref.digest) for row in gone for ref in row.said.pictures}
        self._delete(gone)
        left = {(self._chat(row), ref.digest) for row in self.conversations.rows.values() for ref in row.said.pictures}
        for chat, digest in shown - left:
            self.pictures.chats.get(chat, {}).pop(digest, None)
        _forget_scopes(self.preferences, scopes)
        for personas in self.personas.values():
            for name in [name for name, persona in personas.items() if persona.author == handle]:
                del personas[name]
        self.ledger.rename(lambda account: replace(account, person="") if account.person == handle else account)
        for row in self.outbox.arrivals.rows.values():
            author = getattr(row.event, "author", None)
            if row.event is not None and author is not None and author.handle == handle:
                self.outbox.forget(row.event.key)
                row.blank()
        return len(gone)

    async def chat(self, place: str, scopes: Sequence[str]) -> int:
        def here(key: str) -> bool:
            return key == place or key.startswith((f"{place}:", f"{place}@"))

        gone = [row for row in self.conversations.rows.values() if here(self._chat(row))]
        self._forget_summaries(gone)
        self._delete(gone)
        for key in [key for key in self.conversations.order if here(key)]:
            del self.conversations.order[key]
        for key in [key for key in self.pictures.chats if here(key)]:
            del self.pictures.chats[key]
        _forget_scopes(self.preferences, scopes)
        _forget_scopes(self.personas, scopes)
        self.ledger.rename(lambda account: replace(account, chat="") if here(account.chat) else account)
        self.outbox.rows = {nonce: row for nonce, row in self.outbox.rows.items() if not here(row.chat.place)}
        for arrived in self.outbox.arrivals.rows.values():
            if here(arrived.chat.place):
                arrived.blank()
        return len(gone)

    async def before(self, when: datetime) -> int:
        asked = [row for row in self._questions() if row.at < when]
        gone = [each for row in asked for each in self._with_answers(row)]
        for row in gone:
            self.conversations.summaries.pop(row.id, None)
        self._delete(gone)
        await self.pictures.drop_before(when)
        return len(gone)

    def _questions(self) -> list[Row]:
        return [row for row in self.conversations.rows.values() if isinstance(row.said, Question)]

    def _with_answers(self, question: Row) -> list[Row]:
        answers = [row for row in self.conversations.rows.values() if row.parent == question.id]
        return [question, *(row for row in answers if not isinstance(row.said, Question))]

    def _chat(self, row: Row) -> str:
        return self.conversations.held[row.conversation].chat_key

    def _forget_summaries(self, gone: Sequence[Row]) -> None:
        """Those of their conversations, and of conversations that go on from these."""
        rows = self.conversations.rows
        within = {row.conversation for row in gone}
        for _ in self.conversations.held:
            following = [row for row in rows.values() if row.parent and rows[row.parent].conversation in within]
            within |= {row.conversation for row in following}
        for row_id in [row_id for row_id in self.conversations.summaries if rows[row_id].conversation in within]:
            del self.conversations.summaries[row_id]

    def _delete(self, gone: Sequence[Row]) -> None:
        rows = self.conversations.rows
        for row in gone:
            del rows[row.id]
            self.conversations.summaries.pop(row.id, None)
            for other in rows.values():
                other.parent = row.parent if other.parent == row.id else other.parent
            for later in gone:
                later.parent = row.parent if later.parent == row.id else later.parent
            for held in self.conversations.held:
                held.head = row.parent if held.head == row.id else held.head


def _author(row: Row) -> str:
    assert isinstance(row.said, Question)
    return row.said.author_id


def _forget_scopes(kept: Scopes, scopes: Sequence[str]) -> None:
    for key in [key for key in kept if any(f"{key}/".startswith(f"{scope}/") for scope in scopes)]:
        del kept[key]
