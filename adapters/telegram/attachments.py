"""Files that come with Telegram messages, named by their file id."""

from __future__ import annotations

from telegram import ExternalReplyInfo, Message, Sticker

from adapters.telegram.durations import seconds
from bot.domain.attachments import Attachment


def attachments_of(message: Message | ExternalReplyInfo) -> tuple[Attachment, ...]:
    """The message's file, if it has one that can be read: Telegram sends an album as several messages."""
    found = _picture(message) or _recording(message) or _file(message)
    return () if found is None else (found,)


def _picture(message: Message | ExternalReplyInfo) -> Attachment | None:
    if message.photo:
        largest = max(message.photo, key=lambda size: size.width * size.height)
        return Attachment("image", largest.file_id, mime="image/jpeg", size=largest.file_size)
    if message.sticker and _is_still(message.sticker):
        return Attachment("image", message.sticker.file_id, mime="image/webp", size=message.sticker.file_size)
    return None


def _is_still(sticker: Sticker) -> bool:
    return not sticker.is_animated and not sticker.is_video


def _recording(message: Message | ExternalReplyInfo) -> Attachment | None:
    if voice := message.voice:
        return Attachment(
            "voice", voice.file_id, mime=voice.mime_type, size=voice.file_size, duration=seconds(voice.duration)
        )
    if audio := message.audio:
        length = seconds(audio.duration)
        return Attachment("audio", audio.file_id, audio.file_name, audio.mime_type, audio.file_size, length)
    if note := message.video_note:
        # Telegram tells no type for these round videos; they are always MP4.
        return Attachment("video", note.file_id, mime="video/mp4", size=note.file_size, duration=seconds(note.duration))
    return None


def _file(message: Message | ExternalReplyInfo) -> Attachment | None:
    # An animation also comes as a document, for clients that do not know animations.
    if video := message.video or message.animation:
        length = seconds(video.duration)
        return Attachment("video", video.file_id, video.file_name, video.mime_type, video.file_size, length)
    if document := message.document:
        kind = "image" if (document.mime_type or "").startswith("image/") else "document"
        return Attachment(kind, document.file_id, document.file_name, document.mime_type, document.file_size)  # type: ignore[arg-type]
    return None
