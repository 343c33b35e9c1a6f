"""Keeps the bot's token, which is part of every URL of the Bot API, out of logs and errors.

httpx logs URLs at info level, python-telegram-bot at debug level: those records stay, without the token. A proxy's
error page may repeat the URL, and the library quotes such pages in its errors and logs: they lose it on arrival.
"""

from __future__ import annotations

import logging
from typing import Any

from telegram.request import HTTPXRequest

from bot.errors import FileTooLarge

MASK = "[token]"
LOGGERS = ("httpx", "httpcore.http11", "httpcore.proxy", "telegram.Bot")
"""Those that print URLs, or headers of answers, which may repeat them. A logging filter sees the records of its own
logger alone, not of the loggers below it."""


class TokenFilter(logging.Filter):
    """Masks the token and the webhook's secret, which the library logs as parameters of its calls at debug level; a
    context manager that keeps the filter in place."""

    def __init__(self, *secrets: str) -> None:
        super().__init__()
        self._secrets = secrets

    def __enter__(self) -> TokenFilter:
        for name in LOGGERS:
            logging.getLogger(name).addFilter(self)
        return self

    def __exit__(self, *exc: object) -> None:
        for name in LOGGERS:
            logging.getLogger(name).removeFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        record.msg, record.args = text, ()
        return True


class DiscreetRequest(HTTPXRequest):
    """The library's HTTP client, which masks the token in whatever is answered."""

    def __init__(self, token: str, **options: Any) -> None:
        super().__init__(**options)
        self._secret = token.encode()

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        status, body = await super().do_request(*args, **kwargs)
        return status, body.replace(self._secret, MASK.encode())

    async def download(self, url: str, limit: int) -> bytes:
        """What lies at an address. Raises FileTooLarge, or an httpx.HTTPError, which knows the address."""
        # Compressed, a small answer could unfold into a large one at once.
        async with self._client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as response:
            response.raise_for_status()
            data = bytearray()
            async for piece in response.aiter_bytes():
                data += piece
                if len(data) > limit:
                    raise FileTooLarge(limit)
            return bytes(data)
