"""Tasks with an owner: whoever starts one here can be sure that it is awaited, and that its failure is logged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from bot import receipts

log = logging.getLogger(__name__)


class TaskOwner:
    """Holds running tasks until they end; `close` ends and awaits those that are left.

    A task that is started while an event is dealt with works on that event: the event is not done before.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        if (receipt := receipts.current()) is not None:
            receipt.hold()
            task.add_done_callback(lambda ended: receipt.release(broken_off=ended.cancelled()))
        return task

    async def settle(self, seconds: float | None) -> bool:
        """Wait until every task has ended, later ones too; False when `seconds` were not enough."""
        try:
            async with asyncio.timeout(seconds):
                while self._tasks:
                    await asyncio.wait(self._tasks)
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Cancel what is left and wait for its end."""
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s failed", task.get_name(), exc_info=error)
