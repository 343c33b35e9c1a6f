"""Sampling parameters one by one: their ranges, how people write them, and how they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

STOP = "stop"
MOST_STOPS = 4
"""OpenAI's limit for stop sequences ("Create chat completion")."""

LONGEST_STOP = 100
_BETWEEN = "|"

Value = float | int | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """What a number may be; `whole` ones have no fraction."""

    minimum: float
    maximum: float
    whole: bool = False


# The ranges that OpenAI documents ("Create chat completion"). Some models take less; their providers say so. No model
# writes as many tokens as the last number.
RANGES = MappingProxyType(
    {
        "temperature": Range(0, 2),
        "top_p": Range(0, 1),
        "max_tokens": Range(1, 1_000_000, whole=True),
        "presence_penalty": Range(-2, 2),
        "frequency_penalty": Range(-2, 2),
    }
)

PARAMETERS = (*RANGES, STOP)


def read(name: str, text: str) -> Value | None:
    """The value of a parameter as somebody wrote it; None when it takes no such value."""
    return _stops(text) if name == STOP else _number(RANGES[name], text)


def written(value: Value) -> str:
    """A value as it is stored and read again."""
    if isinstance(value, tuple):
        return _BETWEEN.join(value)
    return str(value) if isinstance(value, int) else f"{value:g}"


def single(chosen: Mapping[str, str]) -> dict[str, Any]:
    """The parameters among these preferences, as fields of `Sampling`; what cannot be read is left out."""
    values = {name: read(name, chosen[name]) for name in PARAMETERS if name in chosen}
    return {name: value for name, value in values.items() if value is not None}


def _number(range_: Range, text: str) -> float | int | None:
    try:
        number = int(text) if range_.whole else float(text.replace(",", "."))
    except ValueError:
        return None
    return number if range_.minimum <= number <= range_.maximum else None


def _stops(text: str) -> tuple[str, ...] | None:
    stops = tuple(dict.fromkeys(stop.strip() for stop in text.split(_BETWEEN) if stop.strip()))
    fits = 1 <= len(stops) <= MOST_STOPS and all(len(stop) <= LONGEST_STOP for stop in stops)
    return stops if fits else None
