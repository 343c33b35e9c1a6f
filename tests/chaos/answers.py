"""Answers that can be recognized: each word names its question, the model's attempt, and its own number.

So a lost, a doubled, a misplaced word and a mixture of two answers all show in the text itself.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

QUESTION = re.compile(r"Question (\d{3})\?")
_WORD = re.compile(r"q(\d{3})a(\d{2})w(\d{4})")
_MARKS = re.compile(r"`{3,}|\*\*|`")


@dataclass(frozen=True, slots=True)
class Word:
    question: int
    attempt: int
    number: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says: its words in order, and what is left without them and without Markdown's marks."""

    words: tuple[Word, ...]
    rest: str


def question_text(number: int) -> str:
    return f"Question {number:03}?"


def asked_in(text: str) -> int | None:
    """The number of the last question that the text names."""
    found = QUESTION.findall(text)
    return int(found[-1]) if found else None


def answer_text(question: int, attempt: int, count: int) -> str:
    """So many words in paragraphs, some bold, some in blocks of code; the same for each attempt but for its mark."""
    chance = random.Random(question)
    parts: list[str] = []
    at = 1
    while at <= count:
        size = min(count + 1 - at, chance.randint(4, 60))
        words = [f"q{question:03}a{attempt:02}w{number:04}" for number in range(at, at + size)]
        if chance.random() < 0.2:
            parts.append("```\n" + "\n".join(words) + "\n```")
        else:
            bold = chance.randrange(size)
            words[bold] = f"**{words[bold]}**"
            parts.append(" ".join(words))
        at += size
    return "\n\n".join(parts)


def pieces_of(text: str, words: int) -> list[str]:
    """The text in pieces of so many words each, white space included."""
    split = re.findall(r"\S+\s*", text)
    return ["".join(split[start : start + words]) for start in range(0, len(split), words)]


def read(text: str) -> Reading:
    words = tuple(Word(*map(int, found)) for found in _WORD.findall(text))
    return Reading(words, " ".join(_MARKS.sub(" ", _WORD.sub(" ", text)).split()))


def read_all(texts: Sequence[str]) -> Reading:
    readings = [read(text) for text in texts]
    words = tuple(word for reading in readings for word in reading.words)
    return Reading(words, " ".join(reading.rest for reading in readings if reading.rest))
