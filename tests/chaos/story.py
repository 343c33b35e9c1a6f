"""A story as data: who asks what when, what goes wrong when, and when the process dies. The seed decides all of it.

Times are seconds on the loop's clock, counted from when the bot is up for the first time.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tests.fakes.faults import FaultKind

Seat = Literal["telegram private", "telegram group", "telegram topic", "discord channel", "discord private"]
TroubleKind = Literal["rate limited", "unavailable", "cut", "stalled", "page", "broken", "short"]
Call = Literal["send", "edit", "typing", "poll"]
Deed = Literal["kill", "terminate", "freeze", "jump", "lock", "full", "cut", "drop", "lose", "outage"]

CHATS: tuple[tuple[Seat, int], ...] = (
    ("telegram private", 6),
    ("telegram group", 3),
    ("telegram topic", 3),
    ("discord channel", 4),
    ("discord private", 4),
)
"""How many chats of each kind a story has: 20 in all. Topics lie in the groups, and share their pace."""

LENGTH = 20.0
"""Seconds in which questions are asked and things go wrong; most answers end later."""

ANYWHERE: tuple[FaultKind, ...] = ("status", "flood", "drop_before", "garbage", "stall_before")
AFTER_EFFECT: tuple[FaultKind, ...] = ("drop_after", "stall_after")


@dataclass(frozen=True, slots=True)
class Trouble:
    """What the model does instead of one answer, after so many of its pieces."""

    kind: TroubleKind
    after: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """`number` counts over all chats in the order of `at`. The first attempts at an answer meet the `troubles`.

    `greets`: it is asked and answered before anything else begins.
    """

    number: int
    chat: int
    at: float
    words: int
    pace: float
    troubles: tuple[Trouble, ...] = ()
    greets: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """A call to a platform that goes wrong; `chat` is nobody's for the polls of Telegram."""

    at: float
    call: Call
    kind: FaultKind
    chat: int | None = None
    skip: int = 0
    times: int = 1
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Act:
    """Something that happens to the process, its database, its clock or its gateway.

    `seconds` is how long it lasts: until the next start after a `kill` or `terminate`, how far the wall clock jumps.
    `waits`: the story goes on only when the bot is up again, else people ask and things go wrong while it starts.
    """

    at: float
    deed: Deed
    seconds: float = 0.0
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    seed: int
    seats: tuple[Seat, ...]
    questions: tuple[Question, ...]
    faults: tuple[Fault, ...]
    acts: tuple[Act, ...]

    @property
    def deaths(self) -> int:
        return sum(act.deed in ("kill", "terminate") for act in self.acts)

    def has(self, *deeds: Deed) -> bool:
        return any(act.deed in deeds for act in self.acts)


@dataclass(frozen=True, slots=True)
class Plot:
    """What a generated story may contain. `deaths`: the most of them; `kills_only`: that many, all by `kill -9`, and
    nothing else goes wrong. `server`: the database is a server's, which may lose connections; else it is a file, which
    may be locked or full."""

    deaths: int = 2
    kills_only: bool = False
    server: bool = False


MIXED = Plot()
CALM = Plot(deaths=0)
KILLS = Plot(deaths=4, kills_only=True)
SERVED = Plot(server=True)


def written(seed: int, plot: Plot) -> Story:
    """The story of this seed."""
    chance = random.Random(seed)
    seats = tuple(seat for seat, count in CHATS for _ in range(count))
    questions = _numbered(_greetings(seed, seats, plot), _questions(chance, seats, troubled=not plot.kills_only))
    faults = () if plot.kills_only else tuple(_faults(chance, seats))
    acts = [*_deaths(chance, plot), *(() if plot.kills_only else _disturbances(chance, plot))]
    return Story(seed, seats, questions, faults, tuple(sorted(acts, key=lambda act: act.at)))


def _greetings(seed: int, seats: Sequence[Seat], plot: Plot) -> Iterator[Question]:
    """Discord repeats nothing, and a bot that was away asks for what was said only where it has talked before. So it
    does in most places; in the others it may never be told of the first question. Not so where it is only killed: there
    nothing may be missing."""
    chance = random.Random(f"greetings {seed}")
    for chat, seat in enumerate(seats):
        if seat.startswith("discord") and (plot.kills_only or chance.random() < 0.75):
            yield Question(0, chat, 0.0, chance.randint(1, 5), 0.02, greets=True)


def _numbered(greetings: Iterator[Question], questions: Sequence[Question]) -> tuple[Question, ...]:
    return tuple(replace(question, number=number) for number, question in enumerate((*greetings, *questions), 1))


def _questions(chance: random.Random, seats: Sequence[Seat], *, troubled: bool) -> Sequence[Question]:
    drafts = []
    for chat, seat in enumerate(seats):
        for _ in range(chance.choice((1, 1, 2, 3)) if seat.endswith("private") else chance.choice((1, 1, 2))):
            long = chance.random() < 0.12
            words = chance.randint(180, 420) if long else chance.randint(3, 70)
            draft = Question(0, chat, chance.uniform(0, LENGTH * 0.7), words, chance.uniform(0.02, 0.12))
            drafts.append(replace(draft, troubles=_troubles(chance, words) if troubled else ()))
    return sorted(drafts, key=lambda draft: draft.at)


