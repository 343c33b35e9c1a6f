"""Calls that make or hear something: how many run at once, and which are repeated."""

from __future__ import annotations

import itertools
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from bot import clock, progress
from bot.errors import ModelError
from bot.llm.circuits import Circuits
from bot.llm.retry import RetryPolicy

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """`circuits` let each try through or not, `chance` gives random numbers from 0 to 1, and only errors that
    `may_repeat` agrees to are looked up in the policy. `model` is `provider/model`."""

    circuits: Circuits
    policy: RetryPolicy
    chance: Callable[[], float]
    may_repeat: Callable[[ModelError], bool]

    async def answer(self, model: str, call: Callable[[], Awaitable[T]]) -> T:
        for calls in itertools.count(1):
            try:
                async with self.circuits.passage(model) as passage:
                    answer = await call()
                    passage.worked()
                    return answer
            except ModelError as error:
                wait = self._wait(model, error, calls)
                if wait is None:
                    raise
            await clock.sleep(wait)
        raise AssertionError("a count never ends")

    async def events(self, model: str, call: Callable[[], AsyncGenerator[T, None]]) -> AsyncGenerator[T, None]:
        """Repeats only what failed before its first event."""
        for calls in itertools.count(1):
            begun = False
            try:
                async with self.circuits.passage(model) as passage, aclosing(call()) as events:
                    async for event in events:
                        progress.mark()
                        begun = True
                        passage.worked()
                        yield event
            except ModelError as error:
                wait = None if begun else self._wait(model, error, calls)
                if wait is None:
                    raise
            else:
                return
            await clock.sleep(wait)

    def _wait(self, model: str, error: ModelError, calls: int) -> float | None:
        """Seconds until the next try, or None to give up."""
        step = self.policy.step(error, calls, self.chance())
        again = step.kind == "again" and self.may_repeat(error) and not self.circuits.is_open(model)
        logger.warning(
            "media call %d failed: %s (%s)%s", calls, error, type(error).__name__, "; again" if again else ""
        )
        if again:
            return step.after
        self.circuits.gave_up(model, error)
        return None
