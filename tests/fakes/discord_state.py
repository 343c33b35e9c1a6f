"""Who and what there is on Discord: people, servers, channels, messages, interactions. Values without behaviour."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, IntFlag
from typing import Any

from tests.fakes.discord_cdn import StoredFile
from tests.fakes.screen import Screen

Json = dict[str, Any]


class Permission(IntFlag):
    """The bits that matter to a chat bot (Discord's documentation, "Permissions")."""

    NONE = 0
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_APPLICATION_COMMANDS = 1 << 31
    CREATE_PUBLIC_THREADS = 1 << 35
    SEND_MESSAGES_IN_THREADS = 1 << 38
    SEND_VOICE_MESSAGES = 1 << 46


EVERYTHING = Permission(sum(Permission))


class ChannelKind(IntEnum):
    TEXT = 0
    DM = 1
    PUBLIC_THREAD = 11


class MessageFlag(IntFlag):
    SUPPRESS_EMBEDS = 1 << 2
    HAS_THREAD = 1 << 5
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    SILENT = 1 << 12
    VOICE = 1 << 13
    HAS_SNAPSHOT = 1 << 14
    COMPONENTS_V2 = 1 << 15


class Intent(IntFlag):
    """What a bot asks to hear of (Discord's documentation, "Gateway Intents"). `NONE` events reach every bot."""

    NONE = 0
    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    DIRECT_MESSAGES = 1 << 12
    MESSAGE_CONTENT = 1 << 15


PRIVILEGED = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT
"""To be switched on in the developer portal; asking without that closes the connection with 4014."""


@dataclass(eq=False, slots=True)
class User:
    """A person, or the bot. Without `accepts_dms` a direct message to them is refused."""

    id: str
    name: str
    bot: bool = False
    accepts_dms: bool = True
    locale: str = "en-US"

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"


@dataclass(eq=False, slots=True)
class Role:
    id: str
    name: str
    mentionable: bool = True
    bot: User | None = None

    @property
    def mention(self) -> str:
        return f"<@&{self.id}>"


@dataclass(eq=False, slots=True)
class Guild:
    """A server; the bot may be absent from it (an app that only a user installed)."""

    id: str
    name: str
    has_bot: bool = True
    roles: list[Role] = field(default_factory=list)
    members: dict[User, list[Role]] = field(default_factory=dict)
    channels: list[Channel] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Channel:
    """A text channel, a thread (with a parent and an owner) or a direct message (with a recipient).

    `denied` is what the bot may not do there, nor in its threads.
    """

    id: str
    name: str
    kind: ChannelKind = ChannelKind.TEXT
    guild: Guild | None = None
    parent: Channel | None = None
    owner: User | None = None
    recipient: User | None = None
    archived: bool = False
    denied: Permission = Permission.NONE
    messages: dict[str, Message] = field(default_factory=dict)
    screen: Screen = field(default_factory=Screen)

    @property
    def mention(self) -> str:
        return f"<#{self.id}>"

    def lacks(self, permission: Permission) -> bool:
        """Whether the bot lacks this permission here."""
        return bool(permission & self.denied) or (self.parent is not None and self.parent.lacks(permission))


@dataclass(eq=False, slots=True)
class Message:
    """A message as it is now. `seen_by` is set for an ephemeral one: only that person sees it.

    `pings` are those whom it notifies: "everyone", "user:ID", "role:ID". `forwarded` is a copy of the message that it
    passes on.
    """

    id: str
    channel: Channel
    author: User
    at: float
    created: datetime
    type: int = 0
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[StoredFile] = field(default_factory=list)
    stickers: list[Json] = field(default_factory=list)
    forwarded: Message | None = None
    flags: int = 0
    nonce: str | None = None
    reference: str | None = None
    mentions: list[User] = field(default_factory=list)
    mention_roles: list[str] = field(default_factory=list)
    mention_everyone: bool = False
    pings: tuple[str, ...] = ()
    edited: datetime | None = None
    interaction: Interaction | None = None
    thread: Channel | None = None
    seen_by: User | None = None

    @property
    def thinking(self) -> bool:
        """Shown as "is thinking…": deferred and not yet answered."""
        return bool(self.flags & MessageFlag.LOADING)


@dataclass(eq=False, slots=True)
class Interaction:
    """A command (2), a press of a button (3), a request for suggestions (4) or a form (5), and how the bot met it.

    `at` and `responded_at` are on the loop's clock; `response` is the callback's type and `original` the message that
    `@original` names. `choices` are the suggestions answered and `modal` a form that was shown.
    """

    id: str
    token: str
    kind: int
    channel: Channel
    user: User
    at: float
    data: Json
    message: Message | None = None
    user_install: bool = False
    response: int | None = None
    responded_at: float | None = None
    original: Message | None = None
    followups: int = 0
    choices: list[Json] = field(default_factory=list)
    modal: Json | None = None

    @property
    def deferred(self) -> bool:
        """Acknowledged first and answered later (callback types 5 and 6)."""
        return self.response in (5, 6)

    @property
    def delay(self) -> float | None:
        """Seconds until the first response."""
        return None if self.responded_at is None else self.responded_at - self.at
