"""Replies on their way are written down, so that whatever ends this process another one brings them to their end.

A reply is written down before each of its messages is sent, when it is finished, and as it grows at most a second
later; several at once go in one transaction. It is crossed off when all of it is shown.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress

from bot import clock, receipts
from bot.domain.outbox import Backlog, KeptReply, backlog
from bot.errors import StorageError
from bot.ports import Notes
from bot.ports import Outbox as Rows
from bot.replies.pauses import Pauses

log = logging.getLogger(__name__)

SAVE_EVERY = 1.0
"""Seconds of a growing text that a sudden death costs at most, apart from the time that writing takes."""

SAVE_WITHIN = 1.0
"""Seconds that a message waits to be written down before it is sent. Where the database is in trouble people still get
their answer, at the risk of getting it twice after a sudden death."""

LAST_WORDS = 3.0
"""Seconds that are left at the end to write down what is on its way."""


class Entry:
    """One reply's page. `kept` tells how it stands now, and `since` when it was first written down."""

    def __init__(self, outbox: Outbox, nonce: str, *, written: bool = False) -> None:
        self.nonce = nonce
        self.receipt = receipts.current()
        self.kept: Callable[[], KeptReply] | None = None
        self.since = clock.now() if written else None
        self._outbox = outbox

    @property
    def again(self) -> bool:
        """Whether another process may have begun to answer the same event."""
        return self.receipt is not None and self.receipt.again

    @property
    def written(self) -> bool:
        return self.since is not None

    @property
    def event(self) -> str | None:
        return None if self.receipt is None else self.receipt.key

    def note(self) -> None:
        """It changed; soon enough if it is on the page already, else there is nothing to keep yet."""
        if self.written:
            self._outbox.note(self)

    async def save(self) -> None:
        """Write it down now, as far as that is possible."""
        self._begin()
        await self._outbox.save(self)

    async def caught_up(self) -> None:
        """Wait until it is written down as it stands now, as far as that is possible."""
        if self._outbox.is_behind(self):
            await self._outbox.save(self)

    def save_soon(self) -> None:
        """Write it down without waiting for that."""
        self._begin()
        self._outbox.hurry(self)

    def _begin(self) -> None:
        if self.since is None:
            self.since = clock.now()

    def close(self) -> None:
        """Nothing is left to be shown: cross it off, and with it the event that it answers."""
        self._outbox.close(self, self.event)

    def discard(self) -> None:
        """Nothing of it is to be shown: cross it off; the event is not answered."""
        self._outbox.close(self, None)


class Outbox:
    """Enter it, and leave it when no reply is on its way any more."""

    def __init__(self, rows: Rows, notes: Notes) -> None:
        self._rows = rows
        self._pauses = Pauses(notes)
        self._open: dict[str, Entry] = {}
        self._changed: dict[str, Entry] = {}
        self._writing: frozenset[str] = frozenset()
        self._shown: dict[str, str | None] = {}
        self._noted = asyncio.Event()
        self._hurry = asyncio.Event()
        self._saved: asyncio.Future[None] | None = None
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Outbox:
        self._running = asyncio.create_task(self._run(), name="outbox")
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS):
                await self._write()

    def entry(self) -> Entry:
        """A page for a reply to the event of now. Its nonce is the same when that event is answered once more, so that
        a platform that knows it again shows it once."""
        receipt = receipts.current()
        if receipt is None:
            return Entry(self, secrets.token_hex(8))
        receipt.replies += 1
        return Entry(self, hashlib.blake2s(f"{receipt.key} {receipt.replies}".encode(), digest_size=8).hexdigest())

    def resumed(self, nonce: str) -> Entry:
        """The page of a reply that another process began."""
        return Entry(self, nonce, written=True)

    def pause(self, place: str, seconds: float) -> None:
        """A platform asked for a pause, which holds for the next process too."""
        self._pauses.add(place, seconds)
        self._noted.set()

    async def pauses(self) -> Mapping[str, float]:
        """The pauses that are not over: places, and the seconds that are left. Raises StorageError."""
        return await self._pauses.load()

    @property
    def on_their_way(self) -> Backlog:
        """Replies that are written down and not all shown."""
        return backlog([entry.since for entry in self._open.values() if entry.since is not None], clock.now())

    def note(self, entry: Entry) -> None:
        self._open[entry.nonce] = self._changed[entry.nonce] = entry
        self._noted.set()

    def hurry(self, entry: Entry) -> asyncio.Future[None]:
        """Done when what stands now is written, or could not be."""
        self.note(entry)
        self._hurry.set()
        if self._saved is None:
            self._saved = asyncio.get_running_loop().create_future()
        return self._saved

    def is_behind(self, entry: Entry) -> bool:
        return entry.nonce in self._changed or entry.nonce in self._writing

    async def save(self, entry: Entry) -> None:
        try:
            async with asyncio.timeout(SAVE_WITHIN):
                await asyncio.shield(self.hurry(entry))
        except TimeoutError:
            log.warning("%s is sent before it is written down: the database is slow", entry.nonce)

    def close(self, entry: Entry, event: str | None) -> None:
        """Cross it off, and the event that is done with it, if there is one."""
        self._changed.pop(entry.nonce, None)
        self._open.pop(entry.nonce, None)
        if entry.written:
            self._shown[entry.nonce] = event
            self._noted.set()
            self._hurry.set()

    async def _run(self) -> None:
        while True:
            await self._noted.wait()
            await clock.wait_until(self._hurry, clock.now() + SAVE_EVERY)
            self._noted.clear()
            self._hurry.clear()
            if not await self._write():
                self._noted.set()

    async def _write(self) -> bool:
        """Write down what changed; False where that has to be tried again."""
        entries, shown, saved = self._changed, self._shown, self._saved
        self._changed, self._shown, self._saved = {}, {}, None
        self._writing = frozenset(entries)
        try:
            replies = [entry.kept() for entry in entries.values() if entry.kept is not None]
            if replies:
                await self._rows.save(replies)
            await self._pauses.save()
            if shown:
                await self._rows.drop(list(shown), {key for key in shown.values() if key is not None})
        except StorageError as error:
            log.warning("replies on their way could not be written down: %s", error)
            self._shown = shown | self._shown
            again = {nonce: entry for nonce, entry in entries.items() if nonce not in self._shown}
            self._changed = again | self._changed
            return False
        finally:
            self._writing = frozenset()
            if saved is not None:
                saved.set_result(None)
        return True
