"""Trying a call to Telegram until it works."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from adapters.telegram.durations import seconds
from bot import clock

log = logging.getLogger(__name__)

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
REFUSED_PAUSE = 300.0
REFUSALS_DOUBTED = 3
"""A hiccup of a proxy looks like a refused token; so many in a row are taken for one."""

T = TypeVar("T")


async def insist(what: str, call: Callable[[], Awaitable[T]]) -> T:
    """The call's result, however long it takes. Every failure is logged and waited out."""
    failures = 0
    while True:
        try:
            return await call()
        except Exception as error:
            # Also what the library does not foresee, such as JSON that is no answer of the Bot API: giving up would
            # leave a bot that runs and hears nothing.
            delay = pause(error, failures) * random.uniform(0.8, 1.2)  # noqa: S311  (spreads retries, keeps no secret)
            failures += 1
            _report(what, error, delay)
        await clock.sleep(delay)


def pause(error: Exception, failures: int) -> float:
    """Seconds to wait after an error that came after so many others in a row."""
    if isinstance(error, RetryAfter):
        return seconds(error.retry_after) + 1.0
    if isinstance(error, InvalidToken) and failures >= REFUSALS_DOUBTED:
        return REFUSED_PAUSE
    return float(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures, 10)))


def describe(error: BaseException) -> str:
    """One line about an error, for logs and for people who run the bot."""
    match error:
        case InvalidToken():
            return f"Telegram does not accept the bot's token ({error.message})"
        case Conflict():
            return f"another program receives this bot's messages ({error.message})"
        case TelegramError():
            return error.message[:200]
        case TimeoutError():
            return "no answer in time"
        case _:
            return f"{type(error).__name__}: {error}"[:200]


def _report(what: str, error: Exception, delay: float) -> None:
    level = logging.ERROR if isinstance(error, InvalidToken | Conflict) else logging.WARNING
    log.log(level, "Telegram, %s: %s; next attempt in %.1f s", what, describe(error), delay)
