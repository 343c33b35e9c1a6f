"""What calls cost."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.access.prices import Price, Prices, load_prices
from bot.domain.usage import NANO, Account, Spending, Usage, Work
from bot.errors import SettingsError

NOW = datetime(2026, 11, 21, tzinfo=UTC)
EVERYTHING = Price(input=1000, cached=100, output=5000, image=7, minute=60, characters=9)


def spending(model: str = "p/m", work: Work = "chat", **used: Any) -> Spending:
    return Spending(NOW, Account("telegram:1", "telegram:9:1"), work, model, **used)


def chat(model: str, prompt: int, completion: int, cached: int = 0) -> Spending:
    return spending(model, usage=Usage(prompt, completion, cached))


def cost(price: Price, **used: Any) -> int | None:
    return Prices([("p/m", price)]).cost(spending(**used))


def test_a_known_model() -> None:
    prices = load_prices({})
    # 500 tokens at $0.10, 500 cached ones at $0.01 and 100 at $0.50 for a million.
    assert prices.cost(chat("openai/gpt-6-luna", 1000, 100, 500)) == 50_000 + 5_000 + 50_000
    assert prices.cost(spending("openai/gpt-transcribe", "transcription", seconds=90.0)) == 6_750_000
    assert prices.cost(spending("openai/tts-1", "speech", characters=1000)) == 15_000_000


@pytest.mark.parametrize(
    "model",
    [
        "openai/gpt-6-luna-next",
        "openai/gpt-4o-2024-05-13",
        "mine/gpt-4o",
        "openrouter/openai/gpt-4o",
        "deepseek/deepseek-chat",
        "ollama/llama3",
    ],
)
def test_what_is_not_known_is_not_guessed(model: str) -> None:
    assert load_prices({}).cost(chat(model, 1000, 1000)) is None


def test_a_prompt_beyond_the_price() -> None:
    prices = load_prices({})
    assert prices.cost(chat("openai/gpt-6-luna", 272_000, 0)) == 27_200_000
    assert prices.cost(chat("openai/gpt-6-luna", 272_001, 0)) is None


@pytest.mark.parametrize(
    ("model", "work"),
    [
        ("demo/echo", "chat"),
        ("demo/picture", "image"),
        ("demo/hearing", "transcription"),
        ("demo/voice", "speech"),
        ("demo/judge", "moderation"),
        ("openai/omni-moderation-latest", "moderation"),
        ("openrouter/meta-llama/llama-3.2-3b-instruct:free", "chat"),
        ("openrouter/openrouter/free", "summary"),
    ],
)
def test_what_is_free_costs_nothing_however_much_it_was(model: str, work: Work) -> None:
    prices = load_prices({})
    assert prices.cost(spending(model, work)) == 0
    assert prices.cost(spending(model, work, usage=Usage(5, 5), images=2, seconds=3.0, characters=4)) == 0


def test_an_unknown_amount_has_an_unknown_cost() -> None:
    works: tuple[Work, ...] = ("chat", "summary", "image", "transcription", "speech", "moderation")
    assert {cost(EVERYTHING, work=work) for work in works} == {None}


def test_a_price_without_what_was_used() -> None:
    tokens = Price(input=1, output=1)
    assert cost(tokens, work="image", images=1) is None
    assert cost(tokens, work="transcription", seconds=1.0) is None
    assert cost(tokens, work="speech", characters=1) is None
    assert cost(Price(image=1), usage=Usage(1, 1)) is None


def test_cached_tokens_are_part_of_the_prompt() -> None:
    million = 1_000_000
    assert cost(EVERYTHING, usage=Usage(2 * million, million, million)) == 1000 + 100 + 5000
    assert cost(Price(input=1000, output=5000), usage=Usage(2 * million, million, million)) == 2000 + 5000
    assert cost(EVERYTHING, usage=Usage(million, 0, 2 * million)) == 100


def test_tokens_that_were_written_to_the_cache_have_a_price_of_their_own() -> None:
    million = 1_000_000
    usage = Usage(4 * million, million, cached_tokens=million, written_tokens=2 * million)
    assert cost(Price(input=1000, cached=100, written=1250, output=5000), usage=usage) == 100 + 2 * 1250 + 1000 + 5000
    assert cost(EVERYTHING, usage=usage) == 100 + 3 * 1000 + 5000
    assert cost(Price(input=0, written=1, output=0), usage=Usage()) is None
    written = replace(usage, written_tokens=9 * million)
    assert cost(Price(input=1000, written=1250, output=0), usage=written) == 1000 + 3 * 1250


def test_pictures_are_paid_for_by_their_tokens_where_they_have_no_price_of_their_own() -> None:
    prices = load_prices({})
    usage = Usage(1010, 1056, image_tokens=1000)
    # 10 tokens of text at $5, 1,000 of a picture at $8 and 1,056 that were painted at $30 for a million.
    picture = spending("openai/gpt-image-2", "image", images=1, usage=usage)
    assert prices.cost(picture) == 50_000 + 8_000_000 + 31_680_000
    assert prices.cost(spending("openai/gpt-image-2", "image", images=1)) is None
    assert cost(EVERYTHING, work="image", images=2, usage=usage) == 14


def test_costs_are_rounded_to_the_nearest() -> None:
    assert [cost(Price(input=1, output=0), usage=Usage(n)) for n in (499_999, 500_000, 1_499_999)] == [0, 1, 1]


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.floats(0, 10_000), st.floats(0, 10_000))
def test_costs_are_exact(prompt: int, completion: int, given_input: float, given_output: float) -> None:
    prices = load_prices({"p/m": {"input": given_input, "output": given_output}})
    found = prices.cost(chat("p/m", prompt, completion))
    if prompt == completion == 0:
        assert found == (None if round(given_input * NANO) or round(given_output * NANO) else 0)
        return
    exact = (prompt * Fraction(str(given_input)) + completion * Fraction(str(given_output))) * NANO / 10**6
    assert found is not None
    # Prices have nine decimals.
    assert abs(found - exact) <= Fraction(1, 2) + Fraction(prompt + completion, 2 * 10**6)


def test_the_setting_comes_first_and_may_be_a_pattern() -> None:
    prices = load_prices({"openai/gpt-6*": {"input": 1, "output": 2}, "Mine": {"image": 0.5}})
    assert prices.cost(chat("openai/gpt-6-luna", 1_000_000, 0)) == NANO
    assert prices.cost(chat("openai/gpt-5", 1_000_000, 0)) == 1_250_000_000
    assert prices.cost(spending("x/y/mine", "image", images=2)) == NANO


def test_a_providers_name_at_another_address() -> None:
    prices = load_prices({"openai/gpt-5": {"input": 3, "output": 3}}, elsewhere=["openai"])
    assert prices.cost(chat("openai/gpt-6-luna", 1, 1)) is None
    assert prices.cost(chat("openai/gpt-5", 1_000_000, 0)) == 3 * NANO
    assert prices.cost(chat("groq/openai/gpt-oss-120b", 1_000_000, 0)) == 150_000_000


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"inptu": 1.0}, "'inptu' is none of input, cached, written, image_input, output, image, minute, characters"),
        ({"input": -0.5, "output": 1.0}, "input must be a number from 0 on"),
        ({"image": math.nan}, "image must be"),
        ({"image": math.inf}, "image must be"),
        ({"input": 1.0}, "input and output belong together"),
    ],
)
def test_a_wrong_setting(values: dict[str, float], problem: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(f"PRICES: mine/m: {problem}")):
        load_prices({"mine/m": values})
