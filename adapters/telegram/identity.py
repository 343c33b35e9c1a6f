"""Who the bot is, and who and where Telegram's people and chats are."""

from __future__ import annotations

from dataclasses import dataclass

from telegram import Chat, User
from telegram import Message as TelegramMessage

from bot.domain.ids import ChatRef, Person

PLATFORM = "telegram"


@dataclass(frozen=True, slots=True)
class BotIdentity:
    """The bot as people address it. `commands` are the names that it answers to."""

    id: int
    username: str
    commands: frozenset[str]

    @property
    def mention(self) -> str:
        return f"@{self.username}".lower()


def chat_ref(bot: BotIdentity, chat: Chat, thread_id: int | None = None) -> ChatRef:
    kind = "private" if chat.type == Chat.PRIVATE else "group"
    thread = None if thread_id is None else str(thread_id)
    return ChatRef(PLATFORM, str(bot.id), str(chat.id), kind, thread)  # type: ignore[arg-type]  # two literals


def topic_of(message: TelegramMessage) -> int | None:
    """The message's topic. Elsewhere a thread id marks a chain of replies, which is no place of its own."""
    return message.message_thread_id if message.is_topic_message else None


def author_of(message: TelegramMessage) -> Person | None:
    """Who wrote a message; None for bots.

    Who writes in a group as the group itself or as a channel is that chat: Telegram names a bot as the sender.
    """
    if message.sender_chat is not None:
        chat = message.sender_chat
        return Person(PLATFORM, str(chat.id), message.author_signature or chat.effective_name or str(chat.id))
    return person(message.from_user)


def person(user: User | None) -> Person | None:
    if user is None or user.is_bot:
        return None
    return Person(PLATFORM, str(user.id), user.full_name, user.language_code)
