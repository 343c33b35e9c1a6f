"""Getting the files that people sent.

The address of a file carries the bot's token. It is made here, used here, and appears in nothing that leaves.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import httpx
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from adapters.telegram.limits import DOWNLOAD_BYTES
from adapters.telegram.patience import describe, pause
from adapters.telegram.polling import PollingBot
from adapters.telegram.secrecy import DiscreetRequest
from bot import clock
from bot.domain.attachments import Attachment
from bot.errors import FileError, FileTooLarge, FileUnavailable

log = logging.getLogger(__name__)

FETCH_SECONDS = 60.0
"""For all attempts together."""
ATTEMPTS = 3

T = TypeVar("T")


class Downloads:
    """Fetches files by their file id. `base` is where they lie, with the token in it."""

    def __init__(self, bot: PollingBot, request: DiscreetRequest, base: str) -> None:
        self._bot = bot
        self._request = request
        self._base = base

    async def fetch(self, attachment: Attachment, limit: int) -> bytes:
        """See `bot.ports.Channel.fetch`."""
        if (attachment.size or 0) > limit:
            raise FileTooLarge(limit)
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                path = await self._patiently(lambda: self._path(attachment.handle, limit))
                return await self._patiently(lambda: self._content(path, limit))
        except TimeoutError:
            raise FileUnavailable(f"not there after {FETCH_SECONDS:g} s") from None

    async def _path(self, file_id: str, limit: int) -> str:
        try:
            file = await self._bot.raw_file(file_id)
        except BadRequest as error:
            if "file is too big" in error.message.lower():
                raise FileTooLarge(min(limit, DOWNLOAD_BYTES)) from error
            raise
        if file.get("file_size", 0) > limit:
            raise FileTooLarge(limit)
        return str(file.get("file_path") or "")

    async def _content(self, path: str, limit: int) -> bytes:
        if not path:
            raise FileUnavailable("Telegram names no place for it")
        if path.startswith("/"):
            # Servers of one's own (`--local`) name a place on their disk, which may be this one.
            data = await asyncio.to_thread(_from_disk, Path(path), limit)
            if data is not None:
                return data
        return await self._request.download(f"{self._base}/{quote(path)}", limit)

    async def _patiently(self, call: Callable[[], Awaitable[T]]) -> T:
        """The call's result, after other attempts where the failure may be a passing one."""
        problem, wait = "", 0.0
        for failures in range(ATTEMPTS):
            if failures:
                log.info("Telegram, fetching a file: %s", problem)
                await clock.sleep(wait)
            try:
                return await call()
            except FileError:
                raise
            except Exception as error:
                # Also what the library does not foresee, such as JSON that is no answer of the Bot API.
                problem, wait = _in_a_line(error), pause(error, failures)
                if not _passes(error):
                    break
        # Not from the error: those of httpx hold the request, and with it the address.
        raise FileUnavailable(problem)


def _passes(error: Exception) -> bool:
    match error:
        case BadRequest() | Forbidden() | InvalidToken():
            return False
        case httpx.HTTPStatusError():
            return error.response.status_code >= 500 or error.response.status_code == 429
        case RetryAfter() | NetworkError() | httpx.TransportError():
            return True
        case _:
            return False


def _in_a_line(error: Exception) -> str:
    """About an error, without what httpx says of it, which may hold the address."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"the download was answered with {error.response.status_code}"
    return describe(error) if isinstance(error, TelegramError) else type(error).__name__


def _from_disk(path: Path, limit: int) -> bytes | None:
    """The file, None if it is not on this disk."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileUnavailable(f"{type(error).__name__} on the disk of the Bot API server") from error
    if len(data) > limit:
        raise FileTooLarge(limit)
    return data
