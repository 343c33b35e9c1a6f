"""An answer is stored, and once: while the database is in trouble, and when another process may have stored it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot import clock
from bot.domain.conversations import Answer
from bot.errors import StorageError
from bot.ports import Conversations

log = logging.getLogger(__name__)

T = TypeVar("T")

TRY_FOR = 30.0
"""Seconds that the database has to get well again: longer than it waits for a lock, or for its server to come back."""

TRY_AGAIN = 1.0


async def insistently(call: Callable[[], Awaitable[T]]) -> T:
    """Call until the database takes it. Raises StorageError when it does not for too long."""
    deadline = clock.now() + TRY_FOR
    while True:
        try:
            return await call()
        except StorageError as error:
            if clock.now() >= deadline:
                raise
            log.warning("an answer could not be stored yet: %s", error)
        await clock.sleep(TRY_AGAIN)


async def store_new(conversations: Conversations, turn: int, answer: Answer) -> int | None:
    """Store an answer that was not stored before; returns its row as `store_once` does. Raises StorageError."""
    try:
        return await conversations.add_answer(turn, answer)
    except StorageError as error:
        log.warning("the answer of turn %s could not be stored yet: %s", turn, error)
    # Where a connection broke in the commit, nobody knows whether it is there.
    await clock.sleep(TRY_AGAIN)
    return await insistently(lambda: store_once(conversations, turn, answer))


async def store_once(conversations: Conversations, turn: int, answer: Answer) -> int | None:
    """Store an answer that is perhaps stored already; returns its row, None when the turn was forgotten meanwhile.
    Raises StorageError."""
    found = await conversations.turn(turn)
    if found is None:
        return None
    last = found[0].answer
    if last is not None and (last.text, last.state) == (answer.text, answer.state):
        return last.id
    return await conversations.add_answer(turn, answer)
