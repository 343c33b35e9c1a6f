"""What model calls cost, where that is known. Whole numbers throughout: a sum of a million calls is exact."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from bot.domain.usage import NANO, Spending, Usage
from bot.errors import SettingsError

_SHIPPED = Path(__file__).with_name("prices.toml")
_MILLION = 1_000_000
_EXAMPLE = '{"mine/my-model": {"input": 0.5, "output": 1.5}}'


@dataclass(frozen=True, slots=True)
class Price:
    """Nano-dollars for a million tokens (`input`, `cached`, `written`, `image_input`, `output`), an `image`, a `minute`
    of sound that is heard, and a million `characters` that are spoken. None is not known; input that the provider had
    `cached`, or has `written` to its cache, and pictures in it cost what other input does where nothing else is said.

    `up_to`: a prompt of more tokens has another price, which is not known.
    """

    input: int | None = None
    cached: int | None = None
    written: int | None = None
    image_input: int | None = None
    output: int | None = None
    image: int | None = None
    minute: int | None = None
    characters: int | None = None
    up_to: int | None = None


class Prices:
    """The first pattern that matches counts; one without a slash is for the name behind the model's last slash."""

    def __init__(self, table: Iterable[tuple[str, Price]]) -> None:
        self._table = tuple((pattern.lower(), price) for pattern, price in table)

    def cost(self, spending: Spending) -> int | None:
        """Nano-dollars, rounded to the nearest; None where the price, or how much was used, is not known.

        How much was used counts as unknown when it is nothing; what is free costs nothing all the same.
        """
        price = self._find(spending.model)
        if price is None:
            return None
        match spending.work:
            case "chat" | "summary" | "moderation":
                return _for_tokens(price, spending.usage)
            case "image" if price.image is None:
                return _for_tokens(price, spending.usage)
            case "image":
                return _for(spending.images, price.image)
            case "transcription":
                return _for(round(spending.seconds * 1000), price.minute, 60_000)
            case "speech":
                return _for(spending.characters, price.characters, _MILLION)

    def _find(self, model: str) -> Price | None:
        full = model.lower()
        bare = full.rpartition("/")[2]
        found = (price for pattern, price in self._table if fnmatchcase(full if "/" in pattern else bare, pattern))
        return next(found, None)


def load_prices(more: Mapping[str, Mapping[str, float]], elsewhere: Collection[str] = ()) -> Prices:
    """The prices that ship, behind those of the setting PRICES, by name or pattern. Raises SettingsError.

    `elsewhere` are providers whose name is used for another address: what ships does not hold there.
    """
    shipped = tomllib.loads(_SHIPPED.read_text(), parse_float=Decimal)
    here = {name: values for name, values in shipped.items() if name.partition("/")[0] not in elsewhere}
    return Prices([*_read(more), *_read(here)])


def _read(table: Mapping[str, Mapping[str, Any]]) -> Iterable[tuple[str, Price]]:
    for name, values in table.items():
        yield name, _price(name, values)


def _price(name: str, values: Mapping[str, Any]) -> Price:
    known = [field.name for field in fields(Price)]
    for key, value in values.items():
        if key not in known:
            raise SettingsError("PRICES", f"{name}: {key!r} is none of {', '.join(known)}.", _EXAMPLE)
        if not 0 <= value < float("inf"):
            raise SettingsError("PRICES", f"{name}: {key} must be a number from 0 on.", _EXAMPLE)
    if ("input" in values) != ("output" in values):
        raise SettingsError("PRICES", f"{name}: input and output belong together.", _EXAMPLE)
    return Price(**{key: int(value) if key == "up_to" else _nano(value) for key, value in values.items()})


def _nano(dollars: float | Decimal) -> int:
    """The number as it is written, not the binary one beside it."""
    return round(Decimal(str(dollars)) * NANO)


def _for_tokens(price: Price, usage: Usage) -> int | None:
    if price.input is None or price.output is None:
        return None
    # Where more is reported as part of the prompt than there is, what comes first counts.
    left, parts = usage.prompt_tokens, 0
    for tokens, own in (
        (usage.cached_tokens, price.cached),
        (usage.written_tokens, price.written),
        (usage.image_tokens, price.image_input),
    ):
        part = min(tokens, left)
        parts += part * (price.input if own is None else own)
        left -= part
    if not usage.prompt_tokens and not usage.completion_tokens:
        return None if any((price.input, price.cached, price.written, price.image_input, price.output)) else 0
    if price.up_to is not None and usage.prompt_tokens > price.up_to:
        return None
    return _rounded(parts + left * price.input + usage.completion_tokens * price.output, _MILLION)


def _for(amount: int, price: int | None, unit: int = 1) -> int | None:
    """`price` is for `unit`."""
    if price is None or (price and not amount):
        return None
    return _rounded(amount * price, unit)


def _rounded(dividend: int, divisor: int) -> int:
    return (dividend + divisor // 2) // divisor
