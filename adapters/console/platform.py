"""The console as a platform: which kind of input and output it has, and its life."""

from __future__ import annotations

import asyncio
import contextlib
import math
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TextIO

from rich.console import Console

from adapters.console import words
from adapters.console.by_turns import ByTurns
from adapters.console.folder import Folder
from adapters.console.keyboard import Keyboard
from adapters.console.lines import FileLines, Lines
from adapters.console.markup import THEME
from adapters.console.output import Output
from adapters.console.plain import PlainView
from adapters.console.session import Session
from adapters.console.terminal import TerminalView
from adapters.console.view import View
from bot import clock
from bot.domain.ids import ChatRef
from bot.ports import Hook, Inbox


class ConsolePlatform:
    """A chat between one terminal, or one pipe, and the bot. `receive` ends by itself at the end of the input.

    Input and output are looked at apart: a terminal is written to in colour, anything else gets plain text; a person
    is asked line by line only where both are terminals. Then Ctrl-C belongs to the console while it receives, and has
    its default meaning afterwards. Files that answers bring are saved in `folder`.
    """

    def __init__(self, stdin: TextIO | None, stdout: TextIO, folder: Path = Path("data/files")) -> None:
        self._stdin = stdin
        self._stdout = stdout
        self._folder = Folder(folder)
        self._console = Console(file=stdout, theme=THEME, highlight=False, markup=False, emoji=False)
        self._keyboard: Keyboard | None = None
        self._view: View | None = None
        self._painter: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        return "console"

    @property
    def healthy_at(self) -> float:
        """Now: a terminal does not go away in silence."""
        return clock.now()

    @property
    def silence(self) -> float:
        return math.inf

    @property
    def hooks(self) -> Mapping[str, Hook]:
        return {}

    async def __aenter__(self) -> ConsolePlatform:
        output = Output(self._stdout)
        if not self._stdout.isatty() or self._console.is_dumb_terminal:
            self._view = ByTurns(PlainView(output))
            return self
        view = TerminalView(self._console, output, self._asking, words.STOPS if self._interactive else "")
        self._view = ByTurns(view)
        self._painter = asyncio.create_task(view.run(), name="console-frames")
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._painter is not None:
            self._painter.cancel()
            await asyncio.wait([self._painter])
            if not self._painter.cancelled():
                self._painter.result()
        if self._view is not None:
            with contextlib.suppress(OSError):  # nobody is left to see it
                self._view.close()

    async def receive(self, inbox: Inbox) -> None:
        if self._view is None:
            raise RuntimeError("the console must be entered before it receives")
        with self._reading() as lines:
            session = Session(inbox, lines, self._view, self._folder)
            with self._interrupts(session):
                await session.run()

    def channel(self, chat: ChatRef) -> None:
        """Whoever sits here sees what becomes of the process, and asks again."""

    async def check(self) -> str:
        return "console: this terminal"

    @property
    def _interactive(self) -> bool:
        if self._stdin is None or self._stdin is not sys.stdin:
            return False
        return self._stdin.isatty() and self._stdout.isatty()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Lines]:
        """The lines of the input, until this is left."""
        with contextlib.ExitStack() as stack:
            read: Callable[[], str | None] = _nothing
            if self._interactive:
                styled = not (self._console.no_color or self._console.is_dumb_terminal)
                self._keyboard = stack.enter_context(Keyboard(words.WELCOME, styled=styled))
                read = self._keyboard.read
            elif self._stdin is not None:
                read = FileLines(self._stdin.fileno()).read
            yield stack.enter_context(contextlib.closing(Lines(read)))

    @contextlib.contextmanager
    def _interrupts(self, session: Session) -> Iterator[None]:
        """Ctrl-C goes to the session, where a person sits at the keyboard."""
        if not self._interactive:
            yield
            return
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, session.interrupt)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGINT)

    def _asking(self) -> str:
        return self._keyboard.asking() if self._keyboard is not None else ""


def _nothing() -> None:
    """The input of a process that was started without one."""
