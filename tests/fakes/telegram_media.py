"""The Bot API's methods that show files in a chat, with the refusals that Telegram has for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.fakes.telegram_access import NOT_MODIFIED, ChatAccess, Place
from tests.fakes.telegram_entities import FormattedText
from tests.fakes.telegram_errors import bad_request
from tests.fakes.telegram_files import FileStore, Kind, Media
from tests.fakes.telegram_limits import Flood
from tests.fakes.telegram_parameters import Parameters, Upload, caption_of, force_reply_of, markup_of
from tests.fakes.telegram_sniff import check_photo, is_music, is_voice
from tests.fakes.telegram_state import Chat, Json, Message, State

MOST_IN_ALBUM = 10
"""Files (Bot API, sendMediaGroup), and at least two."""
RIGHTS: dict[Kind, str] = {"photo": "photos", "voice": "voice notes", "audio": "music", "document": "documents"}
"""As Telegram names them where they are missing."""


class MediaMethods(ChatAccess):
    def __init__(self, state: State, flood: Flood, files: FileStore) -> None:
        super().__init__(state, flood)
        self._files = files
        self._albums = 0

    def table(self) -> dict[str, Callable[[Parameters], Any]]:
        return {
            "sendPhoto": lambda parameters: self._send("sendPhoto", "photo", parameters),
            "sendAudio": lambda parameters: self._send("sendAudio", "audio", parameters),
            "sendVoice": lambda parameters: self._send("sendVoice", "voice", parameters),
            "sendDocument": lambda parameters: self._send("sendDocument", "document", parameters),
            "sendMediaGroup": self.send_media_group,
            "editMessageMedia": self.edit_message_media,
            "editMessageCaption": self.edit_message_caption,
        }

    def _send(self, method: str, kind: Kind, parameters: Parameters) -> Json:
        caption, markup = caption_of(parameters), markup_of(parameters)
        place = self._place(parameters)
        media = self._media(kind, parameters.get(kind), parameters, parameters)
        self._check_right(place.chat, media.kind)
        self._charge(place.chat, method)
        message = self._with(place, caption, media, markup)
        message.force_reply = force_reply_of(parameters)
        return self._state.add(message).as_json()

    def send_media_group(self, parameters: Parameters) -> list[Json]:
        items = self._items(parameters)
        place = self._place(parameters)
        captions = [caption_of(item) for _, item in items]
        media = [self._media(kind, item.get("media"), item, parameters) for kind, item in items]
        for each in media:
            self._check_right(place.chat, each.kind)
        self._charge(place.chat, "sendMediaGroup", len(items))
        self._albums += 1
        album: Json = {"media_group_id": str(14_000_000_000_000_000 + self._albums)}
        messages = []
        for caption, each in zip(captions, media, strict=True):
            message = self._with(place, caption, each)
            message.extra = album
            messages.append(self._state.add(message))
        return [message.as_json() for message in messages]

    def edit_message_media(self, parameters: Parameters) -> Json:
        item: Json = parameters.get("media") or {}
        kind = _kind_of(item)
        markup = markup_of(parameters)
        message = self._own_message(parameters)
        if message.media is not None and message.media.kind not in ("photo", "audio", "document", "video", "animation"):
            raise bad_request("there is no media in the message to edit")
        if "media_group_id" in message.extra and message.media is not None and message.media.kind != kind:
            raise bad_request("can't change media type in the album")
        caption, media = caption_of(item), self._media(kind, item.get("media"), item, parameters)
        self._check_right(message.chat, media.kind)
        self._charge(message.chat, "editMessageMedia")
        if (caption, markup, media) == (message.content, message.markup, message.media):
            raise bad_request(NOT_MODIFIED)
        self._state.change(message, caption, markup, media)
        return message.as_json()

    def edit_message_caption(self, parameters: Parameters) -> Json:
        caption, markup = caption_of(parameters), markup_of(parameters)
        message = self._own_message(parameters)
        if message.media is None:
            raise bad_request("there is no caption in the message to edit")
        self._charge(message.chat, "editMessageCaption")
        if (caption, markup) == (message.content, message.markup):
            raise bad_request(NOT_MODIFIED)
        self._state.change(message, caption, markup)
        return message.as_json()

    def _with(self, place: Place, caption: FormattedText, media: Media, markup: Json | None = None) -> Message:
        message = self._new(place, caption, markup)
        message.media = media
        return message

    def _items(self, parameters: Parameters) -> list[tuple[Kind, Json]]:
        items = [(_kind_of(item), item) for item in parameters.get("media") or []]
        if not 2 <= len(items) <= MOST_IN_ALBUM:
            raise bad_request(f"too {'few' if len(items) < 2 else 'many'} messages to send as an album")
        kinds = {kind for kind, _ in items}
        for apart in ("document", "audio"):
            if apart in kinds and len(kinds) > 1:
                raise bad_request(f"{apart} can't be mixed with other media types")
        return items

    def _check_right(self, chat: Chat, kind: Kind) -> None:
        right = RIGHTS[kind]
        if right in chat.forbidden:
            lacking = f"not enough rights to send {right} to the chat"
            raise bad_request("VOICE_MESSAGES_FORBIDDEN" if chat.type == "private" else lacking)

    def _media(self, kind: Kind, source: Any, facts: Json, parameters: Parameters) -> Media:
        """The file that a call names: one that it brings along, or one that Telegram has already."""
        name, data = self._content(kind, source, parameters)
        if not data:
            raise bad_request("file must be non-empty")
        if kind == "photo":
            check_photo(data)
        kind = _shown_as(kind, data, facts)
        duration = facts.get("duration")
        return self._files.media(kind, data, name=name, duration=None if duration is None else int(duration))

    def _content(self, kind: Kind, source: Any, parameters: Parameters) -> tuple[str | None, bytes]:
        if isinstance(source, str) and source.startswith("attach://"):
            source = parameters.get(source.removeprefix("attach://"))
        if isinstance(source, Upload):
            return source.name, source.data
        if source is None:
            raise bad_request(f"there is no {kind} in the request")
        known = self._files.files.get(str(source))
        if known is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
        return None, known.data


def _shown_as(kind: Kind, data: bytes, facts: Json) -> Kind:
    """Sounds that the player of their kind cannot play are files, and files are looked into unless told otherwise."""
    if kind == "voice" and not is_voice(data):
        return "document"
    if kind == "audio" and not is_music(data):
        return "document"
    if kind == "document" and not facts.get("disable_content_type_detection"):
        return "audio" if is_music(data) else "voice" if is_voice(data) else kind
    return kind


def _kind_of(item: Any) -> Kind:
    """The kind of an InputMedia; there is none for voice messages."""
    kind = item.get("type") if isinstance(item, dict) else None
    if kind not in ("photo", "audio", "document"):
        raise bad_request("can't parse InputMedia: Unsupported type specified")
    return kind  # type: ignore[no-any-return]  # one of the three
