"""Discord's gateway: sessions that outlive their connections, heartbeats, intents, and the replay of missed events.

Source: Discord's developer documentation, "Gateway" and "Gateway Events", version 10.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from aiohttp import WSMsgType, web

from tests.fakes.discord_frames import packer
from tests.fakes.discord_payloads import guild_object, user_object
from tests.fakes.discord_sessions import CloseCode, Connection, Session
from tests.fakes.discord_state import PRIVILEGED, Intent, Json
from tests.fakes.discord_world import Event, World


class Op(IntEnum):
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE = 3
    VOICE_STATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


_UNANSWERED = (Op.PRESENCE, Op.VOICE_STATE, Op.REQUEST_MEMBERS)


class _Refused(Exception):
    """The client did something that ends its connection."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class Gateway:
    """`token` is the right one, `url` is where clients are told to resume, `granted` are the privileged intents.

    `ignores_logins`: new connections get answers to their heartbeats and to nothing else.
    """

    world: World
    token: str
    url: Callable[[], str]
    granted: Intent = PRIVILEGED
    sessions: dict[str, Session] = field(default_factory=dict)
    connections: set[Connection] = field(default_factory=set)
    identifies: int = 0
    resumes: int = 0
    ignores_logins: bool = False
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

    def ask_to_reconnect(self) -> None:
        for connection in self.connections:
            connection.send(Op.RECONNECT)

    def fall_silent(self) -> None:
        """Leave every connection open and say nothing more on it."""
        for connection in self.connections:
            connection.mute = True

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
        connection.send(Op.HELLO, {"heartbeat_interval": int(real * 1000)})
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
            case Op.HEARTBEAT:
                connection.beaten = self.world.clock()
                connection.send(Op.HEARTBEAT_ACK)
            case Op.IDENTIFY | Op.RESUME if self.ignores_logins:
                pass
            case Op.IDENTIFY:
                self._identify(connection, data)
            case Op.RESUME:
                self._resume(connection, data)
            case _ if op not in _UNANSWERED:
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
            connection.send(Op.INVALID_SESSION, False)
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
    if "message_snapshots" in shown:
        shown["message_snapshots"] = [{"message": _redacted(entry["message"])} for entry in data["message_snapshots"]]
    if shown.get("referenced_message"):
        shown["referenced_message"] = _redacted(shown["referenced_message"])
    return shown
