"""How a bot without admins gets its first one: whoever reads its log writes the code that stands there."""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
from collections import deque
from typing import Literal

from bot import clock
from bot.access.access import Access
from bot.domain.ids import Person
from bot.domain.recent import Recent

log = logging.getLogger(__name__)

_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Without those that look like another: I, L, O, 0 and 1. Eight of them are some 40 bits."""

TRIES = 5
"""Of one person in an hour."""

ALL_TRIES = 20
"""Of all people, after which the code is worth nothing: one of 42 billion guesses is right."""

_HOUR = 3600.0
_REMEMBERED = 1000

Claimed = Literal["granted", "wrong", "wait", "closed"]
"""granted: the person is an admin now; wrong: another code; wait: too many wrong ones of this person in an hour;
closed: there is no code, or it is used up or worth nothing any more."""


class Claim:
    """Closed until `open` makes a code, and again after the first right one."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._code: str | None = None
        self._wrong: Recent[str, deque[float]] = Recent(_REMEMBERED)
        self._all_wrong = 0
        self._claiming = asyncio.Lock()

    def open(self) -> None:
        """Make a code and log it, if there is no admin; call it once, after `Access.load`."""
        if self._access.admins:
            return
        self._code = "".join(secrets.choice(_LETTERS) for _ in range(8))
        shown = f"{self._code[:4]}-{self._code[4:]}"
        log.warning("the bot has no admin: write /claim %s to it in a private chat to become one", shown)

    async def claim(self, person: Person, typed: str) -> Claimed:
        """Try a code; raises `bot.errors.StorageError`, after which the code is good for another try."""
        async with self._claiming:
            if self._code is None:
                return "closed"
            now = clock.now()
            wrong = self._wrong.get(person.handle) or deque(maxlen=TRIES)
            if len(wrong) == TRIES and now - wrong[0] < _HOUR:
                return "wait"
            if not hmac.compare_digest(self._code.encode(), _plain(typed).encode()):
                wrong.append(now)
                self._wrong[person.handle] = wrong
                return self._missed(person)
            await self._access.appoint(person)
            self._code = None
            log.warning("%s is an admin now", person.handle)
            return "granted"

    def _missed(self, person: Person) -> Claimed:
        log.warning("%s tried to become an admin with a wrong code", person.handle)
        self._all_wrong += 1
        if self._all_wrong < ALL_TRIES:
            return "wrong"
        log.warning("after %d wrong codes nobody can become an admin until the bot is started again", ALL_TRIES)
        self._code = None
        return "closed"


def _plain(typed: str) -> str:
    """As the code is written, however somebody typed it; what cannot be encoded is wrong anyway."""
    return "".join(letter for letter in typed.upper() if letter.isascii() and letter.isalnum())
