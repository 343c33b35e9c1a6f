"""What an endpoint is: a route, the request that its handler sees, and the answer that it gives."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.fakes.discord_limits import Group

Json = dict[str, Any]


UploadPart = tuple[str, str, bytes]
"""A file of a form: the `n` of its `files[n]`, its name, its bytes."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as its handler sees it: the variables of its path, its query, its JSON body, its uploaded files."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    files: tuple[UploadPart, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    body: Any = None
    status: int = 200


NOTHING = Answer(None, 204)

Handler = Callable[[Asked], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. `major` is the path's variable that its `group` of limits counts by.

    `tokenless` endpoints carry their secret in the path and are outside the bot's overall limit.
    """

    method: str
    path: str
    handler: Handler
    group: Group | None = None
    major: str = "channel"
    tokenless: bool = False

    @property
    def name(self) -> str:
        """As faults and calls name it: `PATCH /channels/{id}/messages/{id}`."""
        return f"{self.method} " + re.sub(r"\{(?!token)\w+\}", "{id}", self.path)


@dataclass(slots=True)
class Call:
    """A request that arrived at `at` (the loop's clock); `parameters` are its path's variables and its JSON body.

    `status` is what it was answered, or None while it is not.
    """

    route: str
    parameters: Json
    body: Any
    at: float
    status: int | None = None
