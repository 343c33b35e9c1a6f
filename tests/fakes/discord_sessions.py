"""A bot's login at the gateway, which outlives its connections, and one such connection."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.discord_frames import Packer
from tests.fakes.discord_state import Intent, Json
from tests.fakes.discord_world import Event

_DISPATCH = 0


class CloseCode:
    """The gateway's close codes ("Gateway Close Event Codes")."""

    GOING_AWAY = 1001
    UNKNOWN_ERROR = 4000
    UNKNOWN_OPCODE = 4001
    DECODE_ERROR = 4002
    NOT_AUTHENTICATED = 4003
    AUTHENTICATION_FAILED = 4004
    ALREADY_AUTHENTICATED = 4005
    INVALID_SEQUENCE = 4007
    SESSION_TIMED_OUT = 4009
    DISALLOWED_INTENTS = 4014


@dataclass(eq=False, slots=True)
class Session:
    """What the gateway remembers about a logged-in bot: every event that it was due, in order."""

    id: str
    intents: Intent
    events: list[tuple[str, Json]] = field(default_factory=list)
    connection: Connection | None = None

    def deliver(self, name: str, data: Json) -> None:
        self.events.append((name, data))
        if self.connection is not None:
            self.connection.dispatch(len(self.events), name, data)

    def wants(self, event: Event) -> bool:
        return event.needs is Intent.NONE or bool(self.intents & event.needs)


@dataclass(eq=False, slots=True)
class Connection:
    """One websocket. Frames go out through a queue, so that whoever causes an event need not wait.

    `beaten` is when the last heartbeat came; `left` is the code of a close that the client began; `mute` makes it stay
    open without a word.
    """

    socket: web.WebSocketResponse
    packer: Packer | None
    beaten: float
    session: Session | None = None
    left: int | None = None
    mute: bool = False
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    _outbox: asyncio.Queue[Json | int] = field(default_factory=asyncio.Queue)

    def send(self, op: int, data: Any = None) -> None:
        if not self.mute:
            self._outbox.put_nowait({"op": op, "d": data, "s": None, "t": None})

    def dispatch(self, sequence: int, name: str, data: Json) -> None:
        if not self.mute:
            self._outbox.put_nowait({"op": _DISPATCH, "d": data, "s": sequence, "t": name})

    def close(self, code: int) -> None:
        """Close once everything before is sent."""
        self._outbox.put_nowait(code)

    async def write(self) -> None:
        """Send what is queued until the connection ends."""
        while isinstance(frame := await self._outbox.get(), dict):
            text = json.dumps(frame).encode()
            try:
                if self.packer is None:
                    await self.socket.send_str(text.decode())
                else:
                    await self.socket.send_bytes(self.packer.pack(text))
            except ConnectionError:
                return
        await self.socket.close(code=frame)
