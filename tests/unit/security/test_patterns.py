"""No regular expression of the program backtracks: whatever somebody writes, the work grows with its length alone."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from tests.unit.security.patterns import MATCHING, SEARCHING, Attack, Found, attacks, in_program

LENGTHS = (20, 200, 800, 4_000)
"""Characters; the shorter ones first, since an exponential pattern would never come back from the longest."""

SOON = 0.005
"""Seconds of work that are not worth a second look; a quadratic pattern takes more than ten times as long."""

STEP, GROWTH = 8, 24
"""A text that is eight times as long takes eight times as long, or 64 times where the work grows with its square."""

TRIES = 2
"""The machine may be busy: the quickest of so many counts."""

PATTERNS = in_program()
CARELESS = (
    r"(a+)+\x00", r"\s*,?\s*\x00", r"!\[([^\]]*)\]\(", r"(`+)(.+?)\1", r"^[ \t]*(~~~).*?^[ \t]*\1[ \t]*$", r"\s*\S+",
)  # fmt: skip


def seconds(pattern: re.Pattern[Any], methods: frozenset[str], text: str) -> float:
    """Of this thread's work."""
    subject: Any = text.encode("latin-1", "replace") if isinstance(pattern.pattern, bytes) else text
    before = time.thread_time()
    if methods & SEARCHING:
        for _ in pattern.finditer(subject):
            pass
    for name in methods & MATCHING:
        getattr(pattern, name)(subject)
    return time.thread_time() - before


def is_slow(pattern: re.Pattern[Any], methods: frozenset[str], attack: Attack) -> bool:
    for length in LENGTHS:
        if seconds(pattern, methods, attack.text(length)) < SOON:
            continue
        long, short = (
            min(seconds(pattern, methods, attack.text(each)) for _ in range(TRIES)) for each in (length, length // STEP)
        )
        if long > max(SOON, GROWTH * short):
            return True
    return False


@pytest.mark.parametrize("found", PATTERNS, ids=lambda found: found.place)
def test_a_pattern_takes_its_time_by_the_length_alone(found: Found) -> None:
    assert [attack for attack in attacks(found.pattern) if is_slow(found.pattern, found.methods, attack)] == []


def test_all_patterns_are_found() -> None:
    assert len(PATTERNS) > 80
    assert sum(len(attacks(found.pattern)) for found in PATTERNS) > 2_000


@pytest.mark.parametrize("source", CARELESS)
def test_a_careless_pattern_would_be_noticed(source: str) -> None:
    pattern = re.compile(source, re.MULTILINE | re.DOTALL)
    assert any(is_slow(pattern, frozenset({"search"}), attack) for attack in attacks(pattern))
