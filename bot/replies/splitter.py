"""Where a long text is cut into messages, and how a code fence goes on in the next one. Pure.

A piece is shown as `wrap(piece, opener)`: `opener` is the line that opened the code fence in which the piece begins
("" outside of one), and a fence that is open at the end is closed. So every message stands on its own, and the pieces
joined are the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

from bot.domain.text import utf16_length, utf16_prefix

Fits = Callable[[str], bool]
"""Whether one message can carry this Markdown, once rendered."""

_FENCE = re.compile(r"^[ \t]*+(?:[-*+>]|\d{1,9}[.)])?[ \t]*+(`{3,}+|~{3,}+)([^\n]*)$")
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'»”’)\]]*\s+")
_JOINERS = "\u200d\ufe0e\ufe0f"
_SHRINK = 0.9
_EARLIEST = 0.5
_LANGUAGE = 32


def fence_after(text: str) -> str:
    """The line that opened the code fence which is open at the end of `text`, without indentation; "" if none is."""
    return [opener for _, opener in _lines(text)][-1]


def wrap(piece: str, opener: str) -> str:
    """The piece as a message of its own."""
    body = f"{opener}\n{piece}" if opener else piece
    still_open = fence_after(body)
    return f"{body.rstrip()}\n{_mark(still_open)}" if still_open else body


def cut(text: str, start: int, opener: str, fits: Fits, limit: int) -> int:
    """The end of the longest piece from `start` that fits and ends at a good place.

    `limit` is a message's length in UTF-16 units. At least one character is taken, whatever `fits` says.
    """
    room = max(1, limit - utf16_length(opener) - 8)
    length = utf16_prefix(text[start : start + room], room)
    while length > 1:
        end = _boundary(text, start, start + length, opener)
        if fits(wrap(text[start:end], opener)):
            return end
        length = min(end - start - 1, int(length * _SHRINK))
    return start + 1


def _mark(opener: str) -> str:
    found = _FENCE.match(opener)
    return found.group(1) if found else "```"


def _lines(text: str, opener: str = "") -> Iterator[tuple[int, str]]:
    """For each line: the index behind it, and the opener of the fence that is open from there on."""
    index = 0
    for line in text.split("\n"):
        index += len(line) + 1
        found = _FENCE.match(line.rstrip("\r"))
        if found and not opener:
            # A backtick fence's info string holds no backtick: "```x```" is code in a line.
            if found.group(1)[0] == "~" or "`" not in found.group(2):
                opener = found.group(1) + found.group(2).strip()[:_LANGUAGE]
        elif found and not found.group(2).strip() and found.group(1).startswith(_mark(opener)):
            opener = ""
        yield min(index, len(text)), opener


def _boundary(text: str, start: int, end: int, opener: str) -> int:
    """The best place to cut in the second half of `text[start:end]`: between paragraphs, lines, sentences, words."""
    earliest = start + max(1, int((end - start) * _EARLIEST))
    paragraph = line = code_line = 0
    for offset, fence in _lines(text[start:end], opener):
        place = start + offset
        if place < earliest or text[place - 1] != "\n":
            continue
        if fence:
            code_line = place
        else:
            line = place
            if text[place - 2 : place] == "\n\n":
                paragraph = place
    if paragraph or line:
        return paragraph or line
    if code_line:
        return code_line
    sentence = 0
    for found in _SENTENCE_END.finditer(text, earliest, end):
        sentence = found.end()
    space = max(text.rfind(" ", earliest, end), text.rfind("\t", earliest, end)) + 1
    return sentence or space or whole_character(text, earliest, end)


def whole_character(text: str, earliest: int, end: int) -> int:
    """The last place up to `end` that takes no combining mark, emoji sequence or flag apart; else `end`."""
    for place in range(end, earliest, -1):
        if not _joined(text, place):
            return place
    return end


def _joined(text: str, place: int) -> bool:
    if place >= len(text):
        return False
    after, before = text[place], text[place - 1]
    if after in _JOINERS or before == "\u200d" or unicodedata.category(after) in ("Mn", "Me", "Mc"):
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff":  # a skin tone belongs to the emoji before it
        return True
    if not ("\U0001f1e6" <= after <= "\U0001f1ff"):
        return False
    flags = 0  # regional indicators pair up from the start of their run
    while place - flags > 0 and "\U0001f1e6" <= text[place - flags - 1] <= "\U0001f1ff":
        flags += 1
    return flags % 2 == 1


def below(text: str, footer: str) -> str:
    """The footer as a paragraph of its own, outside of a code fence that the answer left open."""
    if not text.strip():
        return footer
    fence = fence_after(text)
    closed = f"\n{fence[: len(fence) - len(fence.lstrip(fence[0]))]}" if fence else ""
    return f"{closed}\n\n{footer}"
