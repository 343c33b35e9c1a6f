"""Whom a message mentions, and whom it may ping (Discord's documentation, "Allowed Mentions Object")."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tests.fakes.discord_errors import invalid_form

Json = dict[str, Any]

_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_EVERYONE = re.compile(r"@(?:everyone|here)")

_EXCLUSIVE = "parse:['{}'] and {}: [ids...] are mutually exclusive."


@dataclass(frozen=True, slots=True)
class Mentions:
    """The ids of those that a text names and that the sender allows to be pinged.

    Ids that nobody has count too: a text that could ping must not pass because a test lacks the person.
    """

    users: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    everyone: bool = False

    @property
    def pings(self) -> tuple[str, ...]:
        named = [f"user:{user}" for user in self.users] + [f"role:{role}" for role in self.roles]
        return (*(["everyone"] if self.everyone else []), *named)


def allowed_mentions(content: str, allowed: Json | None, replied_to: str | None) -> Mentions:
    """What pings. `allowed` None is the default: everything does, and so does the author that is replied to."""
    users, roles = _unique(_USER, content), _unique(_ROLE, content)
    everyone = bool(_EVERYONE.search(content))
    if allowed is None:
        return Mentions(_joined(users, replied_to), roles, everyone)
    _check(allowed)
    parse = allowed.get("parse", [])
    if "users" not in parse:
        users = tuple(user for user in users if user in map(str, allowed.get("users", [])))
    if "roles" not in parse:
        roles = tuple(role for role in roles if role in map(str, allowed.get("roles", [])))
    return Mentions(
        _joined(users, replied_to if allowed.get("replied_user") else None), roles, everyone and "everyone" in parse
    )


def mentioned(content: str, replied_to: str | None) -> Mentions:
    """What a person's own message mentions."""
    return allowed_mentions(content, None, replied_to)


def _check(allowed: Json) -> None:
    for kind in ("users", "roles"):
        ids = allowed.get(kind, [])
        if ids and kind in allowed.get("parse", []):
            raise invalid_form(
                "allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", _EXCLUSIVE.format(kind, kind)
            )
        if len(ids) > 100:
            raise invalid_form(f"allowed_mentions.{kind}", "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length.")


def _unique(pattern: re.Pattern[str], content: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(pattern.findall(content)))


def _joined(users: tuple[str, ...], replied_to: str | None) -> tuple[str, ...]:
    if replied_to is None or replied_to in users:
        return users
    return (*users, replied_to)
