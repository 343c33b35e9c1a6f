"""What a model says while it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from bot.domain.prompts import ToolCall
from bot.domain.usage import Usage

FinishReason = Literal["stop", "length", "content_filter", "tool_calls"]


@dataclass(frozen=True, slots=True)
class Started:
    """The model that answers; after a fallback it is not the one that was asked for."""

    kind: Literal["started"] = field(default="started", init=False)
    model: str


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the answer, in Markdown."""

    kind: Literal["text"] = field(default="text", init=False)
    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """The next piece of the model's reasoning; never part of the answer."""

    kind: Literal["reasoning"] = field(default="reasoning", init=False)
    text: str


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """The model asks for a tool; complete, after all text and before Finished("tool_calls")."""

    kind: Literal["tool"] = field(default="tool", init=False)
    call: ToolCall


@dataclass(frozen=True, slots=True)
class UsageSeen:
    """`cost` is in nano-dollars, None where it is not known."""

    kind: Literal["usage"] = field(default="usage", init=False)
    usage: Usage
    cost: int | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of a complete answer."""

    kind: Literal["finished"] = field(default="finished", init=False)
    reason: FinishReason


ReplyEvent = Started | TextDelta | ReasoningDelta | ToolCalled | UsageSeen | Finished
"""A failure is not an event: the stream raises a `bot.errors.ModelError`."""
