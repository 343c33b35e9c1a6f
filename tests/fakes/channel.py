"""A channel without a network: a small platform with rules of its own, for property tests on a virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from bot.domain.attachments import Attachment
from bot.domain.ids import ChatRef
from bot.domain.platform import Bucket, FileKind, Limits, Meter, Outgoing, OutgoingFile
from bot.domain.text import utf16_length
from bot.errors import (
    Ambiguous,
    BadFormat,
    DeliveryError,
    FileRefused,
    FileTooLarge,
    FileUnavailable,
    MessageGone,
    NotModified,
    NotSent,
    RetryLater,
    TooLong,
)

SHOWING = frozenset({"send", "edit", "preview"})

LIMITS = Limits(
    text=60,
    place=(
        Meter("chat", frozenset({"send", "edit"}), Bucket(4, 1.0), "this test's platform", reserve=1),
        Meter("signs", frozenset({"typing", "preview"}), Bucket(4, 1.0), "this test's platform"),
    ),
    shared=(Meter("bot", frozenset({"send", "edit"}), Bucket(10, 8.0), "this test's platform"),),
)


@dataclass(slots=True)
class Allowance:
    """The platform's own count: a call beyond it is refused, and a refused call makes the pause longer."""

    capacity: float
    per_second: float
    level: float = 0.0
    at: float = 0.0
    banned_until: float = 0.0
    pause: float = 2.0

    def __post_init__(self) -> None:
        self.level = self.capacity

    def check(self, now: float, calls: int = 1) -> None:
        self.level = min(self.capacity, self.level + (now - self.at) * self.per_second)
        self.at = now
        if now < self.banned_until or self.level < calls - 1e-6:
            self.pause *= 2
            self.banned_until = now + self.pause
            raise RetryLater(self.pause)
        self.level -= calls


@dataclass(slots=True)
class Platform:
    """What all chats share. Each call takes the next of `faults`; `floods` and `overlong` are what nobody scripted."""

    allowance: Allowance = field(default_factory=lambda: Allowance(10, 8.0))
    faults: Iterator[str] = field(default_factory=lambda: iter(()))
    floods: int = 0
    overlong: int = 0
    ambiguous_sends: int = 0
    latency: float = 0.05


