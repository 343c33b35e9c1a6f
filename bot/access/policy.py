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
    """`admins` are people; `allowed` and `denied` are people, chats, and on Discord roles, threads, channels and
    servers, as `platform:id`. Whoever is both allowed and denied is denied; an admin never is.

    The console belongs to whoever started the bot, so everybody in it is an admin.
    """

    admins: frozenset[str]
    allowed: frozenset[str]
    denied: frozenset[str] = frozenset()

    def is_admin(self, person: Person) -> bool:
        return person.platform == "console" or person.handle in self.admins

    def allows(self, chat: ChatRef, person: Person) -> bool:
        """Admins, whoever is on the list, and whoever writes in a place on it; a thread belongs to its channel."""
        if self.is_admin(person):
            return True
        names = _names(chat, person)
        return names.isdisjoint(self.denied) and (EVERYBODY in self.allowed or not names.isdisjoint(self.allowed))


def here(chat: ChatRef) -> str:
    """The name of this place in the lists: on Discord a thread has its own, a Telegram topic has that of its group."""
    return f"{chat.platform}:{_thread(chat) or chat.chat_id}"


def is_entry(text: str) -> bool:
    """Whether this is of the form `platform:id`."""
    return _ENTRY.fullmatch(text) is not None


def parse_ids(variable: str, entries: Iterable[str], *, everybody: bool = False) -> frozenset[str]:
    """The entries of a setting, checked; `everybody` lets `*` pass. Raises SettingsError."""
    found = frozenset(entries)
    for entry in sorted(found):
        if not is_entry(entry) and not (everybody and entry == EVERYBODY):
            raise SettingsError(variable, f"{entry!r} is not of the form platform:id.", _EXAMPLE)
    return found


def _names(chat: ChatRef, person: Person) -> frozenset[str]:
    ids = (person.user_id, chat.chat_id, _thread(chat), chat.server_id, *person.roles)
    return frozenset(f"{chat.platform}:{each}" for each in ids if each is not None)


def _thread(chat: ChatRef) -> str | None:
    """The ids of Discord's threads are like those of its people and channels; Telegram counts topics in each group,
    so that such a number could also be somebody's id."""
    return chat.thread_id if chat.platform == "discord" else None
