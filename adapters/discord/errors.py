"""Errors of discord.py and aiohttp, translated into the closed set of `bot.errors`.

The numbers are those of "JSON Error Codes" in Discord's developer documentation.
"""

from __future__ import annotations

import aiohttp
import discord

from bot.errors import (
    Ambiguous,
    BadFormat,
    ChatGone,
    DeliveryError,
    FileRefused,
    MessageGone,
    NotSent,
    RetryLater,
    TooLong,
)

NO_MESSAGE = frozenset(
    {
        10008,  # unknown message
        30046,  # too many edits to a message older than an hour
        50005,  # a message of somebody else
        50083,  # the thread is archived; a new message opens it again
    }
)
NO_CHAT = frozenset(
    {
        10003,  # unknown channel
        10004,  # unknown server
        10013,  # unknown user
        40094,  # no more follow-ups: the app is installed for the user alone
        50001,  # missing access
        50007,  # the person takes no messages from the bot
        50013,  # missing permission
        50278,  # no server in common with the person
        160005,  # the thread is locked
    }
)
INTERACTION_OVER = frozenset(
    {
        10015,  # unknown webhook
        10062,  # unknown interaction
        50027,  # invalid webhook token
    }
)
NO_FILE = frozenset(
    {
        30015,  # more than ten files
        40005,  # too large: a file, or the whole request
        50159,  # a voice message with more than a recording
        50160,  # a voice message that is no recording, or several
        50161,  # a voice message without its length or waveform
        50162,  # voice messages cannot be edited
        50173,  # no voice messages in this channel
    }
)
_NO_PERMISSION = 50013
_INVALID_FORM = 50035

CLOUDFLARE_PAUSE = 60.0

NEVER_LEFT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
"""Failures of aiohttp before a byte of the request was written."""


THREAD_THERE = 160004
"""The message has a thread already. Like every thread on a message, it has the message's id."""


class InteractionOver(NotSent):
    """The interaction's token is used up; what was to be shown through it needs another way."""


def delivery_error(error: Exception, *, files: bool = False) -> DeliveryError:
    """What a failed call means for the message that it carried, with `files` or without.

    A refusal that no rule names becomes `BadFormat`: surely not carried out, and the plain text is worth one attempt.
    Whatever else is unknown becomes `Ambiguous`, which costs a repeat at most: an edit can be repeated, and the nonce
    makes repeating a message safe.
    """
    match error:
        case discord.RateLimited():
            return RetryLater(error.retry_after)
        case discord.HTTPException():
            return _refusal(error, files=files)
        case discord.ClientException():
            return NotSent(f"{type(error).__name__} before the call")
        case RuntimeError() if "closed" in str(error):
            # aiohttp has no class of its own for a session that is closed.
            return NotSent("the connection to Discord is closed")
        case _ if isinstance(error, NEVER_LEFT):
            return NotSent(f"{type(error).__name__} while connecting")
        case _:
            return Ambiguous(f"{type(error).__name__} while waiting for Discord's answer")


def _refusal(error: discord.HTTPException, *, files: bool) -> DeliveryError:
    code, status = error.code, error.status
    detail = f"{status} ({code})"
    if code in NO_FILE or status == 413:
        return FileRefused(detail)
    if files and (code == _NO_PERMISSION or (code == _INVALID_FORM and "In attachments" in error.text)):
        # Files take a permission of their own; without it, words may still pass.
        return FileRefused(detail)
    if code in INTERACTION_OVER:
        return InteractionOver(detail)
    if code in NO_MESSAGE:
        return MessageGone(detail)
    if code in NO_CHAT or status == 403:
        return ChatGone(detail)
    if code == _INVALID_FORM and "In content:" in error.text and "in length" in error.text:
        return TooLong(detail)
    if status == 429:
        return RetryLater(_pause(error))
    if status == 401:
        return NotSent(detail)
    return Ambiguous(detail) if status >= 500 else BadFormat(detail)


def _pause(error: discord.HTTPException) -> float:
    """Seconds that a 429 asks for which discord.py could not read: one of the Cloudflare in front of Discord."""
    told = error.response.headers.get("Retry-After", "")
    return float(told) if told.isdecimal() else CLOUDFLARE_PAUSE
