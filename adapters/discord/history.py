"""What was said in a place while the bot could not hear it, read from Discord as its gateway would have told it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import discord

from adapters.discord.errors import delivery_error
from adapters.discord.places import Place
from bot import clock
from bot.errors import ChatGone

log = logging.getLogger(__name__)

PAGE = 100
"""Messages of one call, the most that Discord gives (developer documentation, "Get Channel Messages")."""

PAGES = 3
"""Calls for one place. Where more than 300 messages were missed, the later ones are left: nobody reads on that far."""

PACE = 0.2
"""Seconds between two calls: five in a second are what the metered calls leave of all (`limits.OVERALL`), so that live
answers are not held up."""

AT_ONCE = 3
"""Calls that may wait for an answer, so that a place of which Discord tells late does not hold up the others."""


class History:
    """Reads for one session at the gateway. `settled` is set once the session has told of all servers.

    Waits for rate limits and repeats what failed with 5xx as discord.py does, a few times and within a minute.
    """

    def __init__(self, client: discord.Client, settled: asyncio.Event) -> None:
        self._client = client
        self._settled = settled
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._next = clock.now()
        self._members: dict[tuple[int, int], Any] = {}

    async def since(self, place: Place, after: int) -> Sequence[discord.Message]:
        """What was said there after this message or time, the oldest first. Raises DeliveryError: ChatGone when the
        place is gone or closed to the bot."""
        if place.guild is not None:
            await self._settled.wait()
        try:
            found = await self._pages(place.channel, after)
            if not found:
                return ()
            channel = await self._channel(place)
            return [await self._message(channel, each, place.guild) for each in found]
        except (discord.Forbidden, discord.NotFound) as error:
            raise ChatGone(f"{error.status} ({error.code})") from error
        except Exception as error:
            # The library fails with whatever it stumbles over: a page instead of JSON is a TypeError deep inside it.
            raise delivery_error(error) from error

    async def _pages(self, channel: int, after: int) -> list[Any]:
        found: list[Any] = []
        for _ in range(PAGES):
            # Each page begins with its newest message.
            page = await self._call(partial(self._client.http.logs_from, channel, PAGE, after=after))
            found += sorted(page, key=_number)
            if len(page) < PAGE:
                break
            after = _number(found[-1])
        else:
            log.warning(
                "Discord: more was said in %d meanwhile than the %d messages that are read", channel, len(found)
            )
        return found

    async def _channel(self, place: Place) -> Any:
        if place.guild is None:
            me: Any = self._client.user
            data: Any = {"id": place.channel}
            return discord.DMChannel(me=me, state=self._state, data=data)
        known = self._client.get_channel(place.channel)
        # Of threads that are archived the session does not tell.
        return known or await self._call(partial(self._client.fetch_channel, place.channel))

    async def _message(self, channel: Any, raw: Any, guild: int | None) -> discord.Message:
        """With the member who wrote it, which the gateway sends along and this call does not: roles may decide who may
        use the bot."""
        if guild is not None and not raw["author"].get("bot") and "webhook_id" not in raw:
            member = await self._member(guild, int(raw["author"]["id"]))
            if member is not None:
                raw["member"] = member
        return discord.Message(state=self._state, channel=channel, data=raw)

    async def _member(self, guild: int, person: int) -> Any:
        """None for who has left the server."""
        if (guild, person) not in self._members:
            try:
                found: Any = await self._call(partial(self._client.http.get_member, guild, person))
            except discord.NotFound:
                found = None
            self._members[guild, person] = found
        return self._members[guild, person]

    @property
    def _state(self) -> Any:
        return self._client._connection  # noqa: SLF001  (discord.py builds its own values with it, and has no public way)

    async def _call(self, call: Callable[[], Awaitable[Any]]) -> Any:
        async with self._slots:
            start = max(self._next, clock.now())
            self._next = start + PACE
            await clock.sleep(start - clock.now())
            return await call()


def _number(raw: Any) -> int:
    return int(raw["id"])
