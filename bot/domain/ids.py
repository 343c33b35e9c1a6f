"""Who and where: names that stay valid over a restart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

ChatKind = Literal["private", "group"]


@dataclass(frozen=True, slots=True)
class ChatRef:
    """A place where one conversation is held.

    `chat_id` is the Telegram chat or the Discord channel; `thread_id` is the Telegram topic or the Discord
    thread inside it; `server_id` is the Discord server. All are the platform's ids as text.

    `owner` is the person's id where everybody has a conversation of their own; `joined`: the chat's threads share its
    conversation. Adapters leave both alone: the chat's settings decide.
    """

    platform: str
    bot_id: str
    chat_id: str
    kind: ChatKind
    thread_id: str | None = None
    server_id: str | None = None
    owner: str | None = None
    joined: bool = False

    @property
    def key(self) -> str:
        """The conversation's key: one lane, one history."""
        base = f"{self.platform}:{self.bot_id}:{self.chat_id}" if self.joined else self.place
        return base if self.owner is None else f"{base}@{self.owner}"

    @property
    def place(self) -> str:
        """Where it is, whoever's conversation is held there; the key of a conversation that all share."""
        base = f"{self.platform}:{self.bot_id}:{self.chat_id}"
        return base if self.thread_id is None else f"{base}:{self.thread_id}"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who writes. `roles` are the ids of the Discord roles that the person holds in this server."""

    platform: str
    user_id: str
    name: str
    locale: str | None = None
    roles: frozenset[str] = field(default=frozenset())

    @property
    def handle(self) -> str:
        """The form that the settings ADMINS and ALLOWED use, such as `telegram:42`."""
        return f"{self.platform}:{self.user_id}"


def settings_scope(chat: ChatRef) -> str:
    """The scope that a setting made in this chat belongs to: the thread if there is one, else the chat."""
    base = f"{chat.platform}:{chat.bot_id}"
    if chat.thread_id is not None:
        return f"{base}/thread/{chat.chat_id}/{chat.thread_id}"
    return f"{base}/chat/{chat.chat_id}"


def chat_scopes(chat: ChatRef) -> tuple[str, ...]:
    """Every scope of a place, the most specific first: thread, chat, server."""
    base = f"{chat.platform}:{chat.bot_id}"
    scopes = []
    if chat.thread_id is not None:
        scopes.append(f"{base}/thread/{chat.chat_id}/{chat.thread_id}")
    scopes.append(f"{base}/chat/{chat.chat_id}")
    if chat.server_id is not None:
        scopes.append(f"{base}/server/{chat.server_id}")
    return tuple(scopes)


def scope_ladder(chat: ChatRef, person: Person) -> tuple[str, ...]:
    """Every scope whose settings apply here, the most specific first: person, thread, chat, server."""
    return (f"{chat.platform}:{chat.bot_id}/user/{person.user_id}", *chat_scopes(chat))


def place_scopes(chat: ChatRef) -> tuple[str, ...]:
    """The scopes of settings that were made at this place; the last stands for those below it, too (all threads)."""
    if chat.thread_id is not None:
        return (settings_scope(chat),)
    return settings_scope(chat), f"{chat.platform}:{chat.bot_id}/thread/{chat.chat_id}"
