"""Threads on messages of the bot, where people talk to it without a mention, whoever opened the thread.

Discord does not say with a message who wrote the one that its thread hangs on. It is asked once for each thread, when
somebody says there what is not addressed; a thread on a message has that message's id.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import discord

from adapters.discord.calls import showing
from adapters.discord.channel import CurrentClient
from bot.domain.recent import Recent
from bot.errors import Ambiguous, DeliveryError, NotSent, RetryLater

log = logging.getLogger(__name__)

ANSWERED_WITHIN = 5.0
"""Seconds that words in a thread wait at most until it is known whose thread it is."""

_REMEMBERED = 2000

Take = Callable[[bool], None]
"""Takes something that happened in a thread, told whether the thread hangs on a message of the bot."""


class Starters:
    """What happens in a thread while Discord is asked about it waits, and is taken in its order."""

    def __init__(self, current: CurrentClient) -> None:
        self._current = current
        self._known: Recent[int, bool] = Recent(_REMEMBERED)
        self._waiting: dict[int, list[Take]] = {}

    async def settle(self, thread: discord.Thread, bot_id: int, take: Take, *, asks: bool) -> None:
        """Let it be taken: at once, unless the thread is not known and this `asks` for it, or others wait already."""
        waiting, known = self._waiting.get(thread.id), self._known.get(thread.id)
        if waiting is not None:
            waiting.append(take)
        elif known is not None or not asks:
            take(known or False)
        else:
            await self._look_up(thread, bot_id, take)

    async def _look_up(self, thread: discord.Thread, bot_id: int, take: Take) -> None:
        waiting = self._waiting[thread.id] = [take]
        try:
            hangs_on_own = await self._ask(thread, bot_id)
            if hangs_on_own is not None:
                self._known[thread.id] = hangs_on_own
        finally:
            # Also when the client is closed meanwhile: what came is not lost.
            del self._waiting[thread.id]
            known = self._known.get(thread.id) or False
            for each in waiting:
                each(known)

    async def _ask(self, thread: discord.Thread, bot_id: int) -> bool | None:
        """Whether the thread hangs on a message of the bot; None when that could not be found out now."""
        try:
            async with asyncio.timeout(ANSWERED_WITHIN), showing():
                starter = await self._current().http.get_message(thread.parent_id, thread.id)
        except (RetryLater, NotSent, Ambiguous, TimeoutError) as error:
            log.info("nobody knows whose message the thread %s hangs on: %r", thread.id, error)
            return None
        except DeliveryError:
            # It hangs on none, or the bot may not read what was said there.
            return False
        return int(starter["author"]["id"]) == bot_id
