"""Gaps in what the bot hears: Discord repeats nothing to a new session at its gateway.

When one begins, after a restart or because the former could not be resumed, what was said meanwhile is read in each
place where the bot talked lately, and taken before whatever the gateway tells of that place from then on.

What is out of reach: changes and deletions of messages that were heard before, slash commands and buttons (Discord
tells the person that the bot did not respond), and places where the bot did not talk lately or never did.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import discord

from adapters.discord.places import Place, Places
from bot import clock
from bot.errors import ChatGone, DeliveryError, RetryLater

log = logging.getLogger(__name__)

OLDEST = timedelta(hours=6)
"""Messages that are older are left alone: who asked that long ago has found another answer, or asked anew."""

HELD_FOR = 20.0
"""Seconds from the session's begin that what the gateway tells of a place waits at most for what came before it. Then
order is given up, and nothing else: what was missed is taken when it comes."""

READ_WITHIN = 120.0
"""Seconds for one attempt to read a place that holds up nobody."""

PAUSES = (5.0, 30.0, 120.0)
"""Seconds between the attempts; Discord's outages mostly pass within minutes. The gap of a place that could not be read
until the last is given up."""

Take = Callable[[], Awaitable[None]]
"""Takes something that the gateway told."""

Hear = Callable[[discord.Message], Awaitable[None]]

Since = Callable[[Place, int], Awaitable[Sequence[discord.Message]]]
"""See `history.History.since`."""


@dataclass(slots=True)
class _Gap:
    """An open gap in a place, which begins behind what `before` had heard. `heard` grows with what is taken since;
    until the gap is closed `Places` knows the place as it was before, so that a crash leaves the gap to the restart.

    `waiting` is what the gateway told since, until `deadline` at most; None once it does not wait any longer.
    """

    before: Place
    heard: Place
    deadline: float
    waiting: deque[Take] | None = field(default_factory=deque)


class Gaps:
    """The gaps of all places; they outlive sessions and clients."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._open: dict[int, _Gap] = {}

    def begin(self) -> None:
        """A new session begins: what it tells of places where the bot talked lately has to wait."""
        deadline = clock.now() + HELD_FOR
        for place in self._places.recent(clock.utc_now()):
            gap = self._open.setdefault(place.channel, _Gap(place, place, deadline))
            gap.deadline = deadline
            if gap.waiting is None:
                gap.waiting = deque()

    async def in_turn(self, channel: int, take: Take) -> None:
        """Take what the gateway told of a channel, at once unless it has to wait there."""
        gap = self._open.get(channel)
        if gap is None or gap.waiting is None:
            await take()
        else:
            gap.waiting.append(take)

    def heard(self, channel: int, guild: int | None, message: int, *, ours: bool) -> None:
        """A message was handed over, or was for nobody; `ours`: it is to or from the bot."""
        gap = self._open.get(channel)
        if gap is None:
            self._places.heard(channel, guild, message, ours=ours)
        else:
            gap.heard = gap.heard.after(message, ours=ours)

    async def close(self, since: Since, hear: Hear) -> None:
        """Close those that are open. When this is cancelled they stay open, and what waits goes on waiting."""
        async with asyncio.TaskGroup() as group:
            for gap in self._open.values():
                group.create_task(self._close(gap, since, hear), name=f"what was missed in {gap.before.channel}")

    async def _close(self, gap: _Gap, since: Since, hear: Hear) -> None:
        channel = gap.before.channel
        try:
            missed = await self._missed(gap, since)
        except ChatGone as error:
            log.info("Discord: %d is not looked at any more: %s", channel, error)
            await _release(gap)
            self._places.drop(channel)
        else:
            if missed:
                log.info("Discord: %d messages in %d came while the bot was away", len(missed), channel)
            for message in missed:
                await _safely(hear(message))
            await _release(gap)
            self._places.put(gap.heard)
        del self._open[channel]

    async def _missed(self, gap: _Gap, since: Since) -> Sequence[discord.Message]:
        """Raises ChatGone. Whatever else fails is tried again, once the deadline is over while what waited goes on."""
        after = max(gap.before.heard, discord.utils.time_snowflake(clock.utc_now() - OLDEST))
        for pause in (*PAUSES, None):
            deadline = clock.now() + READ_WITHIN if gap.waiting is None else gap.deadline
            try:
                async with asyncio.timeout_at(deadline):
                    return await since(gap.before, after)
            except ChatGone:
                raise
            except (DeliveryError, TimeoutError) as error:
                log.info("Discord: what was missed in %d cannot be read now: %r", gap.before.channel, error)
                wait = 0.0 if pause is None else max(pause, error.after if isinstance(error, RetryLater) else 0.0)
                if pause is None or clock.now() + wait >= gap.deadline:
                    await _release(gap)
                await clock.sleep(wait)
        log.warning("Discord: what was missed in %d could not be read and is lost", gap.before.channel)
        return ()


async def _release(gap: _Gap) -> None:
    """Take what waits, in its order; what comes meanwhile waits behind it."""
    while gap.waiting:
        await _safely(gap.waiting.popleft()())
    gap.waiting = None


async def _safely(taking: Awaitable[None]) -> None:
    try:
        await taking
    except Exception:
        # What cannot be taken must not take with it what comes behind.
        log.exception("Discord: something that was said could not be taken")
