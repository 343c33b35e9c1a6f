"""A channel without a network: a small platform with rules of its own, for property tests on a virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bot.domain.ids import ChatRef
from bot.domain.platform import Bucket, Limits, Meter, Outgoing
from bot.domain.text import utf16_length
from bot.errors import Ambiguous, BadFormat, DeliveryError, MessageGone, NotModified, NotSent, RetryLater, TooLong

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

    def check(self, now: float) -> None:
        self.level = min(self.capacity, self.level + (now - self.at) * self.per_second)
        self.at = now
        if now < self.banned_until or self.level < 1 - 1e-6:
            self.pause *= 2
            self.banned_until = now + self.pause
            raise RetryLater(self.pause)
        self.level -= 1


@dataclass(slots=True)
class Platform:
    """What all chats share. Each call takes the next of `faults`; `floods` counts refusals that nobody scripted."""

    allowance: Allowance = field(default_factory=lambda: Allowance(10, 8.0))
    faults: Iterator[str] = field(default_factory=lambda: iter(()))
    floods: int = 0
    ambiguous_sends: int = 0
    latency: float = 0.05


@dataclass(slots=True)
class SimulatedChannel:
    """One chat on `platform`. `screen` is what people see: message id -> text, in order; `buttons` belong to them."""

    platform: Platform
    chat: ChatRef = field(default_factory=lambda: ChatRef("test", "1", "1", "private"))
    limits: Limits = LIMITS
    screen: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, tuple[str, ...]] = field(default_factory=dict)
    nonces: dict[str, str] = field(default_factory=dict)
    previewed: list[str] = field(default_factory=list)
    calls: list[tuple[float, str, str]] = field(default_factory=list)
    allowance: Allowance = field(default_factory=lambda: Allowance(4, 1.0))
    measure: Callable[[str], int] = utf16_length

    @property
    def rate_key(self) -> str:
        return self.chat.chat_id

    def fits(self, source: str) -> bool:
        return self.measure(source) <= self.limits.text

    async def send(self, message: Outgoing) -> str:
        fault = await self._called("send", message.source, message.plain)
        if message.nonce is not None and self.limits.dedupes and message.nonce in self.nonces:
            return self.nonces[message.nonce]
        if fault == "ambiguous-lost":
            raise Ambiguous
        message_id = str(len(self.nonces) + len(self.screen) + 1)
        self.screen[message_id] = message.source
        self.buttons[message_id] = tuple(button.data for button in message.buttons)
        if message.nonce is not None:
            self.nonces[message.nonce] = message_id
        if fault == "ambiguous":
            if not self.limits.dedupes:
                self.platform.ambiguous_sends += 1
            raise Ambiguous
        return message_id

    async def edit(self, message_id: str, message: Outgoing) -> None:
        fault = await self._called("edit", message.source, message.plain)
        if message_id not in self.screen:
            raise MessageGone
        if fault == "gone":
            del self.screen[message_id]
            raise MessageGone
        if fault == "ambiguous-lost":
            raise Ambiguous
        buttons = tuple(button.data for button in message.buttons)
        if (self.screen[message_id], self.buttons[message_id]) == (message.source, buttons):
            raise NotModified
        self.screen[message_id] = message.source
        self.buttons[message_id] = buttons
        if fault == "ambiguous":
            raise Ambiguous

    async def preview(self, preview_id: int, message: Outgoing) -> None:
        await self._called("preview", message.source, plain=True)
        self.previewed.append(message.source)

    async def typing(self) -> None:
        await self._called("typing", "x", plain=True)

    async def _called(self, kind: str, source: str, plain: bool) -> str:
        loop = asyncio.get_running_loop()
        self.calls.append((loop.time(), kind, source))
        fault = next(self.platform.faults, "")
        await asyncio.sleep(self.platform.latency)
        if kind in ("send", "edit"):
            self._meter(loop.time())
        self._refuse(fault, plain)
        assert source.strip(), "an empty message"
        if utf16_length(source) > self.limits.text:
            raise TooLong
        return fault

    def _meter(self, now: float) -> None:
        try:
            self.allowance.check(now)
            self.platform.allowance.check(now)
        except RetryLater:
            self.platform.floods += 1
            raise

    def _refuse(self, fault: str, plain: bool) -> None:
        refusals: dict[str, DeliveryError] = {"flood": RetryLater(3.0), "not-sent": NotSent(), "too-long": TooLong()}
        if fault == "flood":
            self.allowance.level = min(self.allowance.level, 1.0)
        if fault in refusals:
            raise refusals[fault]
        if fault == "bad-format" and not plain:
            raise BadFormat
