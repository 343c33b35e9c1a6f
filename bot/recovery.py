"""What another process left over: replies that are not all on screen, and events that are not answered.

They are taken up when their platform can answer again, before anything new, in their order and each in its lane.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot import clock, receipts
from bot.conversation.lanes import Lanes
from bot.conversation.reviving import Reviving
from bot.domain.ids import ChatRef
from bot.domain.messages import Incoming
from bot.domain.outbox import KeptReply
from bot.door import Door
from bot.errors import StorageError
from bot.ports import Channel, Platform, Store
from bot.replies import notices
from bot.replies.gate import Gates, place_of
from bot.replies.outbox import Outbox
from bot.replies.speaker import Speaker
from bot.tasks import TaskOwner

log = logging.getLogger(__name__)

MOST_TRIES = 10
"""How often an event is tried again that perhaps ended the process each time."""

STILL_COUNTED = timedelta(minutes=10)
"""Platforms count calls over a minute at most, and an answer may go on for some minutes after its question."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do: first with replies to events that are done, and then with each event, to go on with its replies or,
    where there are none, to deal with it anew. `dropped` are replies of which nothing was seen: they begin anew."""

    first: tuple[KeptReply, ...]
    events: tuple[tuple[Incoming, int, tuple[KeptReply, ...]], ...]
    dropped: tuple[KeptReply, ...]


def plan(replies: Sequence[KeptReply], waiting: Sequence[tuple[Incoming, int]]) -> Plan:
    by_event: dict[str, list[KeptReply]] = {}
    for reply in replies:
        by_event.setdefault(reply.event or "", []).append(reply)
    keys = {event.key for event, _ in waiting}
    begun = {key for key, theirs in by_event.items() if any(reply.shown or reply.finished for reply in theirs)}
    going_on = [reply for reply in replies if (reply.event or "") in begun]
    return Plan(
        first=tuple(reply for reply in going_on if reply.event not in keys),
        events=tuple(
            (event, tries, tuple(by_event[event.key]) if event.key in begun else ()) for event, tries in waiting
        ),
        dropped=tuple(reply for reply in replies if (reply.event or "") not in begun),
    )


class Recovery:
    """Called with a platform, it takes up what was left over there."""

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        gates: Gates,
        lanes: Lanes,
        owner: TaskOwner,
        speaker: Speaker,
        reviving: Reviving,
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._gates = gates
        self._lanes = lanes
        self._owner = owner
        self._speaker = speaker
        self._reviving = reviving

    async def __call__(self, platform: Platform, door: Door) -> None:
        try:
            replies = [reply for reply in await self._store.outbox.all() if reply.chat.platform == platform.name]
            await self._keep_pace(platform, [reply.chat for reply in replies])
            found = plan(replies, await self._store.arrivals.waiting([platform.name]))
            await self._drop(found.dropped)
        except StorageError:
            # It stays where it is, for the next start.
            log.exception("%s: what was left over could not be read", platform.name)
            return
        for reply in found.dropped:
            if _doubtful(reply, platform):
                log.warning("%s: a message is repeated, which may have arrived before", platform.name)
                self._gates.observer.repeated(platform.name, found=False)
        for reply in found.first:
            self._go_on(reply, platform)
        for event, tries, theirs in found.events:
            channel = platform.channel(event.chat)
            if channel is None:
                log.info("%s was for another bot", event.key)
                continue
            receipt = door.receipt(event, again=True)
            if theirs:
                with receipts.working_on(receipt):
                    for reply in theirs:
                        self._go_on(reply, platform)
            elif tries >= MOST_TRIES:
                with receipts.working_on(receipt):
                    log.error("%s is given up after %d tries", event.key, tries)
                    self._owner.start(self._give_up(channel), name=f"giving up {event.key}")
            else:
                door.hand_on(event, channel, receipt)
        if replies or found.events:
            counts = len(replies) - len(found.dropped), len(found.events)
            log.info("%s: %d replies and %d events were left over from before", platform.name, *counts)

    async def _keep_pace(self, platform: Platform, answered: Sequence[ChatRef]) -> None:
        """What the other process sent counts on: nobody knows how much, so as much as could be."""
        active = await self._store.arrivals.active(clock.utc_now() - STILL_COUNTED)
        for chat in {*active, *answered}:
            channel = platform.channel(chat) if chat.platform == platform.name else None
            if channel is not None:
                self._gates.spent(*place_of(channel), channel.limits)

    async def _drop(self, replies: Sequence[KeptReply]) -> None:
        if replies:
            await self._store.outbox.drop([reply.nonce for reply in replies])

    def _go_on(self, kept: KeptReply, platform: Platform) -> None:
        channel = platform.channel(kept.chat)
        if channel is None:
            log.info("the reply %s was another bot's", kept.nonce)
            return
        entry = self._outbox.resumed(kept.nonce)
        lane = kept.chat.key if kept.fate is None else kept.fate.lane
        self._lanes.submit(lane, receipts.carried(lambda: self._reviving.go_on(kept, channel, entry)), surely=True)

    async def _give_up(self, channel: Channel) -> None:
        await self._speaker.say(channel, notices.GIVEN_UP.say())


def _doubtful(reply: KeptReply, platform: Platform) -> bool:
    """Whether a message of it may be on screen, and is sent once more all the same."""
    channel = platform.channel(reply.chat)
    return reply.sending is not None and channel is not None and not channel.limits.dedupes
