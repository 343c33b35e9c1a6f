"""How a call to Discord is made: it answers or fails soon, and every failure is one of `bot.errors`.

discord.py waits inside a call when Discord answers 429 and repeats it when Discord answers 5xx, for up to half a
minute, with a text that is old by then. The gate of the core does the waiting, and knows the newest text; so for calls
that show something those answers end the call at once. A limit of the whole bot is left to the library, which then
holds back every call.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from types import SimpleNamespace

import aiohttp

from adapters.discord.errors import delivery_error
from bot.errors import Ambiguous, DeliveryError, RetryLater

UPLOAD_PATIENCE = 90.0
"""Seconds for one call that carries files, which slow lines take long to send."""

PATIENCE = 20.0
"""Seconds for one call. Longer than the five that discord.py holds back the call that takes a bucket's last token."""

_SHOWING: ContextVar[bool] = ContextVar("showing", default=False)


@asynccontextmanager
async def showing(*, files: bool = False) -> AsyncIterator[None]:
    """For one call that shows something, with `files` or without; raises `DeliveryError` alone."""
    token = _SHOWING.set(True)
    try:
        async with asyncio.timeout(UPLOAD_PATIENCE if files else PATIENCE):
            yield
    except DeliveryError:
        raise
    except Exception as error:
        # The library fails with whatever it stumbles over: a page instead of JSON is a TypeError deep inside it.
        raise delivery_error(error, files=files) from error
    finally:
        _SHOWING.reset(token)


def new_trace() -> aiohttp.TraceConfig:
    """To be given to a client: looks at each answer before discord.py does."""
    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(_answered)
    return trace


async def _answered(
    _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
) -> None:
    response = params.response
    if not _SHOWING.get():
        return
    if response.status >= 500:
        raise Ambiguous(f"status {response.status}")
    if response.status == 429 and response.content_type == "application/json":
        body = await response.json()
        if not body.get("global") and isinstance(body.get("retry_after"), int | float):
            raise RetryLater(float(body["retry_after"]))
