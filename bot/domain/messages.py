"""What arrives from a platform. Adapters build these values; the router reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.domain.attachments import Attachment
from bot.domain.ids import ChatRef, Person

Addressing = Literal["direct", "mention", "reply", "thread", "none"]
"""How a message turns to the bot: in a private chat, by name, as an answer, in a thread of its own, not at all."""

OptionValue = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Quote:
    """The message that a message replies to."""

    author: str
    text: str
    from_bot: bool = False
    attachments: tuple[Attachment, ...] = ()
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What somebody said in the chat without addressing the bot."""

    author: str
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """Words addressed to a chat. The mention of the bot is already taken out of `text`.

    `key` names the update on its platform and never changes when the platform delivers it again. `context` is what
    others said before; adapters leave it empty.
    """

    kind: Literal["message"] = field(default="message", init=False)
    key: str
    chat: ChatRef
    author: Person
    message_id: str
    text: str
    addressing: Addressing
    attachments: tuple[Attachment, ...] = ()
    quote: Quote | None = None
    album_id: str | None = None
    context: tuple[Heard, ...] = ()


@dataclass(frozen=True, slots=True)
class Edited:
    """A message whose author changed it; `message` is the new state and has a key of its own."""

    kind: Literal["edited"] = field(default="edited", init=False)
    message: Message

    @property
    def key(self) -> str:
        return self.message.key

    @property
    def chat(self) -> ChatRef:
        return self.message.chat

    @property
    def author(self) -> Person:
        return self.message.author


@dataclass(frozen=True, slots=True)
class Deleted:
    """Messages of a chat are gone, whoever deleted them; the platform does not say who wrote them."""

    kind: Literal["deleted"] = field(default="deleted", init=False)
    key: str
    chat: ChatRef
    message_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Invocation:
    """A command with its typed values: `path` is ("persona", "use") for `/persona use`."""

    path: tuple[str, ...]
    values: Mapping[str, OptionValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CommandCall:
    """A command, either typed as a line of text (`/persona use teacher`) or already taken apart by the platform.

    `attachments` are files that came with it: the picture of which `/imagine` is the caption, a slash command's file.
    `pressed` is the message under which a button carried the line.
    """

    kind: Literal["command"] = field(default="command", init=False)
    key: str
    chat: ChatRef
    author: Person
    call: str | Invocation
    message_id: str | None = None
    quote: Quote | None = None
    attachments: tuple[Attachment, ...] = ()
    pressed: str | None = None


@dataclass(frozen=True, slots=True)
class ButtonPress:
    """Somebody pressed a button under a message of the bot. `data` is what the button carried.

    `text` is what the person wrote, for a button that asks for words where the platform can (Discord's modals).
    """

    kind: Literal["button"] = field(default="button", init=False)
    key: str
    chat: ChatRef
    author: Person
    message_id: str
    data: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class ChatMoved:
    """A chat got another id (Telegram turns a group into a supergroup); what belonged to the old one moves along."""

    kind: Literal["moved"] = field(default="moved", init=False)
    key: str
    old: ChatRef
    chat: ChatRef


Incoming = Message | Edited | Deleted | CommandCall | ButtonPress | ChatMoved
