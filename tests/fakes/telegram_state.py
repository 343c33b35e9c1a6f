"""Chats, people and messages as the fake Telegram knows them, and how they look in JSON and on screen."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.fakes.screen import Screen, Shown, Version
from tests.fakes.telegram_entities import FormattedText
from tests.fakes.telegram_files import Media
from tests.fakes.telegram_updates import UpdateQueue

PREVIEW_LIFE = 30.0
"""Seconds that a draft stays on screen without a new call (Bot API, sendMessageDraft)."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class User:
    id: int
    first_name: str
    username: str | None = None
    last_name: str | None = None
    language_code: str | None = "en"
    is_bot: bool = False

    def as_json(self) -> Json:
        names = {"username": self.username, "last_name": self.last_name, "language_code": self.language_code}
        given = {key: value for key, value in names.items() if value is not None}
        return {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name, **given}


@dataclass(slots=True, eq=False)
class Chat:
    """`topics` maps the thread id of each topic to the service message that opened it.

    `forbidden` names what the bot may not send here, in Telegram's words: photos, voice notes, music, documents.
    """

    id: int
    type: Literal["private", "group", "supergroup"]
    title: str
    user: User | None = None
    forum: bool = False
    bot_is_admin: bool = False
    bot_is_out: bool = False
    moved_to: int | None = None
    forbidden: set[str] = field(default_factory=set)
    messages: dict[int, Message] = field(default_factory=dict)
    topics: dict[int, Message] = field(default_factory=dict)

    def as_json(self) -> Json:
        if self.user is not None:
            person = self.user.as_json()
            return {"id": self.id, "type": self.type, **{key: person[key] for key in _PRIVATE_NAMES if key in person}}
        plain = {"id": self.id, "type": self.type, "title": self.title}
        return {**plain, "is_forum": True} if self.forum else plain


_PRIVATE_NAMES = ("first_name", "last_name", "username")


@dataclass(slots=True, eq=False)
class Message:
    """`thread_id` is a topic's (`in_topic`), or in an ordinary supergroup the first message of a chain of replies.

    `extra` holds what else the JSON shows: an album's id, or the facts of a service message. `media` is the file that
    the message carries, of which the text is then the caption.
    """

    chat: Chat
    id: int
    sender: User
    content: FormattedText
    markup: Json | None = None
    reply_to: Message | None = None
    thread_id: int | None = None
    in_topic: bool = False
    extra: Json = field(default_factory=dict)
    media: Media | None = None
    force_reply: Json | None = None
    date: int = field(default_factory=lambda: int(time.time()))
    edited: int | None = None
    reactions: list[Json] = field(default_factory=list)
    shown: Shown | None = None

    @property
    def quoted(self) -> Message | None:
        """A message in a topic that replies to nothing shows the topic's opening as the message it replies to."""
        if self.reply_to is None and self.in_topic and self.chat.type == "supergroup":
            return self.chat.topics.get(self.thread_id or 0)
        return self.reply_to

    def as_json(self, *, with_reply: bool = True) -> Json:
        fields: Json = {"message_id": self.id, "from": self.sender.as_json(), "chat": self.chat.as_json()}
        fields["date"] = self.date
        words = "caption" if self.media is not None or _MEDIA & self.extra.keys() else "text"
        if self.content.text:
            fields[words] = self.content.text
        if self.content.entities:
            fields["entities" if words == "text" else "caption_entities"] = list(self.content.entities)
        if self.markup is not None:
            fields["reply_markup"] = self.markup
        if self.thread_id is not None:
            fields["message_thread_id"] = self.thread_id
        if self.in_topic:
            fields["is_topic_message"] = True
        if self.edited is not None:
            fields["edit_date"] = self.edited
        if with_reply and self.quoted is not None:
            fields["reply_to_message"] = self.quoted.as_json(with_reply=False)
        return {**fields, **self.extra, **(self.media.json if self.media is not None else {})}


_MEDIA = frozenset({"photo", "voice", "audio", "video", "video_note", "document", "animation", "sticker"})


