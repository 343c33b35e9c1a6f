"""Writes that neither a cancellation nor a lost connection breaks off."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from bot.storage.failures import ConnectionLost

P = ParamSpec("P")
T = TypeVar("T")


def uninterrupted(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """A cancelled caller waits for the few milliseconds until the call is done, and is cancelled then.

    A stopped answer is thus stored or not begun, never in doubt. SQLite needs it, too: when a statement is abandoned
    in the driver's thread, its cursor keeps the write lock until it is collected as garbage, and all writers wait.

    A call whose connection was lost before its transaction was to be committed is made once more: the method holds one
    transaction, which the database has undone, or several of which it does no harm to repeat the first ones.
    """

    @functools.wraps(method)
    async def call(*args: P.args, **kwargs: P.kwargs) -> T:
        task = asyncio.create_task(_done(method, *args, **kwargs))
        cancellation: asyncio.CancelledError | None = None
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:
                cancellation = error
        if cancellation is not None:
            raise cancellation from (None if task.cancelled() else task.exception())
        return task.result()

    return call


async def _done(method: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return await method(*args, **kwargs)
    except ConnectionLost:
        return await method(*args, **kwargs)
