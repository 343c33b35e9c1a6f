"""A terminal in memory: what a person sees on the screen and, scrolling up, above it.

It knows the control sequences that the console, rich and readline use, and refuses others, so that nothing is missed.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"\x1b\[(?P<args>[?0-9;]*)(?P<final>[A-Za-z])|(?P<control>[\x00-\x1f\x7f])|(?P<text>[^\x00-\x1f\x7f]+)"
)
_BEGUN = re.compile(r"\x1b(\[[?0-9;]*)?$")


class Glass:
    """Every character is one column wide. `colours` holds all the style codes that were used."""

    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        self.columns = columns
        self.rows = rows
        self.colours: set[str] = set()
        self.cursor_shown = True
        self._lines: list[list[str]] = [[]]
        self._row = 0
        self._column = 0
        self._begun = ""

    def feed(self, text: str) -> None:
        """A sequence may be cut anywhere; its beginning waits for the rest."""
        text = self._begun + text
        begun = _BEGUN.search(text)
        self._begun = begun[0] if begun else ""
        text = text.removesuffix(self._begun)
        at = 0
        while at < len(text):
            token = _TOKEN.match(text, at)
            if token is None:
                raise AssertionError(f"an unknown control sequence: {text[at : at + 20]!r}")
            at = token.end()
            if token["final"]:
                self._sequence(token["args"], token["final"])
            elif token["control"]:
                self._control(token["control"])
            else:
                self._print(token["text"])

    @property
    def text(self) -> str:
        """All that was ever on the screen and is not overwritten, without blanks at the ends of lines."""
        return "\n".join("".join(line).rstrip() for line in self._lines).rstrip("\n")

    @property
    def cursor_line(self) -> str:
        return "".join(self._lines[self._row]).rstrip()

    def _print(self, text: str) -> None:
        for character in text:
            if self._column == self.columns:
                self._control("\n")
                self._column = 0
            line = self._lines[self._row]
            line.extend(" " * (self._column + 1 - len(line)))
            line[self._column] = character
            self._column += 1

    def _control(self, control: str) -> None:
        match control:
            case "\n":
                self._row += 1
                if self._row == len(self._lines):
                    self._lines.append([])
            case "\r":
                self._column = 0
            case "\b":
                self._column = max(0, self._column - 1)
            case "\x07":
                pass
            case _:
                raise AssertionError(f"an unknown control character: {control!r}")

    def _sequence(self, args: str, final: str) -> None:
        number = int(args) if args.isdigit() else 0
        line = self._lines[self._row]
        match final:
            case "A":
                top = max(0, len(self._lines) - self.rows)
                if self._row - max(1, number) < top:
                    raise AssertionError("the cursor is moved above the screen, where nothing can be changed")
                self._row -= max(1, number)
            case "C":
                self._column += max(1, number)
            case "D":
                self._column = max(0, self._column - max(1, number))
            case "K" if number == 0:
                del line[self._column :]
            case "J" if number == 0:
                del line[self._column :]
                del self._lines[self._row + 1 :]
            case "m":
                self.colours.add(args)
            case "h" | "l" if args == "?25":
                self.cursor_shown = final == "h"
            case "h" | "l" if args == "?2004":  # bracketed paste
                pass
            case _:
                raise AssertionError(f"an unknown control sequence: {args}{final}")
