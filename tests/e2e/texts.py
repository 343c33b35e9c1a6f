"""Whether what is shown is the model's text: every character, once, in order.

White space is left out of the comparison, because platforms trim and fold it. Between two messages a code fence may
have been closed and opened again, and one that the text leaves open is closed at its end; nothing else may be added.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_OPENS = re.compile(r"\s*(`{3,}|~{3,})[^\n`]*\n")
_CLOSES = re.compile(r"\n(`{3,}|~{3,})\s*$")


def differs(shown: Sequence[str], expected: str) -> str | None:
    """What is wrong with the messages, or None when they show exactly the expected text."""
    walk = _Walk(_dense(expected))
    if walk.follows(list(shown), 0):
        return None
    given = "".join(map(_dense, shown))
    around = slice(max(0, walk.furthest - 40), walk.furthest + 40)
    place = f"at character {walk.furthest} of {len(walk.wanted)}"
    return f"{place}: expected {walk.wanted[around]!r}; shown in all: {given[around]!r}"


@dataclass(slots=True)
class _Walk:
    """Follows messages along the wanted text; `furthest` is how far any way of reading them came."""

    wanted: str
    furthest: int = 0

    def follows(self, shown: list[str], at: int) -> bool:
        """Whether the messages are what is wanted from `at` on: all of it, and nothing more."""
        if not shown:
            return at == len(self.wanted)
        for form, rest in _forms(shown[0], shown[1:]):
            dense = _dense(form)
            self.furthest = max(self.furthest, at + _common(dense, self.wanted, at))
            if self.wanted.startswith(dense, at) and self.follows(rest, at + len(dense)):
                return True
        return False


def _forms(text: str, rest: list[str]) -> list[tuple[str, list[str]]]:
    """The message as it is, and without a fence that was closed here only because the message ended."""
    forms = [(text, rest)]
    closes, opens = _CLOSES.search(text), _OPENS.match(rest[0]) if rest else None
    if closes and not rest:
        forms.append((text[: closes.start()], rest))
    if closes and opens and closes[1] == opens[1]:
        forms.append((text[: closes.start()], [rest[0][opens.end() :], *rest[1:]]))
    return forms


def _common(dense: str, wanted: str, at: int) -> int:
    same = 0
    while same < len(dense) and at + same < len(wanted) and dense[same] == wanted[at + same]:
        same += 1
    return same


def _dense(text: str) -> str:
    return "".join(text.split())