def _troubles(chance: random.Random, words: int) -> tuple[Trouble, ...]:
    """Mostly none; one is usually got over, several are not."""
    if chance.random() < 0.75:
        return ()
    kinds: tuple[TroubleKind, ...] = ("rate limited", "unavailable", "cut", "page", "broken", "short")
    made = []
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        kind: TroubleKind = "stalled" if chance.random() < 0.02 else chance.choice(kinds)
        made.append(Trouble(kind, chance.choice((0, 0, chance.randint(1, words)))))
    return tuple(made)


def _faults(chance: random.Random, seats: Sequence[Seat]) -> Iterator[Fault]:
    for chat, seat in enumerate(seats):
        if chance.random() < 0.5:
            continue
        for _ in range(chance.randint(1, 3)):
            call: Call = chance.choice(("send", "edit", "edit", "typing"))
            kind = chance.choice((*ANYWHERE, *AFTER_EFFECT))
            fault = Fault(chance.uniform(0, LENGTH), call, kind, chat, skip=chance.randint(0, 2))
            yield _lasting(chance, fault, seat)
    for _ in range(chance.choice((0, 0, 1, 2))):
        kind = chance.choice(("status", "drop_before", "drop_after", "garbage", "stall_before"))
        yield Fault(chance.uniform(0, LENGTH), "poll", kind, seconds=chance.uniform(0.5, 4), times=chance.randint(1, 3))


def _lasting(chance: random.Random, fault: Fault, seat: Seat) -> Fault:
    """A flood comes again. An answer that stalls is rarely longer than anybody waits, a call never: what the platform
    did after the bot gave up and tried again would undo what came after it, and no bot can help that."""
    match fault.kind:
        case "flood":
            slow = seat in ("telegram group", "telegram topic")
            return replace(fault, times=1 if slow else chance.randint(1, 3), seconds=chance.uniform(1, 6))
        case "stall_before" | "stall_after":
            long = fault.kind == "stall_after" and chance.random() < 0.3
            return replace(fault, seconds=30.0 if long else chance.uniform(0.5, 4))
        case _:
            return replace(fault, times=chance.choice((1, 1, 2, 3)))


def _deaths(chance: random.Random, plot: Plot) -> Iterator[Act]:
    deeds: tuple[Deed, ...] = ("kill",) if plot.kills_only else ("kill", "kill", "terminate")
    count = plot.deaths if plot.kills_only else chance.choice((0, 1, 1, plot.deaths)) if plot.deaths else 0
    for index in range(count):
        share = LENGTH / count
        at = share * index + chance.uniform(0.1, 0.9) * share
        yield Act(at, chance.choice(deeds), chance.uniform(0, 4), waits=chance.random() < 0.75)


def _disturbances(chance: random.Random, plot: Plot) -> Iterator[Act]:
    database: tuple[Deed, ...] = ("cut", "lock") if plot.server else ("lock", "full")
    kinds: tuple[Deed, ...] = ("freeze", "jump", *database, "drop", "lose", "outage")
    for deed in chance.sample(kinds, chance.randint(0, 3)):
        seconds = {
            "freeze": chance.uniform(1, 12),
            "jump": chance.choice((-1, 1)) * chance.choice((90.0, 7200.0, 40 * 86400.0)),
            "lock": chance.choice((chance.uniform(1, 8), chance.uniform(11, 16))),
            "full": chance.uniform(1, 6),
            "outage": chance.uniform(1, 6),
        }
        yield Act(chance.uniform(0, LENGTH), deed, seconds.get(deed, 0.0))


def told(story: Story) -> str:
    """The story for people, in the order of its events."""
    lines = [(question.at, _asks(story, question)) for question in story.questions]
    lines += [(fault.at, _goes_wrong(story, fault)) for fault in story.faults]
    lines += [(act.at, _happens(act)) for act in story.acts]
    return "\n".join(f"{at:6.1f}  {line}" for at, line in sorted(lines))


def name_of(story: Story, chat: int) -> str:
    return f"chat {chat} ({story.seats[chat]})"


def _asks(story: Story, question: Question) -> str:
    troubles = ", ".join(f"{each.kind} after {each.after}" for each in question.troubles)
    wrong = f"; the model: {troubles}" if troubles else ""
    return f"question {question.number:03} in {name_of(story, question.chat)}: {question.words} words{wrong}"


def _happens(act: Act) -> str:
    return f"{act.deed} ({act.seconds:.1f} s{', and until the bot is up again' if act.waits else ''})"


def _goes_wrong(story: Story, fault: Fault) -> str:
    where = "" if fault.chat is None else f" in {name_of(story, fault.chat)}"
    return f"{fault.call} {fault.kind}{where}, {fault.times} times after {fault.skip}, {fault.seconds:.1f} s"
