"""What to do when a model call failed before its first visible character. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.errors import (
    BrokenStream,
    ContentFiltered,
    EmptyAnswer,
    ModelError,
    PromptTooLong,
    ProviderDown,
    RateLimited,
    Stalled,
)

# How often one model is called while it fails in this way. What is not listed would fail in the same way again; a
# model that stalled has already cost a minute of waiting.
_CALLS: Mapping[type[ModelError], int] = {ProviderDown: 3, RateLimited: 3, BrokenStream: 3, Stalled: 2, EmptyAnswer: 2}

# Another model would not help: the request has to change first, or must not be tried elsewhere.
_FINAL = (PromptTooLong, ContentFiltered)


@dataclass(frozen=True, slots=True)
class Step:
    """again: call the same model after so many seconds; next: try the next model; stop: report the error."""

    kind: Literal["again", "next", "stop"]
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Seconds: the first wait doubles each time up to `ceiling`, with up to a quarter added by chance; a provider that
    asks for more than `longest_wait` is given up."""

    first_wait: float = 0.5
    ceiling: float = 8.0
    longest_wait: float = 20.0
    calls: Mapping[type[ModelError], int] = field(default_factory=lambda: _CALLS)

    def step(self, error: ModelError, calls: int, chance: float) -> Step:
        """After the model failed for the `calls`-th time; `chance` is a random number from 0 to 1."""
        if isinstance(error, _FINAL):
            return Step("stop")
        if calls >= self.calls.get(type(error), 1):
            return Step("next")
        wait = min(self.ceiling, self.first_wait * 2 ** (calls - 1)) * (1 + chance / 4)
        asked = error.retry_after if isinstance(error, RateLimited) else None
        if asked is None:
            return Step("again", wait)
        return Step("next") if asked > self.longest_wait else Step("again", max(asked, wait))
