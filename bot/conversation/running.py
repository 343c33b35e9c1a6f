"""Work that a person can stop: what runs in a chat, and how it ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Literal

from bot.domain.ids import ChatRef

log = logging.getLogger(__name__)

LAST_FLUSH = 5.0
"""Seconds that an answer which a shutdown interrupts has to say so and be stored."""


@dataclass(frozen=True, slots=True)
class Ending:
    """stopped: a person did; interrupted: the bot is shutting down; failed: with this error."""

    kind: Literal["done", "stopped", "interrupted", "failed"]
    error: Exception | None = None


@dataclass(slots=True, eq=False)
class _Work:
    task: asyncio.Task[None]
    turn: int | None
    message_id: str | None
    stopped: bool = False
    stuck: bool = False
    overtaken: bool = False

    def stop(self) -> bool:
        self.stopped = True
        return self.task.cancel()


class Running:
    """What is running in each chat: one piece of work, or the answers that are compared."""

    def __init__(self) -> None:
        self._work: dict[str, list[_Work]] = {}

    @property
    def count(self) -> int:
        return sum(len(works) for works in self._work.values())

    async def see_to_end(
        self, chat: ChatRef, task: asyncio.Task[None], turn: int | None = None, message_id: str | None = None
    ) -> Ending:
        """Wait for the work, which can be stopped meanwhile. Its errors, and its caller's end, are in the ending.

        `message_id` is the message that asked for it.
        """
        work = _Work(task, turn, message_id)
        self._work.setdefault(chat.key, []).append(work)
        try:
            await task
        except asyncio.CancelledError:
            if work.stuck and not _being_cancelled():
                return Ending("failed", TimeoutError("there was no sign of life for too long"))
            return Ending("stopped" if work.stopped and not _being_cancelled() else "interrupted")
        except Exception as error:
            # Whatever it was: the caller tells the person.
            return Ending("failed", error)
        finally:
            self._work[chat.key].remove(work)
            if not self._work[chat.key]:
                del self._work[chat.key]
        return Ending("done")

    def name(self, chat: ChatRef, task: asyncio.Future[None], turn: int) -> None:
        """This work turned out to be this turn."""
        for work in self._work.get(chat.key, ()):
            if work.task is task:
                work.turn = turn
                if work.overtaken:
                    work.stop()

    def stop(self, chat: ChatRef, turn: int | None = None) -> bool:
        """Stop what runs in the chat, or only this turn; False when it does not run."""
        stopped = False
        for work in self._work.get(chat.key, ()):
            if turn in (None, work.turn) and not work.task.done():
                stopped |= work.stop()
        return stopped

    def end_stuck(self, key: str) -> list[asyncio.Task[None]]:
        """End the work of a chat (`ChatRef.key`) that is stuck: it has failed. Returns its tasks."""
        works = [work for work in self._work.get(key, ()) if not work.task.done()]
        for work in works:
            work.stuck = True
            work.task.cancel()
        return [work.task for work in works]

    def overtake(self, chat: ChatRef, message_id: str) -> None:
        """Stop what this message asked for, once it is known which turn that is: what is on screen then belongs to the
        turn, and the next answer finds it there."""
        for work in self._work.get(chat.key, ()):
            if work.message_id == message_id and not work.task.done():
                work.overtaken = True
                if work.turn is not None:
                    work.stop()


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def see_through(work: Coroutine[Any, Any, None], *, hurry: bool) -> None:
    """Let `work` come to its end; when the bot shuts down, it has `LAST_FLUSH` seconds for that."""
    task = asyncio.create_task(work)
    try:
        if not hurry:
            await asyncio.shield(task)
    except asyncio.CancelledError:
        hurry = True
    finally:
        try:
            if hurry:
                await asyncio.wait([task], timeout=LAST_FLUSH)
        finally:
            await end(task)
    if hurry:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("an interrupted answer could not be brought to its end", exc_info=error)
        raise asyncio.CancelledError


async def end(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait until it has ended."""
    task.cancel()
    await asyncio.wait([task])
