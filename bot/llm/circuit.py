"""The circuit breaker of one model: it is left alone for a while after it failed again and again. Does no I/O.

closed -> open: `FAILURES` calls in a row were given up within `WINDOW` seconds; open -> half-open: the pause is over;
half-open -> closed: the one call that is let through found the model alive, else -> open, for longer.
"""

from __future__ import annotations

from collections import deque
from typing import Literal

from bot.domain.circuits import CircuitView
from bot.errors import BrokenStream, ModelError, ProviderDown, RateLimited, Stalled

FAILURES = 3
"""Calls in a row. Each was tried up to three times before it was given up, so that these are up to nine requests."""

WINDOW = 300.0
"""Seconds: three calls one after the other that stall twice for a minute each fit."""

FIRST_PAUSE = 10.0
LONGEST_PAUSE = 300.0
"""Seconds. A pause is twice as long as the one before, up to the longest; up to a quarter is added by chance, so that
bots with the same provider do not come back all at once. Nobody waits much longer than an outage lasts."""

LONGEST_TOLD = 900.0
"""Seconds that a provider's own wish (429 with Retry-After) may make a pause last. Some ask for a day when only the
largest requests are over their limit; one request in a quarter of an hour does them no harm."""

PROBING = 5.0
"""Seconds that people are told to wait while one call finds out whether the model is back; most answer in less."""

# The provider's fault, whoever asks. What one request caused never counts (too long, filtered, refused, pictures that
# the model cannot see): the provider answered. Nor does an empty answer. A refused key, an empty account and an unknown
# model fail at once by themselves and cost the provider nothing, and when the operator has put them right the next
# call should work; so they do not open the circuit, and a probe that meets them closes it.
_COUNTED = (ProviderDown, Stalled, BrokenStream, RateLimited)


Change = Literal["opened", "closed"]


class Circuit:
    """Times are seconds on the loop's clock; `chance` is a random number from 0 to 1. What may change it tells whether
    it did.

    Every try that `enter` lets through ends with one `leave`, however it ended.
    """

    def __init__(self) -> None:
        self._failures: deque[float] = deque(maxlen=FAILURES)
        self._error: ModelError | None = None
        self._until = 0.0
        self._pause = 0.0
        self._probe: object | None = None

    @property
    def is_open(self) -> bool:
        """Half-open too."""
        return self._error is not None

    def refusal(self, now: float) -> ModelError | None:
        """Why the model must not be called now, as an error of the kind that opened the circuit."""
        if self._error is None:
            return None
        if self._probe is None and now >= self._until:
            return None
        wait = max(PROBING if self._probe is not None else 0.0, self._until - now)
        return type(self._error)(self._error.model, self._error.detail, retry_after=wait)

    def enter(self, now: float) -> object:
        """Let one try through, and name it; raises the refusal."""
        refusal = self.refusal(now)
        if refusal is not None:
            raise refusal
        passage = object()
        if self.is_open:
            self._probe = passage
        return passage

    def leave(self, passage: object, error: ModelError | None, now: float, chance: float) -> Change | None:
        """The try is over. One that was cancelled says nothing of the model: if it was the probe, the next call is."""
        probing = passage is self._probe
        if probing:
            self._probe = None
        if error is None:
            return None
        if not isinstance(error, _COUNTED):
            return self.close()
        return self._open(error, now, chance) if probing else None

    def gave_up(self, error: ModelError, now: float, chance: float) -> Change | None:
        """A call was given up after all of its tries. Those that were on their way when it opened say nothing new."""
        if self.is_open or not isinstance(error, _COUNTED):
            return None
        self._failures.append(now)
        if len(self._failures) < FAILURES or now - self._failures[0] > WINDOW:
            return None
        return self._open(error, now, chance)

    def close(self) -> Change | None:
        """The model is alive."""
        was_open = self.is_open
        self._failures.clear()
        self._error = self._probe = None
        self._pause = 0.0
        return "closed" if was_open else None

    def idle(self, now: float) -> bool:
        """Whether nothing is known here that a new circuit would not know."""
        return not self.is_open and (not self._failures or now - self._failures[-1] > WINDOW)

    def view(self, now: float) -> CircuitView:
        if self._error is None:
            return CircuitView("closed", sum(now - at <= WINDOW for at in self._failures))
        reason = type(self._error).__name__
        if self._probe is not None or now >= self._until:
            return CircuitView("half_open", len(self._failures), 0.0, reason)
        return CircuitView("open", len(self._failures), self._until - now, reason)

    def _open(self, error: ModelError, now: float, chance: float) -> Change:
        self._pause = min(LONGEST_PAUSE, self._pause * 2 or FIRST_PAUSE)
        told = min(LONGEST_TOLD, error.retry_after or 0.0)
        self._error = type(error)(error.model, error.detail)  # the error itself holds the whole request
        self._until = now + max(told, self._pause * (1 + chance / 4))
        return "opened"