@dataclass(slots=True)
class SimulatedChannel:
    """One chat on `platform`. `screen` is what people see: message id -> text, in order; `buttons` and `files` belong
    to them. `refuses` are the kinds of files that are not taken here; `attachments` can be fetched, by handle.

    An album that stands apart is one entry here, with all its files.
    """

    platform: Platform
    chat: ChatRef = field(default_factory=lambda: ChatRef("test", "1", "1", "private"))
    limits: Limits = LIMITS
    screen: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, tuple[str, ...]] = field(default_factory=dict)
    files: dict[str, tuple[OutgoingFile, ...]] = field(default_factory=dict)
    refuses: frozenset[FileKind] = frozenset()
    attachments: Mapping[str, bytes] = field(default_factory=dict)
    nonces: dict[str, str] = field(default_factory=dict)
    previewed: list[str] = field(default_factory=list)
    calls: list[tuple[float, str, str]] = field(default_factory=list)
    allowance: Allowance = field(default_factory=lambda: Allowance(4, 1.0))
    measure: Callable[[str], int] = utf16_length
    preview_shown: str = ""
    made: int = 0
    refused_at: float = float("-inf")

    @property
    def rate_key(self) -> str:
        return self.chat.chat_id

    def fits(self, source: str) -> bool:
        return self.measure(source) <= self.limits.text

    def fits_caption(self, source: str) -> bool:
        return self.measure(source) <= self.limits.caption

    async def send(self, message: Outgoing) -> str:
        assert message.nonce is None or len(message.nonce) <= 25
        self._check_shape(message)
        fault = await self._called("send", message)
        if message.nonce is not None and self.limits.dedupes and message.nonce in self.nonces:
            return self.nonces[message.nonce]
        if fault == "ambiguous-lost":
            raise Ambiguous
        self.made += 1
        self.preview_shown = ""
        message_id = str(self.made)
        self._put(message_id, message)
        if message.nonce is not None:
            self.nonces[message.nonce] = message_id
        if fault == "ambiguous":
            if not self.limits.dedupes:
                self.platform.ambiguous_sends += 1
            raise Ambiguous
        return message_id

    async def edit(self, message_id: str, message: Outgoing) -> None:
        has = self.files.get(message_id, ())
        self._check_edit(has, message)
        fault = await self._called("edit", message, has)
        message = replace(message, files=message.files or has)
        if message_id not in self.screen:
            raise MessageGone
        if fault == "gone":
            del self.screen[message_id]
            raise MessageGone
        if fault == "ambiguous-lost":
            raise Ambiguous
        before = self.screen[message_id], self.buttons[message_id], self.files[message_id]
        self._put(message_id, message)
        if before == (self.screen[message_id], self.buttons[message_id], self.files[message_id]):
            raise NotModified
        if fault == "ambiguous":
            raise Ambiguous

    async def preview(self, preview_id: int, message: Outgoing) -> None:
        fault = await self._called("preview", replace(message, plain=True))
        if fault == "ambiguous-lost":
            raise Ambiguous
        self.previewed.append(message.source)
        self.preview_shown = message.source
        if fault == "ambiguous":
            raise Ambiguous

    async def delete(self, message_id: str) -> None:
        fault = await self._called("delete", Outgoing(message_id))
        if fault == "ambiguous-lost":
            raise Ambiguous
        for kept in (self.screen, self.buttons, self.files):
            kept.pop(message_id, None)
        if fault == "ambiguous":
            raise Ambiguous

    async def open_thread(self, message_id: str, title: str) -> SimulatedChannel:
        raise NotImplementedError("there are no threads here; see `limits.threads`")

    async def typing(self) -> None:
        await self._called("typing", Outgoing("x", plain=True))

    async def fetch(self, attachment: Attachment, limit: int) -> bytes:
        data = self.attachments.get(attachment.handle)
        if data is None:
            raise FileUnavailable
        if len(data) > limit:
            raise FileTooLarge(limit)
        return data

    def _put(self, message_id: str, message: Outgoing) -> None:
        self.screen[message_id] = message.source
        self.buttons[message_id] = tuple(button.data for button in message.buttons)
        self.files[message_id] = message.files

    def _check_shape(self, message: Outgoing) -> None:
        """What no adapter could send."""
        if any(file.kind == "voice" for file in message.files):
            assert len(message.files) == 1, "a voice stands alone"
            assert not message.source, "a voice has no text"
        if len(message.files) > 1 and self.limits.album_apart:
            assert not message.source, "an album's text would belong to its first picture"
            assert not message.buttons, "an album carries no buttons"

    def _check_edit(self, has: tuple[OutgoingFile, ...], message: Outgoing) -> None:
        assert not any(file.kind == "voice" for file in (*has, *message.files)), "a voice cannot be edited, nor added"
        if self.limits.album_apart:
            assert len(has) < 2, "an album cannot be edited"
            assert len(message.files) < 2, "a message does not become an album"

    async def _called(self, kind: str, message: Outgoing, has: tuple[OutgoingFile, ...] = ()) -> str:
        loop = asyncio.get_running_loop()
        started = loop.time()
        self.calls.append((started, kind, message.source))
        fault = next(self.platform.faults, "")
        await asyncio.sleep(self.platform.latency)
        files, filed = message.files, bool(message.files or has)
        if kind in ("send", "edit", "delete"):
            self._meter(started, max(1, len(files)) if self.limits.album_apart else 1)
        self._refuse(fault, message.plain)
        if files and (fault == "file-refused" or not self._takes(files)):
            raise FileRefused
        assert message.source.strip() or filed, "an empty message"
        if utf16_length(message.source) > (self.limits.caption if filed else self.limits.text):
            self.platform.overlong += 1
            raise TooLong
        return fault

    def _takes(self, files: tuple[OutgoingFile, ...]) -> bool:
        kinds = {file.kind for file in files}
        mixed = self.limits.album_apart and len(kinds) > 1 and kinds & {"audio", "document"}
        return not mixed and not kinds & self.refuses and all(len(file.data) <= self.limits.upload for file in files)

    def _meter(self, started: float, calls: int) -> None:
        now = asyncio.get_running_loop().time()
        try:
            self.allowance.check(now, calls)
            self.platform.allowance.check(now, calls)
        except RetryLater:
            # What was on its way before the chat heard of a refusal could not know of it.
            self.platform.floods += started > self.refused_at
            self.refused_at = now
            raise

    def _refuse(self, fault: str, plain: bool) -> None:
        refusals: dict[str, DeliveryError] = {"flood": RetryLater(3.0), "not-sent": NotSent(), "too-long": TooLong()}
        if fault == "flood":
            self.allowance.level = min(self.allowance.level, 1.0)
            self.refused_at = asyncio.get_running_loop().time()
        if fault in refusals:
            raise refusals[fault]
        if fault == "bad-format" and not plain:
            raise BadFormat
