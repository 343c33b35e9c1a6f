"""The endpoints for the bot itself, servers, channels and threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.fakes.discord_access import visible_channel, visible_message, writable_channel
from tests.fakes.discord_errors import invalid_form, refusal
from tests.fakes.discord_payloads import channel_object, guild_object, member_object, user_object
from tests.fakes.discord_routes import NOTHING, Answer, Asked, Route
from tests.fakes.discord_state import Channel, ChannelKind, Guild, Json, Message, Permission
from tests.fakes.discord_world import World

_ARCHIVED_AFTER = (60, 1440, 4320, 10080)
"""Minutes (Discord's documentation, "Start Thread from Message")."""


@dataclass(slots=True)
class Rest:
    """Handlers; each takes a request and changes the world or refuses."""

    world: World
    gateway_url: Callable[[], str]

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/gateway", self.get_gateway, tokenless=True),
            Route("GET", "/gateway/bot", self.get_gateway),
            Route("GET", "/users/@me", self.get_me),
            Route("POST", "/users/@me/channels", self.open_dm),
            Route("GET", "/applications/@me", self.get_application),
            Route("GET", "/oauth2/applications/@me", self.get_application),
            Route("GET", "/guilds/{guild}", self.get_guild),
            Route("GET", "/guilds/{guild}/members/{user}", self.get_member),
            Route("GET", "/channels/{channel}", self.get_channel),
            Route("POST", "/channels/{channel}/typing", self.start_typing, "typing"),
            Route("POST", "/channels/{channel}/threads", self.start_thread),
            Route("POST", "/channels/{channel}/messages/{message}/threads", self.start_thread_here),
        ]

    def get_gateway(self, asked: Asked) -> Answer:
        limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
        return Answer({"url": self.gateway_url(), "shards": 1, "session_start_limit": limit})

    def get_me(self, asked: Asked) -> Answer:
        return Answer(user_object(self.world.bot))

    def get_application(self, asked: Asked) -> Answer:
        bot = self.world.bot
        owner = {"id": "1", "username": "operator", "discriminator": "0", "avatar": None}
        texts = {"id": bot.id, "name": bot.name, "description": "", "icon": None, "verify_key": "0" * 64}
        return Answer(texts | {"owner": owner, "bot_public": True, "bot_require_code_grant": False, "flags": 0})

    def get_guild(self, asked: Asked) -> Answer:
        return Answer(guild_object(self._guild(asked), self.world.bot))

    def get_member(self, asked: Asked) -> Answer:
        guild, user = self._guild(asked), self.world.users.get(asked.path["user"])
        if user is None:
            raise refusal(10013)
        if user not in guild.members:
            raise refusal(10007)
        return Answer(member_object(guild, user) | {"user": user_object(user)})

    def get_channel(self, asked: Asked) -> Answer:
        return self._shown(visible_channel(self.world, asked))

    def open_dm(self, asked: Asked) -> Answer:
        user = self.world.users.get(str(asked.body.get("recipient_id")))
        if user is None:
            raise refusal(10013)
        return self._shown(self.world.dm(user))

    def start_typing(self, asked: Asked) -> Answer:
        self.world.type_in(writable_channel(self.world, asked))
        return NOTHING

    def start_thread_here(self, asked: Asked) -> Answer:
        """A thread from a message."""
        return self._start_thread(visible_channel(self.world, asked), asked.body, visible_message(self.world, asked))

    def start_thread(self, asked: Asked) -> Answer:
        """A thread without a message."""
        return self._start_thread(visible_channel(self.world, asked), asked.body, None)

    def _guild(self, asked: Asked) -> Guild:
        guild = self.world.guilds.get(asked.path["guild"])
        if guild is None:
            raise refusal(10004)
        if not guild.has_bot:
            raise refusal(50001)
        return guild

    def _start_thread(self, channel: Channel, body: Json, starter: Message | None) -> Answer:
        name = body.get("name") or ""
        if not 1 <= len(name) <= 100:
            raise invalid_form("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
        if body.get("auto_archive_duration", 1440) not in _ARCHIVED_AFTER:
            raise invalid_form("auto_archive_duration", "BASE_TYPE_CHOICES", f"Value must be one of {_ARCHIVED_AFTER}.")
        if channel.kind is ChannelKind.DM:
            raise refusal(50003)
        if channel.kind is not ChannelKind.TEXT:
            raise refusal(50024)
        if channel.lacks(Permission.CREATE_PUBLIC_THREADS):
            raise refusal(50013)
        if starter is not None and starter.thread is not None:
            raise refusal(160004)
        return self._shown(self.world.add_thread(channel, name, self.world.bot, starter), 201)

    def _shown(self, channel: Channel, status: int = 200) -> Answer:
        return Answer(channel_object(channel, self.world.bot), status)
