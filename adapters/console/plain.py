"""Answers as plain text, written as they arrive: for pipes, files and terminals that can do no more."""

from __future__ import annotations

import re
from collections.abc import Sequence

from adapters.console.output import Output
from adapters.console.view import Kept
from bot.domain.platform import Outgoing

_FENCE = re.compile(r"[`~]{3,}")


class PlainView:
    """Writes only what is new. Text that was written cannot be taken back; where it changes, it is written again."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._texts: dict[str, str] = {}
        self._newest = ""
        self._inside_line = False

    @property
    def canvas(self) -> None:
        """Pictures are not drawn."""

    def wait(self) -> None:
        """Nothing is written before there is something to say."""

    def settle(self) -> None:
        """Every message has ended its line."""

    def show(self, message_id: str, message: Outgoing, *, running: bool, files: Sequence[Kept] = ()) -> None:
        text = _lasting(message.source) if running else message.source
        before = self._texts.get(message_id)
        if before is None:
            self._end_line()
            self._write("\n" + text if self._texts else text)
        elif running and before.startswith(text):
            text = before
        else:
            self._write_new(message_id, before, text)
        self._texts[message_id] = text
        self._newest = message_id
        if not running:
            self._end_line()
        self._write("".join(f"{kept.note}\n" for kept in files))

    def close(self) -> None:
        self._end_line()

    def _write_new(self, message_id: str, before: str, text: str) -> None:
        """Go on where the text stands, or, where it changed, from the beginning of the first line that did."""
        if text == before:
            return
        if not text.startswith(before):
            self._end_line()
            self._write(text[text.rfind("\n", 0, _same(before, text)) + 1 :])
        elif self._inside_line and message_id == self._newest:
            self._write(text[len(before) :])
        else:
            self._end_line()
            self._write(text[len(before) :].lstrip("\n"))

    def _end_line(self) -> None:
        if self._inside_line:
            self._write("\n")

    def _write(self, text: str) -> None:
        if text:
            self._inside_line = not text.endswith("\n")
            self._output.write(text)


def _lasting(source: str) -> str:
    """A growing text without a code fence in its last line, which may only close the block for the moment."""
    head, newline, last = source.rpartition("\n")
    return head if newline and _FENCE.fullmatch(last) else source


def _same(before: str, after: str) -> int:
    """How many characters at the beginning are the same."""
    return next((at for at, (old, new) in enumerate(zip(before, after, strict=False)) if old != new), len(after))
