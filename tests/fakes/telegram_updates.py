"""What waits for the bot: the update queue behind `getUpdates` and the webhook."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tests.fakes.telegram_errors import conflict

NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
"""What a bot gets only when it lists it in `allowed_updates` (Bot API, getUpdates)."""
LONGEST_POLL = 50.0
"""Seconds; the Bot API server caps longer ones."""

Update = dict[str, Any]


class UpdateQueue:
    """`sent` holds every update that was ever made, in order; what is not confirmed yet is delivered again.

    `webhook` is the address of the webhook, "" while there is none; `arrived` is called when something is to be
    delivered.
    """

    def __init__(self) -> None:
        self.sent: list[Update] = []
        self.allowed: frozenset[str] = frozenset()
        self.webhook = ""
        self.arrived: Callable[[], None] | None = None
        self._pending: list[Update] = []
        self._again: list[Update] = []
        self._waiting: asyncio.Future[None] | None = None

    def put(self, kind: str, payload: dict[str, Any]) -> Update | None:
        """Queue an update; None when the bot did not ask for this kind, which is then lost for ever."""
        if kind not in self.allowed if self.allowed else kind in NOT_BY_DEFAULT:
            return None
        update = {"update_id": 700_000_001 + len(self.sent), kind: payload}
        self.sent.append(update)
        self._pending.append(update)
        self._wake()
        return update

    def redeliver(self, update: Update) -> None:
        """Deliver an update once more although it was confirmed."""
        self._again.append(update)
        self._wake()

    def allow(self, kinds: list[str] | None) -> None:
        """None keeps the last list, an empty one restores the default; names nobody knows are taken as they are."""
        if kinds is not None:
            self.allowed = frozenset(kinds)

    @property
    def pending(self) -> int:
        return len(self._pending)

    def due(self) -> list[Update]:
        """What is to be delivered, in order."""
        return [*self._again, *self._pending]

    def done(self, update: Update) -> None:
        """The update was delivered by the webhook."""
        waiting = self._again if any(each is update for each in self._again) else self._pending
        waiting[:] = [each for each in waiting if each is not update]

    def drop_pending(self) -> None:
        self._pending.clear()

    async def poll(self, offset: int, limit: int, timeout: float, allowed: list[str] | None) -> list[Update]:
        """`getUpdates`: what lies before `offset` is confirmed; a second poll ends the first with a 409."""
        if self.webhook:
            raise conflict("can't use getUpdates method while webhook is active; use deleteWebhook to delete it first")
        self.interrupt("terminated by other getUpdates request; make sure that only one bot instance is running")
        self.allow(allowed)
        self._confirm(offset)
        limit = limit if 1 <= limit <= 100 else 100
        if not (self._pending or self._again) and timeout > 0:
            await self._arrival(min(timeout, LONGEST_POLL))
        return self._batch(limit)

    def interrupt(self, reason: str) -> None:
        """End the poll that is waiting, if one is."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(conflict(reason))

    def close(self) -> None:
        """Let the poll that is waiting end without updates, as when its client went away."""
        self._wake()

    def _confirm(self, offset: int) -> None:
        if offset > 0:
            self._pending = [update for update in self._pending if update["update_id"] >= offset]
        elif offset < 0:
            self._pending = self._pending[offset:]

    async def _arrival(self, timeout: float) -> None:
        self._waiting = waiting = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout):
                await waiting
        except TimeoutError:
            return
        finally:
            if self._waiting is waiting:
                self._waiting = None

    def _batch(self, limit: int) -> list[Update]:
        again, self._again = self._again, []
        return (again + self._pending)[:limit]

    def _wake(self) -> None:
        if self.arrived is not None:
            self.arrived()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
