"""The body of an error or a redirection, of which the SDK and its client read all there is: here they are given the
beginning."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

import httpx2

from bot import clock

MOST = 1024 * 1024
"""Bytes, decompressed. Errors have some hundred; servers that repeat what was wrong with a request may send more."""

LONGEST = 10.0
"""Seconds that it may take, also when its bytes keep dripping. What came until then is what there is."""


async def shorten(response: httpx2.Response) -> None:
    """A hook for the client: it sees each response before its body is read."""
    if not response.is_success:
        response.stream = _Beginning(response)
        response.headers.pop("content-encoding", None)  # it is decompressed here, a little at a time


class _Beginning(httpx2.AsyncByteStream):
    def __init__(self, response: httpx2.Response) -> None:
        self._all = httpx2.Response(
            response.status_code, headers=response.headers, stream=response.stream, request=response.request
        )

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left, until = MOST, clock.now() + LONGEST
        async with aclosing(self._all.aiter_bytes()) as parts:
            async for part in parts:
                yield part[:left]
                left -= len(part)
                if left <= 0 or clock.now() > until:
                    return

    async def aclose(self) -> None:
        await self._all.aclose()
