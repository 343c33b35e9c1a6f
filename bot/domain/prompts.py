"""What is sent to a model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from bot.domain.personas import Sampling


@dataclass(frozen=True, slots=True)
class TextPart:
    kind: Literal["text"]
    text: str


@dataclass(frozen=True, slots=True)
class ImagePart:
    """A picture as a data URI (`data:image/jpeg;base64,...`)."""

    kind: Literal["image"]
    data_uri: str


Part = TextPart | ImagePart


@dataclass(frozen=True, slots=True)
class PromptMessage:
    """One message of a request; plain text is the common case, parts carry pictures."""

    role: Literal["system", "user", "assistant"]
    content: str | tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request to a chat model. `model` is `provider/model`; `person` is a stable hash, never a platform id."""

    model: str
    messages: tuple[PromptMessage, ...]
    sampling: Sampling = field(default_factory=Sampling)
    person: str | None = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One model of a provider's list. `context` is its window in tokens where known."""

    name: str
    context: int | None = None
