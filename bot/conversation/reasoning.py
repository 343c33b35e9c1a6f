"""Reasoning as a quote above the answer, while it is still being thought."""

from __future__ import annotations

import re

LONGEST = 1_500
"""Characters of reasoning that are shown."""

# All at which Python, Markdown or a platform begins a new line; a carriage return alone is none.
_BREAK = re.compile(r"[\n\v\f\x1c-\x1e\x85\u2028\u2029]")


class ReasoningQuote:
    """Feed it the pieces of the reasoning: what it returns, joined, is one block quote, however they were cut.

    A line that would begin with a code fence does not: what is open when the quote ends must not reach into the answer.
    """

    def __init__(self) -> None:
        self._room = LONGEST  # below 0 once it was not enough
        self._begun = False
        self._ended = False
        # What is shown only once more words come.
        self._breaks = 0
        self._space = ""

    def add(self, text: str) -> str:
        shown: list[str] = []
        for number, line in enumerate(_BREAK.split(text.replace("\r", ""))):
            if number:
                self._breaks, self._space = self._breaks + 1, ""
            if self._ended or self._room < 0 or not line.strip():
                self._space += line
                continue
            words = self._space + line
            self._space = words[len(words.rstrip()) :]
            shown.append(self._line(words.rstrip()))
        return "".join(shown)

    def pause(self) -> None:
        """What comes next is a paragraph of its own."""
        self._breaks, self._space = 2, ""

    def end(self) -> str:
        """What closes the quote, before the first words of the answer; "" where nothing is to be closed."""
        closing = "\n\n" if self._begun and not self._ended else ""
        self._begun, self._ended = False, True
        return closing

    def _line(self, words: str) -> str:
        """More words, which are not blank, on the line that is open or on a new one."""
        head = ""
        if not self._begun:
            head, words = "> ", words.lstrip()
        elif self._breaks:
            head = "\n> " if self._breaks == 1 else "\n>\n> "
        if head and words.lstrip()[0] in "`~":
            head += "\\"
            words = words.lstrip()
        self._begun, self._breaks = True, 0
        if len(words) > self._room:
            words, self._room = words[: self._room].rstrip() + "…", -1
        else:
            self._room -= len(words)
        return head + words
