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
_LONGEST_PAGE = 100


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
            Route("GET", all_messages, self.read_page),
            Route("POST", all_messages, self.create, "create"),
            Route("GET", one, self.get),
            Route("PATCH", one, self.edit, "edit"),
            Route("DELETE", one, self.delete, "delete"),
            Route("PUT", reaction, self.react),
            Route("DELETE", reaction, self.react),
        ]

    def read_page(self, asked: Asked) -> Answer:
        """A page of `limit` messages (50), the newest first: the newest of all, of those older than `before`, or the
        oldest of those newer than `after`. Who may not read the history finds it empty ("Get Channel Messages")."""
        channel = visible_channel(self.world, asked)
        limit = _page_size(asked.query.get("limit", "50"))
        if channel.lacks(Permission.READ_MESSAGE_HISTORY):
            return Answer([])
        before, after = (int(asked.query.get(name, 0)) for name in ("before", "after"))
        assert not (before and after), "Discord takes one of the two"
        found = sorted((each for each in channel.messages.values() if each.seen_by is None), key=_number)
        if after:
            page = [each for each in found if _number(each) > after][:limit]
        else:
            page = [each for each in found if not before or _number(each) < before][-limit:]
        return Answer([message_object(message, self.world.bot) for message in reversed(page)])

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


def _page_size(asked: str) -> int:
    limit = int(asked)
    if not 1 <= limit <= _LONGEST_PAGE:
        raise invalid_form("limit", "NUMBER_TYPE_MAX", f"int value should be between 1 and {_LONGEST_PAGE}.")
    return limit


def _number(message: Message) -> int:
    return int(message.id)


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
