"""The message that a message replies to."""

from __future__ import annotations

from telegram import (
    Message,
    MessageOrigin,
    MessageOriginChannel,
    MessageOriginChat,
    MessageOriginHiddenUser,
    MessageOriginUser,
)

from adapters.telegram.attachments import attachments_of
from adapters.telegram.identity import BotIdentity
from bot.domain.messages import Quote


def replied_to(message: Message) -> Message | None:
    """The message that this one answers. In a topic every message claims to answer the topic's opening."""
    replied = message.reply_to_message
    return None if replied is None or replied.forum_topic_created is not None else replied


def quote_of(message: Message, bot: BotIdentity) -> Quote | None:
    """The quoted message, or the passage of it that the person chose; also one from another chat."""
    chosen = message.quote.text if message.quote is not None else ""
    quote: Quote | None = None
    if replied := replied_to(message):
        whole = replied.text or replied.caption or ""
        text = chosen if message.quote is not None and message.quote.is_manual else whole or chosen
        from_bot = replied.from_user is not None and replied.from_user.id == bot.id
        quote = Quote(_author(replied), text, from_bot, attachments_of(replied), str(replied.message_id))
    elif external := message.external_reply:
        quote = Quote(_origin(external.origin), chosen, attachments=attachments_of(external))
    return quote if quote is not None and (quote.text or quote.attachments) else None


def _author(message: Message) -> str:
    if message.sender_chat is not None:
        return message.author_signature or message.sender_chat.effective_name or ""
    return message.from_user.full_name if message.from_user is not None else ""


def _origin(origin: MessageOrigin) -> str:
    match origin:
        case MessageOriginUser():
            return origin.sender_user.full_name
        case MessageOriginHiddenUser():
            return origin.sender_user_name
        case MessageOriginChat():
            return origin.author_signature or origin.sender_chat.effective_name or ""
        case MessageOriginChannel():
            return origin.author_signature or origin.chat.effective_name or ""
        case _:
            return ""
