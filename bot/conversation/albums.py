"""Albums: several messages that a platform sends one after the other, and that are one question."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot import clock, receipts
from bot.domain.messages import Message
from bot.domain.recent import Recent
from bot.receipts import Receipt

QUIET = 0.8
"""Seconds after the last message of an album until it counts as whole: the messages of one come within milliseconds,
but a slow network may part them."""

MOST = 10
"""Files in an album, on Telegram."""

REMEMBERED = 200


class Album:
    """The messages of one album so far. `begun`: it is on its way to be answered, on the receipt of the message with
    which that began; `closed`: nothing more joins it."""

    def __init__(self) -> None:
        self.begun = False
        self.receipt: Receipt | None = None
        self.closed = False
        self._messages: list[Message] = []
        self._grew = asyncio.Event()

    @property
    def addressed(self) -> bool:
        """Whether any of its messages turns to the bot; in a group only the one with the words does."""
        return any(message.addressing != "none" for message in self._messages)

    def add(self, message: Message) -> None:
        self._messages.append(message)
        self._grew.set()

    async def whole(self) -> Message:
        """One message with all the files, once no more of them come."""
        while len(self._messages) < MOST:
            self._grew.clear()
            if not await clock.wait_until(self._grew, clock.now() + QUIET):
                break
        self.closed = True
        messages = self._messages
        # The message with the words is the one that people reply to and edit.
        main = next((each for each in messages if each.text), messages[0])
        return replace(
            main,
            text="\n\n".join(each.text for each in messages if each.text),
            attachments=tuple(file for each in messages for file in each.attachments),
            quote=next((each.quote for each in messages if each.quote is not None), None),
        )


class Albums:
    """Puts messages to their albums."""

    def __init__(self) -> None:
        self._known: Recent[tuple[str, str, str], Album] = Recent(REMEMBERED)

    def take(self, message: Message) -> Album | None:
        """The album that is to be answered from this message on; None when it is so already, or as long as none of its
        messages turns to the bot."""
        key = (message.chat.key, message.author.handle, message.album_id or "")
        album = self._known.get(key)
        if album is None or album.closed:
            album = self._known[key] = Album()
        album.add(message)
        if album.begun:
            receipts.join(album.receipt)
        if album.begun or not album.addressed:
            return None
        album.begun, album.receipt = True, receipts.current()
        return album
