"""Server-sent events out of bytes, however the network cut them. Does no I/O.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

from dataclasses import dataclass

MAX_EVENT = 4 * 1024 * 1024
"""Bytes that one event may have; a chunk of an answer has some hundred."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """`data` are the data lines joined by a line feed; `name` is the event's type, empty when it has none."""

    data: bytes
    name: bytes = b""


class SSEDecoder:
    """Feed it what was read; it raises ValueError for an event that is too large."""

    def __init__(self, max_event: int = MAX_EVENT) -> None:
        self._max_event = max_event
        self._line: list[bytes] = []
        self._data: list[bytes] = []
        self._name = b""
        self._size = 0
        self._after_cr = False

    def feed(self, data: bytes) -> list[ServerEvent]:
        """The events that these bytes complete."""
        if self._after_cr and data:
            self._after_cr = False
            data = data.removeprefix(b"\n")
        if not data:
            return []
        self._count(len(data))
        lines = data.splitlines()
        rest = b""
        if data.endswith(b"\r"):
            self._after_cr = True
        elif not data.endswith(b"\n"):
            rest = lines.pop()
        if lines and self._line:
            lines[0] = b"".join([*self._line, lines[0]])
            self._line.clear()
        if rest:
            self._line.append(rest)
        return [event for line in lines if (event := self._take(line)) is not None]

    def close(self) -> list[ServerEvent]:
        """What was left at the end: some servers leave out the blank line after the last event."""
        events = [] if not self._line else [self._take(b"".join(self._line))]
        self._line.clear()
        events.append(self._take(b""))
        return [event for event in events if event is not None]

    def _count(self, size: int) -> None:
        self._size += size
        if self._size > self._max_event:
            raise ValueError(f"an event of more than {self._max_event} bytes")

    def _take(self, line: bytes) -> ServerEvent | None:
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
        elif not line:
            return self._dispatch()
        elif line.startswith(b"event:"):
            self._name = line[6:].strip()
        elif line == b"data":
            self._data.append(b"")
        return None

    def _dispatch(self) -> ServerEvent | None:
        event = ServerEvent(b"\n".join(self._data), self._name) if self._data else None
        self._data.clear()
        self._name = b""
        self._size = 0
        return event
