"""The endpoints for channels and messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.discord_checks import check_body
from tests.fakes.discord_errors import invalid_form, refusal
from tests.fakes.discord_mentions import allowed_mentions
from tests.fakes.discord_payloads import channel_object, guild_object, message_object, user_object
from tests.fakes.discord_server import NOTHING, Answer, Asked, Route
from tests.fakes.discord_state import Channel, ChannelKind, Json, Message, Permission
from tests.fakes.discord_world import World

_SENDABLE = ("content", "embeds", "components", "attachments", "sticker_ids", "poll")
_REPLY = 19


@dataclass(slots=True)
class Rest:
    """Handlers of the bot's own endpoints; each takes a request and changes the world or refuses."""

    world: World
    gateway_url: Callable[[], str]
    _nonces: dict[str, Message] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        messages = "/channels/{channel}/messages"
        one = messages + "/{message}"
        reaction = one + "/reactions/{emoji}"
        return [
            Route("GET", "/gateway", self.get_gateway, tokenless=True),
            Route("GET", "/gateway/bot", self.get_gateway),
            Route("GET", "/users/@me", self.get_me),
            Route("POST", "/users/@me/channels", self.open_dm),
            Route("GET", "/applications/@me", self.get_application),
            Route("GET", "/oauth2/applications/@me", self.get_application),
            Route("GET", "/guilds/{guild}", self.get_guild),
            Route("GET", "/channels/{channel}", self.get_channel),
            Route("POST", "/channels/{channel}/typing", self.start_typing, "typing"),
            Route("POST", "/channels/{channel}/threads", self.start_thread),
            Route("POST", one + "/threads", self.start_thread_here),
            Route("GET", messages, self.list_messages),
            Route("POST", messages, self.create_message, "create"),
            Route("GET", one, self.get_message),
            Route("PATCH", one, self.edit_message, "edit"),
            Route("DELETE", one, self.delete_message),
            Route("PUT", reaction + "/@me", self.react),
            Route("DELETE", reaction + "/@me", self.react),
        ]

    def get_gateway(self, asked: Asked) -> Answer:
        limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
        return Answer({"url": self.gateway_url(), "shards": 1, "session_start_limit": limit})

    def get_me(self, asked: Asked) -> Answer:
        return Answer(user_object(self.world.bot))

    def get_application(self, asked: Asked) -> Answer:
        bot = self.world.bot
        owner = {"id": "1", "username": "operator", "discriminator": "0", "avatar": None}
        return Answer(
            {
                "id": bot.id,
                "name": bot.name,
                "description": "",
                "icon": None,
                "bot_public": True,
                "bot_require_code_grant": False,
                "owner": owner,
                "verify_key": "0" * 64,
                "team": None,
                "flags": 0,
            }
        )

    def get_guild(self, asked: Asked) -> Answer:
        guild = self.world.guilds.get(asked.path["guild"])
        if guild is None:
            raise refusal(10004)
        if not guild.has_bot:
            raise refusal(50001)
        return Answer(guild_object(guild, self.world.bot))

    def get_channel(self, asked: Asked) -> Answer:
        return Answer(channel_object(self._channel(asked), self.world.bot))

    def open_dm(self, asked: Asked) -> Answer:
        user = self.world.users.get(str(asked.body.get("recipient_id")))
        if user is None:
            raise refusal(10013)
        return Answer(channel_object(self.world.dm(user), self.world.bot))

    def start_typing(self, asked: Asked) -> Answer:
        self.world.type_in(self._writable(asked))
        return NOTHING

    def start_thread_here(self, asked: Asked) -> Answer:
        """A thread from a message."""
        message = self._message(asked)
        if message.thread is not None:
            raise refusal(160004)
        return self._start_thread(message.channel, asked.body, message)

    def start_thread(self, asked: Asked) -> Answer:
        """A thread without a message."""
        return self._start_thread(self._channel(asked), asked.body, None)

    def _start_thread(self, channel: Channel, body: Json, starter: Message | None) -> Answer:
        if channel.kind is not ChannelKind.TEXT:
            raise refusal(50003)
        if channel.denied & Permission.CREATE_PUBLIC_THREADS:
            raise refusal(50013)
        name = body.get("name") or ""
        if not 1 <= len(name) <= 100:
            raise invalid_form("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
        thread = self.world.add_thread(channel, name, self.world.bot, starter)
        return Answer(channel_object(thread, self.world.bot), 201)

    def list_messages(self, asked: Asked) -> Answer:
        """The newest first, as many as `limit` says (50), older than `before`."""
        channel = self._channel(asked)
        limit, before = int(asked.query.get("limit", 50)), int(asked.query.get("before", 0))
        found = [message for message in channel.messages.values() if message.seen_by is None]
        if before:
            found = [message for message in found if int(message.id) < before]
        return Answer([message_object(message, self.world.bot) for message in found[::-1][:limit]])

    def get_message(self, asked: Asked) -> Answer:
        return Answer(message_object(self._message(asked), self.world.bot))

    def create_message(self, asked: Asked) -> Answer:
        channel, body = self._writable(asked), with_files(asked)
        if channel.recipient is not None and not channel.recipient.accepts_dms:
            raise refusal(50007)
        check_body(body, self.world.rules)
        require_something(body)
        repeated = self._repeated(body)
        if repeated is not None:
            return Answer(message_object(repeated, self.world.bot))
        quoted = self._quoted(channel, body.get("message_reference"))
        replied_to = quoted.author.id if quoted else None
        mentions = allowed_mentions(body.get("content") or "", body.get("allowed_mentions"), replied_to)
        reference = quoted.id if quoted else None
        nonce = None if body.get("nonce") is None else str(body["nonce"])
        message = self.world.post(
            channel,
            self.world.bot,
            body,
            mentions,
            type=_REPLY if quoted else 0,
            reference=reference,
            nonce=nonce,
        )
        if nonce is not None:
            self._nonces[nonce] = message
        return Answer(message_object(message, self.world.bot))

    def edit_message(self, asked: Asked) -> Answer:
        message, body = self._message(asked), with_files(asked)
        if message.author is not self.world.bot:
            raise refusal(50005)
        if message.channel.archived:
            raise refusal(50083)
        revise(self.world, message, body)
        return Answer(message_object(message, self.world.bot))

    def delete_message(self, asked: Asked) -> Answer:
        message = self._message(asked)
        if message.author is not self.world.bot:
            raise refusal(50013)
        self.world.remove(message)
        return NOTHING

    def react(self, asked: Asked) -> Answer:
        message = self._message(asked)
        if message.channel.denied & Permission.ADD_REACTIONS:
            raise refusal(50013)
        return NOTHING

    def _channel(self, asked: Asked) -> Channel:
        channel = self.world.channels.get(asked.path["channel"])
        if channel is None:
            raise refusal(10003)
        unseen = bool(channel.denied & Permission.VIEW_CHANNEL)
        if unseen or (channel.guild is not None and not channel.guild.has_bot):
            raise refusal(50001)
        return channel

    def _writable(self, asked: Asked) -> Channel:
        channel = self._channel(asked)
        in_thread = channel.kind is ChannelKind.PUBLIC_THREAD
        needed = Permission.SEND_MESSAGES_IN_THREADS if in_thread else Permission.SEND_MESSAGES
        if channel.denied & needed:
            raise refusal(50013)
        return channel

    def _message(self, asked: Asked) -> Message:
        message = self._channel(asked).messages.get(asked.path["message"])
        if message is None or message.seen_by is not None:
            raise refusal(10008)
        return message

    def _repeated(self, body: Json) -> Message | None:
        """The message that this nonce made before, if the request asks for that and it was not long ago."""
        message = self._nonces.get(str(body.get("nonce"))) if body.get("enforce_nonce") else None
        if message is None or self.world.clock() - message.at > self.world.rules.nonce_life:
            return None
        return message

    def _quoted(self, channel: Channel, reference: Json | None) -> Message | None:
        if reference is None:
            return None
        quoted = channel.messages.get(str(reference.get("message_id")))
        if quoted is None and reference.get("fail_if_not_exists", True):
            raise invalid_form("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
        return quoted


def revise(world: World, message: Message, body: Json) -> None:
    """Apply an edit. Its mentions are parsed anew, and by the defaults unless the edit says otherwise."""
    check_body(body, world.rules)
    require_something(shown_fields(message) | body)
    quoted = message.channel.messages.get(message.reference or "")
    content = body.get("content", message.content) or ""
    mentions = allowed_mentions(content, body.get("allowed_mentions"), quoted.author.id if quoted else None)
    world.revise(message, body, mentions)


def shown_fields(message: Message) -> Json:
    return {name: getattr(message, name) for name in ("content", "embeds", "components", "attachments")}


def require_something(body: Json) -> None:
    if not any(_visible(body.get(name)) for name in _SENDABLE):
        raise refusal(50006)


def _visible(value: Any) -> bool:
    return bool(value.strip() if isinstance(value, str) else value)


def with_files(asked: Asked) -> Json:
    """The body, its uploads turned into attachments."""
    body: Json = dict(asked.body)
    if asked.files:
        kept = [attachment for attachment in body.get("attachments", []) if "size" in attachment]
        body["attachments"] = kept + [
            {"id": str(number), "filename": name, "size": len(data), "url": "", "proxy_url": ""}
            for number, (name, data) in enumerate(asked.files)
        ]
    return body
