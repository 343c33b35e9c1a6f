"""The parameters of a Bot API call: read from any of the forms that it takes, and checked."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from tests.fakes.telegram_entities import FormattedText, check_link, formatted, utf16_length
from tests.fakes.telegram_errors import ApiError, bad_request

LONGEST_TEXT = 4096
"""UTF-16 units after entity parsing (Bot API, sendMessage)."""
LONGEST_REQUEST_TEXT = 32_768
"""Bytes; beyond this the Bot API server refuses a text without looking at it."""
LONGEST_CAPTION = 1024
"""UTF-16 units after entity parsing (Bot API, sendPhoto and its siblings)."""
LARGEST_UPLOAD = 50 * 1024 * 1024
"""Bytes of all files of a request together (Bot API, sending files)."""
MOST_BUTTONS = 100

_INTEGERS = frozenset(
    {"message_id", "message_thread_id", "offset", "limit", "timeout", "draft_id", "reply_to_message_id", "duration"}
)
_BOOLEANS = frozenset(
    {
        "drop_pending_updates",
        "allow_sending_without_reply",
        "show_alert",
        "is_big",
        "can_stop",
        "disable_content_type_detection",
    }
)
_STRUCTURES = frozenset(
    {
        "entities",
        "reply_markup",
        "reply_parameters",
        "link_preview_options",
        "allowed_updates",
        "commands",
        "scope",
        "reaction",
        "message_ids",
        "menu_button",
        "caption_entities",
        "media",
    }
)

Parameters = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file in a multipart form."""

    name: str
    data: bytes = field(repr=False)


async def read_parameters(request: web.Request) -> Parameters:
    """Query, urlencoded and multipart forms and JSON bodies, all with values of their proper types."""
    raw: Parameters = dict(request.query)
    if request.content_type == "application/json":
        raw.update(_object(await request.text()))
    elif request.content_type == "multipart/form-data":
        raw.update(await _form(request))
    elif request.method == "POST":
        raw.update(await request.post())
    return {name: _typed(name, value) for name, value in raw.items()}


async def _form(request: web.Request) -> Parameters:
    """The parts of a multipart form, read to the end also where they are too many bytes, so that the answer arrives."""
    found: Parameters = {}
    size = 0
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader), "the Bot API knows no forms within forms"
        data = bytearray()
        while chunk := await part.read_chunk(65536):
            size += len(chunk)
            data += chunk if size <= LARGEST_UPLOAD else b""
        found[part.name or ""] = data.decode() if part.filename is None else Upload(part.filename, bytes(data))
    if size > LARGEST_UPLOAD:
        raise ApiError(413, "Request Entity Too Large")
    return found


def _object(body: str) -> Parameters:
    try:
        content = json.loads(body or "{}")
    except ValueError:
        raise bad_request("can't parse JSON object") from None
    return content if isinstance(content, dict) else {}


def _typed(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if name == "chat_id":
        return int(value) if value.lstrip("-").isdigit() else value
    if name in _INTEGERS:
        return int(value) if value.lstrip("-").isdigit() else 0
    if name in _BOOLEANS:
        return value.lower() in {"true", "1"}
    if name in _STRUCTURES:
        try:
            return json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {name.replace('_', ' ')} JSON object") from None
    return value


def text_of(parameters: Parameters, *, may_be_empty: bool = False) -> FormattedText:
    """The call's text with its entities, not yet measured. Parse modes are not imitated."""
    text = str(parameters.get("text") or "")
    if parameters.get("parse_mode"):
        raise bad_request("unsupported parse_mode")
    if not text and not may_be_empty:
        raise bad_request("message text is empty")
    if len(text.encode()) > LONGEST_REQUEST_TEXT:
        raise bad_request("text is too long")
    return formatted(text, parameters.get("entities"), may_be_empty=may_be_empty)


def caption_of(values: Parameters) -> FormattedText:
    """The caption of a file, measured."""
    if values.get("parse_mode"):
        raise bad_request("unsupported parse_mode")
    caption = formatted(str(values.get("caption") or ""), values.get("caption_entities"), may_be_empty=True)
    if utf16_length(caption.text) > LONGEST_CAPTION:
        raise bad_request("message caption is too long")
    return caption


def force_reply_of(parameters: Parameters) -> dict[str, Any] | None:
    """The markup that opens the keyboard for an answer."""
    markup = parameters.get("reply_markup")
    return markup if isinstance(markup, dict) and markup.get("force_reply") else None


def markup_of(parameters: Parameters) -> dict[str, Any] | None:
    """The inline keyboard; one without buttons is none at all."""
    markup = parameters.get("reply_markup")
    if not isinstance(markup, dict) or "inline_keyboard" not in markup:
        return None
    rows = [row for row in markup["inline_keyboard"] if row]
    if sum(len(row) for row in rows) > MOST_BUTTONS:
        raise bad_request("reply markup is too long")
    for button in (button for row in rows for button in row):
        _check_button(button)
    return {"inline_keyboard": rows} if rows else None


def _check_button(button: Any) -> None:
    prefix = "can't parse inline keyboard button"
    if not isinstance(button, dict) or not button.get("text"):
        raise bad_request(f'{prefix}: Field "text" must be of type String')
    if len(button) < 2:
        raise bad_request(f"{prefix}: Text buttons are unallowed in the inline keyboard")
    data = button.get("callback_data")
    if data is not None and not 1 <= len(str(data).encode()) <= 64:
        raise bad_request("BUTTON_DATA_INVALID")
    if "url" in button:
        check_link("inline keyboard button", str(button["url"]))
    copied = button.get("copy_text")
    if copied is not None and not 1 <= len(copied.get("text", "")) <= 256:
        raise bad_request("BUTTON_COPY_TEXT_INVALID")
