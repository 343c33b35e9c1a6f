"""Whether what is shown is the model's text: every character, once, in order.

White space is left out of the comparison, because platforms trim and fold it. Between two messages a code fence may
have been closed and opened again; nothing else may be added.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_OPENS = re.compile(r"\s*(`{3,}|~{3,})[^\n`]*\n")
_CLOSES = re.compile(r"\n(`{3,}|~{3,})\s*$")


def differs(shown: Sequence[str], expected: str) -> str | None:
    """What is wrong with the messages, or None when they show exactly the expected text."""
    wanted = _dense(expected)
    best = _furthest(list(shown), wanted, 0)
    if best == len(wanted):
        return None
    given = "".join(map(_dense, shown))
    around = slice(max(0, best - 40), best + 40)
    return f"at character {best} of {len(wanted)}: expected {wanted[around]!r}; shown in all: {given[around]!r}"


def _furthest(shown: list[str], wanted: str, at: int) -> int:
    """How far the messages follow `wanted` from `at`; its length when they show all of the rest and nothing more."""
    if not shown:
        return at
    text, rest = shown[0], shown[1:]
    best = at
    for form, following in _forms(text, rest):
        dense = _dense(form)
        same = _common(dense, wanted, at)
        if same < len(dense):
            best = max(best, min(at + same, len(wanted) - 1))
            continue
        best = max(best, _furthest(following, wanted, at + same))
        if best == len(wanted):
            return best
    return min(best, len(wanted) - 1) if best == len(wanted) and rest else best


def _forms(text: str, rest: list[str]) -> list[tuple[str, list[str]]]:
    """The message as it is, and without a fence that was closed here only to be opened again in the next one."""
    forms = [(text, rest)]
    closes, opens = _CLOSES.search(text), _OPENS.match(rest[0]) if rest else None
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
