"""Puts tool calls together out of the pieces in which they are streamed. Does no I/O.

By the API's reference a piece names its call by `index`, and only the first one carries id and name. Servers differ:
no index or the same for all, no id or an empty one, id and name in every piece, arguments as an object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from bot.domain.prompts import ToolCall

MAX_CALLS = 16
MAX_ARGUMENTS = 100_000
"""Characters. What is beyond is cut off, which leaves JSON that its reader finds broken."""
_MAX_NAME = 200
_MAX_ID = 200
_MAX_KEYS = 4 * MAX_CALLS  # one call may come under several

_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ToolPiece:
    """`key` tells the calls of one answer apart: the index, or the place in its list."""

    key: int
    id: str = ""
    name: str = ""
    arguments: str = ""


def tool_pieces(delta: dict[str, Any]) -> Iterator[ToolPiece]:
    """What a delta or a whole message says of tool calls."""
    calls = delta.get("tool_calls")
    for place, call in enumerate(calls if isinstance(calls, list) else ()):
        if not isinstance(call, dict):
            continue
        index, function = call.get("index"), call.get("function")
        function = function if isinstance(function, dict) else {}
        yield ToolPiece(
            index if isinstance(index, int) else place,
            _string(call.get("id"))[:_MAX_ID],
            _string(function.get("name")),
            _json(function.get("arguments")),
        )


def without_halves(text: str) -> str:
    """The text with the halves of surrogate pairs put together, and lone ones replaced."""
    if not _HALF.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def is_object(arguments: str) -> bool:
    """Whether this is a whole JSON object."""
    if not arguments.rstrip().endswith("}"):
        return False
    try:
        return isinstance(orjson.loads(arguments), dict)
    except orjson.JSONDecodeError:
        return False


class ToolCalls:
    """Feed it every delta; `take` gives what came together."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._by_key: dict[int, _Call] = {}
        self._dropping = False

    def feed(self, delta: dict[str, Any]) -> None:
        for piece in tool_pieces(delta):
            if not (piece.id or piece.name or piece.arguments):
                continue
            call = self._find(piece)
            if call is None:
                self._by_key.pop(piece.key, None)
                continue
            if piece.key in self._by_key or len(self._by_key) < _MAX_KEYS:
                self._by_key[piece.key] = call
            call.add(piece)

    def take(self) -> list[ToolCall]:
        """The calls in the order in which they began. One without a name cannot be carried out and is left out; ids
        are made up where they are missing or used twice."""
        named = [call for call in self._calls if call.name]
        given = {call.id for call in named}
        taken: set[str] = set()
        calls = []
        for call in named:
            identity = call.id if call.id and call.id not in taken else _free_id(given | taken)
            taken.add(identity)
            calls.append(ToolCall(identity, without_halves(call.name), without_halves("".join(call.arguments))))
        return calls

    def _find(self, piece: ToolPiece) -> _Call | None:
        """The call to which a piece belongs; None when there are too many, so that nothing of it is kept."""
        known = self._by_key.get(piece.key)
        if not piece.name:
            if piece.id:
                known = next((call for call in self._calls if call.id == piece.id), known)
            elif known is None and self._dropping:
                return None
            elif known is None and self._calls:
                known = self._calls[-1]  # begun under one index and continued under another: seen behind proxies
        if known is None or known.is_followed_by(piece):
            if len(self._calls) >= MAX_CALLS:
                self._dropping = True
                return None
            known = _Call()
            self._calls.append(known)
        return known


class _Call:
    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.arguments: list[str] = []
        self._size = 0

    def add(self, piece: ToolPiece) -> None:
        same = bool(self.id) and self.id == piece.id
        self.id = self.id or piece.id
        # A name may come in pieces, but before the arguments; one that comes again is repeated by the server.
        if not self._size and not (same and piece.name == self.name):
            self.name = (self.name + piece.name)[:_MAX_NAME]
        arguments = piece.arguments[: MAX_ARGUMENTS - self._size]
        if arguments:
            self._size += len(arguments)
            self.arguments.append(arguments)

    def is_followed_by(self, piece: ToolPiece) -> bool:
        """Whether this piece, although it has the same key, begins another call."""
        if not piece.name or not self.name:
            return False
        if piece.id and self.id:
            return piece.id != self.id
        return bool(self.arguments) and self.arguments[-1].rstrip().endswith("}") and is_object("".join(self.arguments))


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _json(value: object) -> str:
    """Arguments as text; some servers send the object itself."""
    if not isinstance(value, dict):
        return _string(value)
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return ""


def _free_id(used: set[str]) -> str:
    """Nine letters and digits: the templates of Mistral's models take nothing else."""
    return next(name for number in range(1, MAX_CALLS * 3) if (name := f"call{number:05}") not in used)
