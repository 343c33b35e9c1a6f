"""The files of a message, each as a value of the core and with the link that Discord gave for it. Pure.

A handle is `channel/message/file`: links expire, and a message that is fetched anew has fresh ones. The file of a slash
command belongs to no message, so `interaction/ID/file` says no more than where it came from.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

import discord

from bot.domain.attachments import Attachment, AttachmentKind

Linked = tuple[Attachment, str]

STICKER = "sticker"
"""Begins the handle of a sticker: `sticker/7.png`."""

_PICTURES = (discord.StickerFormatType.png, discord.StickerFormatType.apng)


def of_message(found: discord.Message) -> Iterator[Linked]:
    """What was sent with it and what was forwarded with it; stickers that are pictures count as such."""
    origin = f"{found.channel.id}/{found.id}"
    parts: list[discord.Message | discord.MessageSnapshot] = [found, *found.message_snapshots]
    for part in parts:
        for file in part.attachments:
            yield _described(file, origin), file.url
        for sticker in part.stickers:
            if sticker.format in _PICTURES:
                yield _sticker(sticker), sticker.url


def of_interaction(file: discord.Attachment, interaction_id: int) -> Linked:
    return _described(file, f"interaction/{interaction_id}"), file.url


def _described(file: discord.Attachment, origin: str) -> Attachment:
    return Attachment(
        kind=_kind(file),
        handle=f"{origin}/{file.id}",
        name=_name(file),
        mime=(file.content_type or "").partition(";")[0].strip() or None,
        size=file.size,
        duration=file.duration,
    )


def _sticker(sticker: discord.StickerItem) -> Attachment:
    return Attachment("image", f"{STICKER}/{sticker.id}.png", f"{sticker.name}.png", "image/png")


def _name(file: discord.Attachment) -> str:
    """What the sender called it: the file's name lost all but ASCII, its title did not."""
    return file.title + PurePosixPath(file.filename).suffix if file.title else file.filename


def _kind(file: discord.Attachment) -> AttachmentKind:
    if file.is_voice_message():
        return "voice"
    match (file.content_type or "").partition("/")[0]:
        case "image":
            return "image"
        case "audio":
            return "audio"
        case "video":
            return "video"
        case _:
            return "document"
