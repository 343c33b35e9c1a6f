"""Calls that make or hear something: how many run at once, and which are repeated."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from bot import clock
from bot.errors import ModelError
from bot.llm.retry import RetryPolicy

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """`running` limits how many calls run at once, `chance` gives random numbers from 0 to 1, and only errors that
    `may_repeat` agrees to are looked up in the policy."""

    running: asyncio.Semaphore
    policy: RetryPolicy
    chance: Callable[[], float]
    may_repeat: Callable[[ModelError], bool]

    async def answer(self, call: Callable[[], Awaitable[T]]) -> T:
        for calls in itertools.count(1):
            try:
                async with self.running:
                    return await call()
            except ModelError as error:
                wait = self._wait(error, calls)
                if wait is None:
                    raise
            await clock.sleep(wait)
        raise AssertionError("a count never ends")

    async def events(self, call: Callable[[], AsyncGenerator[T, None]]) -> AsyncGenerator[T, None]:
        """Repeats only what failed before its first event."""
        for calls in itertools.count(1):
            begun = False
            try:
                async with self.running, aclosing(call()) as events:
                    async for event in events:
                        begun = True
                        yield event
            except ModelError as error:
                wait = None if begun else self._wait(error, calls)
                if wait is None:
                    raise
            else:
                return
            await clock.sleep(wait)

    def _wait(self, error: ModelError, calls: int) -> float | None:
        """Seconds until the next try, or None to give up."""
        step = self.policy.step(error, calls, self.chance())
        again = step.kind == "again" and self.may_repeat(error)
        logger.warning(
            "media call %d failed: %s (%s)%s", calls, error, type(error).__name__, "; again" if again else ""
        )
        return step.after if again else None
