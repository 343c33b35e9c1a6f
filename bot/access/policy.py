"""Who may talk to the bot, and who may govern it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.domain.ids import ChatRef, Person
from bot.errors import SettingsError

EVERYBODY = "*"
_ENTRY = re.compile(r"(telegram|discord|console):-?[A-Za-z0-9_]+")
_EXAMPLE = "telegram:12345,discord:67890"


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """`admins` are people; `allowed` are people, chats, and on Discord roles, channels and servers, as `platform:id`.

    The console belongs to whoever started the bot, so everybody in it is an admin.
    """

    admins: frozenset[str]
    allowed: frozenset[str]

    def is_admin(self, person: Person) -> bool:
        return person.platform == "console" or person.handle in self.admins

    def allows(self, chat: ChatRef, person: Person) -> bool:
        """Admins, whoever is on the list, and whoever writes in a place on it; a thread belongs to its channel."""
        if EVERYBODY in self.allowed or self.is_admin(person):
            return True
        ids = (person.user_id, chat.chat_id, chat.thread_id, chat.server_id, *person.roles)
        return any(f"{chat.platform}:{each}" in self.allowed for each in ids if each is not None)


def parse_ids(variable: str, entries: Iterable[str], *, everybody: bool = False) -> frozenset[str]:
    """The entries of a setting, checked; `everybody` lets `*` pass. Raises SettingsError."""
    found = frozenset(entries)
    for entry in sorted(found):
        if not _ENTRY.fullmatch(entry) and not (everybody and entry == EVERYBODY):
            raise SettingsError(variable, f"{entry!r} is not of the form platform:id.", _EXAMPLE)
    return found
