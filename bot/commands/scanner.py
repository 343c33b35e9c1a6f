"""A line of text, read from left to right: names, `key=`, words, quoted words, the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence

_QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“", "«": "»"}
"""Opening and closing marks; phones write the curly ones by themselves."""

_KEY = re.compile(r"(\w+)=")
_WORD = re.compile(r"\S+")


class OpenQuoteError(Exception):
    """A quotation mark is not closed."""


class Scanner:
    """Every reading method leaves the blanks behind what it read in place; `at_end` skips them."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def at_end(self) -> bool:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1
        return self._at == len(self._text)

    def at_quote(self) -> bool:
        return not self.at_end() and self._text[self._at] in _QUOTES

    def name(self) -> str:
        """The next word as it stands; empty at the end."""
        if self.at_end():
            return ""
        return self._match(_WORD)

    def key(self, keys: Sequence[str]) -> str | None:
        """Read `key=` when it is one of these; else read nothing."""
        found = _KEY.match(self._text, self._at)
        if found is None or found[1].casefold() not in keys:
            return None
        self._at = found.end()
        return found[1].casefold()

    def word(self) -> str:
        """The next word, or all between quotation marks; a backslash keeps the mark behind it from closing."""
        if self.at_quote():
            return self._quoted(_QUOTES[self._text[self._at]])
        return "" if self.at_end() else self._match(_WORD)

    def rest(self) -> str:
        """All that is left, as it stands, without the blanks around it."""
        rest = self._text[self._at :].strip()
        self._at = len(self._text)
        return rest

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            return ""
        self._at = found.end()
        return found[0]

    def _quoted(self, closing: str) -> str:
        pieces: list[str] = []
        at = self._at + 1
        while at < len(self._text):
            character = self._text[at]
            if character == closing:
                self._at = at + 1
                return "".join(pieces)
            if character == "\\" and self._text[at + 1 : at + 2] in (closing, "\\"):
                at += 1
                character = self._text[at]
            pieces.append(character)
            at += 1
        raise OpenQuoteError
