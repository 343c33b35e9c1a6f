"""Values of the domain as JSON, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from bot.domain.ids import ChatRef
from bot.domain.messages import Incoming
from bot.domain.outbox import KeptReply
from bot.errors import StorageError

T = TypeVar("T")

_EVENT: TypeAdapter[Incoming] = TypeAdapter(Incoming)
_REPLY: TypeAdapter[KeptReply] = TypeAdapter(KeptReply)
_CHAT: TypeAdapter[ChatRef] = TypeAdapter(ChatRef)


def stored_event(event: Incoming) -> str:
    return _stored(event)


def event_of(stored: str) -> Incoming:
    """Raises StorageError for what another version wrote and this one does not know."""
    return _read(_EVENT, json.loads(stored))


def stored_reply(reply: KeptReply) -> str:
    return _stored(reply)


def reply_of(stored: str) -> KeptReply:
    """Raises StorageError as `event_of` does."""
    return _read(_REPLY, json.loads(stored))


def stored_chat(chat: ChatRef) -> dict[str, Any]:
    return asdict(chat)


def chat_of(stored: Mapping[str, Any]) -> ChatRef:
    return _read(_CHAT, stored)


def _stored(value: Any) -> str:
    # ASCII alone: half of a surrogate pair, which people's words can hold, comes back as it was.
    return json.dumps(asdict(value), default=list)


def _read(adapter: TypeAdapter[T], stored: Any) -> T:
    try:
        return adapter.validate_python(stored)
    except ValidationError as error:
        # Without the values: people wrote them.
        raise StorageError(f"what is stored is of another version ({error.error_count()} differences)") from None
