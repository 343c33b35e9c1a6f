"""What Telegram makes of a text and its entities. Offsets and lengths count UTF-16 units.

The rules follow TDLib's `fix_formatted_text`, which the Bot API server applies to every text: some characters are
removed or become spaces, blanks at both ends are cut, entities that reach outside the text or split a surrogate pair
are refused. Links that Telegram finds by itself in a bot's text are not imitated.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.telegram_errors import bad_request

QUOTES = frozenset({"blockquote", "expandable_blockquote"})
"""They cannot be nested (Bot API, "Formatting options"); an inner one is left out."""

ENTITIES_PER_MESSAGE = 100
"""Further ones are ignored; undocumented, recorded as a constant by the client libraries."""

ENTITY_TYPES = frozenset(
    {
        "mention",
        "hashtag",
        "cashtag",
        "bot_command",
        "url",
        "email",
        "phone_number",
        "bold",
        "italic",
        "underline",
        "strikethrough",
        "spoiler",
        "blockquote",
        "expandable_blockquote",
        "code",
        "pre",
        "text_link",
        "text_mention",
        "custom_emoji",
        "date_time",
    }
)
_KEPT_WITHOUT_TEXT = frozenset({"text_link", "text_mention", "custom_emoji"})

_BECOMES_SPACE = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f]")
_REMOVED = re.compile("[\r\u2028-\u202e\u030a\u0333\u033f]")
_INVISIBLE = re.compile("[\\s\u00ad\u115f\u1160\u180e\u200b-\u200f\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\ufffc]*")

_COMMAND = re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/<>])")
_MENTION = re.compile(r"(?<!\w)@[A-Za-z0-9_]{3,32}(?!\w)")
_LINK = re.compile(r"https?://[^\s<>\"]+")

Entity = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FormattedText:
    text: str = ""
    entities: tuple[Entity, ...] = ()


def utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def formatted(text: str, entities: list[Entity] | None, *, may_be_empty: bool = False) -> FormattedText:
    """The text as Telegram stores it. Raises a 400 ApiError where Telegram refuses it."""
    checked = _checked(text, entities or [])
    text, checked = _cleaned(text, checked)
    text, checked = _trimmed(text, checked)
    if not may_be_empty and _INVISIBLE.fullmatch(text):
        raise bad_request("text must be non-empty")
    return FormattedText(text, tuple(_without_inner_quotes(checked)[:ENTITIES_PER_MESSAGE]))


def _checked(text: str, entities: list[Entity]) -> list[Entity]:
    units = text.encode("utf-16-le")
    for entity in entities:
        _check_kind(entity)
    ordered = sorted((e for e in entities if e["length"] != 0), key=lambda e: (e["offset"], -e["length"], e["type"]))
    for entity in ordered:
        _check_place(units, entity)
    return [dict(entity) for entity in ordered]


def _check_kind(entity: Any) -> None:
    if not isinstance(entity, dict) or not all(isinstance(entity.get(key), int) for key in ("offset", "length")):
        raise bad_request("can't parse MessageEntity: Object expected")
    if entity.get("type") not in ENTITY_TYPES:
        raise bad_request("can't parse MessageEntity: Unsupported type specified")
    for key in ("offset", "length"):
        if entity[key] < 0:
            raise bad_request(f"receive an entity with incorrect {key} {entity[key]}")
    if entity["type"] == "text_link":
        check_link("entity", str(entity.get("url", "")))


def check_link(what: str, url: str) -> None:
    """Refuse a link as TDLib does, which wants a host with a dot in it and takes few schemes."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host = parts.hostname or ""
    except ValueError:
        raise bad_request(f"{what} URL '{url}' is invalid: Wrong HTTP URL") from None
    if not host:
        raise bad_request(f"{what} URL '{url}' is invalid: URL host is empty")
    if parts.scheme in {"tg", "ton", "tonsite"}:
        return
    if parts.scheme not in {"http", "https"}:
        raise bad_request(f"{what} URL '{url}' is invalid: Unsupported URL protocol")
    if not ("." in host.strip(".") or ":" in host) or re.search(r"\s", url):
        raise bad_request(f"{what} URL '{url}' is invalid: Wrong HTTP URL")


