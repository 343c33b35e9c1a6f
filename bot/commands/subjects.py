"""Whom an admin means: ids, Discord's mentions, and words for the place where the command is given. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from bot.access.policy import here, is_entry
from bot.domain.ids import ChatRef

CHAT = "chat"
SERVER = "server"

SubjectKind = Literal["person", "place", "role", "any"]

_MENTION = re.compile(r"<(@!|@&|@|#)(\d+)>")
_KINDS: dict[str, SubjectKind] = {"@": "person", "@!": "person", "@&": "role", "#": "place"}
_ID = re.compile(r"-?\d+")


@dataclass(frozen=True, slots=True)
class Subject:
    """`name` is `platform:id`. `any`: the id alone does not tell whether it is a person's or a place's."""

    name: str
    kind: SubjectKind


def read(typed: str, chat: ChatRef) -> Subject | None:
    """None when it means nobody. An id without a platform is one of this platform."""
    text = typed.strip()
    if text.casefold() == CHAT:
        return Subject(here(chat), "place")
    if text.casefold() == SERVER:
        return None if chat.server_id is None else Subject(f"{chat.platform}:{chat.server_id}", "place")
    mention = _MENTION.fullmatch(text)
    if mention is not None:
        return Subject(f"discord:{mention[2]}", _KINDS[mention[1]])
    platform, colon, number = text.partition(":")
    name = f"{platform.casefold()}:{number}" if colon else f"{chat.platform}:{text}"
    if not is_entry(name) or not (colon or _ID.fullmatch(text)):
        return None
    return Subject(name, "place" if ":-" in name else "any")  # Telegram's groups have negative ids
