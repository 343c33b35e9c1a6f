"""One answer while it grows: the upper part is printed for good, the lower part is drawn anew with every frame.

Rows are lines of the terminal, with their colours. A block is printed once another one follows it. Only code goes out
line by line, when it is higher than the screen; of other blocks that are too high the last rows are drawn.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from rich.console import RenderableType

from adapters.console.blocks import Block, BlockKind, split
from adapters.console.markup import ChatMarkdown, code_lines, code_row, language_of

_BLANK = re.compile(r"(\s|\x1b\[[0-9;]*m)*")

Render = Callable[[RenderableType], list[str]]
"""Turns something into rows of the screen's present width."""


class Growing:
    def __init__(self, render: Render) -> None:
        self._render = render
        self._text = ""
        self._printed = 0
        self._code_printed = 0
        self._before: BlockKind | None = None

    def update(self, text: str) -> None:
        """Take the newest text. Where it contradicts what is printed, all of it will be printed again."""
        if not text.startswith(self._text[: self._printed]):
            self._printed, self._code_printed, self._before = 0, 0, None
        self._text = text

    def ripe(self, room: int) -> list[str]:
        """Rows to print for good now: all blocks but the last, and so much code that the rest fits into `room` rows."""
        rows: list[str] = []
        for block in self._blocks(self._text.rfind("\n") + 1)[:-1]:
            rows += self._rows(block)
            self._pass(block)
        return rows + self._ripe_code(room)

    def tail(self, room: int) -> list[str]:
        """The last rows of what is not printed yet, at most `room` of them."""
        blocks = self._blocks(len(self._text))
        rows = [row for block in blocks[:1] for row in self._rows(block)]
        rows += [row for block in blocks[1:] for row in self._rows(block, whole=True)]
        return rows[max(0, len(rows) - room) :]

    def rest(self) -> list[str]:
        """All that is not printed yet, to be printed for good."""
        rows: list[str] = []
        for block in self._blocks(len(self._text)):
            rows += self._rows(block)
            self._pass(block)
        return rows

    def _blocks(self, end: int) -> list[Block]:
        return split(self._text[:end], self._printed, self._before)

    def _pass(self, block: Block) -> None:
        """Note that a block is printed."""
        self._printed = block.start + len(block.source)
        self._code_printed = 0
        self._before = block.kind

    def _rows(self, block: Block, *, whole: bool = False) -> list[str]:
        """A block's rows; of code, only the lines that are not printed yet."""
        if block.kind == "code":
            return [row for line in self._code_rows(block, 0 if whole else self._code_printed) for row in line]
        rows = self._render(ChatMarkdown(block.source))
        seen = [at for at, row in enumerate(rows) if not _BLANK.fullmatch(row)]
        rows = rows[seen[0] : seen[-1] + 1] if seen else []  # rich puts blank rows around lists and tables
        return ["", *rows] if rows and block.spaced else rows

    def _code_rows(self, block: Block, skip: int) -> list[list[str]]:
        """The rows of each line of code but the first few. A blank row before the block belongs to its first line."""
        lines = [self._render(code_row(line)) for line in code_lines(block.code, language_of(block.info))[skip:]]
        if lines and skip == 0 and block.spaced:
            lines[0] = ["", *lines[0]]
        return lines

    def _ripe_code(self, room: int) -> list[str]:
        """The upper lines of a code block that outgrows the screen. The last line may still become longer."""
        blocks = self._blocks(len(self._text))
        if not blocks or blocks[0].kind != "code":
            return []
        lines = self._code_rows(blocks[0], self._code_printed)
        height = sum(len(line) for line in lines)
        rows: list[str] = []
        for line in lines[:-1]:
            if height <= room:
                break
            rows += line
            height -= len(line)
            self._code_printed += 1
        return rows
