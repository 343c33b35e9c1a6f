"""Long polling that does not end.

python-telegram-bot's own Updater stops for good, and nearly silently, at one 401 or 404 and at any exception of the
queue behind it. In this loop every failure is logged, waited out and tried again; an update counts as confirmed only
after it was handed over; and each poll has a deadline, so that a connection that died unnoticed costs seconds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from telegram import Bot

from adapters.telegram.patience import describe, insist
from adapters.telegram.translate import WANTED_UPDATES
from bot import clock

log = logging.getLogger(__name__)

RawUpdate = dict[str, Any]

Deliver = Callable[[RawUpdate], Awaitable[None] | None]
"""Takes an update; what it returns is done when the update is safe."""

POLL_SECONDS = 30
"""How long Telegram holds a poll open (it allows 50); home routers forget silent connections after a minute or so."""
GRACE_SECONDS = 10.0
CONFIRM_SECONDS = 2.0


class PollingBot(Bot):
    """A bot that hands out updates as JSON: one that the library cannot read must not hide the rest of its batch.

    It hands out files as JSON too: the library would make an address with the token of their path.
    """

    async def raw_updates(self, offset: int | None, *, limit: int, wait: int) -> list[RawUpdate]:
        """Confirm the updates before `offset` and get those from it on, waiting for the first up to `wait` seconds."""
        call = {"offset": offset, "limit": limit, "timeout": wait, "allowed_updates": WANTED_UPDATES}
        updates: list[RawUpdate] = await self._post("getUpdates", call, read_timeout=wait + GRACE_SECONDS)
        return updates

    async def raw_file(self, file_id: str) -> dict[str, Any]:
        """A file's size and path."""
        file: dict[str, Any] = await self._post("getFile", {"file_id": file_id})
        return file


class Poller:
    """Gets updates until cancelled. `healthy_at` is when Telegram last answered, on the loop's clock."""

    def __init__(self, bot: PollingBot, *, wait: int = POLL_SECONDS) -> None:
        self._bot = bot
        self._wait = wait
        self._offset: int | None = None
        self.healthy_at: float | None = None

    async def run(self, deliver: Deliver) -> None:
        """Hand over each update in order. Cancelled, it confirms what was handed over and takes no more.

        What `deliver` returns is awaited before the update is confirmed, which the next poll does.
        """
        try:
            while True:
                updates = await insist("getting messages", self._poll)
                kept = [(number, self._hand_over(number, update, deliver)) for number, update in updates]
                for number, sure in kept:
                    if sure is not None:
                        await sure
                    self._offset = number + 1
        finally:
            await self._confirm()

    async def _poll(self) -> list[tuple[int, RawUpdate]]:
        async with asyncio.timeout(self._wait + GRACE_SECONDS):
            updates = await self._bot.raw_updates(self._offset, limit=100, wait=self._wait)
        numbered = [(int(update["update_id"]), update) for update in updates]
        self.healthy_at = clock.now()
        return numbered

    def _hand_over(self, number: int, update: RawUpdate, deliver: Deliver) -> Awaitable[None] | None:
        try:
            return deliver(update)
        except Exception:
            # One update that cannot be read, whatever the reason, must not keep the others from coming.
            log.exception("Telegram: update %d could not be taken", number)
            return None

    async def _confirm(self) -> None:
        if self._offset is None:
            return
        try:
            async with asyncio.timeout(CONFIRM_SECONDS):
                await self._bot.raw_updates(self._offset, limit=1, wait=0)
        except Exception as error:
            # No harm done: after the next start Telegram delivers them again, and the core knows their keys.
            log.info("Telegram: the last messages stay unconfirmed: %s", describe(error))
