"""What is owed to an event that arrived: it is done when nothing works on it any more.

The event that is being dealt with travels with the running code (a context variable), so that whatever is started for
it, a task, a job in a lane, a message to be shown, can hold it without being told of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

Work = Callable[[], Awaitable[None]]


class Receipt:
    """`done` is told the keys of events that are done: those of this receipt when the last one who holds it lets go.
    What was broken off and not settled is never done: it is dealt with after the next start.

    `key` names the event. `returns`: one that is not done is dealt with after the next start as if nothing had been.
    `tried` is awaited before the work on one that came before a restart already (`again`).
    """

    def __init__(
        self,
        key: str,
        done: Callable[[Collection[str]], None],
        tried: Callable[[], Awaitable[None]] | None = None,
        *,
        returns: bool = False,
    ) -> None:
        self.key = key
        self.returns = returns
        self.keys = frozenset({key})
        self.replies = 0
        self._done = done
        self._tried = tried
        self._holders = 0
        self._state: Literal["open", "broken off", "done"] = "open"

    @property
    def again(self) -> bool:
        return self._tried is not None

    async def begin(self) -> None:
        """Its turn has come."""
        if self._tried is not None:
            await self._tried()

    def hold(self) -> None:
        self._holders += 1

    def release(self, *, broken_off: bool = False) -> None:
        """Let go. `broken_off`: before the work was done, as a shutdown does."""
        self._holders -= 1
        if broken_off and self._state == "open":
            self._state = "broken off"
        if self._holders == 0 and self._state == "open":
            self.settle()

    def settle(self) -> None:
        """Its answer is shown, or sure to be: it is done, whoever still holds it."""
        if self._state != "done":
            self._state = "done"
            self._done(self.keys)

    def join(self, other: Receipt) -> None:
        """Its event is answered together with another one, and done with that."""
        if other is not self and other._state != "done":
            other.keys |= self.keys
            self._state = "done"

    def narrow(self, key: str) -> None:
        """What all its events said is stored under this key: the others are done."""
        if key in self.keys and len(self.keys) > 1 and self._state == "open":
            self._done(self.keys - {key})
            self.key, self.keys = key, frozenset({key})


_current: ContextVar[Receipt | None] = ContextVar("receipt", default=None)


def current() -> Receipt | None:
    """The receipt of the event that is being dealt with."""
    return _current.get()


def join(other: Receipt | None) -> None:
    """The event of now is answered together with another one."""
    receipt = _current.get()
    if receipt is not None and other is not None:
        receipt.join(other)


def stored_as(key: str) -> None:
    """The words of the event of now, and of those that are answered together with it, are stored under this key."""
    receipt = _current.get()
    if receipt is not None:
        receipt.narrow(key)


def settle() -> None:
    """Whoever waits for the event of now was told how it ended."""
    receipt = _current.get()
    if receipt is not None:
        receipt.settle()


def again() -> bool:
    """Whether that event was accepted before a restart already."""
    receipt = _current.get()
    return receipt is not None and receipt.again


@contextmanager
def working_on(receipt: Receipt | None) -> Iterator[None]:
    """Hold a receipt as long as this is entered; whatever is started meanwhile works on it too.

    None: what is started belongs to no event.
    """
    token = _current.set(receipt)
    if receipt is not None:
        receipt.hold()
    broken_off = False
    try:
        yield
    except asyncio.CancelledError:
        broken_off = True
        raise
    finally:
        _current.reset(token)
        if receipt is not None:
            receipt.release(broken_off=broken_off)


def carried(work: Work) -> Work:
    """Work that is done later on the event of now, which is not done before. What is never called was broken off."""
    receipt = _current.get()
    if receipt is None:
        return work
    receipt.hold()

    async def on_receipt() -> None:
        with working_on(receipt):
            receipt.release()
            await receipt.begin()
            await work()

    return on_receipt
