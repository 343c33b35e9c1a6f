"""When a model is called again, and when the next one is tried."""

from __future__ import annotations

import pytest

from bot.errors import (
    BrokenStream,
    ContentFiltered,
    EmptyAnswer,
    FormatRefused,
    KeyRefused,
    ModelError,
    NotConfigured,
    OutOfQuota,
    PromptTooLong,
    ProviderDown,
    RateLimited,
    RequestRefused,
    Stalled,
    UnknownModel,
)
from bot.llm.retry import RetryPolicy, Step

POLICY = RetryPolicy()
NEXT, STOP = Step("next"), Step("stop")


@pytest.mark.parametrize(
    ("error", "steps"),
    [
        (ProviderDown, [Step("again", 0.5), Step("again", 1.0), NEXT]),
        (RateLimited, [Step("again", 0.5), Step("again", 1.0), NEXT]),
        (BrokenStream, [Step("again", 0.5), Step("again", 1.0), NEXT]),
        (Stalled, [Step("again", 0.5), NEXT]),
        (EmptyAnswer, [Step("again", 0.5), NEXT]),
        (OutOfQuota, [NEXT]),
        (KeyRefused, [NEXT]),
        (UnknownModel, [NEXT]),
        (NotConfigured, [NEXT]),
        (RequestRefused, [NEXT]),
        (FormatRefused, [NEXT]),
        (PromptTooLong, [STOP]),
        (ContentFiltered, [STOP]),
    ],
)
def test_steps(error: type[ModelError], steps: list[Step]) -> None:
    assert [POLICY.step(error("a/b"), calls, chance=0) for calls in range(1, len(steps) + 1)] == steps


@pytest.mark.parametrize(
    ("asked", "step"),
    [(0.0, Step("again", 0.5)), (7.0, Step("again", 7.0)), (20.0, Step("again", 20.0)), (20.1, NEXT), (3600.0, NEXT)],
)
def test_a_pause_that_the_provider_asks_for(asked: float, step: Step) -> None:
    assert POLICY.step(RateLimited("a/b", retry_after=asked), 1, chance=0) == step


def test_waits_are_spread_and_bounded() -> None:
    policy = RetryPolicy(calls={ProviderDown: 99})
    assert policy.step(ProviderDown("a/b"), 1, chance=1) == Step("again", 0.625)
    assert policy.step(ProviderDown("a/b"), 50, chance=0) == Step("again", 8.0)
