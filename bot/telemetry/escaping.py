"""Keeps what strangers wrote from looking like something that the program says, in logs that people read."""

from __future__ import annotations

import re

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, with them line ends and the beginnings of terminal sequences; what ends a line in some editors;
what turns the direction of writing (Unicode's bidirectional marks, embeddings and isolates); halves of characters."""


def one_line(text: str) -> str:
    """The text without anything that could end its line or change how the line is shown."""
    return _UNSAFE.sub(_escaped, text)


def indented(text: str) -> str:
    """The lines of a traceback, each moved in so that none looks like the beginning of a log line."""
    return "\n".join(f"    {one_line(line)}" for line in text.rstrip("\n").split("\n"))


def _escaped(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode()
