"""discord.py's client, set up for this bot: it hears little, remembers little and pings nobody."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from adapters.discord.calls import new_trace
from adapters.discord.intake import Intake

log = logging.getLogger(__name__)

API_URL = Route.BASE
GATEWAY_URL = DiscordWebSocket.DEFAULT_GATEWAY

LONGEST_WAIT = 30.0
"""Seconds that discord.py may wait for a rate limit inside a call; the least that it takes."""

GOODBYE = 2.0
"""Seconds to wait for the gateway's own goodbye."""


def redirect(api_url: str | None, gateway_url: str | None) -> None:
    """Send discord.py to other servers, or back to Discord's. It knows one address of each in a process."""
    Route.BASE = (api_url or API_URL).rstrip("/")
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url) if gateway_url else GATEWAY_URL


class GatewayClient(discord.Client):
    """One login. `intake` gives the taker of events, None while events are dropped.

    `logged_in` is awaited between the login and the first connection to the gateway.
    `content` asks for the text of messages that do not turn to the bot, which takes a permission.
    """

    def __init__(
        self,
        *,
        content: bool,
        intake: Callable[[], Intake | None],
        logged_in: Callable[[GatewayClient], Awaitable[None]],
        alive: Callable[[], None],
    ) -> None:
        super().__init__(
            intents=discord.Intents(guilds=True, guild_messages=True, dm_messages=True, message_content=content),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            max_ratelimit_timeout=LONGEST_WAIT,
            http_trace=new_trace(),
            enable_debug_events=True,  # for `on_socket_raw_receive`
        )
        self._intake = intake
        self._logged_in = logged_in
        self._alive = alive
        self._handling: set[asyncio.Task[Any]] = set()
        self._settled = asyncio.Event()
        self._catching_up: asyncio.Task[Any] | None = None
        self._attended: DiscordWebSocket | None = None

    async def leave_gateway(self) -> None:
        """Hear nothing more; calls go on working."""
        await self._end(self._catching_up)
        socket: DiscordWebSocket | None = self.ws
        if socket is None or not socket.open:
            return
        try:
            async with asyncio.timeout(GOODBYE):
                await socket.close(code=1000)
        except TimeoutError:
            log.debug("Discord's gateway did not say goodbye")

    async def close(self) -> None:
        for task in self._handling:
            task.cancel()
        if self._handling:
            await asyncio.wait(self._handling)
        await self.leave_gateway()
        await self._end_readiness()
        await super().close()

    async def _end_readiness(self) -> None:
        """End discord.py's wait for the first servers. Its `close` leaves that task behind, which two seconds later
        announces readiness on a loop that the client has given up by then, and fails."""
        await self._end(self._connection._ready_task)  # noqa: SLF001  (nothing public ends it)

    @staticmethod
    async def _end(task: asyncio.Task[Any] | None) -> None:
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    # What discord.py calls

    async def setup_hook(self) -> None:
        await self._logged_in(self)

    async def on_connect(self) -> None:
        """A session begins, to which Discord repeats nothing; one that goes on comes to `on_resumed`."""
        self._settled.clear()
        former, self._catching_up = self._catching_up, asyncio.current_task()
        if self.user is not None and (intake := self._intake()) is not None:
            intake.begin_session()
            await self._end(former)
            await self._handle(intake.catch_up(self, self._settled, self.user))

    async def on_ready(self) -> None:
        """The session has told of all servers."""
        self._settled.set()
        self._attended = self.ws
        self._alive()
        log.info("Discord: connected as %s (id %s)", self.user, self.application_id)

    async def on_resumed(self) -> None:
        self._attended = self.ws
        self._alive()

    async def on_disconnect(self) -> None:
        self._attended = None

    async def on_socket_raw_receive(self, _frame: str) -> None:
        """Anything at all, at least the answer to a heartbeat, is a sign of life; not so on a connection whose login
        the gateway never answered: there nothing else would ever come, and discord.py waits for ever."""
        if self._attended is not None and self._attended is self.ws:
            self._alive()

    async def on_message(self, message: discord.Message) -> None:
        if self.user is not None and (intake := self._intake()) is not None:
            await self._handle(intake.message(message, self.user))

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        if self.user is not None and (intake := self._intake()) is not None:
            await self._handle(intake.edited(payload.message, self.user))

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        await self._deleted({payload.message_id}, payload.channel_id, payload.guild_id)

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        await self._deleted(payload.message_ids, payload.channel_id, payload.guild_id)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        if self.user is not None and (intake := self._intake()) is not None:
            await self._handle(intake.interaction(interaction, self.user))

    async def on_error(self, event_method: str, /, *_args: Any, **_kwargs: Any) -> None:
        log.exception("Discord: %s failed", event_method)

    # How it is done

    async def _handle(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it in a way that `close` can end: discord.py forgets the tasks in which it calls."""
        task: Any = asyncio.current_task()  # in a coroutine there is one
        self._handling.add(task)
        try:
            await work
        finally:
            self._handling.discard(task)

    async def _deleted(self, message_ids: set[int], channel_id: int, guild_id: int | None) -> None:
        if self.user is not None and message_ids and (intake := self._intake()) is not None:
            channel = self.get_channel(channel_id) or discord.Object(channel_id)
            await intake.deleted(message_ids, channel, guild_id, self.user)
