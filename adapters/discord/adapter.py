"""Discord as a platform of the core: the life of its connections."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping, Sequence

import aiohttp
import discord

from adapters.discord import commands
from adapters.discord.client import GatewayClient, redirect
from adapters.discord.downloads import Downloads
from adapters.discord.gaps import Gaps
from adapters.discord.intake import Intake
from adapters.discord.interaction import LateChannel
from adapters.discord.places import Places
from adapters.discord.remembering import Remembering
from adapters.discord.translate import PLATFORM
from bot import clock
from bot.commands.spec import Command, Menu
from bot.domain.ids import ChatRef
from bot.errors import NotSent, ParleyError, SettingsError
from bot.ports import Hook, Inbox, Notes

log = logging.getLogger(__name__)

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
REFUSED_PAUSE = 300.0
SYNC_WITHIN = 20.0
SILENCE = 180.0
"""The gateway is asked for a sign of life every 41 seconds; discord.py gives up a connection after 60 without one, and
has two minutes left to make a new one, which goes on where the old one ended."""

_REFUSED = (
    "Discord does not accept the token. Copy it anew from the Bot page of the application in the developer portal "
    "and set DISCORD_TOKEN."
)
_NO_CONTENT = (
    "Discord does not give this bot the text of messages: switch on Message Content Intent on the Bot page of the "
    "application in the developer portal, then restart. Until then the bot hears mentions, direct messages and "
    "commands, but neither replies without a mention nor talk in threads."
)


class DiscordPlatform:
    """Implements `bot.ports.Platform` by the gateway and the REST API.

    `api_url` (`http://host:port/api/v10`) and `gateway_url` (`ws://host:port`) are addresses of other servers, such as
    a REST proxy; discord.py keeps them for the whole process.
    """

    name = PLATFORM
    silence = SILENCE

    def __init__(
        self,
        token: str,
        notes: Notes,
        registry: Sequence[Command],
        *,
        menus: Sequence[Menu] = (),
        api_url: str | None = None,
        gateway_url: str | None = None,
    ) -> None:
        redirect(api_url, gateway_url)
        self._token = token
        self._notes = notes
        self._registry = tuple(registry)
        self._menus = tuple(menus)
        self._downloads = Downloads(self._current)
        self._places = Places()
        self._remembering = Remembering(notes, self._places)
        self._inbox: Inbox | None = None
        self._intake: Intake | None = None
        self._client: GatewayClient | None = None
        self._content = True
        self._alive_at: float | None = None

    async def __aenter__(self) -> DiscordPlatform:
        return self

    async def __aexit__(self, *exc: object) -> None:
        client, self._client = self._client, None
        try:
            if client is not None:
                await client.close()
        finally:
            await self._downloads.close()
            await self._remembering.save()

    @property
    def healthy_at(self) -> float | None:
        """When the gateway last said anything (`clock.now()`); None before it first answered a login."""
        return self._alive_at

    @property
    def hooks(self) -> Mapping[str, Hook]:
        return {}

    async def receive(self, inbox: Inbox) -> None:
        self._inbox = inbox
        gaps = Gaps(self._places)
        self._intake = Intake(inbox, self._registry, self._menus, self._current, self._downloads, gaps)
        keeping = asyncio.create_task(self._remembering.keep(), name="Discord's places are noted")
        failures = 0
        try:
            while True:
                started = clock.now()
                error = await self._attend()
                if self._alive_at is not None and self._alive_at > started:
                    failures = 0
                await clock.sleep(self._pause_after(error, failures))
                failures += 1
        finally:
            self._intake = self._inbox = None
            keeping.cancel()
            await asyncio.wait([keeping])

    def channel(self, chat: ChatRef) -> LateChannel | None:
        user = None if self._client is None else self._client.user
        if user is None or str(user.id) != chat.bot_id:
            return None
        return LateChannel(
            chat, self._current, self._downloads, threads=chat.server_id is not None and not chat.thread_id
        )

    async def check(self) -> str:
        try:
            async with discord.Client(intents=discord.Intents.none()) as client, asyncio.timeout(SYNC_WITHIN):
                bot = await client.http.static_login(self._token)
        except discord.LoginFailure:
            raise SettingsError("DISCORD_TOKEN", "Discord does not accept it.") from None
        except Exception as error:
            # The library fails in many ways where something else than Discord answers.
            raise ParleyError(f"Discord cannot be reached ({type(error).__name__}).") from error
        number = "" if bot["discriminator"] == "0" else f"#{bot['discriminator']}"
        return f"Discord: {bot['username']}{number} (id {bot['id']})"

    def _current(self) -> GatewayClient:
        if self._client is None:
            raise NotSent("not connected to Discord")
        return self._client

    async def _attend(self) -> Exception | None:
        """One client's life at the gateway; returns what ended it.

        Every attempt gets a new client: one whose first connection failed cannot connect any more.
        """
        client = GatewayClient(
            content=self._content, intake=lambda: self._intake, logged_in=self._logged_in, alive=self._alive
        )
        try:
            await client.start(self._token)
        except Exception as error:
            # Whatever ended it, the bot must try again. The library lets much through: a first connection that is
            # refused comes as an AttributeError, a sign-in page in place of JSON as a TypeError.
            return error
        finally:
            await self._leave(client)
        return None

    def _pause_after(self, error: Exception | None, failures: int) -> float:
        """Seconds until the next client's life, after so many that failed before in a row."""
        match error:
            case discord.LoginFailure() | discord.ConnectionClosed(code=4004):
                log.error(_REFUSED)
                return REFUSED_PAUSE
            case discord.PrivilegedIntentsRequired() if self._content:
                log.error(_NO_CONTENT)
                self._content = False
                return 0.0
        # Spread, so that many bots do not come back in the same moment.
        spread = random.uniform(0.8, 1.2)  # noqa: S311  (spreads retries, keeps no secret)
        pause: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures, 10)) * spread
        log.warning("Discord: no connection (%s); next attempt in %.1f s", _describe(error), pause)
        return pause

    async def _leave(self, client: GatewayClient) -> None:
        """The client is done with the gateway. One that is logged in goes on serving calls until the next one is."""
        if client is self._client:
            await client.leave_gateway()
        else:
            await client.close()

    async def _logged_in(self, client: GatewayClient) -> None:
        former, self._client = self._client, client
        if former is not None:
            await former.close()
        if client.user is not None:
            await self._remembering.recall(client.user.id)
        await self._sync(client)
        if self._inbox is not None:
            await self._inbox.begin(self)

    async def _sync(self, client: GatewayClient) -> None:
        """Register the commands when they differ from what was registered last; never fewer than one."""
        registered = commands.payload(self._registry, self._menus)
        note = f"discord:commands:{client.application_id}"
        fingerprint = commands.fingerprint(registered)
        if not registered or client.application_id is None or await self._notes.read(note) == fingerprint:
            return
        try:
            async with asyncio.timeout(SYNC_WITHIN):
                await client.http.bulk_upsert_global_commands(client.application_id, registered)
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("Discord: the commands could not be registered (%s)", _describe(error))
            return
        await self._notes.write(note, fingerprint)
        log.info("Discord: %d commands registered", len(registered))

    def _alive(self) -> None:
        self._alive_at = clock.now()


def _describe(error: Exception | None) -> str:
    match error:
        case None:
            return "closed"
        case AttributeError():
            return "the gateway cannot be reached"
        case discord.DiscordException() | aiohttp.ClientError() | OSError():
            return str(error)[:200] or type(error).__name__
        case _:
            return f"an answer that is none of Discord's: {type(error).__name__}"
