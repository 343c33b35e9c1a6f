"""What arrived and what is on its way, in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot import clock
from bot.domain.ids import ChatRef
from bot.domain.messages import Incoming
from bot.domain.outbox import KeptReply


@dataclass(slots=True)
class Arrived:
    chat: ChatRef
    at: datetime
    event: Incoming | None
    tries: int = 0

    def blank(self) -> None:
        self.event = None


@dataclass(slots=True)
class MemoryArrivals:
    rows: dict[str, Arrived] = field(default_factory=dict)

    async def add(self, events: Sequence[Incoming]) -> Collection[str]:
        new = {event.key: Arrived(event.chat, clock.utc_now(), event) for event in events if event.key not in self.rows}
        self.rows.update(new)
        return new.keys()

    async def done(self, keys: Collection[str]) -> None:
        for key in keys:
            if key in self.rows:
                self.rows[key].blank()

    async def waiting(self, platforms: Collection[str]) -> Sequence[tuple[Incoming, int]]:
        return [
            (row.event, row.tries)
            for row in self.rows.values()
            if row.event is not None and row.chat.platform in platforms
        ]

    async def tried(self, key: str) -> None:
        self.rows[key].tries += 1

    async def active(self, since: datetime) -> Sequence[ChatRef]:
        return list({row.chat.place: row.chat for row in self.rows.values() if row.at >= since}.values())

    async def drop_before(self, when: datetime) -> int:
        old = {key: row for key, row in self.rows.items() if row.at < when}
        for key in old:
            del self.rows[key]
        return sum(row.event is not None for row in old.values())


@dataclass(slots=True)
class MemoryOutbox:
    arrivals: MemoryArrivals = field(default_factory=MemoryArrivals)
    rows: dict[str, KeptReply] = field(default_factory=dict)
    written: dict[str, datetime] = field(default_factory=dict)

    async def save(self, replies: Sequence[KeptReply]) -> None:
        self.rows.update({reply.nonce: reply for reply in replies})
        self.written.update({reply.nonce: clock.utc_now() for reply in replies})

    async def drop(self, nonces: Collection[str], done: Collection[str] = ()) -> None:
        for nonce in nonces:
            self.rows.pop(nonce, None)
        left = {reply.event for reply in self.rows.values()}
        await self.arrivals.done([key for key in done if key not in left])

    def forget(self, event: str) -> None:
        """No reply to this event is on its way any more."""
        self.rows = {nonce: row for nonce, row in self.rows.items() if row.event != event}

    async def all(self) -> Sequence[KeptReply]:
        return list(self.rows.values())

    async def drop_before(self, when: datetime) -> int:
        old = [nonce for nonce in self.rows if self.written[nonce] < when]
        for nonce in old:
            del self.rows[nonce]
        return len(old)
