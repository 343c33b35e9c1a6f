"""A text in the making, with its formatting as Telegram's message entities."""

from __future__ import annotations

from dataclasses import dataclass, field

from telegram import MessageEntity

from adapters.telegram.utf16 import offsets
from bot.domain.text import utf16_length

FOLDED_LINES, FOLDED_CHARACTERS = 3, 300
"""A quote of more lines or characters is folded. A folded one shows three lines until somebody opens it."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """Text and entities, ready to send. `units` is the text's length as Telegram counts it."""

    text: str
    entities: tuple[MessageEntity, ...] = ()
    units: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "units", utf16_length(self.text))


@dataclass(frozen=True, slots=True)
class _Span:
    """Formatting of a stretch of the text, `start` and `end` being indexes into it."""

    kind: str
    start: int
    end: int
    url: str | None = None
    language: str | None = None


class SpanWriter:
    """Takes text and formatting in reading order and keeps Telegram's rules of nesting.

    Code overlaps no style and no link: styles pause around it, and inside a link it is plain. A kind inside itself
    counts once. Entities are never empty and cover no white space at their ends.
    """

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._spans: list[_Span] = []
        self._open: dict[str, tuple[int, str | None]] = {}
        self._depth: dict[str, int] = {}
        self.length = 0

    def text(self, text: str) -> None:
        self._parts.append(text)
        self.length += len(text)

    def open(self, kind: str, url: str | None = None) -> None:
        depth = self._depth[kind] = self._depth.get(kind, 0) + 1
        if depth == 1:
            self._open[kind] = (self.length, url)

    def close(self, kind: str) -> None:
        self._depth[kind] -= 1
        if self._depth[kind] == 0:
            start, url = self._open.pop(kind)
            self._spans.append(_Span(kind, start, self.length, url))

    def code(self, text: str) -> None:
        """Code within a line."""
        if self._depth.get(MessageEntity.TEXT_LINK, 0):
            self.text(text)
        else:
            self._verbatim(MessageEntity.CODE, text, None)

    def pre(self, text: str, language: str | None = None) -> None:
        """A block of code. White space at its end goes, at its beginning it stays."""
        self._verbatim(MessageEntity.PRE, text.rstrip().lstrip("\n"), language)

    def _verbatim(self, kind: str, text: str, language: str | None) -> None:
        paused = {style: state for style, state in self._open.items() if style != MessageEntity.BLOCKQUOTE}
        self._spans.extend(_Span(style, start, self.length, url) for style, (start, url) in paused.items())
        self._spans.append(_Span(kind, self.length, self.length + len(text), language=language))
        self.text(text)
        self._open.update((style, (self.length, url)) for style, (_, url) in paused.items())

    def finish(self) -> Rendered:
        """The whole, trimmed as Telegram trims it: white space at the ends goes, but not what an entity covers."""
        text = "".join(self._parts).rstrip()
        # Of two entities with the same place the outer one has to come first; it was closed last.
        placed = [(span, *_tight(span, text)) for span in reversed(self._spans)]
        placed = sorted((each for each in placed if each[1] < each[2]), key=lambda each: (each[1], -each[2]))
        blank = len(text) - len(text.lstrip())
        cut = min([blank, *(start for _, start, _ in placed)])
        kept = text[cut:]
        at = offsets(kept)
        entities = [
            MessageEntity(
                _folded(span.kind, text[start:end]),
                at(start - cut),
                at(end - cut) - at(start - cut),
                url=span.url,
                language=span.language,
            )
            for span, start, end in placed
        ]
        return Rendered(kept, tuple(entities))


def _folded(kind: str, covered: str) -> str:
    """The kind of an entity once it is known what it covers; neither kind of quote stands within another (Bot API)."""
    long = covered.count("\n") >= FOLDED_LINES or len(covered) > FOLDED_CHARACTERS
    return MessageEntity.EXPANDABLE_BLOCKQUOTE if long and kind == MessageEntity.BLOCKQUOTE else kind


def _tight(span: _Span, text: str) -> tuple[int, int]:
    """Where the span starts and ends without white space at its ends; blocks keep the indent of their first line."""
    covered = text[span.start : span.end]
    blanks = "\n" if span.kind in (MessageEntity.PRE, MessageEntity.BLOCKQUOTE) else None
    start = span.start + len(covered) - len(covered.lstrip(blanks))
    return start, span.start + len(covered.rstrip())
