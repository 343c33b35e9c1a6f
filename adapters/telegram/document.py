"""From Markdown tokens to Telegram's text and entities."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it.token import Token
from telegram import MessageEntity

from adapters.telegram.spans import Rendered, SpanWriter
from bot.domain.tables import Alignment, layout

STYLES = {"em": MessageEntity.ITALIC, "strong": MessageEntity.BOLD, "s": MessageEntity.STRIKETHROUGH}
ALIGNMENTS: dict[str, Alignment] = {"text-align:center": "center", "text-align:right": "right"}
BULLETS = "•◦▪"
INDENT = "    "
RULE = "—" * 8
LANGUAGE = re.compile(r"[\w+#.-]{1,32}")


@dataclass(slots=True)
class _List:
    """An open list. `written` and `shown` are the last item's number in the source and on screen."""

    ordered: bool
    written: str = ""
    shown: str = ""

    def number(self, written: str) -> str:
        """Numbers stay as they were written; where they are all the same, as Markdown allows, they count."""
        self.shown = str(int(self.shown) + 1) if written == self.written else written
        self.written = written
        return self.shown


class Document:
    """One pass over the tokens of a document. Blocks keep the blank lines that they have in the source."""

    def __init__(self) -> None:
        self._writer = SpanWriter()
        self._lists: list[_List] = []
        self._links: list[tuple[str, str, int]] = []
        self._items = 0  # how many list items are open
        self._marker = ""  # what the next block of the open item begins with
        self._marked: Token | None = None  # the item that the marker belongs to
        self._next_line: int | None = None  # the source line after the last block; None before the first

    def render(self, tokens: Sequence[Token]) -> Rendered:
        stream = iter(tokens)
        for token in stream:
            self._block(token, stream)
        return self._writer.finish()

    def _block(self, token: Token, stream: Iterator[Token]) -> None:
        match token.type:
            case "inline":
                self._inline(token.children or ())
            case "paragraph_open":
                self._start(token)
            case "heading_open":
                self._start(token, apart=True)
                self._writer.open(MessageEntity.BOLD)
            case "heading_close":
                self._writer.close(MessageEntity.BOLD)
            case "blockquote_open":
                self._writer.open(MessageEntity.BLOCKQUOTE)
            case "blockquote_close":
                self._writer.close(MessageEntity.BLOCKQUOTE)
            case "fence":
                self._fence(token)
            case "code_block":
                self._pre(token, token.content)
            case "math_block":
                self._pre(token, token.content, "latex")
            case "table_open":
                self._table(token, stream)
            case "hr":
                self._start(token)
                self._writer.text(RULE)
            case _:
                self._list(token)

    # Blocks

    def _start(self, token: Token, *, apart: bool = False, verbatim: bool = False) -> None:
        """Begin a block on a line of its own, after a blank one if it is `apart`; verbatim text is not indented."""
        first, end = token.map or (0, 0)
        if self._next_line is not None:
            blank = first > self._next_line or (apart and not self._marker)
            self._writer.text("\n\n" if blank else "\n")
        self._next_line = end
        if not verbatim:
            self._writer.text(self._marker or INDENT * self._items)
        elif self._marker:
            self._writer.text(self._marker.rstrip() + "\n")
        self._marker = ""

    def _pre(self, token: Token, code: str, language: str | None = None) -> None:
        if code.strip():
            self._start(token, verbatim=True)
            self._writer.pre(code, language)

    def _fence(self, token: Token) -> None:
        """A code block; words behind its opening fence that are no language's name belong to the text."""
        info, code = token.info.strip(), token.content
        first, end = token.map or (0, 0)
        closed_and_empty = not code.strip() and end - first > 1
        if closed_and_empty or not LANGUAGE.fullmatch(info):
            info, code = "", f"{info}\n{code}"
        self._pre(token, code, info or None)

    def _table(self, opening: Token, stream: Iterator[Token]) -> None:
        rows: list[list[str]] = []
        alignments: list[Alignment] = []
        extra: list[str] = []
        for token in stream:
            match token.type:
                case "tr_open":
                    rows.append([])
                    extra = token.meta["extra"]
                case "th_open":
                    alignments.append(ALIGNMENTS.get(str(token.attrGet("style")), "left"))
                case "inline":
                    rows[-1].append(_plain(token.children or ()))
                case "tr_close":
                    rows[-1].extend(extra)
                case "table_close":
                    break
        self._start(opening, verbatim=True)
        self._writer.pre(layout(rows, alignments))

    # Lists

    def _list(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                self._lists.append(_List(ordered=token.type == "ordered_list_open"))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                self._marker = (self._marker or INDENT * self._items) + self._marker_of(token)
                self._items += 1
                self._marked = token
            case "list_item_close":
                if self._marker and self._marked is not None:  # an item without content
                    self._start(self._marked)
                self._items -= 1

    def _marker_of(self, item: Token) -> str:
        box = item.meta.get("box")
        if self._lists[-1].ordered:
            number = self._lists[-1].number(item.info) + item.markup
            return f"{number} {box} " if box else f"{number} "
        bullet = BULLETS[min(sum(not each.ordered for each in self._lists), len(BULLETS)) - 1]
        return f"{box or bullet} "

    # Inline

    def _inline(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            kind, _, edge = token.type.partition("_")
            match kind, edge:
                case (("em" | "strong" | "s"), "open"):
                    self._writer.open(STYLES[kind])
                case (("em" | "strong" | "s"), "close"):
                    self._writer.close(STYLES[kind])
                case (("softbreak" | "hardbreak"), _):
                    self._writer.text("\n" + INDENT * self._items)
                case "code", _:
                    self._writer.code(token.content)
                case "link", "open":
                    self._open_link(str(token.attrGet("href") or ""), str(token.attrGet("title") or ""))
                case "link", "close":
                    self._close_link()
                case "image", _:
                    self._open_link(str(token.attrGet("src") or ""), str(token.attrGet("title") or ""))
                    self._writer.text(_plain(token.children or ()))
                    self._close_link()
                case _:
                    self._writer.text(token.content)

    def _open_link(self, address: str, title: str) -> None:
        self._links.append((address, title, self._writer.length))
        self._writer.open(MessageEntity.TEXT_LINK, address)

    def _close_link(self) -> None:
        address, title, start = self._links.pop()
        if self._writer.length == start:
            self._writer.text(address)
        self._writer.close(MessageEntity.TEXT_LINK)
        if title:
            self._writer.text(f" ({title})")


def _plain(tokens: Sequence[Token]) -> str:
    """Inline content without formatting; the address of a link stands behind its words."""
    parts: list[str] = []
    for token in tokens:
        match token.type:
            case "image":
                parts.append(_plain(token.children or ()) or str(token.attrGet("src")))
            case "link_open":
                address = str(token.attrGet("href") or "")
            case "link_close" if address and parts[-1:] != [address]:
                parts.append(f" ({address})")
            case "softbreak" | "hardbreak":
                parts.append(" ")
            case _:
                parts.append(token.content)
    return "".join(parts)
