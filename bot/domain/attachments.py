"""Files that come with a message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

AttachmentKind = Literal["image", "voice", "audio", "video", "document"]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that its adapter can fetch by `handle` (`bot.ports.Channel.fetch`); never a URL, which may carry a token
    or expire.

    `voice`: somebody speaks to the bot, in a voice note or a round video. `size` is in bytes and `duration` in
    seconds, where the platform tells them.
    """

    kind: AttachmentKind
    handle: str
    name: str | None = None
    mime: str | None = None
    size: int | None = None
    duration: float | None = None
