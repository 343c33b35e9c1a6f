"""Answers on a terminal: Markdown in colour, growing at the bottom of the screen, whole in the scrollback.

The lower rows are drawn over with every frame, in one write each, so that nothing flickers. They never fill the screen,
because what has left it at the top cannot be drawn over any more.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle

from rich.console import Console, RenderableType
from rich.text import Text

from adapters.console import words
from adapters.console.drawing import blocks
from adapters.console.growth import Growing
from adapters.console.output import Output
from adapters.console.view import Kept
from bot import clock
from bot.domain.platform import Button, Outgoing

FRAME = 1 / 15
"""Seconds between frames."""

_WIDEST = 100
"""Columns; longer lines are hard to read."""

_WIDEST_PICTURE = 60
"""Columns."""

_SPARE = 4
"""Rows that an answer does not draw on: the sign of progress, a blank one above it, the cursor's, and one to spare."""

_CONTROLS = {code: chr(0x2400 + code) for code in range(32) if code not in (9, 10)}
_CONTROLS |= dict.fromkeys(range(0x7F, 0xA0), "\ufffd")
_CONTROLS[0x0D] = ""
"""Control characters are shown, not obeyed: a model's words must not move the cursor or set the window's title."""


class TerminalView:
    """`prompt` tells what the person is being asked, which a late message interrupts; `hint` stands beside the sign."""

    def __init__(self, console: Console, output: Output, prompt: Callable[[], str], hint: str = "") -> None:
        self._console = console
        self._output = output
        self._prompt = prompt
        self._hint = hint
        self._messages: dict[str, Growing] = {}
        self._running: dict[str, Growing] = {}
        self._waiting = False
        self._moving = asyncio.Event()
        self._height = 0
        self._signs = cycle("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏" if output.unicode else "|/-\\")

    async def run(self) -> None:
        """Draw frames as long as something moves; ends when the terminal is gone."""
        with contextlib.suppress(OSError):
            while True:
                await self._moving.wait()
                await clock.sleep(FRAME)
                if self._moving.is_set():
                    self._paint()

    @property
    def canvas(self) -> tuple[int, int] | None:
        """Only with colours enough that a picture can be recognized, and then a third of the screen high."""
        fine = self._console.color_system in ("256", "truecolor") and not self._console.no_color
        if not fine or not self._output.unicode:
            return None
        return min(_WIDEST_PICTURE, self._console.width - 1), max(1, self._console.height // 3)

    def wait(self) -> None:
        self._waiting = True
        self._moving.set()

    def settle(self) -> None:
        self._waiting = False
        with contextlib.suppress(OSError):  # whoever shows the next message gets to know
            self._frame([])

    def show(self, message_id: str, message: Outgoing, *, running: bool, files: Sequence[Kept] = ()) -> None:
        growing = self._messages.setdefault(message_id, Growing(self._rows))
        growing.update(message.source.translate(_CONTROLS))
        if running:
            self._running[message_id] = growing
            self._moving.set()
            return
        self._running.pop(message_id, None)
        rows = growing.rest() + [row for kept in files for row in self._file(kept)]
        if rows:
            self._frame(rows + self._hints(message.buttons))

    def close(self) -> None:
        self._waiting = False
        rows = [row for growing in self._running.values() for row in growing.rest()]
        self._running.clear()
        self._frame(rows)

    def _paint(self) -> None:
        room = self._room()
        self._frame([row for growing in self._running.values() for row in growing.ripe(room)])

    def _frame(self, above: list[str]) -> None:
        """Print some rows for good, and draw the moving ones below them, over the old ones."""
        prompt = self._prompt()
        below = [] if prompt else self._below()
        if not above and not below and not self._height:
            return
        up = f"\x1b[{self._height}A" if self._height else ""
        rows = "".join(f"{row}\x1b[K\n" for row in (*above, *below))
        cursor = "\x1b[?25l" if below else "\x1b[?25h"
        self._height = len(below)
        self._output.write(f"\r{up}{rows}\x1b[J{cursor}" + (f"\n{prompt}" if prompt else ""))

    def _below(self) -> list[str]:
        room = self._room()
        rows = [row for growing in self._running.values() for row in growing.tail(room)][-room:]
        if self._waiting:
            rows += ["", *self._rows(Text(f"{next(self._signs)} {self._hint}", style="dim"))]
        if not rows:
            self._moving.clear()
        return rows

    def _room(self) -> int:
        return max(1, self._console.height - _SPARE)

    def _rows(self, renderable: RenderableType) -> list[str]:
        """One column stays free: erasing to the end of a full line would take its last character along."""
        with self._console.capture() as capture:
            self._console.print(renderable, width=min(_WIDEST, self._console.width - 1))
        return [row.rstrip(" ") for row in capture.get().removesuffix("\n").split("\n")]

    def _file(self, kept: Kept) -> list[str]:
        picture = self._rows(blocks(kept.rows)) if kept.rows else []
        return ["", *picture, *self._rows(Text(kept.note, style="dim"))]

    def _hints(self, buttons: tuple[Button, ...]) -> list[str]:
        """What can be typed instead of pressing these buttons."""
        said = " · ".join(_typed(buttons))
        return ["", *self._rows(Text(f"({said})", style="dim"))] if said else []


def _typed(buttons: tuple[Button, ...]) -> Iterator[str]:
    """A command for each button; one that differs from the one before in its last word alone is that word."""
    before = ""
    for button in buttons:
        verb, _, line = button.data.partition(" ")
        head, _, last = line.rpartition(" ")
        match verb:
            case "run":
                yield last if head and head == before else line
                before = head
            case "retry":
                yield words.RETRY
            case "continue":
                yield button.label
            case _:
                pass  # nothing that could be typed does the same
