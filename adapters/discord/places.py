"""Where the bot talked lately, and up to which message it has heard what was said there. Pure."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime, timedelta

import discord

RECENT = timedelta(hours=24)
"""For so long after the last word to or from the bot something else may be meant for it there. Longer than a night, so
that who talked to it in the evening is heard in the morning."""

MOST = 100
"""Places that are remembered, those where the bot talked last. To read a place takes a call or a few, five in a second
(`history.PACE`), so that these are read within the time that live events wait (`gaps.HELD_FOR`)."""


@dataclass(frozen=True, slots=True)
class Place:
    """A channel, thread or direct message (of no `guild`); all are Discord's ids, which hold the time they were made.

    `talked` is the newest message to or from the bot, `heard` the newest of all that was handed over.
    """

    channel: int
    guild: int | None
    talked: int
    heard: int

    def after(self, message: int, *, ours: bool) -> Place:
        """The same once this message was heard, which is `ours` when it is to or from the bot."""
        talked = max(self.talked, message) if ours else self.talked
        return replace(self, talked=talked, heard=max(self.heard, message))

    def unheard(self) -> Place:
        """The same before its newest message was heard."""
        return replace(self, heard=self.heard - 1)


class Places:
    """At most `MOST` of them. `changed` is set when one changes."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self._known: dict[int, Place] = {}

    def heard(self, channel: int, guild: int | None, message: int, *, ours: bool) -> None:
        """Note a message; a place becomes known when the bot talks there or is talked to."""
        known = self._known.get(channel)
        if known is not None:
            self.put(known.after(message, ours=ours))
        elif ours:
            self.put(Place(channel, guild, message, message))

    def put(self, place: Place) -> None:
        if self._known.get(place.channel) == place:
            return
        self._known[place.channel] = place
        if len(self._known) > MOST:
            self.drop(min(self._known.values(), key=_talked).channel)
        self.changed.set()

    def drop(self, channel: int) -> None:
        if self._known.pop(channel, None) is not None:
            self.changed.set()

    def recent(self, now: datetime) -> Sequence[Place]:
        """Those where the bot talked within `RECENT`, the latest first."""
        since = discord.utils.time_snowflake(now - RECENT)
        return sorted((place for place in self._known.values() if place.talked > since), key=_talked, reverse=True)

    def all(self) -> Mapping[int, Place]:
        """A copy, by channel."""
        return dict(self._known)


def dumped(places: Iterable[Place]) -> str:
    return json.dumps([astuple(place) for place in places])


def loaded(text: str) -> Sequence[Place]:
    """What `dumped` gave; raises ValueError or TypeError for what is none of it."""
    return [
        Place(int(channel), None if guild is None else int(guild), int(talked), int(heard))
        for channel, guild, talked, heard in json.loads(text)
    ]


def _talked(place: Place) -> int:
    return place.talked
