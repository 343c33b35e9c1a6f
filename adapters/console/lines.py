"""Reading lines without holding up the loop, from anything that can be standard input.

A thread does the reading: the loop itself cannot watch regular files or `/dev/null`, and line editing blocks. It is
a daemon and reads only when asked, so a line that never comes delays nobody's exit, and a long file is not swallowed.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from queue import SimpleQueue


class Lines:
    """Lines, one at a time; None at the end of the input. `read` blocks, and returns None at the end as well."""

    def __init__(self, read: Callable[[], str | None]) -> None:
        self._read = read
        self._requests: SimpleQueue[asyncio.Future[str | None] | None] = SimpleQueue()
        self._awaited: asyncio.Future[str | None] | None = None
        self._closed = False
        threading.Thread(target=self._work, name="console-input", daemon=True).start()

    async def next(self) -> str | None:
        if self._closed:
            return None
        self._awaited = asyncio.get_running_loop().create_future()
        self._requests.put(self._awaited)
        return await self._awaited

    def close(self) -> None:
        """Treat the input as ended, also for whoever is waiting for a line."""
        self._closed = True
        self._requests.put(None)
        if self._awaited is not None:
            _settle(self._awaited, None)

    def _work(self) -> None:
        while (request := self._requests.get()) is not None:
            try:
                line = self._read()
            except OSError:  # the terminal is gone
                line = None
            try:
                request.get_loop().call_soon_threadsafe(_settle, request, line)
            except RuntimeError:  # the loop has ended in the meantime, and nobody waits any more
                return


def _settle(request: asyncio.Future[str | None], line: str | None) -> None:
    if not request.done():
        request.set_result(line)


class FileLines:
    """Lines of a file, pipe or socket, by its descriptor.

    Unbuffered below Python's streams, whose lock a reading thread would still hold when the interpreter ends.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._read = b""

    def read(self) -> str | None:
        while b"\n" not in self._read:
            chunk = os.read(self._descriptor, 65536)
            if not chunk:
                last, self._read = self._read, b""
                return _text(last) if last else None
            self._read += chunk
        line, _, self._read = self._read.partition(b"\n")
        return _text(line)


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r")
