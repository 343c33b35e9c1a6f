"""Discord on a loopback socket: the REST API, the gateway, the people who write, and what each of them sees."""

from __future__ import annotations

import asyncio

from tests.fakes.discord_cdn import FOLDERS
from tests.fakes.discord_commands import Commands
from tests.fakes.discord_gateway import Gateway
from tests.fakes.discord_guild import GuildHandle
from tests.fakes.discord_interactions import Interactions
from tests.fakes.discord_limits import Limiter, Rules
from tests.fakes.discord_messages import Messages
from tests.fakes.discord_people import People
from tests.fakes.discord_rest import Rest
from tests.fakes.discord_routes import Call
from tests.fakes.discord_server import API, Server
from tests.fakes.discord_sessions import CloseCode
from tests.fakes.discord_state import (
    PRIVILEGED,
    Channel,
    Intent,
    User,
)
from tests.fakes.discord_world import Event, World
from tests.fakes.faults import FaultPlan
from tests.fakes.loops import patient
from tests.fakes.screen import Screen, Shown


class DiscordFake(People):
    """Enter it, point a client at `api_url` and `gateway_url`, and let people talk.

    Faults name calls as `POST /channels/{id}/messages`, `PATCH /webhooks/{id}/{token}/messages/@original` or
    `gateway` (a connection to it). What people do takes effect at once; only what must wait for the bot is a coroutine.
    All times are the running loop's.
    """

    def __init__(
        self, *, token: str = "a-token", rules: Rules | None = None, granted_intents: Intent = PRIVILEGED
    ) -> None:
        self.token = token
        self.rules = rules or Rules()
        self.faults = FaultPlan()
        self.world = World(_now, self._emit, self.rules, lambda: f"http://127.0.0.1:{self._server.port}")
        self.interactions = Interactions(self.world)
        self.commands = Commands(self.world.bot.id, self.world.new_id)
        self.gateway = Gateway(self.world, token, lambda: self.gateway_url, granted_intents)
        self._limiter = Limiter(self.rules)
        self._server = Server(token, self._limiter, self.faults)
        for endpoints in (
            Rest(self.world, lambda: self.gateway_url),
            Messages(self.world),
            self.interactions,
            self.commands,
        ):
            self._server.add(endpoints.routes())
        for folder in FOLDERS:
            self._server.add_cdn(f"/{folder}/{{channel}}/{{file}}/{{name}}", self.world.cdn.serve)
        self._server.add_cdn("/stickers/{name}", self.world.cdn.serve_sticker)
        self._server.add_gateway(self.gateway.serve)

    async def __aenter__(self) -> DiscordFake:
        await self._server.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._server.stop()

    # Life of the service

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}{API}"

    @property
    def gateway_url(self) -> str:
        return f"ws://127.0.0.1:{self._server.port}/gateway"

    async def stop_listening(self) -> None:
        """Cut every connection and refuse new ones, as in an outage; sessions are remembered."""
        await self._server.stop()

    async def start_listening(self) -> None:
        """Listen again, on the same port."""
        await self._server.start()

    async def drop_gateway(self, *, resumable: bool) -> None:
        """Close the gateway's connections: with 1001 and the sessions kept, or with 4000 and the sessions lost."""
        code = CloseCode.GOING_AWAY if resumable else CloseCode.UNKNOWN_ERROR
        await self.gateway.drop(code, resumable=resumable)

    def ask_to_reconnect(self) -> None:
        """What the gateway asks of its clients from time to time: connect anew and resume."""
        self.gateway.ask_to_reconnect()

    async def ready(self, timeout: float = 10.0) -> None:
        """Wait until a bot is connected to the gateway and logged in."""
        async with asyncio.timeout(patient(timeout)):
            await self.gateway.ready()

    async def called(self, route: str, times: int = 1, *, answered: bool = False, timeout: float = 60.0) -> None:
        """Wait until the bot has made so many calls of this route, or was `answered` so many."""

        def enough(calls: list[Call]) -> bool:
            return sum(call.route == route and (call.status is not None or not answered) for call in calls) >= times

        async with asyncio.timeout(patient(timeout)):
            await self._server.until(enough)

    # What was recorded

    @property
    def bot_user(self) -> User:
        return self.world.bot

    @property
    def application_id(self) -> str:
        return self.world.bot.id

    @property
    def calls(self) -> list[Call]:
        return self._server.calls

    @property
    def syncs(self) -> int:
        """Calls that changed the registered commands."""
        return self.commands.syncs

    @property
    def floods(self) -> int:
        """Answers with status 429 that the bot brought on itself."""
        return self._server.floods

    @property
    def invalid_requests(self) -> int:
        """Answers with status 401, 403 or 429 in the last ten minutes."""
        return self._limiter.invalid_requests(_now())

    @property
    def pings(self) -> list[tuple[str, str]]:
        """(message id, "everyone" or "user:ID" or "role:ID") for each notification that the bot caused."""
        return self.world.pings

    @property
    def screens(self) -> dict[str, Screen]:
        """By channel id."""
        return {channel.id: channel.screen for channel in self.world.channels.values()}

    def screen(self, channel: Channel) -> Screen:
        return channel.screen

    def thinking(self, channel: Channel) -> list[Shown]:
        """The messages that still show "is thinking…"."""
        waiting = {message.id for message in channel.messages.values() if message.thinking}
        return [shown for shown in channel.screen.messages if shown.message_id in waiting]

    def find_channel(self, channel_id: str) -> Channel:
        """A channel by id, such as a thread that the bot made."""
        return self.world.channels[channel_id]

    # Places and people

    def user(self, name: str) -> User:
        return self.world.add_user(name)

    def guild(self, name: str, *, has_bot: bool = True) -> GuildHandle:
        """A server, with the bot in it unless told otherwise (an app that only its user installed)."""
        return GuildHandle(self.world, self.world.add_guild(name, has_bot=has_bot))

    def dm(self, user: User) -> Channel:
        return self.world.dm(user)

    def _emit(self, event: Event) -> None:
        self.gateway.emit(event)


def _now() -> float:
    return asyncio.get_running_loop().time()
