"""Reading answers that come in one piece."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import httpx2
import orjson

from bot import clock
from bot.errors import BrokenStream, Stalled
from bot.llm.chunks import error_of
from bot.llm.errors import from_body

LONGEST = 600.0
"""Seconds that the body of an answer may take once it began, also when its bytes keep dripping; the largest come in
seconds, and what is made while it is sent (speech) in a minute or two."""


class Deadline:
    """When a body that comes and comes is not waited for any longer."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._until = clock.now() + LONGEST

    def check(self) -> None:
        """Raises Stalled when the time is over."""
        if clock.now() > self._until:
            raise Stalled(self._model, f"the answer was not whole after {LONGEST:g} s")


async def read_body(model: str, response: httpx2.Response, limit: int) -> bytes:
    """The whole body, of at most `limit` bytes."""
    data, deadline = bytearray(), Deadline(model)
    async with aclosing(response.aiter_bytes()) as reads:
        async for part in reads:
            deadline.check()
            data += part
            if len(data) > limit:
                raise BrokenStream(model, f"an answer of more than {limit} bytes")
    return bytes(data)


def json_body(model: str, data: bytes | bytearray, event_name: bytes = b"") -> dict[str, Any]:
    """The object in a body or an event; raises the error that it reports instead."""
    try:
        body = orjson.loads(data)
    except (ValueError, RecursionError):
        raise BrokenStream(model, "the answer was not readable") from None
    found = body if isinstance(body, dict) else {"error": body or "nothing"}
    error = error_of(b"error" if found.get("type") == "error" else event_name, found)
    if error is not None:
        raise from_body(model, error)
    return found
