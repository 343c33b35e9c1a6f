"""One line, one answer, the next line; and what Ctrl-C does meanwhile."""

from __future__ import annotations

from adapters.console.attached import Attached
from adapters.console.channel import ConsoleChannel
from adapters.console.folder import Folder
from adapters.console.lines import Lines
from adapters.console.translate import CHAT, person, to_event
from adapters.console.view import View
from bot import clock
from bot.ports import Inbox

TWICE = 2.0
"""Seconds within which a second Ctrl-C ends the chat."""


class Session:
    """The talk between the terminal and the core, until the input or the output ends."""

    def __init__(self, inbox: Inbox, lines: Lines, view: View, folder: Folder) -> None:
        self._inbox = inbox
        self._lines = lines
        self._view = view
        self._folder = folder
        self._attached = Attached()
        self._person = person()
        self._answer: ConsoleChannel | None = None
        self._stopped_at: float | None = None

    async def run(self) -> None:
        while (line := await self._lines.next()) is not None:
            if line.strip():
                await self._converse(line.strip())

    def interrupt(self) -> None:
        """Ctrl-C: stop the running answer; the second time, or when nothing runs, end."""
        now = clock.now()
        if self._answer is None or (self._stopped_at is not None and now - self._stopped_at < TWICE):
            self._end()
            return
        self._stopped_at = now
        # The stopped answer shows that it is stopped; what the command itself says is not needed.
        self._inbox.accept(to_event("/stop", self._person), ConsoleChannel(CHAT, self._attached, self._folder))

    async def _converse(self, line: str) -> None:
        """Hand a line over and wait until its answer is complete."""
        self._answer = ConsoleChannel(CHAT, self._attached, self._folder, self._view)
        self._stopped_at = None
        self._view.wait()
        try:
            text, attachments = await self._attached.take(line)
            self._inbox.accept(to_event(text, self._person, attachments), self._answer)
            await self._answer.finished.wait()
            if self._answer.gone:
                self._lines.close()
        finally:
            self._answer = None
            self._view.settle()

    def _end(self) -> None:
        self._lines.close()
        if self._answer is not None:
            self._answer.finished.set()
