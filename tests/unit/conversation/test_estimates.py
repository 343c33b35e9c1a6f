"""Estimates of tokens: what they learn from the providers' counts, and from what they refuse."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.estimates import (
    LEAST,
    MESSAGE_TOKENS,
    MOST,
    PICTURE_TOKENS,
    REPLY_SHARE,
    Estimates,
)
from bot.domain.prompts import ChatRequest, ImagePart, PromptMessage, TextPart, Tool, ToolCall
from bot.errors import PromptTooLong

MODEL = "acme/large"
PICTURE = PromptMessage("user", (TextPart("text", "abcde"), ImagePart("image", "data:image/png;base64,AA==")))
TOOL = Tool("brush", "Paints.", {"type": "object"})


def request(*sizes: int) -> ChatRequest:
    return ChatRequest(MODEL, tuple(PromptMessage("user", "x" * size) for size in sizes))


def counted(asked: ChatRequest, factor: float) -> int:
    """What a provider counts whose tokens are `factor` of ours."""
    words = sum(len(str(each.content)) for each in asked.messages)
    return round(words * factor) + MESSAGE_TOKENS * len(asked.messages)


def error(tokens: int | None = None, limit: int | None = None) -> PromptTooLong:
    return PromptTooLong(MODEL, "too long", tokens, limit)


def test_to_begin_with_the_cheap_estimate_holds() -> None:
    estimates = Estimates(len)
    assert estimates.of(MODEL)("x" * 100) == 100
    assert estimates.request(request(10, 20)) == 30 + 2 * MESSAGE_TOKENS
    assert estimates.limit(MODEL) is None


def test_a_request_counts_with_its_pictures_and_tools() -> None:
    call = PromptMessage("assistant", "ab", calls=(ToolCall("1", "brush", "{}"),))
    asked = ChatRequest(MODEL, (PICTURE, call), tools=(TOOL,))
    said = len("abcde") + len("ab") + len("brush{}") + len('["brush", "Paints.", {"type": "object"}]')
    assert Estimates(len).request(asked) == said + 2 * MESSAGE_TOKENS + PICTURE_TOKENS


@pytest.mark.parametrize("factor", [0.7, 1.0, 1.4, 4.5])
def test_it_comes_to_what_the_provider_counts(factor: float) -> None:
    estimates, chance = Estimates(len), random.Random(1)
    for _ in range(25):
        asked = request(*(chance.randrange(20, 2000) for _ in range(chance.randrange(1, 8))))
        estimates.saw(MODEL, asked, round(counted(asked, factor) * chance.uniform(0.95, 1.05)))

    assert estimates.request(asked) == pytest.approx(counted(asked, factor), rel=0.05)
    assert estimates.of("acme/other")("x" * 100) == 100


def test_one_strange_count_moves_little() -> None:
    estimates = Estimates(len)
    for _ in range(20):
        estimates.saw(MODEL, request(2000), counted(request(2000), 1.2))
    for strange in (10**9, 1):
        estimates.saw(MODEL, request(100_000), strange)
        assert estimates.of(MODEL)("x" * 1000) == pytest.approx(1200, rel=0.15)


@pytest.mark.parametrize(
    "asked",
    [
        ChatRequest(MODEL, (PICTURE,)),
        ChatRequest(MODEL, request(100).messages, tools=(TOOL,)),
        ChatRequest(MODEL, (PromptMessage("assistant", "", calls=(ToolCall("1", "brush", "{}"),)),)),
    ],
)
def test_pictures_and_tools_teach_nothing(asked: ChatRequest) -> None:
    estimates = Estimates(len)
    estimates.saw(MODEL, asked, 100_000)
    estimates.refused(asked, error(100_000))
    assert estimates.of(MODEL)("x" * 100) == 100


def test_a_provider_that_counts_nothing_teaches_nothing() -> None:
    estimates = Estimates(len)
    estimates.saw(MODEL, request(100), 0)
    assert estimates.of(MODEL)("x" * 100) == 100


def test_a_refusal_is_believed_at_once() -> None:
    estimates = Estimates(len)
    estimates.refused(request(5000), error(10_240, 8192))
    assert estimates.request(request(5000)) == pytest.approx(10_240, abs=2)
    assert estimates.limit(MODEL) == int(8192 * (1 - REPLY_SHARE))
    assert estimates.limit("acme/other") is None


def test_what_did_not_fit_was_longer_than_the_limit() -> None:
    estimates = Estimates(len)
    estimates.refused(request(5000), error(None, 8192))
    assert estimates.request(request(5000)) == pytest.approx(8192, abs=2)


def test_a_refusal_makes_no_estimate_smaller() -> None:
    estimates = Estimates(len)
    estimates.refused(request(20_000), error(10_240, 8192))
    estimates.refused(request(20_000), error())
    assert estimates.of(MODEL)("x" * 100) == 100
    assert estimates.limit(MODEL) == int(8192 * (1 - REPLY_SHARE))


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(-1, 10**12), st.booleans()), max_size=30))
def test_whatever_is_reported_the_factor_keeps_its_bounds(reports: list[tuple[int, int, bool]]) -> None:
    estimates = Estimates(lambda text: len(text) + 1)
    for size, tokens, refused in reports:
        if refused:
            estimates.refused(request(size), error(tokens, tokens))
        else:
            estimates.saw(MODEL, request(size), tokens)
    assert LEAST * 1000 <= estimates.of(MODEL)("x" * 999) <= MOST * 1000
