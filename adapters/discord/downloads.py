"""Files that people sent, fetched from Discord's CDN.

Each message that arrives brings links which are good for a day; they are remembered, so that the usual fetch costs no
call and no permission. For an older file the message is asked for again, which takes the right to read the history.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import discord
import yarl

from adapters.discord.attachments import STICKER, Linked
from bot import clock
from bot.domain.attachments import Attachment
from bot.domain.recent import Recent
from bot.errors import FileTooLarge, FileUnavailable

log = logging.getLogger(__name__)

WITHIN = 60.0
"""Seconds for one file, whatever it takes."""

_REMEMBERED = 1000
_MARGIN = 30.0
"""Seconds before its end at which a link counts as over."""

# A link is good for one host: whoever redirects it elsewhere is not Discord. Sizes are told for what is not packed.
_REQUEST: Mapping[str, Any] = {"allow_redirects": False, "headers": {"Accept-Encoding": "identity"}}


class Downloads:
    """Fetches by handle (see `attachments`). `current` gives the client that asks for messages."""

    def __init__(self, current: Callable[[], discord.Client]) -> None:
        self._current = current
        self._links: Recent[str, str] = Recent(_REMEMBERED)
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    async def close(self) -> None:
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def note(self, found: Iterable[Linked]) -> tuple[Attachment, ...]:
        """Remember where these files are."""
        files = []
        for attachment, link in found:
            self._links[attachment.handle] = link
            files.append(attachment)
        return tuple(files)

    async def fetch(self, attachment: Attachment, limit: int) -> bytes:
        """At most `limit` bytes; raises `FileError`."""
        if attachment.size is not None and attachment.size > limit:
            raise FileTooLarge(limit)
        try:
            async with asyncio.timeout(WITHIN):
                return await self._read(attachment.handle, limit)
        except TimeoutError:
            raise FileUnavailable(f"not fetched within {WITHIN:g} s") from None

    async def _read(self, handle: str, limit: int) -> bytes:
        known = self._known(handle)
        data = None if known is None else await self._download(known, limit)
        if data is None:
            data = await self._download(await self._renewed(handle), limit)
        if data is None:
            raise FileUnavailable("Discord does not give it")
        return data

    def _known(self, handle: str) -> str | None:
        """A link that should still be good."""
        if handle.startswith(f"{STICKER}/"):
            return f"{discord.Asset.BASE}/stickers/{handle.partition('/')[2]}"
        link = self._links.get(handle)
        return None if link is None or _over(link) else link

    async def _renewed(self, handle: str) -> str:
        """A fresh link, from the message that the file came with."""
        channel_id, _, rest = handle.partition("/")
        message_id, _, file_id = rest.partition("/")
        if not (channel_id.isdecimal() and message_id.isdecimal()):
            raise FileUnavailable("its link is over, and no message has it")
        try:
            message: Any = await self._current().http.get_message(int(channel_id), int(message_id))
        except Exception as error:
            # The library fails in many ways where something else than Discord answers.
            raise FileUnavailable(f"its message cannot be read: {type(error).__name__}") from error
        for file in _files(message) if isinstance(message, dict) else ():
            if str(file.get("id")) == file_id:
                self._links[handle] = link = str(file["url"])
                return link
        raise FileUnavailable("its message has it no longer")

    async def _download(self, link: str, limit: int) -> bytes | None:
        """None when it cannot be had this way."""
        if self._closed:
            raise FileUnavailable("the connection to Discord is closed")
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        try:
            async with self._session.get(yarl.URL(link, encoded=True), **_REQUEST) as response:
                if response.status == 200:
                    return await _body(response, limit)
                log.info("Discord's CDN answered %d", response.status)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            log.info("a file could not be fetched from Discord's CDN: %s", type(error).__name__)
        return None


async def _body(response: aiohttp.ClientResponse, limit: int) -> bytes:
    if (response.content_length or 0) > limit:
        raise FileTooLarge(limit)
    data = bytearray()
    async for piece in response.content.iter_any():
        data += piece
        if len(data) > limit:
            raise FileTooLarge(limit)
    return bytes(data)


def _over(link: str) -> bool:
    """Whether a signed link has expired: `ex` is the time in hexadecimal Unix seconds (developer documentation, "Signed
    Attachment CDN URLs")."""
    ends = parse_qs(urlsplit(link).query).get("ex")
    try:
        return ends is not None and int(ends[0], 16) < clock.utc_now().timestamp() + _MARGIN
    except ValueError:
        return True


def _files(message: Any) -> Iterator[Mapping[str, Any]]:
    """The files in Discord's JSON of a message, those that were forwarded with it too."""
    yield from message.get("attachments") or ()
    for snapshot in message.get("message_snapshots") or ():
        yield from snapshot["message"].get("attachments") or ()
