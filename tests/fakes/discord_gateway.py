"""Discord's gateway: sessions that outlive their connections, heartbeats, intents, and the replay of missed events.

Source: Discord's developer documentation, "Gateway" and "Gateway Events", version 10.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.fakes.discord_frames import Packer, packer
from tests.fakes.discord_payloads import guild_object, user_object
from tests.fakes.discord_state import PRIVILEGED, Intent, Json
from tests.fakes.discord_world import Event, World

_DISPATCH, _INVALID_SESSION, _HELLO, _ACK = 0, 9, 10, 11
_IGNORED = frozenset({3, 4, 8})
"""Presence, voice state, request for members: taken without an answer."""


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

    `beaten` is when the last heartbeat came; `left` is the code of a close that the client began.
    """

    socket: web.WebSocketResponse
    packer: Packer | None
    beaten: float
    session: Session | None = None
    left: int | None = None
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    _outbox: asyncio.Queue[Json | int] = field(default_factory=asyncio.Queue)

    def send(self, op: int, data: Any = None) -> None:
        self._outbox.put_nowait({"op": op, "d": data, "s": None, "t": None})

    def dispatch(self, sequence: int, name: str, data: Json) -> None:
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


class _Refused(Exception):
    """The client did something that ends its connection."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class Gateway:
    """`token` is the right one, `url` is where clients are told to resume, `granted` are the privileged intents."""

    world: World
    token: str
    url: Callable[[], str]
    granted: Intent = PRIVILEGED
    sessions: dict[str, Session] = field(default_factory=dict)
    connections: set[Connection] = field(default_factory=set)
    identifies: int = 0
    resumes: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def emit(self, event: Event) -> None:
        for session in self.sessions.values():
            if session.wants(event):
                open_text = event.open or session.intents & Intent.MESSAGE_CONTENT
                session.deliver(event.name, event.data if open_text else _redacted(event.data))

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection from its upgrade to its end."""
        socket = web.WebSocketResponse(timeout=1.0)
        await socket.prepare(request)
        connection = Connection(socket, packer(request.query.get("compress")), self.world.clock())
        self.connections.add(connection)
        writer = asyncio.create_task(connection.write())
        try:
            await self._talk(connection)
        finally:
            self._forget(connection)
            connection.close(CloseCode.GOING_AWAY)
            await writer
            connection.closed.set()
        return socket

    async def ready(self) -> None:
        """Wait until a bot is logged in."""
        while not any(session.connection for session in self.sessions.values()):
            self._changed.clear()
            await self._changed.wait()

    async def drop(self, code: int, *, resumable: bool) -> None:
        """Close every connection; sessions that are not resumable are forgotten."""
        if not resumable:
            self.sessions.clear()
        dropped = list(self.connections)
        for connection in dropped:
            connection.close(code)
        for connection in dropped:
            await connection.closed.wait()

    async def _talk(self, connection: Connection) -> None:
        interval = self.world.rules.heartbeat
        # discord.py beats from a thread, which knows only the real clock: a faster loop must ask for faster beats.
        real = interval / getattr(asyncio.get_running_loop(), "speed", 1.0)
        connection.send(_HELLO, {"heartbeat_interval": int(real * 1000)})
        while True:
            try:
                message = await connection.socket.receive(connection.beaten + 1.5 * interval - self.world.clock())
            except TimeoutError:
                return connection.close(CloseCode.SESSION_TIMED_OUT)
            if message.type is WSMsgType.CLOSE:
                connection.left = message.data
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return None
            try:
                self._take(connection, message.data)
            except _Refused as refused:
                return connection.close(refused.code)

    def _take(self, connection: Connection, text: str | bytes) -> None:
        """Act on one payload."""
        try:
            payload = json.loads(text)
            op, data = payload["op"], payload.get("d")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise _Refused(CloseCode.DECODE_ERROR) from None
        match op:
            case 1:
                connection.beaten = self.world.clock()
                connection.send(_ACK)
            case 2:
                self._identify(connection, data)
            case 6:
                self._resume(connection, data)
            case _ if op not in _IGNORED:
                raise _Refused(CloseCode.UNKNOWN_OPCODE)
            case _ if connection.session is None:
                raise _Refused(CloseCode.NOT_AUTHENTICATED)

    def _identify(self, connection: Connection, data: Json) -> None:
        self.identifies += 1
        if connection.session is not None:
            raise _Refused(CloseCode.ALREADY_AUTHENTICATED)
        if data.get("token") != self.token:
            raise _Refused(CloseCode.AUTHENTICATION_FAILED)
        intents = Intent(data["intents"])
        if intents & PRIVILEGED & ~self.granted:
            raise _Refused(CloseCode.DISALLOWED_INTENTS)
        session = Session(secrets.token_hex(16), intents)
        self.sessions[session.id] = session
        self._attach(session, connection)
        session.deliver("READY", self._ready_data(session))
        if intents & Intent.GUILDS:
            for guild in self._guilds():
                session.deliver("GUILD_CREATE", guild_object(guild, self.world.bot))

    def _resume(self, connection: Connection, data: Json) -> None:
        if data.get("token") != self.token:
            raise _Refused(CloseCode.AUTHENTICATION_FAILED)
        session = self.sessions.get(data.get("session_id") or "")
        if session is None:
            connection.send(_INVALID_SESSION, False)
            return
        seen = data.get("seq") or 0
        if seen > len(session.events):
            raise _Refused(CloseCode.INVALID_SEQUENCE)
        self.resumes += 1
        for sequence, (name, event) in enumerate(session.events[seen:], seen + 1):
            connection.dispatch(sequence, name, event)
        self._attach(session, connection)
        session.deliver("RESUMED", {})

    def _attach(self, session: Session, connection: Connection) -> None:
        if session.connection is not None:
            session.connection.close(CloseCode.UNKNOWN_ERROR)
        session.connection, connection.session = connection, session
        self._changed.set()

    def _forget(self, connection: Connection) -> None:
        """The connection is over. A client that closes with 1000 or 1001 gives its session up, others may resume."""
        self.connections.discard(connection)
        session = connection.session
        if session is None or session.connection is not connection:
            return
        session.connection = None
        if connection.left in (1000, CloseCode.GOING_AWAY):
            self.sessions.pop(session.id, None)

    def _guilds(self) -> list[Any]:
        return [guild for guild in self.world.guilds.values() if guild.has_bot]

    def _ready_data(self, session: Session) -> Json:
        bot = self.world.bot
        return {
            "v": 10,
            "user": user_object(bot),
            "guilds": [{"id": guild.id, "unavailable": True} for guild in self._guilds()],
            "session_id": session.id,
            "resume_gateway_url": self.url(),
            "application": {"id": bot.id, "flags": 0},
        }


def _redacted(data: Json) -> Json:
    """What a bot without the message content intent gets."""
    emptied: Json = {"content": "", "embeds": [], "attachments": [], "components": []}
    shown = data | {name: value for name, value in emptied.items() if name in data}
    if shown.get("referenced_message"):
        shown["referenced_message"] = _redacted(shown["referenced_message"])
    return shown
