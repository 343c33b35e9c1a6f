"""What is sent to a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.domain.personas import Sampling
from bot.domain.usage import Account, Work


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
class ToolCall:
    """A model asks for a tool: `arguments` is JSON as the model wrote it, which may be broken."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class PromptMessage:
    """One message of a request; plain text is the common case, parts carry pictures.

    An assistant's message may hold `calls`; each is answered by a message of the role `tool` with its `call_id`.
    """

    role: Literal["system", "user", "assistant", "tool"]
    content: str | tuple[Part, ...]
    calls: tuple[ToolCall, ...] = ()
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may ask for; `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request to a chat model. `model` is `provider/model`; `person` is a stable hash, never a platform id.

    `tools` are left out for a model that cannot use them. `account` and `work` are for the ledger, not for the model.
    """

    model: str
    messages: tuple[PromptMessage, ...]
    sampling: Sampling = field(default_factory=Sampling)
    person: str | None = None
    tools: tuple[Tool, ...] = ()
    account: Account | None = None
    work: Work = "chat"


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One model of a provider's list. `context` is its window in tokens where known."""

    name: str
    context: int | None = None
