"""What an answer and a message with files have in common on their way to the screen: one call at a time, through the
gate, and a longer wait after each failure.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from typing import Generic, Protocol, TypeVar

from bot import clock, progress
from bot.domain.platform import CallKind
from bot.errors import Ambiguous, ChatGone, DeliveryError, NotSent, OthersWouldSee, RetryLater
from bot.ports import Channel
from bot.replies.gate import Gates, Ticket, place_of
from bot.replies.planner import Done, Idle

log = logging.getLogger(__name__)

BACKOFF = 0.5
BACKOFF_MAX = 30.0
GIVE_UP_AFTER = 10
"""Refused attempts in a row, floods not counted, after which a message is left as it is (about three minutes)."""

OUTLAST = 1000
"""The same for attempts that did not get through: a platform that is down for eight hours is waited for."""


class Call(Protocol):
    """A step of a plan that calls the platform."""

    @property
    def kind(self) -> CallKind: ...


C = TypeVar("C", bound=Call)


class Caller(ABC, Generic[C]):
    """Carries out a plan, which is looked at anew each time the gate opens, until it has nothing left to do."""

    def __init__(self, channel: Channel, gates: Gates, nonce: str) -> None:
        self._channel = channel
        self._gates = gates
        self._nonce = nonce
        self._changed = asyncio.Event()
        self._ticket: Ticket | None = None
        self._failures = 0
        self._refused = 0
        self._retry_at = 0.0
        self._bot, self._place = place_of(channel)
        self.first_shown: float | None = None
        """When the first call that shows anything came back, in seconds on the loop's clock."""

    @property
    @abstractmethod
    def _finished(self) -> bool:
        """Whether what is wanted will not change any more."""

    @abstractmethod
    def _plan(self) -> C | Idle | Done:
        """The next step towards what is wanted now."""

    @abstractmethod
    def _durable(self, step: C) -> bool:
        """Whether this call may take the reserve."""

    @abstractmethod
    def _sign_was_due(self) -> None:
        """A typing sign was shown, or could not be; the next one is due later."""

    @abstractmethod
    async def _make(self, step: C) -> None:
        """Make the call and remember what it showed."""

    @abstractmethod
    def _missed(self, step: C, error: DeliveryError) -> None:
        """Remember what a failed call says about the screen and about the next attempt."""

    async def _announce(self, step: C) -> None:
        """What takes time and has to be done before the call; afterwards the gate could not tell when it is made."""

    def _cost(self, _: C) -> int:
        """How many calls the platform counts for this one."""
        return 1

    async def _run(self) -> None:
        try:
            while not await self._step():
                pass
        except ChatGone:
            log.info("%s: the chat does not take messages any more", self._nonce)

    async def _step(self) -> bool:
        """Wait for the next call and make it; True when nothing is left to do."""
        self._changed.clear()
        step = self._plan()
        if isinstance(step, Done):
            return True
        if isinstance(step, Idle):
            await clock.wait_until(self._changed, step.until)
            return False
        if self._finished and (self._refused > GIVE_UP_AFTER or self._failures > OUTLAST):
            log.warning("%s: given up after %d failed calls", self._nonce, self._failures)
            return True
        await self._announce(step)
        ticket = self._ask(step)
        if step.kind == "typing" and not ticket.granted.done():
            self._gates.withdraw(ticket)  # a sign that has to wait is not worth showing
            self._sign_was_due()
            return False
        await self._passed(ticket)
        # The gate may have taken its time: show what is wanted now, if that is still the same kind of call.
        newest = self._plan()
        if isinstance(newest, Idle | Done) or (newest.kind, self._cost(newest)) != (step.kind, ticket.calls):
            self._gates.give_back(ticket)
        else:
            await self._call(newest)
        return False

    def _ask(self, step: C) -> Ticket:
        return self._gates.ask(
            self._bot,
            self._place,
            self._channel.limits,
            step.kind,
            durable=self._durable(step),
            earliest=self._retry_at,
            calls=self._cost(step),
        )

    async def _passed(self, ticket: Ticket) -> None:
        self._ticket = ticket
        try:
            await self._gates.pass_through(ticket)
        finally:
            self._ticket = None

    def _wake(self, *, durable: bool = False) -> None:
        """What is wanted has changed; `durable`: for the last time, so that a call that waits for it may hurry."""
        self._changed.set()
        if durable and self._ticket is not None:
            self._gates.promote(self._ticket)

    async def _call(self, step: C) -> None:
        if step.kind in ("send", "edit"):  # typing signs and previews are kept up while nothing happens
            progress.mark()
        try:
            await self._observed(step)
            self._failures = self._refused = 0
        except RetryLater as error:
            log.debug("%s: %s failed: %r", self._nonce, step.kind, error)
            self._gates.flooded(self._place, self._channel.limits, error.after)
        except (ChatGone, OthersWouldSee):
            raise
        except DeliveryError as error:
            log.debug("%s: %s failed: %r", self._nonce, step.kind, error)
            if step.kind != "typing":
                self._refused += not isinstance(error, NotSent | Ambiguous)
                self._missed(step, error)

    async def _observed(self, step: C) -> None:
        observer, platform = self._gates.observer, self._channel.chat.platform
        try:
            await self._make(step)
        except DeliveryError as error:
            observer.called(platform, step.kind, error)
            raise
        observer.called(platform, step.kind, None)
        if self.first_shown is None and step.kind != "typing":
            self.first_shown = clock.now()

    def _repeats(self) -> None:
        """A send that may have worked is about to be made again."""
        self._gates.observer.repeated(self._channel.chat.platform, found=self._channel.limits.dedupes)

    def _back_off(self) -> None:
        self._retry_at = clock.now() + min(BACKOFF_MAX, BACKOFF * 2**self._failures)
        self._failures += 1
