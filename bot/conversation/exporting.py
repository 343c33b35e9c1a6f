"""A conversation as a file. Pure.

Turns are added oldest first; where not all fit, the oldest are left out, so that no more than one file's worth of them
is ever held.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import orjson

from bot.conversation.window import GROUP_RULE
from bot.domain.conversations import Answer, Turn
from bot.domain.media import PictureRef
from bot.domain.text import clean
from bot.replies.notices import excerpt

Form = Literal["markdown", "json", "jsonl"]

_LEARNED = ("complete", "stopped", "incomplete")
"""States of answers that a model could be trained with."""


@dataclass(frozen=True, slots=True)
class Heading:
    """`chat` is the conversation's key, `prompt` the system prompt of now, `group` whether several people write."""

    title: str
    chat: str
    at: datetime
    prompt: str
    group: bool


@dataclass(slots=True)
class Export:
    """A file of at most `most` bytes. `kept` turns are in it, `left_out` older ones did not fit."""

    form: Form
    heading: Heading
    most: int
    left_out: int = 0
    _pieces: deque[bytes] = field(default_factory=deque)
    _size: int = 0

    @property
    def kept(self) -> int:
        return len(self._pieces)

    def add(self, turns: Iterable[Turn]) -> None:
        """Those that come next; a turn that this form cannot hold is passed over."""
        room = self.most - len(self._head()) - len(self._tail())
        for turn in turns:
            piece = self._piece(turn)
            if piece is None:
                continue
            self._pieces.append(piece)
            self._size += len(piece) + len(_JOINTS[self.form])
            while self._size - len(_JOINTS[self.form]) > room and self._pieces:
                self._size -= len(self._pieces.popleft()) + len(_JOINTS[self.form])
                self.left_out += 1

    def file(self) -> bytes:
        return self._head() + _JOINTS[self.form].join(self._pieces) + self._tail()

    def _head(self) -> bytes:
        match self.form:
            case "markdown":
                return f"# {self.heading.title}\n\n".encode()
            case "json":
                about = {"chat": self.heading.chat, "exported_at": self.heading.at.isoformat(timespec="seconds")}
                return _json(about)[:-1] + b',"turns":['
            case "jsonl":
                prompt = f"{self.heading.prompt}\n\n{GROUP_RULE}" if self.heading.group else self.heading.prompt
                return b'{"messages":[' + _json({"role": "system", "content": prompt}) + b","

    def _tail(self) -> bytes:
        return {"markdown": b"", "json": b"]}\n", "jsonl": b"]}\n"}[self.form]

    def _piece(self, turn: Turn) -> bytes | None:
        match self.form:
            case "markdown":
                return _markdown(turn).encode()
            case "json":
                return _json(_record(turn))
            case "jsonl":
                return _messages(turn, group=self.heading.group)


_JOINTS: dict[Form, bytes] = {"markdown": b"\n---\n\n", "json": b",\n", "jsonl": b","}


def _markdown(turn: Turn) -> str:
    question, answer = turn.question, turn.answer
    blocks = [f"**{excerpt(clean(question.author_name), 80)}**", *_shown(question.text, question.pictures)]
    if answer is not None:
        state = "" if answer.state == "complete" else f", {answer.state}"
        blocks += [f"**{answer.persona}** ({answer.model}{state})", *_shown(_text(answer), answer.pictures)]
    return "".join(f"{clean(block)}\n\n" for block in blocks)[:-1]


def _shown(text: str, pictures: Sequence[PictureRef]) -> list[str]:
    """The words, and that there were pictures."""
    return [*([text] if text.strip() else []), *(f"*(picture, {ref.width}x{ref.height})*" for ref in pictures)]


def _record(turn: Turn) -> dict[str, Any]:
    question, answer = turn.question, turn.answer
    asked: dict[str, Any] = {"question": clean(question.text), "author": clean(question.author_name)}
    if answer is None:
        return asked | {"answer": None}
    said = {"answer": clean(_text(answer)), "model": answer.model, "persona": answer.persona, "state": answer.state}
    return asked | said


def _text(answer: Answer) -> str:
    """What moderation refused was not shown, and is not handed out."""
    return "" if answer.state == "withheld" else answer.text


def _messages(turn: Turn, *, group: bool) -> bytes | None:
    """A question and its answer in OpenAI's format for fine-tuning chat models: each line of a file is an example, a
    list of messages with a role and a text, and the last one is the assistant's.

    Source: developers.openai.com, guide "Supervised fine-tuning", "Formatting your data", and the checks of the OpenAI
    Cookbook, "Data preparation and analysis for chat model fine-tuning".
    """
    question, answer = turn.question, turn.answer
    if answer is None or answer.state not in _LEARNED or not answer.text.strip() or not question.text.strip():
        return None
    asked = f"{question.author_name}: {question.text}" if group else question.text
    said = [{"role": "user", "content": clean(asked)}, {"role": "assistant", "content": clean(answer.text)}]
    return _json(said)[1:-1]


def _json(value: Any) -> bytes:
    return orjson.dumps(value)
