"""Long pastes: a client cuts a text that is longer than a message may be into several, which are one question."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot import clock, receipts
from bot.domain.messages import Message
from bot.domain.recent import Recent
from bot.domain.text import utf16_length
from bot.receipts import Receipt

QUIET = 1.5
"""Seconds in which the next piece of a paste comes: a client sends each after the server took the one before."""

FULL = 0.95
"""The share of the platform's length limit from which on a message may have been cut: clients cut at a blank or at the
end of a line before it, and the mention of the bot is already taken out of the text."""

MOST = 20
"""Pieces of a paste."""

REMEMBERED = 200


class Paste:
    """A message with the pieces that came behind it so far; most messages are whole by themselves.

    `begun`: it is on its way to be answered, on the receipt of the message with which that began; `closed`: nothing
    more joins it.
    """

    def __init__(self, first: Message, *, full: bool) -> None:
        self.begun = False
        self.receipt: Receipt | None = None
        self.closed = not full
        self._messages = [first]
        self._deadline = clock.now() + QUIET
        self._grew = asyncio.Event()

    @property
    def addressed(self) -> bool:
        """Whether any of its pieces turns to the bot; in a group only the one with the mention does."""
        return any(message.addressing != "none" for message in self._messages)

    def takes(self, message: Message) -> bool:
        """Whether a message of the same author can be its next piece."""
        bare = not message.attachments and message.quote is None
        return bare and not self.closed and clock.now() <= self._deadline

    def add(self, message: Message, *, full: bool) -> None:
        """The next piece; one that is not full is the last."""
        self._messages.append(message)
        self._deadline = clock.now() + QUIET
        self.closed = not full or len(self._messages) >= MOST
        self._grew.set()

    async def whole(self) -> Message:
        """One message with all the texts, once no more of them come."""
        while not self.closed:
            self._grew.clear()
            if not await clock.wait_until(self._grew, self._deadline):
                self.closed = True
        messages = self._messages
        main = next((each for each in messages if each.addressing != "none"), messages[0])
        return replace(
            main,
            text="\n".join(each.text for each in messages),
            attachments=messages[0].attachments,
            quote=messages[0].quote,
        )


class Pastes:
    """Puts messages to their pastes."""

    def __init__(self) -> None:
        self._known: Recent[tuple[str, str], Paste] = Recent(REMEMBERED)

    def take(self, message: Message, limit: int) -> Paste | None:
        """What is to be answered from this message on, if it is `addressed`; None when the message belongs to a paste
        that is being gathered. `limit` is the longest text of the platform in UTF-16 units."""
        key = (message.chat.key, message.author.handle)
        full = utf16_length(message.text) >= FULL * limit
        paste = self._known.get(key)
        if paste is not None and paste.takes(message):
            paste.add(message, full=full)
            if paste.begun:
                receipts.join(paste.receipt)
                return None
        else:
            paste = Paste(message, full=full)
            if full:
                self._known[key] = paste
        paste.begun, paste.receipt = paste.addressed, receipts.current()
        return paste
