"""What to do when a model call failed before its first visible character or picture. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import aiohttp
import openai

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

# The same for recordings and speech, whose repetition costs next to nothing, and for pictures, which cost real money.
SOUND_CALLS: Mapping[type[ModelError], int] = {ProviderDown: 3, RateLimited: 3, BrokenStream: 2}
PICTURE_CALLS: Mapping[type[ModelError], int] = {ProviderDown: 3, RateLimited: 3}

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
        asked = error.retry_after
        if asked is None:
            return Step("again", wait)
        return Step("next") if asked > self.longest_wait else Step("again", max(asked, wait))


def surely_unprocessed(error: ModelError) -> bool:
    """Whether the provider cannot have begun: it answered 429 or 503, or was never reached.

    The SDK's transport reports a connection that could not be made and one that broke off as the same time-out, so
    that only aiohttp's own exception behind it tells them apart.
    """
    if isinstance(error, RateLimited):
        return True
    cause = error.__cause__
    if isinstance(cause, openai.APIStatusError):
        return cause.status_code == 503
    while cause is not None and not isinstance(cause, aiohttp.ClientError):
        cause = cause.__cause__
    return isinstance(cause, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