def _check_place(units: bytes, entity: Entity) -> None:
    offset, end = entity["offset"], entity["offset"] + entity["length"]
    if offset * 2 > len(units):
        raise bad_request(f"entity begins after the end of the text at UTF-16 offset {offset}")
    if _splits_pair(units, offset):
        raise bad_request(f"entity begins in a middle of a UTF-16 symbol at byte offset {_byte_offset(units, offset)}")
    whose = f"entity beginning at UTF-16 offset {offset}"
    if end * 2 > len(units):
        raise bad_request(f"{whose} ends after the end of the text at UTF-16 offset {end}")
    if _splits_pair(units, end):
        raise bad_request(f"{whose} ends in a middle of a UTF-16 symbol at byte offset {_byte_offset(units, end)}")


def _splits_pair(units: bytes, offset: int) -> bool:
    high_byte = units[offset * 2 + 1 : offset * 2 + 2]
    return bool(high_byte) and 0xDC <= high_byte[0] <= 0xDF


def _byte_offset(units: bytes, offset: int) -> int:
    """Where the symbol after this split pair begins, in UTF-8 bytes."""
    return len(units[: (offset + 1) * 2].decode("utf-16-le").encode())


def _cleaned(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    removed = [utf16_length(text[: found.start()]) for found in _REMOVED.finditer(text)]
    if removed:
        for entity in entities:
            begin = entity["offset"] - bisect_left(removed, entity["offset"])
            end = entity["offset"] + entity["length"]
            entity["offset"], entity["length"] = begin, end - bisect_left(removed, end) - begin
    return _BECOMES_SPACE.sub(" ", _REMOVED.sub("", text)), entities


def _trimmed(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    units = text.rstrip(" \n").encode("utf-16-le")
    kept = [entity for entity in entities if _narrowed(units, entity)]
    begins = min((entity["offset"] for entity in kept), default=len(units) // 2)
    blanks = 0
    while blanks < begins and units[blanks * 2 : blanks * 2 + 2] in (b" \0", b"\n\0"):
        blanks += 1
    for entity in kept:
        entity["offset"] -= blanks
    return units[blanks * 2 :].decode("utf-16-le"), kept


def _narrowed(units: bytes, entity: Entity) -> bool:
    """Cut the entity to the trimmed text and off the blanks it begins with; False if nothing is left of it."""
    begin, end = entity["offset"], min(entity["offset"] + entity["length"], len(units) // 2)
    covered = units[begin * 2 : end * 2].decode("utf-16-le")
    if entity["type"] not in _KEPT_WITHOUT_TEXT:
        begin += len(covered) - len(covered.lstrip(" \n"))
    entity["offset"], entity["length"] = begin, end - begin
    return int(entity["length"]) > 0


def _without_inner_quotes(entities: list[Entity]) -> list[Entity]:
    kept, quoted_to = [], 0
    for entity in entities:
        if entity["type"] in QUOTES:
            if entity["offset"] < quoted_to:
                continue
            quoted_to = entity["offset"] + entity["length"]
        kept.append(entity)
    return kept


def detected(text: str) -> list[Entity]:
    """The entities that Telegram finds in a person's text: commands, mentions and links."""
    found = [
        {"type": kind, "offset": utf16_length(text[: match.start()]), "length": utf16_length(match.group())}
        for kind, pattern in (("bot_command", _COMMAND), ("mention", _MENTION), ("url", _LINK))
        for match in pattern.finditer(text)
    ]
    return sorted(found, key=lambda entity: int(entity["offset"]))


def covered(text: str, entity: Entity) -> str:
    """The part of the text that an entity marks."""
    units = text.encode("utf-16-le")
    return units[entity["offset"] * 2 : (entity["offset"] + entity["length"]) * 2].decode("utf-16-le")
