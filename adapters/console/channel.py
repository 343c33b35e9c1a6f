"""Where the answer to one line is shown, and how the console knows that it is complete.

The port has no "complete"; the Stop button says it. While a model writes, every state of its answer carries a button
whose data starts with `stop `; the last state, also after a failure or a stop, does not. So an answer is complete when
a message that was sent on its channel is shown without such a button, and none is left that shows one. What a command
says is complete at once.
"""

from __future__ import annotations

import asyncio
import secrets

from adapters.console.attached import Attached
from adapters.console.folder import Folder
from adapters.console.view import View
from bot.domain.attachments import Attachment
from bot.domain.ids import ChatRef
from bot.domain.platform import Limits, Outgoing
from bot.errors import ChatGone, MessageGone

STOP_DATA = "stop "

_ENDLESS = 2**31 - 1

_LIMITS = Limits(text=_ENDLESS, place=(), caption=_ENDLESS, upload=_ENDLESS, folds=True)
"""A terminal counts nothing and takes texts of any length; a folder takes files of any size. Quotes stand back there:
they are dim, so nothing needs to be folded away."""


class ConsoleChannel:
    """`finished` is set when the answer is complete, and when nobody can see it any more (`gone`).

    Without a view it swallows what is shown: for answers that nobody needs to read.
    """

    def __init__(self, chat: ChatRef, attached: Attached, folder: Folder, view: View | None = None) -> None:
        self._chat = chat
        self._attached = attached
        self._view = view
        self._folder = folder
        self._sent: set[str] = set()
        self._running: set[str] = set()
        self.finished = asyncio.Event()
        self.gone = False

    @property
    def chat(self) -> ChatRef:
        return self._chat

    @property
    def rate_key(self) -> str:
        return self._chat.chat_id

    @property
    def limits(self) -> Limits:
        return _LIMITS

    def fits(self, source: str) -> bool:
        return len(source) <= _LIMITS.text

    def fits_caption(self, source: str) -> bool:
        return len(source) <= _LIMITS.caption

    async def send(self, message: Outgoing) -> str:
        message_id = secrets.token_hex(6)
        self._sent.add(message_id)
        await self._show(message_id, message)
        return message_id

    async def edit(self, message_id: str, message: Outgoing) -> None:
        """What answered another line has moved up and stays as it is: what is to take its place is shown anew."""
        if message_id not in self._sent:
            raise MessageGone("this message belongs to another line")
        await self._show(message_id, message)

    async def delete(self, message_id: str) -> None:
        """What is printed stays."""

    async def open_thread(self, message_id: str, title: str) -> ConsoleChannel:
        raise NotImplementedError("a terminal has no threads; see `limits.threads`")

    async def preview(self, preview_id: int, message: Outgoing) -> None:
        """Never called, because the limits offer no previews."""

    async def typing(self) -> None:
        """The view shows from the first moment that an answer is on its way."""

    async def fetch(self, attachment: Attachment, limit: int) -> bytes:
        return await self._attached.fetch(attachment, limit)

    async def _show(self, message_id: str, message: Outgoing) -> None:
        running = any(button.data.startswith(STOP_DATA) for button in message.buttons)
        try:
            if self._view is not None:
                files = [] if running else await self._folder.keep(message_id, message.files, self._view.canvas)
                self._view.show(message_id, message, running=running, files=files)
        except OSError as error:
            self.gone = True
            self.finished.set()
            raise ChatGone("nobody reads the output any more") from error
        if running:
            self._running.add(message_id)
            return
        self._running.discard(message_id)
        if not self._running:
            self.finished.set()
