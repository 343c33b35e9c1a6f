"""Discord's marks for people, roles, channels and emoji in a text, as words. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

_MARK = re.compile(r"<(@!?|@&|#)(\d+)>")
_EMOJI = re.compile(r"<a?(:\w+:)\d+>")
_PUNCTUATION = ",.;:!?"


def without(text: str, marks: frozenset[str]) -> str:
    """The text without these marks (`<@1>`); the words around them stay, one space apart."""
    if not marks:
        return text
    pattern = re.compile(r"[ \t]*(?:" + "|".join(map(re.escape, sorted(marks))) + r")[ \t]*")
    cut = pattern.sub(lambda found: _seam(text, found.start(), found.end()), text)
    begins_with_mark = pattern.match(text) is not None
    return cut.lstrip(f" \t{_PUNCTUATION}").strip() if begins_with_mark else cut.strip()


def readable(text: str, names: Mapping[str, str]) -> str:
    """Marks as words: `@Ann` for `<@1>`. `names` maps marks, written without the `!`, to words."""
    shown = _MARK.sub(lambda found: names.get(f"<{found[1].rstrip('!')}{found[2]}>", found[0]), text)
    return _EMOJI.sub(r"\1", shown)


def _seam(text: str, start: int, end: int) -> str:
    at_line_edge = start == 0 or end == len(text) or text[start - 1] == "\n" or text[end] == "\n"
    return "" if at_line_edge or text[end] in _PUNCTUATION else " "
