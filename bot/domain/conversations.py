"""Questions and answers as they are stored: a tree of rows.

Another answer, or a changed question, is another branch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.domain.media import PictureRef
from bot.domain.usage import Usage

AnswerState = Literal["complete", "stopped", "failed", "incomplete", "withheld"]
"""complete: the model finished; stopped: a person stopped it; failed: the model or its provider broke off;
incomplete: the bot was shut down, or the length limit cut it; withheld: moderation refused it."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a person asked, as the model gets it. `key` is the platform's update key and is stored once.

    `author_id` is the person's handle (`telegram:42`). `pictures` came along; their bytes are kept apart.
    """

    key: str
    author_id: str
    author_name: str
    text: str
    message_id: str | None = None
    pictures: tuple[PictureRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bot answered; `message_ids` are the messages that show it, in order, `pictures` what it made.

    `reasoning` is what the model thought, kept where the chat shows it. `id` is the answer's row once it has one.
    """

    text: str
    state: AnswerState
    model: str
    persona: str
    usage: Usage | None = None
    message_ids: tuple[str, ...] = ()
    pictures: tuple[PictureRef, ...] = ()
    reasoning: str = ""
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """A stored question and, once there is one, its answer. `id` is the question's row."""

    id: int
    question: Question
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """A turn as a model is told of it. `answer` is None while there is none.

    `shown` are the pictures of the question, `made` those of the answer. `end` is the row of the answer, or of the
    question while there is none.
    """

    author: str
    question: str
    answer: str | None = None
    shown: tuple[PictureRef, ...] = ()
    made: tuple[PictureRef, ...] = ()
    end: int = 0


@dataclass(frozen=True, slots=True)
class History:
    """What led to a question, oldest first. `summary` stands for what was said before the first of the exchanges."""

    exchanges: tuple[Exchange, ...] = ()
    summary: str = ""
