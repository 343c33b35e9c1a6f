"""Every failure of discord.py and aiohttp, and what it means for the message."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest
from aiohttp.client_reqrep import ConnectionKey

from adapters.discord.errors import InteractionOver, delivery_error
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

KEY = ConnectionKey("discord.com", 443, True, True, None, None, None)


def refused(
    status: int, code: int = 0, errors: dict[str, Any] | None = None, headers: dict[str, str] | None = None
) -> discord.HTTPException:
    """The exception that discord.py makes of such an answer."""
    response: Any = SimpleNamespace(status=status, reason="", headers=headers or {})
    kinds: dict[int, type[discord.HTTPException]] = {403: discord.Forbidden, 404: discord.NotFound}
    kind = discord.DiscordServerError if status >= 500 else kinds.get(status, discord.HTTPException)
    return kind(response, {"message": "no", "code": code, "errors": errors or {}})


def content_error(code: str, message: str) -> dict[str, Any]:
    return {"content": {"_errors": [{"code": code, "message": message}]}}


TOO_LONG = content_error("BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.")
CASES: list[tuple[Exception, type[DeliveryError]]] = [
    (discord.RateLimited(42.0), RetryLater),
    (refused(429), RetryLater),
    (refused(404, 10008), MessageGone),
    (refused(403, 50005), MessageGone),
    (refused(429, 30046), MessageGone),
    (refused(404, 10003), ChatGone),
    (refused(403, 50001), ChatGone),
    (refused(403, 50007), ChatGone),
    (refused(403, 50013), ChatGone),
    (refused(403), ChatGone),
    (refused(400, 40094), ChatGone),
    (refused(400, 160005), ChatGone),
    (refused(413, 40005), FileRefused),
    (refused(413), FileRefused),
    (refused(400, 30015), FileRefused),
    (refused(400, 50160), FileRefused),
    (refused(400, 50173), FileRefused),
    (refused(404, 10015), InteractionOver),
    (refused(404, 10062), InteractionOver),
    (refused(401, 50027), InteractionOver),
    (refused(400, 50035, TOO_LONG), TooLong),
    (refused(400, 50035, {"embeds": {"_errors": [{"code": "X", "message": "or fewer in length"}]}}), BadFormat),
    (refused(400, 50006), BadFormat),
    (refused(401), NotSent),
    (refused(500), Ambiguous),
    (refused(503), Ambiguous),
    (aiohttp.ClientConnectorError(KEY, OSError("refused")), NotSent),
    (aiohttp.ClientConnectorDNSError(KEY, OSError("no such name")), NotSent),
    (aiohttp.ConnectionTimeoutError("connecting"), NotSent),
    (aiohttp.SocketTimeoutError("reading"), Ambiguous),
    (aiohttp.ServerDisconnectedError(), Ambiguous),
    (aiohttp.ClientOSError(104, "reset"), Ambiguous),
    (TimeoutError(), Ambiguous),
    (RuntimeError("Session is closed"), NotSent),
    (TypeError("string indices must be integers"), Ambiguous),
]


@pytest.mark.parametrize(("error", "kind"), CASES, ids=lambda value: repr(value)[:60])
def test_what_it_means(error: Exception, kind: type[DeliveryError]) -> None:
    assert type(delivery_error(error)) is kind


def test_pauses() -> None:
    pauses = [
        delivery_error(error)
        for error in (discord.RateLimited(42.0), refused(429, headers={"Retry-After": "7"}), refused(429))
    ]
    assert [pause.after for pause in pauses if isinstance(pause, RetryLater)] == [42.0, 7.0, 60.0]
