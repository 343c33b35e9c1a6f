"""Reading answers that come in one piece."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import httpx2
import orjson

from bot.errors import BrokenStream
from bot.llm.chunks import error_of
from bot.llm.errors import from_body


async def read_body(model: str, response: httpx2.Response, limit: int) -> bytes:
    """The whole body, of at most `limit` bytes."""
    data = bytearray()
    async with aclosing(response.aiter_bytes()) as reads:
        async for part in reads:
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
