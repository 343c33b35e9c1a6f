"""The one place where Discord's state changes: messages appear, change and go, screens show it, events tell it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from tests.fakes.discord_cdn import Cdn, StoredFile
from tests.fakes.discord_checks import buttons
from tests.fakes.discord_limits import Rules
from tests.fakes.discord_mentions import Mentions
from tests.fakes.discord_payloads import channel_object, event_object, guild_object, role_object
from tests.fakes.discord_state import (
    EVERYTHING,
    Channel,
    ChannelKind,
    Guild,
    Intent,
    Json,
    Message,
    MessageFlag,
    Permission,
    Role,
    User,
)
from tests.fakes.screen import SeenFile, Shown, Version

_EPOCH_MS = 1_420_070_400_000
"""The first millisecond of 2015, which Discord's ids count from."""

_NOT_SETTABLE = MessageFlag.EPHEMERAL | MessageFlag.LOADING | MessageFlag.HAS_THREAD
"""Flags that a body cannot give to a message: Discord sets them itself."""


@dataclass(frozen=True, slots=True)
class Event:
    """A gateway event and the intent that it takes; `open` ones show their text without MESSAGE_CONTENT too."""

    name: str
    data: Json
    needs: Intent
    open: bool = True


@dataclass(slots=True)
class World:
    """`clock` is the loop's time in seconds; `emit` hands an event to the gateway, `base_url` is where files are."""

    clock: Callable[[], float]
    emit: Callable[[Event], None]
    rules: Rules
    base_url: Callable[[], str]
    cdn: Cdn = field(init=False)
    bot: User = field(init=False)
    users: dict[str, User] = field(default_factory=dict)
    guilds: dict[str, Guild] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    pings: list[tuple[str, str]] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.cdn = Cdn(self.base_url, self.new_id)
        self.bot = self.add_user("Parley", bot=True)

    def new_id(self) -> str:
        """A snowflake: unique, growing, and with the wall clock inside."""
        millisecond = int(datetime.now(UTC).timestamp() * 1000) - _EPOCH_MS
        return str((millisecond << 22) + next(self._numbers))

    def add_user(self, name: str, *, bot: bool = False) -> User:
        user = User(self.new_id(), name, bot)
        self.users[user.id] = user
        return user

    def add_guild(self, name: str, *, has_bot: bool) -> Guild:
        guild = Guild(self.new_id(), name, has_bot)
        guild.roles.append(Role(guild.id, "@everyone", mentionable=False))
        self.guilds[guild.id] = guild
        if has_bot:
            own = Role(self.new_id(), self.bot.name, bot=self.bot)
            guild.roles.append(own)
            guild.members[self.bot] = [own]
            self.emit(Event("GUILD_CREATE", guild_object(guild, self.bot), Intent.GUILDS))
        return guild

    def add_role(self, guild: Guild, role: Role, members: tuple[User, ...]) -> Role:
        guild.roles.append(role)
        for member in members:
            guild.members.setdefault(member, []).append(role)
        if guild.has_bot:
            data = role_object(role, len(guild.roles) - 1, EVERYTHING)
            self.emit(Event("GUILD_ROLE_CREATE", {"guild_id": guild.id, "role": data}, Intent.GUILDS))
        return role

    def add_channel(self, channel: Channel) -> Channel:
        self.channels[channel.id] = channel
        if channel.guild is not None:
            channel.guild.channels.append(channel)
            if channel.guild.has_bot:
                self._announce(channel)
        return channel

    def _announce(self, channel: Channel) -> None:
        data = channel_object(channel, self.bot)
        if channel.kind is ChannelKind.PUBLIC_THREAD:
            self.emit(Event("THREAD_CREATE", data | {"newly_created": True}, Intent.GUILDS))
        else:
            self.emit(Event("CHANNEL_CREATE", data, Intent.GUILDS))

    def remove_channel(self, channel: Channel) -> None:
        del self.channels[channel.id]
        if channel.guild is not None:
            channel.guild.channels.remove(channel)
            kind = "THREAD_DELETE" if channel.parent is not None else "CHANNEL_DELETE"
            self.emit(Event(kind, channel_object(channel, self.bot), Intent.GUILDS))

    def add_thread(self, parent: Channel, name: str, owner: User, starter: Message | None) -> Channel:
        """A thread; one that a message starts has that message's id."""
        thread = Channel(
            starter.id if starter else self.new_id(), name, ChannelKind.PUBLIC_THREAD, parent.guild, parent, owner
        )
        self.add_channel(thread)
        if starter is not None:
            starter.thread = thread
            starter.flags |= MessageFlag.HAS_THREAD
            self._tell("MESSAGE_UPDATE", starter)
            opening = self._blank(thread, owner, type=21, reference=starter.id)
            self._tell("MESSAGE_CREATE", opening)
        return thread

    def dm(self, user: User) -> Channel:
        """The bot's direct messages with this person; opened at first use."""
        for channel in self.channels.values():
            if channel.kind is ChannelKind.DM and channel.recipient is user:
                return channel
        return self.add_channel(Channel(self.new_id(), user.name, ChannelKind.DM, recipient=user))

    def post(self, channel: Channel, author: User, body: Json, mentions: Mentions, **fields: Any) -> Message:
        """A new message; `body` is Discord's, already checked."""
        channel.archived = False
        message = self._blank(channel, author, **fields)
        self._fill(message, body, mentions)
        channel.messages[message.id] = message
        shown_author = "bot" if author is self.bot else author.name
        message_id, reply_to = message.id, message.reference
        channel.screen.messages.append(Shown(message_id, shown_author, [self._version(message, body)], reply_to))
        channel.screen.touch()
        self._tell("MESSAGE_CREATE", message)
        return message

    def revise(self, message: Message, body: Json, mentions: Mentions) -> None:
        """Change what `body` names and leave the rest, as PATCH does."""
        answered_late = message.thinking
        message.flags &= ~MessageFlag.LOADING
        self._fill(message, body, mentions)
        if not answered_late:
            message.edited = datetime.now(UTC)
        self._shown(message).versions.append(self._version(message, body))
        message.channel.screen.touch()
        self._tell("MESSAGE_UPDATE", message)

    def remove(self, message: Message) -> None:
        self._take_away(message)
        if message.seen_by is None:
            self._emit_for(message.channel, "MESSAGE_DELETE", {"id": message.id, **_place(message.channel)})

    def remove_together(self, channel: Channel, messages: list[Message]) -> None:
        """As moderators' bots do; one event tells of all."""
        for message in messages:
            self._take_away(message)
        gone = {"ids": [message.id for message in messages]}
        self._emit_for(channel, "MESSAGE_DELETE_BULK", {**gone, **_place(channel)})

    def _take_away(self, message: Message) -> None:
        del message.channel.messages[message.id]
        for file in message.attachments:
            self.cdn.forget(file)
        self._shown(message).deleted_at = self.clock()
        message.channel.screen.touch()

    def type_in(self, channel: Channel) -> None:
        channel.screen.typing.append(self.clock())
        channel.screen.touch()

    def _blank(self, channel: Channel, author: User, **fields: Any) -> Message:
        return Message(self.new_id(), channel, author, self.clock(), datetime.now(UTC), **fields)

    def _fill(self, message: Message, body: Json, mentions: Mentions) -> None:
        if "content" in body:
            content = body["content"] or ""
            message.content = content.strip() if self.rules.trims else content
            message.mentions = [self.users[user] for user in mentions.users if user in self.users]
            message.mention_roles = list(mentions.roles)
            message.mention_everyone = mentions.everyone
            message.pings = mentions.pings
            if message.author is self.bot:
                self.pings.extend((message.id, ping) for ping in mentions.pings)
        for name in ("embeds", "components", "attachments"):
            if name in body:
                setattr(message, name, body[name] or [])
        if "flags" in body:
            kept = message.flags & ~MessageFlag.SUPPRESS_EMBEDS
            message.flags = kept | (body["flags"] or 0) & ~_NOT_SETTABLE

    def _version(self, message: Message, body: Json) -> Version:
        marks = {"ephemeral": message.seen_by is not None, "thinking": message.thinking, "pings": list(message.pings)}
        pairs = ((button.get("label") or "", button.get("custom_id")) for button in buttons(message.components))
        return Version(
            self.clock(),
            message.content,
            tuple((label, data) for label, data in pairs if data),
            tuple(_seen(file, message) for file in message.attachments),
            body | marks,
        )

    def _shown(self, message: Message) -> Shown:
        return next(shown for shown in reversed(message.channel.screen.messages) if shown.message_id == message.id)

    def _tell(self, name: str, message: Message) -> None:
        if message.seen_by is None:
            own = message.author is self.bot or self.bot in message.mentions
            self._emit_for(message.channel, name, event_object(message, self.bot), own=own)

    def _emit_for(self, channel: Channel, name: str, data: Json, *, own: bool = False) -> None:
        """Bots hear of messages only where they are and may look."""
        if channel.guild is None:
            self.emit(Event(name, data, Intent.DIRECT_MESSAGES))
        elif channel.guild.has_bot and not channel.lacks(Permission.VIEW_CHANNEL):
            self.emit(Event(name, data, Intent.GUILD_MESSAGES, open=own))


def _place(channel: Channel) -> Json:
    """Where something happened, as events name it."""
    named: Json = {"channel_id": channel.id}
    return named if channel.guild is None else {**named, "guild_id": channel.guild.id}


def _seen(file: StoredFile, message: Message) -> SeenFile:
    kind: Literal["image", "voice", "audio", "document"] = file.kind
    if message.flags & MessageFlag.VOICE:
        kind = "voice"
    return SeenFile(kind, file.upload.filename, file.upload.data, file.upload.duration)
