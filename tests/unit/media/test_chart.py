"""The chart of what was used is a picture that shows what it was told."""

from __future__ import annotations

import io
from datetime import date, timedelta
from pathlib import Path

import pytest
from PIL import Image

from bot.domain.usage import NANO, DaySpent, Spent
from bot.errors import FileUnreadable
from bot.media.chart import Charts
from bot.media.labels import dollars, short

ROOT = Path(__file__).parents[3]
TOKENS, COST = (0x6E, 0xA8, 0xFE), (0x63, 0xC9, 0xA0)


def days(tokens: list[int], cost: int = 0) -> list[DaySpent]:
    first = date(2026, 9, 1)
    return [DaySpent(first + timedelta(at), Spent(1, count, cost)) for at, count in enumerate(tokens)]


async def drawn(spent: list[DaySpent]) -> Image.Image:
    picture = Image.open(io.BytesIO(await Charts().usage(spent)))
    picture.load()
    return picture.convert("RGB")


def painted(picture: Image.Image, colour: tuple[int, int, int]) -> float:
    """The part of the picture that has this colour."""
    colours = picture.getcolors(picture.width * picture.height) or []
    return sum(count for count, each in colours if each == colour) / (picture.width * picture.height)


@pytest.fixture(autouse=True)
def path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


async def test_tokens_alone_are_one_panel() -> None:
    picture = await drawn(days([0] * 15 + [100] * 15))
    assert picture.size == (1200, 510)
    assert 0.2 < painted(picture, TOKENS) < 0.35
    assert painted(picture, COST) == 0


async def test_costs_have_a_panel_of_their_own() -> None:
    picture = await drawn(days([100] * 30, NANO // 100))
    assert picture.size == (1200, 1020)
    assert 0.2 < painted(picture, TOKENS) < 0.35
    assert 0.2 < painted(picture, COST) < 0.35


async def test_one_day() -> None:
    assert painted(await drawn(days([7])), TOKENS) > 0.3


async def test_no_day_is_no_chart() -> None:
    with pytest.raises(FileUnreadable):
        await Charts().usage([])


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0"), (950, "950"), (1000, "1k"), (12_500, "12.5k"), (3_000_000, "3M"), (2.5e9, "2.5G")]
)
def test_short_numbers(count: float, said: str) -> None:
    assert short(count) == said


@pytest.mark.parametrize(("amount", "said"), [(0, "$0"), (0.015, "$0.015"), (1.5, "$1.50"), (1234, "$1,234.00")])
def test_dollars(amount: float, said: str) -> None:
    assert dollars(amount) == said
