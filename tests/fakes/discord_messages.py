"""The endpoints for messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.fakes.discord_access import visible_channel, visible_message, writable_channel
from tests.fakes.discord_checks import check_body
from tests.fakes.discord_errors import invalid_form, refusal
from tests.fakes.discord_mentions import allowed_mentions
from tests.fakes.discord_payloads import message_object
from tests.fakes.discord_routes import NOTHING, Answer, Asked, Route
from tests.fakes.discord_state import Channel, Json, Message, MessageFlag, Permission
from tests.fakes.discord_uploads import check_voice, with_files, without_voice
from tests.fakes.discord_world import World

_SENDABLE = ("content", "embeds", "components", "attachments", "sticker_ids", "poll")
_PLAIN, _REPLY = 0, 19


@dataclass(slots=True)
class Messages:
    """Handlers; each takes a request and changes the world or refuses."""

    world: World
    _nonces: dict[str, Message] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        all_messages = "/channels/{channel}/messages"
        one = all_messages + "/{message}"
        reaction = one + "/reactions/{emoji}/@me"
        return [
            Route("GET", all_messages, self.list_newest),
            Route("POST", all_messages, self.create, "create"),
            Route("GET", one, self.get),
            Route("PATCH", one, self.edit, "edit"),
            Route("DELETE", one, self.delete, "delete"),
            Route("PUT", reaction, self.react),
            Route("DELETE", reaction, self.react),
        ]

    def list_newest(self, asked: Asked) -> Answer:
        """The newest first, as many as `limit` says (50), older than `before`."""
        channel = visible_channel(self.world, asked)
        limit, before = int(asked.query.get("limit", 50)), int(asked.query.get("before", 0))
        found = [message for message in channel.messages.values() if message.seen_by is None]
        if before:
            found = [message for message in found if int(message.id) < before]
        return Answer([message_object(message, self.world.bot) for message in found[::-1][:limit]])

    def get(self, asked: Asked) -> Answer:
        message = visible_message(self.world, asked)
        if message.channel.lacks(Permission.READ_MESSAGE_HISTORY):
            raise refusal(50013)
        return Answer(message_object(message, self.world.bot))

    def create(self, asked: Asked) -> Answer:
        channel = writable_channel(self.world, asked)
        body = with_files(self.world, channel, asked.body, asked)
        if channel.recipient is not None and not channel.recipient.accepts_dms:
            raise refusal(50007)
        check_body(body, self.world.rules)
        require_something(body)
        check_voice(channel, body)
        repeated = self._repeated(body)
        if repeated is not None:
            return Answer(message_object(repeated, self.world.bot))
        return Answer(message_object(self._post(channel, body), self.world.bot))

    def edit(self, asked: Asked) -> Answer:
        message = visible_message(self.world, asked)
        if message.author is not self.world.bot:
            raise refusal(50005)
        if message.channel.archived:
            raise refusal(50083)
        revise(self.world, message, asked)
        return Answer(message_object(message, self.world.bot))

    def delete(self, asked: Asked) -> Answer:
        message = visible_message(self.world, asked)
        if message.author is not self.world.bot:
            raise refusal(50013)
        self.world.remove(message)
        return NOTHING

    def react(self, asked: Asked) -> Answer:
        """Taken, and not shown."""
        message = visible_message(self.world, asked)
        if message.channel.lacks(Permission.ADD_REACTIONS):
            raise refusal(50013)
        return NOTHING

    def _post(self, channel: Channel, body: Json) -> Message:
        quoted = _quoted(channel, body.get("message_reference"))
        replied_to = quoted.author.id if quoted else None
        mentions = allowed_mentions(body.get("content") or "", body.get("allowed_mentions"), replied_to)
        nonce = None if body.get("nonce") is None else str(body["nonce"])
        message = self.world.post(
            channel,
            self.world.bot,
            body,
            mentions,
            type=_REPLY if quoted else _PLAIN,
            reference=quoted.id if quoted else None,
            nonce=nonce,
        )
        if nonce is not None:
            self._nonces[nonce] = message
        return message

    def _repeated(self, body: Json) -> Message | None:
        """The message that this nonce made before, if the request asks for that and it was not long ago."""
        message = self._nonces.get(str(body.get("nonce"))) if body.get("enforce_nonce") else None
        if message is None or self.world.clock() - message.at > self.world.rules.nonce_life:
            return None
        return message


def _quoted(channel: Channel, reference: Json | None) -> Message | None:
    if reference is None:
        return None
    quoted = channel.messages.get(str(reference.get("message_id")))
    if quoted is None and reference.get("fail_if_not_exists", True):
        raise invalid_form("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
    return quoted


def revise(world: World, message: Message, asked: Asked, body: Json | None = None) -> None:
    """Apply an edit. Its mentions are parsed anew, and by the defaults unless the edit says otherwise.

    `body` is the request's, unless it is told apart from it.
    """
    if message.flags & MessageFlag.VOICE:
        raise refusal(50162)
    given = without_voice(asked.body if body is None else body)
    body = with_files(world, message.channel, given, asked, message.attachments)
    check_body(body, world.rules)
    shown: Json = {name: getattr(message, name) for name in ("content", "embeds", "components", "attachments")}
    require_something(shown | body)
    quoted = message.channel.messages.get(message.reference or "")
    content = body.get("content", message.content) or ""
    mentions = allowed_mentions(content, body.get("allowed_mentions"), quoted.author.id if quoted else None)
    world.revise(message, body, mentions)


def require_something(body: Json) -> None:
    if not any(_visible(body.get(name)) for name in _SENDABLE):
        raise refusal(50006)


def _visible(value: Any) -> bool:
    return bool(value.strip() if isinstance(value, str) else value)
