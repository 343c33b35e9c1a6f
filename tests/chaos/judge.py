"""What must be true of a chat once everything has settled: a pure function over what people see and what is stored.

Every question has one answer or one clear sentence, in the order of the questions; every answer on screen is the one
that is stored; nothing offers Stop any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bot.replies import notices
from bot.replies.notices import Notice
from tests.chaos.answers import Reading, Word, asked_in, read, read_all

Excuse = Literal["model", "restart", "storage"]
"""What may have kept a question from its whole answer."""

SENTENCES: Mapping[Excuse, tuple[Notice, ...]] = {
    "model": (
        notices.PROVIDER_DOWN,
        notices.RATE_LIMITED,
        notices.RATE_LIMITED_FOR,
        notices.BROKEN_STREAM,
        notices.STALLED,
        notices.EMPTY_ANSWER,
    ),
    "restart": (notices.INTERRUPTED, notices.INTERRUPTED_ALONE),
    "storage": (notices.MESSAGE_FAILED, notices.UNKNOWN_FAILURE),
}
STATES: Mapping[str, tuple[Excuse, ...]] = {
    "complete": (),
    "failed": ("model", "storage"),
    "incomplete": ("restart",),
    "stopped": (),
}
"""The states of stored answers, and what the sentence below such an answer may be about."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question; `words` is how long its whole answer is, `excuses` is what went wrong around it.

    `kept`: of the model's attempts that a restart broke off, how many words must not be lost. `unheard`: the bot may
    never have been told of it. `unkept`: the process died when it could not write to its database, so that it may have
    been forgotten, or answered by the next process once more.
    """

    number: int
    message_id: str
    words: int
    excuses: frozenset[Excuse] = frozenset()
    kept: Mapping[int, int] = field(default_factory=dict, hash=False)
    unheard: bool = False
    unkept: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """A message of the bot. `unsure`: it may be one of which the bot never learned that it was sent."""

    message_id: str
    text: str
    buttons: tuple[str, ...] = ()
    reply_to: str | None = None
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """The stored answer to a question."""

    question: str
    text: str
    state: str
    message_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """A chat at the end. `stored` is None while it is not looked at. `replies`: answers name their question."""

    name: str
    asked: tuple[Asked, ...]
    seen: tuple[Seen, ...]
    stored: tuple[Stored, ...] | None = None
    replies: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """Messages that belong together: an answer, or a sentence alone."""

    messages: tuple[Seen, ...]
    question: int | None

    @property
    def reading(self) -> Reading:
        return read_all([message.text for message in self.messages])

    @property
    def closed(self) -> bool:
        return _closes(self.messages[-1])


@dataclass(slots=True)
class Verdict:
    """`outcomes` tells for each question how it ended: "whole", or the excuse behind its sentence."""

    violations: list[str] = field(default_factory=list)
    outcomes: dict[int, str] = field(default_factory=dict)
    repeats: int = 0


def judge(record: Record) -> Verdict:
    verdict = Verdict()
    unkept = {asked.number for asked in record.asked if asked.unkept}
    strays = [message for message in record.seen if message.unsure or _left_behind(message, record.seen, unkept)]
    known = [message for message in record.seen if message not in strays]
    verdict.repeats = len(strays)
    numbers = {asked.number for asked in record.asked}
    for message in strays:
        verdict.violations += _stray_problems(message, numbers)
    for message in known:
        if "Stop" in message.buttons:
            verdict.violations.append(f"message {message.message_id} still offers Stop")
    items = items_of(known)
    if isinstance(_paired(record.asked, items), list):
        items = _last_only(items, unkept, verdict)
    pairs = _paired(record.asked, items)
    if isinstance(pairs, list):
        told = {item.question for item in items}
        heard = [asked for asked in record.asked if not (asked.unheard or asked.unkept) or asked.number in told]
        without = _paired(heard, items)
        if not isinstance(without, list):
            missed = [asked for asked in record.asked if asked not in heard]
            verdict.outcomes |= {each.number: "not told of" if each.unheard else "not kept" for each in missed}
            pairs = without
    if isinstance(pairs, list):
        verdict.violations += pairs
    else:
        for asked, item in pairs.items():
            verdict.violations += _item_problems(record, asked, item, verdict)
    verdict.violations = [f"{record.name}: {violation}" for violation in verdict.violations]
    return verdict


def _left_behind(message: Seen, seen: Sequence[Seen], unkept: set[int]) -> bool:
    """Whether it is the end of an answer as far as a process showed it that could not write that down before it died;
    the next one knew less of it, and ended that."""
    question = question_of(message)
    others = [each for each in seen if each is not message and question_of(each) == question]
    return question in unkept and "Stop" in message.buttons and any(_closes(each) for each in others)


def question_of(message: Seen) -> int | None:
    words = read(message.text).words
    return words[0].question if words else None


def _closes(message: Seen) -> bool:
    return any(label != "Stop" for label in message.buttons)


def _last_only(items: Sequence[Item], unkept: set[int], verdict: Verdict) -> list[Item]:
    """The answers to these questions without those that were given before, which count as repeated."""
    last: dict[int | None, int] = {item.question: index for index, item in enumerate(items) if item.question in unkept}
    left = [item for index, item in enumerate(items) if last.get(item.question, index) == index]
    verdict.repeats += len(items) - len(left)
    return left


def items_of(messages: Iterable[Seen]) -> list[Item]:
    """What belongs together: words of one question, and a sentence behind them unless they have ended before."""
    items: list[Item] = []
    for message in messages:
        question = question_of(message)
        last = items[-1] if items else None
        goes_on = last is not None and last.question is not None and question in (None, last.question)
        if last is not None and goes_on and not last.closed:
            items[-1] = Item((*last.messages, message), last.question)
        else:
            items.append(Item((message,), question))
    return items


def _paired(asked: Sequence[Asked], items: Sequence[Item]) -> dict[Asked, Item] | list[str]:
    """Which item answers which question, in order; or what is wrong with that."""
    numbers = [question.number for question in asked]
    told = [item.question for item in items]
    if len(items) == len(asked) and all(item in (None, number) for item, number in zip(told, numbers, strict=True)):
        return dict(zip(asked, items, strict=True))
    answered = [number for number in told if number is not None]
    problems = [f"question {number:03} was answered {answered.count(number)} times" for number in _doubled(answered)]
    problems += [f"an answer to question {number:03}, which nobody asked here" for number in set(answered) - {*numbers}]
    once = list(dict.fromkeys(answered))
    if once != [number for number in numbers if number in once]:
        problems.append(f"answered in the order {once}, asked in the order {numbers}")
    missing = [number for number in numbers if number not in answered]
    sentences = [item.messages[0].text for item in items if item.question is None]
    if len(missing) > len(sentences):
        problems.append(f"no answer to question {', '.join(f'{number:03}' for number in missing)}")
    if len(missing) < len(sentences) or not problems:
        problems.append(f"{len(sentences)} sentences for {len(missing)} questions without an answer: {sentences}")
    return problems


def _doubled(numbers: Sequence[int]) -> list[int]:
    return sorted({number for number in numbers if numbers.count(number) > 1})


def _item_problems(record: Record, asked: Asked, item: Item, verdict: Verdict) -> list[str]:
    name = f"question {asked.number:03}"
    reading = item.reading
    problems = _word_problems(asked, reading.words)
    excuse = excuse_of(reading.rest)
    if reading.rest and excuse is None:
        problems.append(f"unknown words: {reading.rest!r}")
    elif excuse is not None and excuse not in asked.excuses:
        problems.append(f"nothing excuses {reading.rest!r}")
    elif excuse is None and len(reading.words) < asked.words:
        problems.append(f"ends after word {len(reading.words)} of {asked.words} without a sentence")
    verdict.outcomes[asked.number] = excuse or "whole"
    if excuse == "restart":
        attempt = reading.words[0].attempt if reading.words else max(asked.kept, default=0)
        if len(reading.words) < (kept := asked.kept.get(attempt, 0)):
            problems.append(f"{len(reading.words)} words are left of {kept} that the model wrote long before")
    if record.replies and item.messages[0].reply_to != asked.message_id and "Retry" in item.messages[-1].buttons:
        problems.append(f"replies to {item.messages[0].reply_to}, not to {asked.message_id}")
    if record.stored is not None:
        problems += _storage_problems(record.stored, asked, item, excuse)
    return [f"{name}: {problem}" for problem in problems]


def _word_problems(asked: Asked, words: Sequence[Word]) -> list[str]:
    if {word.question for word in words} - {asked.number}:
        return [f"mixed with others: {sorted({word.question for word in words})}"]
    if len({word.attempt for word in words}) > 1:
        return [f"mixed of attempts {sorted({word.attempt for word in words})}"]
    numbers = [word.number for word in words]
    wanted = list(range(1, len(words) + 1))
    if numbers != wanted:
        at = next(index for index, pair in enumerate(zip(numbers, wanted, strict=True)) if pair[0] != pair[1])
        return [f"after word {at} come {numbers[at : at + 4]}"]
    return [f"has {len(words)} words, not {asked.words}"] if len(words) > asked.words else []


def _storage_problems(stored: Sequence[Stored], asked: Asked, item: Item, excuse: Excuse | None) -> list[str]:
    found = [answer for answer in stored if asked_in(answer.question) == asked.number]
    if not found:
        # What fails before there is a row has a sentence and nothing else.
        return [] if excuse == "storage" and not item.reading.words else ["no answer is stored"]
    if len(found) > 1:
        return [f"{len(found)} answers are stored"]
    (answer,) = found
    shown = item.reading.words
    problems = []
    if read(answer.text).words != shown:
        problems.append(f"{len(read(answer.text).words)} words are stored, {len(shown)} are shown")
    if (excuse is None) != (answer.state == "complete") or (excuse and excuse not in STATES.get(answer.state, ())):
        problems.append(f"stored as {answer.state}, but shown with {item.reading.rest!r}")
    ids = tuple(message.message_id for message in item.messages)
    if answer.message_ids != ids:
        problems.append(f"stored as messages {answer.message_ids}, shown in {ids}")
    return problems


def _stray_problems(message: Seen, numbers: set[int]) -> list[str]:
    """A message that stands there because of an ambiguous send shows a part of an answer that belongs here."""
    reading = read(message.text)
    questions = {word.question for word in reading.words}
    attempts = {word.attempt for word in reading.words}
    counted = [word.number for word in reading.words]
    in_order = counted == list(range(counted[0], counted[0] + len(counted))) if counted else True
    known = not reading.rest or excuse_of(reading.rest) is not None
    if questions <= numbers and len(questions) <= 1 and len(attempts) <= 1 and in_order and known:
        return []
    return [f"message {message.message_id}, sent twice perhaps, shows {message.text[:80]!r}"]


def excuse_of(rest: str) -> Excuse | None:
    """What a sentence of the bot's is about; None for one that is not known."""
    return next((excuse for excuse, pattern in _PATTERNS if pattern.fullmatch(rest)), None)


def _pattern(sentences: Iterable[Notice]) -> re.Pattern[str]:
    forms = (re.sub(r"\\\{\w+\\\}", ".{1,100}?", re.escape(sentence.text)) for sentence in sentences)
    return re.compile("|".join(forms))


_PATTERNS = tuple((excuse, _pattern(sentences)) for excuse, sentences in SENTENCES.items())
