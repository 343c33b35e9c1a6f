"""What people see in a chat, over time: the judge of every end-to-end test and of the delivery benchmark."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file in a message: `kind` is what the platform shows it as."""

    kind: Literal["image", "voice", "audio", "document"]
    name: str
    data: bytes = field(repr=False)
    duration: float | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """How a message looked from `at` (the loop's clock, seconds) on; `text` is the caption where there are files.

    `raw` is what the platform was given.
    """

    at: float
    text: str
    buttons: tuple[tuple[str, str], ...] = ()
    files: tuple[SeenFile, ...] = ()
    raw: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Shown:
    """One message on a screen and all its versions; `buttons` of a version are (label, data) pairs."""

    message_id: str
    author: str
    versions: list[Version]
    reply_to: str | None = None
    deleted_at: float | None = None

    @property
    def text(self) -> str:
        return self.versions[-1].text

    @property
    def buttons(self) -> tuple[tuple[str, str], ...]:
        return self.versions[-1].buttons

    @property
    def files(self) -> tuple[SeenFile, ...]:
        return self.versions[-1].files


@dataclass(slots=True)
class Screen:
    """One chat (or topic, or thread) as the people in it see it. `typing` holds the times of the sign."""

    messages: list[Shown] = field(default_factory=list)
    typing: list[float] = field(default_factory=list)
    previews: dict[int, Version] = field(default_factory=dict)
    preview_log: list[tuple[int, Version]] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def by_bot(self) -> list[Shown]:
        """The bot's messages that are on screen, oldest first."""
        return [shown for shown in self.messages if shown.author == "bot" and shown.deleted_at is None]

    def bot_text(self) -> str:
        """All that the bot shows, a blank line between messages."""
        return "\n\n".join(shown.text for shown in self.by_bot())

    def touch(self) -> None:
        """The fake calls this after each change."""
        self._changed.set()

    async def until(self, predicate: Callable[[Screen], bool], timeout: float = 20.0) -> None:
        """Wait until the screen looks as asked; a time-out says what it looked like instead."""
        try:
            async with asyncio.timeout(timeout):
                while not predicate(self):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"not seen within {timeout} s; the screen shows: {self.bot_text()!r}") from None
