"""Signs of life: what is done for a person leaves one whenever it gets on, so that what is stuck can be told from what
is slow.

A lane follows each of its jobs; tasks that the job starts leave their signs with it too, because they inherit its
context.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Progress:
    """`signs` counts up; while `waits` is above zero the work waits for something that may take as long as it takes."""

    __slots__ = ("signs", "waits")

    def __init__(self) -> None:
        self.signs = 0
        self.waits = 0


_followed: ContextVar[Progress | None] = ContextVar("followed", default=None)


@contextmanager
def followed(progress: Progress) -> Iterator[None]:
    """What is done inside, by this task and those that it starts, leaves its signs there."""
    before = _followed.set(progress)
    try:
        yield
    finally:
        _followed.reset(before)


def mark() -> None:
    """The work got on: a model began or said something, a platform showed something."""
    progress = _followed.get()
    if progress is not None:
        progress.signs += 1


@contextmanager
def waiting() -> Iterator[None]:
    """The work waits for a platform that asked for a pause, which may be hours."""
    progress = _followed.get()
    if progress is None:
        yield
        return
    progress.waits += 1
    try:
        yield
    finally:
        progress.waits -= 1
        progress.signs += 1
