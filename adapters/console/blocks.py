"""A growing Markdown text, cut where it cannot change any more. Pure.

Only the last block of a text can become something else when more text comes, so every block before it is final. Items
of a list count as blocks, because long lists are what models like best.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Literal

from markdown_it.token import Token

from adapters.console.markup import parser

BlockKind = Literal["text", "heading", "item", "code", "other"]

_BLANK_LINE = re.compile(r"\n[ \t]*\n[ \t]*$")

_KINDS: dict[str, BlockKind] = {
    "paragraph_open": "text",
    "heading_open": "heading",
    "list_item_open": "item",
    "fence": "code",
}

_LISTS = ("bullet_list_open", "ordered_list_open")


@dataclass(frozen=True, slots=True)
class Block:
    """A range of the text. Code has its lines and language taken out; `spaced`: a blank line stands before it."""

    kind: BlockKind
    start: int
    source: str
    code: str = ""
    info: str = ""
    spaced: bool = False


def split(text: str, begin: int = 0, before: BlockKind | None = None) -> list[Block]:
    """The blocks of a text from `begin` on, in order. What stands between two blocks belongs to the first.

    `before` is the kind of the block that ends at `begin`.
    """
    part = text[begin:]
    lines = [0, *accumulate(len(line) + 1 for line in part.split("\n"))]
    tokens = list(_block_tokens(parser().parse(part)))
    starts = [begin + lines[token.map[0]] if token.map else begin for token in tokens]
    blocks: list[Block] = []
    for token, (start, end) in zip(tokens, pairwise([*starts, len(text)]), strict=True):
        kind = _KINDS.get(token.type, "other")
        spaced = _spaced(before, kind) or _BLANK_LINE.search(text[max(0, start - 200) : start]) is not None
        code = token.content.removesuffix("\n") if kind == "code" else ""
        blocks.append(Block(kind, start, text[start:end], code, token.info, spaced))
        before = kind
    return blocks


def _spaced(before: BlockKind | None, kind: BlockKind) -> bool:
    """Whether a blank line belongs between these two, also where the text has none; one stands before everything."""
    return before is None or kind in ("heading", "code", "other") or before in ("code", "other")


def _block_tokens(tokens: list[Token]) -> Iterator[Token]:
    """The token that opens each block."""
    for token in tokens:
        if token.level == 0 and token.map is not None and token.type not in _LISTS:
            yield token
        if token.level == 1 and token.type == "list_item_open":
            yield token
