"""What Discord refuses in the body of a message (its documentation, "Create Message" and "Component Reference")."""

from __future__ import annotations

from typing import Any

from tests.fakes.discord_errors import invalid_form
from tests.fakes.discord_limits import Rules
from tests.fakes.discord_state import MessageFlag

Json = dict[str, Any]

_ROW, _BUTTON = 1, 2
_LINK = 5
_EMBED_LENGTHS = {"title": 256, "description": 4096}


def check_body(body: Json, rules: Rules) -> None:
    """Raise the 50035 that this body of a message earns."""
    content = body.get("content")
    if content is not None and not isinstance(content, str):
        raise invalid_form("content", "BASE_TYPE_STRING", "Could not interpret value as string.")
    if len(content or "") > rules.content:
        raise _too_long("content", rules.content)
    if len(str(body.get("nonce") or "")) > rules.nonce:
        raise _too_long("nonce", rules.nonce)
    components = body.get("components") or []
    if body.get("flags", 0) & MessageFlag.COMPONENTS_V2:
        if content or body.get("embeds"):
            raise invalid_form(
                "content",
                "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                "The 'content' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
            )
    else:
        _check_rows(components)
    _check_embeds(body.get("embeds") or [])


def buttons(components: list[Json]) -> list[Json]:
    """All buttons in there, whatever they are nested in."""
    found: list[Json] = []
    for component in components:
        if component.get("type") == _BUTTON:
            found.append(component)
        inner = [*component.get("components", []), *filter(None, [component.get("accessory")])]
        found.extend(buttons(inner))
    return found


def _check_rows(rows: list[Json]) -> None:
    if len(rows) > 5:
        raise _too_long("components", 5)
    seen: set[str] = set()
    for number, row in enumerate(rows):
        if row.get("type") != _ROW:
            raise invalid_form(f"components.{number}.type", "BASE_TYPE_CHOICES", "Value must be one of (1,).")
        inner = row.get("components", [])
        if not 1 <= len(inner) <= 5:
            raise invalid_form(
                f"components.{number}.components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length."
            )
        for place, component in enumerate(inner):
            if component.get("type") == _BUTTON:
                _check_button(component, f"components.{number}.components.{place}", seen)


def _check_button(button: Json, path: str, seen: set[str]) -> None:
    if not button.get("label") and not button.get("emoji"):
        raise invalid_form(path, "BUTTON_COMPONENT_MISSING_LABEL_OR_EMOJI", "A button must have a label or emoji")
    if len(button.get("label") or "") > 80:
        raise _too_long(f"{path}.label", 80)
    if button.get("style") == _LINK:
        return
    custom_id = button.get("custom_id") or ""
    if not 1 <= len(custom_id) <= 100:
        raise invalid_form(f"{path}.custom_id", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
    if custom_id in seen:
        raise invalid_form(
            f"{path}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
        )
    seen.add(custom_id)


def _check_embeds(embeds: list[Json]) -> None:
    if len(embeds) > 10:
        raise _too_long("embeds", 10)
    for number, embed in enumerate(embeds):
        for name, limit in _EMBED_LENGTHS.items():
            if len(embed.get(name) or "") > limit:
                raise _too_long(f"embeds.{number}.{name}", limit)
    if sum(_embed_length(embed) for embed in embeds) > 6000:
        raise invalid_form("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")


def _embed_length(embed: Json) -> int:
    texts = [embed.get("title"), embed.get("description"), (embed.get("footer") or {}).get("text")]
    texts += [part for row in embed.get("fields", []) for part in (row.get("name"), row.get("value"))]
    return sum(len(text or "") for text in texts)


def _too_long(field: str, limit: int) -> Exception:
    return invalid_form(field, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")
