"""The door for what arrives: an event is written down first, then dealt with, and known as done in the end.

Whatever ends the process, the next one finds what was not done (`bot.recovery`).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress

from bot import clock, receipts
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import Incoming
from bot.domain.outbox import Backlog, backlog
from bot.errors import StorageError
from bot.ports import Arrivals, Channel, Platform
from bot.receipts import Receipt
from bot.router import Router

log = logging.getLogger(__name__)

AT_ONCE = 100
"""Events in one transaction; Telegram delivers as many at once."""

KEEP_WITHIN = 10.0
"""Seconds that the database has to keep an event. After that people are better off with a sentence that something is
wrong, which they can have without it, than with silence."""

TRY_AGAIN = 0.5
LAST_WORDS = 3.0
"""Seconds that are left at the end to write down what is done."""

Recovery = Callable[[Platform, "Door"], Awaitable[None]]

_Arrival = tuple[Incoming, Channel, asyncio.Future[None]]


class Door:
    """Implements `bot.ports.Inbox`. Enter it, and leave it when nothing is running any more.

    `recovery` takes up what was left over on a platform.
    """

    def __init__(self, arrivals: Arrivals, router: Router, recovery: Recovery) -> None:
        self._arrivals = arrivals
        self._router = router
        self._recovery = recovery
        self._begun: dict[str, Platform] = {}
        self._arrived: deque[_Arrival] = deque()
        self._finished: set[str] = set()
        self._open: dict[str, float] = {}
        self._wake = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Door:
        self._running = asyncio.create_task(self._run(), name="door")
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS):
                await self._write_off()

    @property
    def unanswered(self) -> Backlog:
        """Events that are written down and not done."""
        return backlog(self._open.values(), clock.now())

    def accept(self, event: Incoming, channel: Channel) -> Awaitable[None]:
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._arrived.append((event, channel, kept))
        self._empty.clear()
        self._wake.set()
        return kept

    async def begin(self, platform: Platform) -> None:
        if platform.name not in self._begun:
            self._begun[platform.name] = platform
            await self._recovery(platform, self)

    async def complete(
        self, chat: ChatRef, person: Person, path: tuple[str, ...], option: str, typed: str
    ) -> Sequence[str]:
        return await self._router.complete(chat, person, path, option, typed)

    async def settle(self) -> None:
        """Wait until all that has arrived is handed on."""
        await self._empty.wait()

    def receipt(self, event: Incoming, *, again: bool = False) -> Receipt:
        """What is owed to an event that is written down; `again`: it was so before this process began."""
        tried = (lambda: self._tried(event.key)) if again else None
        # Who calls a command waits for its answer now, and on Discord has a way to get it that lasts minutes.
        self._open[event.key] = clock.now()
        platform = self._begun.get(event.chat.platform)
        lasts = platform is not None and platform.channel(event.chat) is not None
        returns = lasts and event.kind in ("message", "edited")
        return Receipt(event.key, self._done, tried, returns=returns)

    def hand_on(self, event: Incoming, channel: Channel, receipt: Receipt | None) -> None:
        """Let the event be dealt with. None as its receipt: it could not be written down."""
        with receipts.working_on(receipt):
            try:
                self._router.accept(event, channel)
            except Exception:
                # One event that cannot be dealt with, whatever the reason, must not keep the others from it.
                log.exception("%s could not be taken", event.key)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._arrived:
                await self._take_in([self._arrived.popleft() for _ in range(min(AT_ONCE, len(self._arrived)))])
            self._empty.set()
            if self._finished:
                await self._write_off()

    async def _take_in(self, batch: Sequence[_Arrival]) -> None:
        added = await self._keep([event for event, _, _ in batch])
        new = set(added or ())
        for event, channel, kept in batch:
            if added is None:
                self.hand_on(event, channel, None)
            elif event.key in new:
                new.remove(event.key)  # told twice at once, it is one event, and done only when that one is
                self.hand_on(event, channel, self.receipt(event))
            else:
                log.info("%s came again", event.key)
            if not kept.done():
                kept.set_result(None)

    async def _keep(self, events: Sequence[Incoming]) -> Collection[str] | None:
        """Those that are new; None when the database does not keep them."""
        deadline = clock.now() + KEEP_WITHIN
        while True:
            try:
                return await self._arrivals.add(events)
            except StorageError as error:
                if clock.now() >= deadline:
                    log.error("%d events are dealt with without being kept: %s", len(events), error)  # noqa: TRY400
                    return None
            await clock.sleep(TRY_AGAIN)

    def _done(self, keys: Collection[str]) -> None:
        self._finished.update(keys)
        for key in keys:
            self._open.pop(key, None)
        self._wake.set()

    async def _write_off(self) -> None:
        """Write down what is done; what cannot be written now goes along next time."""
        keys = frozenset(self._finished)
        if not keys:
            return
        try:
            await self._arrivals.done(keys)
        except StorageError as error:
            log.warning("what is done could not be written down: %s", error)
        else:
            self._finished -= keys

    async def _tried(self, key: str) -> None:
        try:
            await self._arrivals.tried(key)
        except StorageError as error:
            log.warning("that %s is tried again could not be written down: %s", key, error)
