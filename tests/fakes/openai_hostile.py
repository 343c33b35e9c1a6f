"""A server at a provider's address that sends whatever it likes, without end if it likes that."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from itertools import repeat
from typing import Self

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)

Answer = Callable[[], AsyncIterator[bytes]]


class HostileFake:
    """Enter it to serve on a free port of 127.0.0.1; each request gets the bytes of `answer`, however many those are,
    until the client leaves. `sent` counts those that went out, `left` the clients that left before the end."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.sent = 0
        self.left = 0
        self.url = ""
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        for task in self._serving:
            task.cancel()
        if self._serving:
            await asyncio.wait(self._serving)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            await reader.readexactly(int(length[1]) if length else 0)
            async for part in self.answer():
                writer.write(part)
                await writer.drain()
                self.sent += len(part)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.left += 1
        finally:
            self._serving.discard(task)
            writer.close()


def head(status: int = 200, kind: str = "text/event-stream", encoding: str = "") -> bytes:
    """The beginning of an answer that ends with its connection."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Type: {kind}", "Connection: close"]
    if encoding:
        lines.append(f"Content-Encoding: {encoding}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def answer(*parts: bytes, then: bytes = b"", times: int | None = None, pace: float = 0.0) -> Answer:
    """These parts, and then the same one for ever, or so many times, with a pause before each."""

    async def send() -> AsyncIterator[bytes]:
        for part in parts:
            yield part
        more: Iterable[bytes] | Iterator[bytes] = repeat(then) if times is None else repeat(then, times)
        for part in more if then else ():
            await asyncio.sleep(pace)
            yield part

    return send