def buttons_of(markup: Json | None) -> tuple[tuple[str, str], ...]:
    """(label, data) of each inline button; the data of a link button is its URL."""
    rows = (markup or {}).get("inline_keyboard", [])
    return tuple((b["text"], b.get("callback_data") or b.get("url") or "") for row in rows for b in row)


class State:
    """Everything that is true on the fake Telegram. All changes are synchronous."""

    def __init__(self, bot: User) -> None:
        self.bot = bot
        self.chats: dict[int, Chat] = {}
        self.updates = UpdateQueue()
        self.screens: dict[tuple[int, int | None], Screen] = defaultdict(Screen)
        self.callbacks: dict[str, Json | None] = {}
        self._last_id = 0
        self._expiries: dict[tuple[int, int | None], asyncio.TimerHandle] = {}

    def screen(self, chat: Chat, thread_id: int | None = None) -> Screen:
        """The chat as people see it; a topic has a screen of its own, a chain of replies has not."""
        return self.screens[chat.id, thread_id if thread_id in chat.topics else None]

    def add(self, message: Message) -> Message:
        """Put a message into its chat and, unless it is a service message, on the screen."""
        message.chat.messages[message.id] = message
        if _SERVICE & message.extra.keys():
            return message
        author = "bot" if message.sender.id == self.bot.id else message.sender.first_name
        reply_to = None if message.reply_to is None else str(message.reply_to.id)
        message.shown = Shown(str(message.id), author, [_version(message)], reply_to)
        screen = self.screen(message.chat, message.thread_id)
        screen.messages.append(message.shown)
        if author == "bot":
            self._forget_previews(message.chat, message.thread_id)
        screen.touch()
        return message

    def next_id(self, chat: Chat) -> int:
        """Supergroups number their own messages; all other chats of the bot share one count."""
        if chat.type == "supergroup":
            return max(chat.messages, default=0) + 1
        self._last_id += 1
        return self._last_id

    def change(self, message: Message, content: FormattedText, markup: Json | None, media: Media | None = None) -> None:
        """Let a message look otherwise from now on; without `media` it keeps the file it has."""
        message.media = media or message.media
        message.content, message.markup, message.edited = content, markup, int(time.time())
        if message.shown is not None:
            message.shown.versions.append(_version(message))
        self.screen(message.chat, message.thread_id).touch()

    def remove(self, message: Message) -> None:
        del message.chat.messages[message.id]
        if message.shown is not None:
            message.shown.deleted_at = asyncio.get_running_loop().time()
        self.screen(message.chat, message.thread_id).touch()

    def preview(self, chat: Chat, thread_id: int | None, draft_id: int, content: FormattedText) -> None:
        """Show a draft. Another id replaces the one before; without a new call it vanishes after 30 seconds."""
        self._forget_previews(chat, thread_id)
        screen = self.screen(chat, thread_id)
        raw: Json = {"entities": list(content.entities)}
        version = Version(asyncio.get_running_loop().time(), content.text, raw=raw)
        screen.previews[draft_id] = version
        screen.preview_log.append((draft_id, version))
        self._expiries[chat.id, thread_id] = asyncio.get_running_loop().call_later(
            PREVIEW_LIFE, self._forget_previews, chat, thread_id
        )
        screen.touch()

    def close(self) -> None:
        self.updates.close()
        for timer in self._expiries.values():
            timer.cancel()

    def _forget_previews(self, chat: Chat, thread_id: int | None) -> None:
        timer = self._expiries.pop((chat.id, thread_id), None)
        if timer is not None:
            timer.cancel()
        screen = self.screen(chat, thread_id)
        screen.previews.clear()
        screen.touch()


_SERVICE = frozenset({"forum_topic_created", "migrate_to_chat_id", "migrate_from_chat_id"})


def _version(message: Message) -> Version:
    raw: Json = {"entities": list(message.content.entities), "reply_markup": message.markup or message.force_reply}
    at = asyncio.get_running_loop().time()
    files = () if message.media is None else (message.media.seen,)
    return Version(at, message.content.text, buttons_of(message.markup), files, raw)
