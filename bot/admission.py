"""Who may come in now: rights, pace, and how much at once. Whoever may not is told why."""

from __future__ import annotations

import logging
from collections import Counter

from bot import clock, receipts
from bot.access.access import Access
from bot.access.throttle import Throttle
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import ButtonPress, CommandCall, Edited, Message
from bot.domain.recent import Recent
from bot.ports import Channel
from bot.replies import notices
from bot.replies.speaker import Speaker
from bot.tasks import TaskOwner

log = logging.getLogger(__name__)

REMEMBERED = 10_000
TELL_AGAIN = 3600.0
"""Seconds after which somebody who is not allowed is told so again."""


class Admission:
    """`calls` is the pace of what asks no model."""

    def __init__(self, access: Access, throttle: Throttle, calls: Throttle, speaker: Speaker, owner: TaskOwner) -> None:
        self._access = access
        self._throttle = throttle
        self._calls = calls
        self._speaker = speaker
        self._owner = owner
        self._told: Recent[str, float] = Recent(REMEMBERED)
        self._lanes: Counter[tuple[str, str]] = Counter()
        self._counted: set[tuple[str, str]] = set()

    def allows(self, event: Message | Edited | CommandCall | ButtonPress, channel: Channel, *, silent: bool) -> bool:
        """Whether this person may use the bot here. Messages are told so at most once an hour; a command always is.

        `silent`: nobody turned to the bot, so that it has nothing to say.
        """
        person = event.author
        if self._access.allows(event.chat, person):
            return True
        told, now = f"{person.handle} {event.chat.place}", clock.now()
        last = self._told.get(told)
        if silent or (not isinstance(event, CommandCall) and last is not None and now - last < TELL_AGAIN):
            return False
        log.info("%s is not allowed in %s", person.handle, event.chat.key)
        self._told[told] = now
        self._say(channel, notices.NOT_ALLOWED.say(person.locale, id=notices.code(person.handle)))
        return False

    def paces(self, person: Person, channel: Channel) -> bool:
        """Whether this person may ask again already; what was accepted before a restart may."""
        return self._keeps(self._throttle, person, channel)

    def paces_call(self, person: Person, channel: Channel) -> bool:
        """The same for what asks no model: a command, a button."""
        return self._keeps(self._calls, person, channel)

    def _keeps(self, throttle: Throttle, person: Person, channel: Channel) -> bool:
        if self._access.is_admin(person) or receipts.again():
            return True
        now = clock.now()
        wait = throttle.take(person.handle, now)
        if wait is None:
            return True
        # Once for each wait and place; on Discord each command is a place, where something has to be said.
        told = f"{person.handle} too fast {channel.rate_key}"
        last = self._told.get(told)
        if last is None or now >= last:
            self._told[told] = now + wait
            self._say(channel, notices.TOO_FAST.say(person.locale, wait=notices.duration(wait)))
        return False

    def begins(self, chat: ChatRef, person: Person, channel: Channel) -> bool:
        """Whether something more may be done for this person; what waits in the same conversation counts as one.
        Each True is followed by one `ends`."""
        lane = (person.handle, chat.key)
        if lane not in self._lanes and not self._access.is_admin(person) and not receipts.again():
            if not self._throttle.begin(person.handle):
                self._say(channel, notices.TOO_MANY_AT_ONCE.say(person.locale, count=self._throttle.at_once))
                return False
            self._counted.add(lane)
        self._lanes[lane] += 1
        return True

    def ends(self, chat: ChatRef, person: Person) -> None:
        lane = (person.handle, chat.key)
        self._lanes[lane] -= 1
        if not self._lanes[lane]:
            del self._lanes[lane]
            if lane in self._counted:
                self._counted.remove(lane)
                self._throttle.end(person.handle)

    def _say(self, channel: Channel, text: str) -> None:
        async def say() -> None:
            await self._speaker.say(channel, text, private=True)

        self._owner.start(say(), name=f"refusal in {channel.chat.key}")
