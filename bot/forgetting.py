"""Forgetting, in storage and in memory, for who asks and for what was kept long enough."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot import clock
from bot.conversation.manners import Manners
from bot.conversation.overheard import Overheard
from bot.conversation.summing import Summaries
from bot.errors import StorageError
from bot.ports import Store

log = logging.getLogger(__name__)

DROP_EVERY = 6 * 3600.0
"""Seconds between two looks for what has been kept long enough."""

TAKEN_UP_WITHIN = 3600.0
"""Seconds in which a bot that was away for days takes up what it left over; only what is left then is nobody's."""

KNOWN_FOR = timedelta(days=2)
"""How long an event is known. Telegram repeats what was not confirmed for one day (Bot API, "Getting updates")."""


class Forgetting:
    """Implements `bot.ports.Forgetting`."""

    def __init__(self, store: Store, manners: Manners, overheard: Overheard, summaries: Summaries) -> None:
        self._store = store
        self._manners = manners
        self._overheard = overheard
        self._summaries = summaries

    async def person(self, handle: str, scopes: Sequence[str]) -> int:
        await self._summaries.forget()
        gone = await self._store.forgetting.person(handle, scopes)
        await self._summaries.forget()
        self._overheard.forget_person(handle)
        self._set_aside(scopes)
        return gone

    async def chat(self, place: str, scopes: Sequence[str]) -> int:
        await self._summaries.forget()
        gone = await self._store.forgetting.chat(place, scopes)
        await self._summaries.forget()
        self._overheard.forget(place)
        self._set_aside(scopes)
        return gone

    async def before(self, when: datetime) -> int:
        await self._summaries.forget()
        gone = await self._store.forgetting.before(when)
        await self._summaries.forget()
        return gone

    def _set_aside(self, scopes: Sequence[str]) -> None:
        for scope in scopes:
            self._manners.forget(scope)


async def keep_short(store: Store, forgetting: Forgetting, picture_days: int, history_days: int) -> None:
    """Forget pictures, and with `history_days` above 0 whatever was said, after so many days; and what arrived."""
    taken_up = False
    while True:
        try:
            if taken_up:
                await _drop_mail(store)
            dropped = await store.pictures.drop_before(clock.utc_now() - timedelta(days=picture_days))
            if dropped:
                log.info("%d pictures were older than %d days and are forgotten", dropped, picture_days)
            gone = 0
            if history_days:
                gone = await forgetting.before(clock.utc_now() - timedelta(days=history_days))
            if gone:
                log.info("%d messages were older than %d days and are forgotten", gone, history_days)
        except StorageError as error:
            log.warning("what was kept long enough could not be forgotten: %s", error)
        await clock.sleep(DROP_EVERY if taken_up else TAKEN_UP_WITHIN)
        taken_up = True


async def _drop_mail(store: Store) -> None:
    missed = await store.arrivals.drop_before(clock.utc_now() - KNOWN_FOR)
    missed += await store.outbox.drop_before(clock.utc_now() - KNOWN_FOR)
    if missed:
        log.warning("%d events or replies of %d days ago found no bot and are dropped", missed, KNOWN_FOR.days)
