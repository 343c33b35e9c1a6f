"""The Markdown that is understood: CommonMark with tables and strikethrough, without what would make text disappear.

Not HTML, so that `List<String>` and `<think>` stay words; no link reference definitions, which vanish, and with them
footnotes; no entities such as `&copy;`, which stand for themselves; no links that Telegram would not make clickable,
so that their address stays readable. TeX formulas are taken whole, or Markdown would eat their backslashes.
"""

from __future__ import annotations

import re
from bisect import bisect_left

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.table import escapedSplit, getLine, table
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

MAX_NESTING = 32
"""Containers in containers; the parser leaves out what is deeper, and `too_deep` tells so."""

# Telegram's server makes no link of a host without a dot, nor of mailto (td/telegram/LinkManager.cpp). Of tg: it
# does, but such links call people by their ids, join groups and open dialogues, which no model has any business with.
CLICKABLE = re.compile(r"https?://[^/?#@\s]*\w\.\w[^/?#@\s]*(?:[/?#]|$)", re.IGNORECASE)
CLOSERS = {"\\[": "\\]", "$$": "$$"}
BOXES = {"[ ] ": "☐", "[x] ": "☑", "[X] ": "☑"}
DOLLARS = re.compile(r"\$(?![\s$])[^$\n]*?(?<![\s\\])\$(?!\d)")


class _LosslessMarkdown(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802  (the library's hook)
        return url == "" or CLICKABLE.match(url) is not None

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802  (the library's hook)
        return link


def make_parser() -> MarkdownIt:
    parser = _LosslessMarkdown("commonmark", {"html": False, "linkify": False, "maxNesting": MAX_NESTING})
    parser.enable(["table", "strikethrough"])
    parser.disable(["reference", "entity", "html_block", "html_inline"])
    parser.block.ruler.at("table", _table, {"alt": ["paragraph", "reference"]})
    parser.block.ruler.before("fence", "math", _math_block, {"alt": ["paragraph", "blockquote", "list"]})
    parser.inline.ruler.before("escape", "math", _math_inline)
    parser.core.ruler.push("tasks", _tasks)
    return parser


def too_deep(tokens: list[Token]) -> bool:
    """Whether the parser may have left something out because it was nested too deeply."""
    return any(token.level >= MAX_NESTING - 1 for token in tokens)


def _table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """The library's table rule, which leaves out the cells that a row has beyond the header's: they are kept here."""
    first = len(state.tokens)
    if not table(state, start, end, silent):
        return False
    columns = sum(token.type == "th_open" for token in state.tokens[first:])
    for token in state.tokens[first:]:
        if token.type == "tr_open" and token.map:
            token.meta["extra"] = [cell.strip() for cell in _cells(getLine(state, token.map[0]))[columns:]]
    return True


def _cells(line: str) -> list[str]:
    cells = escapedSplit(line.strip())
    return cells[cells[:1] == [""] : len(cells) - (cells[-1:] == [""])]


def _math_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Lines from one that begins with `\\[` or `$$` to the one that ends with its counterpart."""
    opening = state.bMarks[start] + state.tShift[start]
    closer = CLOSERS.get(state.src[opening : opening + 2])
    if closer is None or state.is_code_block(start):
        return False
    closing = state.src.find(closer, opening + 2)
    last = bisect_left(state.eMarks, closing)
    if closing == -1 or last >= end or state.src[closing + 2 : state.eMarks[last]].strip():
        return False
    if any(state.sCount[line] < state.blkIndent and not state.isEmpty(line) for line in range(start, last)):
        return False
    if not silent:
        token = state.push("math_block", "", 0)
        content = state.getLines(start, last + 1, state.sCount[start], False).strip()
        token.content = content.removeprefix(state.src[opening : opening + 2]).removesuffix(closer).strip("\n")
        token.map = [start, last + 1]
        state.line = last + 1
    return True


def _math_inline(state: StateInline, silent: bool) -> bool:
    r"""`\(..\)`, `\[..\]` and `$$..$$`; and `$..$`, which may be money and is only kept from other rules."""
    opener = state.src[state.pos : state.pos + 2]
    closer = {"\\(": "\\)", **CLOSERS}.get(opener)
    if closer is not None:
        end = state.src.find(closer, state.pos + 2, state.posMax)
        content, kind = state.src[state.pos + 2 : end].strip(), "code_inline"
        if end == -1 or not content:
            return False
        stop = end + 2
    elif match := DOLLARS.match(state.src, state.pos, state.posMax):
        content, kind, stop = match[0], "text", match.end()
    else:
        return False
    if not silent:
        state.push(kind, "", 0).content = content
    state.pos = stop
    return True


def _tasks(state: StateCore) -> None:
    """Boxes at the start of list items go from the text into the item's `meta`."""
    for item, _, inline in zip(state.tokens, state.tokens[1:], state.tokens[2:], strict=False):
        if item.type == "list_item_open" and inline.type == "inline" and inline.children:
            first = inline.children[0]
            if first.type == "text" and (box := BOXES.get(first.content[:4])):
                item.meta["box"] = box
                first.content = first.content[4:]
