"""Who may, as the settings and the admins together decide."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from bot import clock
from bot.access.policy import AccessPolicy
from bot.domain.ids import ChatRef, Person
from bot.domain.rules import Effect, Rule
from bot.ports import Rules

log = logging.getLogger(__name__)

_OPPOSITE: dict[Effect, Effect] = {"allow": "deny", "deny": "allow"}


class Access:
    """The settings' `policy` and the stored rules, which `load` reads. Questions are answered from memory; changes are
    stored first, and raise `bot.errors.StorageError` when they are not."""

    def __init__(self, policy: AccessPolicy, rules: Rules) -> None:
        self._settings = policy
        self._store = rules
        self._rules: dict[tuple[str, Effect], Rule] = {}
        self._policy = policy
        self._changing = asyncio.Lock()

    async def load(self) -> None:
        self._rules = {(rule.subject, rule.effect): rule for rule in await self._store.all()}
        self._combine()

    @property
    def settings(self) -> AccessPolicy:
        """What the settings say, which no rule takes away."""
        return self._settings

    @property
    def admins(self) -> frozenset[str]:
        """Handles of people."""
        return self._policy.admins

    @property
    def allowed(self) -> frozenset[str]:
        """Whom the settings or a rule allow; `*` for everybody."""
        return self._policy.allowed

    def is_admin(self, person: Person) -> bool:
        return self._policy.is_admin(person)

    def allows(self, chat: ChatRef, person: Person) -> bool:
        return self._policy.allows(chat, person)

    def listed(self) -> Sequence[Rule]:
        """The stored rules, the newest last."""
        return sorted(self._rules.values(), key=lambda rule: (rule.at, rule.subject, rule.effect))

    async def allow(self, subject: str, by: str) -> None:
        """Let a person or place (`platform:id`) in; a rule that denied it goes away. `by` is the handle of an admin."""
        await self._decide(subject, "allow", by)

    async def deny(self, subject: str, by: str) -> None:
        """Keep a person or place out; a rule that allowed it goes away. Admins are let in all the same."""
        await self._decide(subject, "deny", by)

    async def appoint(self, person: Person) -> None:
        """Make a person an admin, as their own doing."""
        async with self._changing:
            await self._put(Rule(person.handle, "admin", person.handle, clock.utc_now()))

    async def reset(self, subject: str) -> bool:
        """Take back what rules say of a person or place, an admin's right included; False when they say nothing."""
        async with self._changing:
            rules = [rule for rule in self._rules.values() if rule.subject == subject]
            for rule in rules:
                await self._remove(rule)
        return bool(rules)

    async def move(self, old: str, new: str) -> None:
        """A place has another id: what rules say of it goes along."""
        async with self._changing:
            for rule in [rule for rule in self._rules.values() if rule.subject == old]:
                await self._put(replace(rule, subject=new))
                await self._remove(rule)
        if old in self._settings.allowed:
            log.warning("%s has the id %s now: write that into ALLOWED", old, new)

    async def _decide(self, subject: str, effect: Literal["allow", "deny"], by: str) -> None:
        async with self._changing:
            await self._put(Rule(subject, effect, by, clock.utc_now()))
            opposite = self._rules.get((subject, _OPPOSITE[effect]))
            if opposite is not None:
                await self._remove(opposite)

    async def _put(self, rule: Rule) -> None:
        await self._store.put(rule)
        self._rules[rule.subject, rule.effect] = rule
        self._combine()

    async def _remove(self, rule: Rule) -> None:
        await self._store.remove(rule)
        del self._rules[rule.subject, rule.effect]
        self._combine()

    def _combine(self) -> None:
        self._policy = replace(
            self._settings,
            admins=self._settings.admins | self._with("admin"),
            allowed=self._settings.allowed | self._with("allow"),
            denied=self._settings.denied | self._with("deny"),
        )

    def _with(self, effect: Effect) -> frozenset[str]:
        return frozenset(rule.subject for rule in self._rules.values() if rule.effect == effect)
