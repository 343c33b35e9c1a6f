"""Tells the reasoning that some models write into the answer, between think tags at its very start, from the answer."""

from __future__ import annotations

from bot.domain.events import ReasoningDelta, TextDelta

_MOST_BLANK = 1000
"""Blank characters before a tag; behind more of them none is looked for, and they are not held back any longer."""

_TAGS = (("<think>", "</think>"), ("<thinking>", "</thinking>"))


class ThinkFilter:
    """Feed it the pieces of the content. Tags count only where the answer begins with one; later ones are text."""

    def __init__(self) -> None:
        self._held = ""
        self._undecided = True
        self._closing: str | None = None
        self._strip = False

    def feed(self, text: str) -> list[TextDelta | ReasoningDelta]:
        if self._undecided:
            return self._open(self._held + text)
        if self._closing is not None:
            return self._think(self._held + text, self._closing)
        return self._answer(text)

    def close(self) -> list[TextDelta | ReasoningDelta]:
        """What was held back because a tag might have followed."""
        held, self._held = self._held, ""
        if not held:
            return []
        return [TextDelta(held)] if self._closing is None else [ReasoningDelta(held)]

    def _open(self, text: str) -> list[TextDelta | ReasoningDelta]:
        start = text.lstrip()
        for opening, closing in _TAGS:
            if start.startswith(opening):
                self._undecided = False
                self._closing = closing
                return self._think(start.removeprefix(opening), closing)
        if len(text) <= _MOST_BLANK and any(opening.startswith(start) for opening, _ in _TAGS):
            self._held = text
            return []
        self._undecided = False
        self._held = ""
        return self._answer(text)

    def _think(self, text: str, closing: str) -> list[TextDelta | ReasoningDelta]:
        thought, tag, answer = text.partition(closing)
        if tag:
            self._held, self._closing, self._strip = "", None, True
            return [*_reasoning(thought), *self._answer(answer)]
        keep = _partial_suffix(text, closing)
        self._held = text[len(text) - keep :]
        return _reasoning(text[: len(text) - keep])

    def _answer(self, text: str) -> list[TextDelta | ReasoningDelta]:
        if self._strip:  # the blank lines between the reasoning and the answer
            text = text.lstrip()
            self._strip = not text
        return [TextDelta(text)] if text else []


def _reasoning(text: str) -> list[TextDelta | ReasoningDelta]:
    return [ReasoningDelta(text)] if text else []


def _partial_suffix(text: str, tag: str) -> int:
    """How many characters at the text's end may be the beginning of the tag."""
    return next((size for size in range(min(len(tag) - 1, len(text)), 0, -1) if tag.startswith(text[-size:])), 0)
