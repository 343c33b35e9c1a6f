"""From Telegram's updates to what the core reads. Pure."""

from __future__ import annotations

from dataclasses import replace

from telegram import CallbackQuery, Update
from telegram import Message as TelegramMessage

from adapters.telegram.addressing import is_for_bot, leading_command, without_mentions
from adapters.telegram.attachments import attachments_of
from adapters.telegram.identity import BotIdentity, author_of, chat_ref, person, topic_of
from adapters.telegram.quotes import quote_of, replied_to
from bot.domain.messages import Addressing, ButtonPress, ChatMoved, CommandCall, Edited, Incoming, Message

WANTED_UPDATES = (Update.MESSAGE, Update.EDITED_MESSAGE, Update.CALLBACK_QUERY)
"""The kinds that `translate` reads; Telegram need not send others."""


def translate(update: Update, bot: BotIdentity) -> Incoming | None:
    """What an update means for the bot; None for what it does not answer: bots, channels, service messages."""
    key = f"telegram:{bot.id}:{update.update_id}"
    if update.message is not None:
        return _message(update.message, bot, key)
    if update.edited_message is not None:
        return _edited(update.edited_message, bot, key)
    if update.callback_query is not None:
        return _button(update.callback_query, bot, key)
    return None


def _message(message: TelegramMessage, bot: BotIdentity, key: str) -> Incoming | None:
    if message.migrate_to_chat_id is not None:
        return _moved(message, message.migrate_to_chat_id, bot, key)
    return _command(message, bot, key) if _begins_with_command(message) else _words(message, bot, key)


def _edited(message: TelegramMessage, bot: BotIdentity, key: str) -> Edited | None:
    """A changed command is not carried out again: what the first one did has happened."""
    words = None if _begins_with_command(message) else _words(message, bot, key)
    return None if words is None else Edited(words)


def _words(message: TelegramMessage, bot: BotIdentity, key: str) -> Message | None:
    author = author_of(message)
    if author is None or message.is_automatic_forward:
        return None
    text, mentioned = without_mentions(_text(message), message.entities or message.caption_entities, bot)
    attachments = attachments_of(message)
    if not (text or mentioned or attachments):
        return None
    chat = chat_ref(bot, message.chat, topic_of(message))
    return Message(
        key=key,
        chat=chat,
        author=author,
        message_id=str(message.message_id),
        text=text,
        addressing="direct" if chat.kind == "private" else _addressing(message, bot, mentioned=mentioned),
        attachments=attachments,
        quote=quote_of(message, bot),
        album_id=message.media_group_id,
    )


def _addressing(message: TelegramMessage, bot: BotIdentity, *, mentioned: bool) -> Addressing:
    if mentioned:
        return "mention"
    replied = replied_to(message)
    to_bot = replied is not None and replied.from_user is not None and replied.from_user.id == bot.id
    return "reply" if to_bot else "none"


def _begins_with_command(message: TelegramMessage) -> bool:
    return leading_command(_text(message), message.entities or message.caption_entities) is not None


def _command(message: TelegramMessage, bot: BotIdentity, key: str) -> CommandCall | None:
    author = author_of(message)
    parts = leading_command(_text(message), message.entities or message.caption_entities)
    if author is None or message.is_automatic_forward or parts is None:
        return None
    name, target, rest = parts
    chat = chat_ref(bot, message.chat, topic_of(message))
    if not is_for_bot(name, target, bot, private=chat.kind == "private"):
        return None
    return CommandCall(
        key=key,
        chat=chat,
        author=author,
        call=f"/{name}{rest}",
        message_id=str(message.message_id),
        quote=quote_of(message, bot),
        attachments=attachments_of(message),
    )


def _button(query: CallbackQuery, bot: BotIdentity, key: str) -> ButtonPress | None:
    author, message = person(query.from_user), query.message
    if author is None or message is None or query.data is None:
        return None
    topic = topic_of(message) if isinstance(message, TelegramMessage) else None
    return ButtonPress(
        key=key,
        chat=chat_ref(bot, message.chat, topic),
        author=author,
        message_id=str(message.message_id),
        data=query.data,
    )


def _moved(message: TelegramMessage, new_id: int, bot: BotIdentity, key: str) -> ChatMoved:
    """A group became a supergroup. The new chat announces it as well, which is left out: once is enough."""
    old = chat_ref(bot, message.chat)
    return ChatMoved(key=key, old=old, chat=replace(old, chat_id=str(new_id)))


def _text(message: TelegramMessage) -> str:
    return message.text or message.caption or ""
