"""Errors of python-telegram-bot and httpx, translated into the closed set of `bot.errors`."""

from __future__ import annotations

import httpx
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from adapters.telegram.durations import seconds
from bot.errors import (
    Ambiguous,
    BadFormat,
    ChatGone,
    DeliveryError,
    FileRefused,
    MessageGone,
    NotModified,
    NotSent,
    RetryLater,
    TooLong,
)

NEVER_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)
"""Failures of httpx before a byte of the request was written."""

# Telegram documents no list of descriptions. These are the wordings of its server (td/telegram and telegram-bot-api),
# in lower case; the library strips "Bad Request: " and the server writes some of them as constants.
SAME = ("message is not modified",)
LONG = ("message is too long", "text is too long", "message_too_long", "caption is too long", "media_caption_too_long")
NO_FILE = (
    "voice_messages_forbidden",
    "user restricted receiving of voice",
    "chat_send_voices_forbidden",
    "chat_send_photos_forbidden",
    "chat_send_audios_forbidden",
    "chat_send_docs_forbidden",
    "chat_send_media_forbidden",
    "not enough rights to send voice",
    "not enough rights to send photo",
    "not enough rights to send music",
    "not enough rights to send audio",
    "not enough rights to send document",
    "photo_invalid_dimensions",
    "photo_save_file_invalid",
    "photo_ext_invalid",
    "image_process_failed",
    "media_invalid",
    "is too big",
    "file must be non-empty",
    "can't use file of type",
    "can't be mixed with other media types",
    "to send as an album",
    "can't change media type in the album",
    "there is no media in the message to edit",
)
TOO_LARGE = ("request entity too large", "content too large")
"""How a 413 begins: Telegram's own words, or the name that Python has for the status."""
NO_MESSAGE = (
    "message to edit not found",
    "message to delete not found",
    "message can't be edited",
    "message_id_invalid",
    "message identifier is not specified",
)
NO_CHAT = (
    "chat not found",
    "chat_write_forbidden",
    "chat_restricted",
    "chat_admin_required",
    "chat_send_plain_forbidden",
    "group chat was deactivated",
    "group chat was upgraded",
    "have no rights",
    "not enough rights",
    "need administrator rights",
    "kicked",
    "not a member",
    "user not found",
    "user is deactivated",
    "user_is_blocked",
    "peer_id_invalid",
    "channel_private",
    "message thread not found",
    "topic_closed",
    "topic_deleted",
    "topic_id_invalid",
)

KINDS: tuple[tuple[tuple[str, ...], type[DeliveryError]], ...] = (
    (SAME, NotModified),
    (LONG, TooLong),
    (NO_FILE, FileRefused),  # before NO_CHAT: whoever may not send photos may still write
    (NO_MESSAGE, MessageGone),
    (NO_CHAT, ChatGone),
)


def delivery_error(error: BaseException) -> DeliveryError:
    """What a failed call means for the message that it carried.

    A refusal that no rule names becomes `BadFormat`: surely not carried out, and the plain text is worth one attempt.
    Whatever else is unknown becomes `Ambiguous`, which costs a repeat at most.
    """
    match error:
        case RetryAfter():
            return RetryLater(seconds(error.retry_after))
        case Forbidden():
            return ChatGone(error.message)
        case BadRequest():
            return _refusal(error.message)
        case InvalidToken() | Conflict():
            return NotSent(error.message)
        case NetworkError() if error.message.lower().startswith("too many requests"):
            # Without a usable `retry_after` the library has no RetryAfter for a 429.
            return RetryLater(1.0)
        case NetworkError() if error.message.lower().startswith(TOO_LARGE):
            return FileRefused(error.message)
        case TelegramError() if isinstance(error.__cause__, NEVER_LEFT):
            return NotSent(error.message)
        case TelegramError():
            return Ambiguous(error.message)
        case _:
            return Ambiguous(f"{type(error).__name__} while reading Telegram's answer")


def has_no_text(error: BadRequest) -> bool:
    """Whether a message's text could not be edited because it carries a file and has a caption instead."""
    return "there is no text in the message to edit" in error.message.lower()


def _refusal(message: str) -> DeliveryError:
    text = message.lower()
    for wordings, kind in KINDS:
        if any(wording in text for wording in wordings):
            return kind(message)
    return BadFormat(message)
