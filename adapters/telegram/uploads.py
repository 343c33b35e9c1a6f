"""Messages that carry files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from telegram import (
    Bot,
    InputMediaAudio,
    InputMediaDocument,
    InputMediaPhoto,
    Message,
    ReplyParameters,
)

from adapters.telegram.spans import Rendered
from bot.domain.platform import OutgoingFile
from bot.errors import FileRefused

UPLOAD_SECONDS = 60.0
"""For the answer to an upload, which comes when Telegram has processed the file."""

AlbumItem = InputMediaPhoto | InputMediaAudio | InputMediaDocument


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a new message goes."""

    chat_id: int
    thread_id: int | None
    reply_to: ReplyParameters | None


async def send_file(bot: Bot, spot: Spot, file: OutgoingFile, caption: Rendered, markup: Any) -> Message:
    """A message with one file; `markup` is a keyboard or None."""
    options: dict[str, Any] = {
        "caption": caption.text or None,
        "caption_entities": caption.entities,
        "message_thread_id": spot.thread_id,
        "reply_parameters": spot.reply_to,
        "reply_markup": markup,
        "filename": file.name,
        "read_timeout": UPLOAD_SECONDS,
    }
    match file.kind:
        case "image":
            return await bot.send_photo(spot.chat_id, file.data, **options)
        case "voice":
            return await bot.send_voice(spot.chat_id, file.data, duration=_whole_seconds(file), **options)
        case "audio":
            return await bot.send_audio(spot.chat_id, file.data, duration=_whole_seconds(file), **options)
        case "document":
            # As it is: Telegram would make a voice message of a recording, also for people who allow none.
            return await bot.send_document(spot.chat_id, file.data, disable_content_type_detection=True, **options)


async def send_album(bot: Bot, spot: Spot, files: Sequence[OutgoingFile], caption: Rendered) -> Sequence[Message]:
    """Several files as an album, the caption below its first picture. It can have no buttons."""
    items = [album_item(file, caption if file is files[0] else Rendered("")) for file in files]
    return await bot.send_media_group(
        spot.chat_id,
        items,
        message_thread_id=spot.thread_id,
        reply_parameters=spot.reply_to,
        read_timeout=UPLOAD_SECONDS,
    )


def album_item(file: OutgoingFile, caption: Rendered) -> AlbumItem:
    """A file in an album, or in the place of what a message shows. Raises FileRefused for a voice message."""
    text, entities = caption.text or None, caption.entities
    match file.kind:
        case "image":
            return InputMediaPhoto(file.data, text, caption_entities=entities, filename=file.name)
        case "audio":
            return InputMediaAudio(
                file.data, text, caption_entities=entities, duration=_whole_seconds(file), filename=file.name
            )
        case "document":
            return InputMediaDocument(
                file.data,
                text,
                caption_entities=entities,
                disable_content_type_detection=True,
                filename=file.name,
            )
        case "voice":
            raise FileRefused("a voice message is sent alone, and takes the place of nothing")


def _whole_seconds(file: OutgoingFile) -> int | None:
    return None if file.duration is None else max(1, round(file.duration))
