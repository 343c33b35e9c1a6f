"""Files that come with Telegram messages, named by their file id."""

from __future__ import annotations

from telegram import ExternalReplyInfo, Message

from adapters.telegram.durations import seconds
from bot.domain.attachments import Attachment, AttachmentKind


def attachments_of(message: Message | ExternalReplyInfo) -> tuple[Attachment, ...]:
    """The message's file, if it has one that can be read: Telegram sends an album as several messages."""
    found = _picture(message) or _recording(message) or _file(message)
    return () if found is None else (found,)


def _picture(message: Message | ExternalReplyInfo) -> Attachment | None:
    if message.photo:
        largest = max(message.photo, key=lambda size: size.width * size.height)
        return Attachment("image", largest.file_id, mime="image/jpeg", size=largest.file_size)
    if message.sticker and not (message.sticker.is_animated or message.sticker.is_video):
        return Attachment("image", message.sticker.file_id, mime="image/webp", size=message.sticker.file_size)
    # What moves is a film or a drawing in vectors here, GIFs included; its still picture is what a model can be shown.
    moving = message.sticker or message.animation
    if moving and moving.thumbnail:
        return Attachment("image", moving.thumbnail.file_id, size=moving.thumbnail.file_size)
    return None


def _recording(message: Message | ExternalReplyInfo) -> Attachment | None:
    if voice := message.voice:
        return Attachment(
            "voice", voice.file_id, mime=voice.mime_type, size=voice.file_size, duration=seconds(voice.duration)
        )
    if audio := message.audio:
        length = seconds(audio.duration)
        return Attachment("audio", audio.file_id, audio.file_name, audio.mime_type, audio.file_size, length)
    if note := message.video_note:
        # People speak in these round videos. Telegram tells no type for them; they are always MP4.
        return Attachment("voice", note.file_id, mime="video/mp4", size=note.file_size, duration=seconds(note.duration))
    return None


def _file(message: Message | ExternalReplyInfo) -> Attachment | None:
    # An animation also comes as a document, for clients that do not know animations.
    if video := message.video or message.animation:
        length = seconds(video.duration)
        return Attachment("video", video.file_id, video.file_name, video.mime_type, video.file_size, length)
    if document := message.document:
        kind = _kind_by_type(document.mime_type or "")
        return Attachment(kind, document.file_id, document.file_name, document.mime_type, document.file_size)
    return None


def _kind_by_type(mime: str) -> AttachmentKind:
    """What was sent as a file to keep it as it is, such as a recording of another messenger."""
    match mime.partition("/")[0]:
        case "image":
            return "image"
        case "audio":
            return "audio"
        case "video":
            return "video"
        case _:
            return "document"
