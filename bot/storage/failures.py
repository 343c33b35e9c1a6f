"""What the drivers raise, told apart: what passes, what is lost, and what is said of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import ExceptionContext
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from bot import clock
from bot.errors import StorageError

T = TypeVar("T")

PATIENCE = 15.0
"""Seconds for which a connection is asked for while the server is away. PostgreSQL restarts in one to five; whoever
waits behind a chat should be told soon that it is down."""

_PAUSE = 0.25
"""Seconds between two attempts to connect."""

# https://www.postgresql.org/docs/current/errcodes-appendix.html: the server ends (57P01), crashed (57P02) or starts
# (57P03), and whatever begins with 08 is about the connection.
_ENDED = ("57P01", "57P02", "57P03", "08")
_FULL = ("53300",)  # all connections that the server allows are taken


class ConnectionLost(StorageError):
    """The connection broke before the transaction was to be committed: the database has undone all of it."""


async def patiently(connect: Callable[[], Awaitable[T]]) -> T:
    """Try to connect until the server is back, for `PATIENCE` at most. Nothing was sent that could be done twice."""
    deadline: float | None = None
    while True:
        try:
            return await connect()
        except (DBAPIError, OSError) as error:
            deadline = clock.now() + PATIENCE if deadline is None else deadline
            if not _passes(error) or clock.now() >= deadline:
                raise
        await clock.sleep(_PAUSE)


def mark_lost(context: ExceptionContext) -> None:
    """Tell SQLAlchemy of connections that are of no more use, so that they are not used again.

    The driver raises the server's farewell before it has seen the connection close. After a time-out the server may
    still answer the old question, or never; other connections may be well.
    """
    error = context.original_exception
    if isinstance(error, TimeoutError):
        context.is_disconnect = True
        context.invalidate_pool_on_disconnect = False
    elif _state(error).startswith(_ENDED):
        context.is_disconnect = True


def problem_of(error: Exception) -> str:
    """What went wrong, in one line, without the statement and its values."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, NoConnectionFree):
        return "it is too slow: no connection came free in time"
    if isinstance(cause, TimeoutError) and not str(cause):
        return "it did not answer in time"
    return (str(cause) or type(cause).__name__).splitlines()[0]


@contextmanager
def translated() -> Iterator[None]:
    """Raises StorageError for what the drivers raise."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise StorageError(problem_of(error)) from error


def is_lost(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _passes(error: Exception) -> bool:
    """Whether the server may be there in a moment."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or _state(error.orig).startswith(_ENDED + _FULL)
    return True  # refused, reset, no route, too slow


def _state(error: BaseException | None) -> str:
    """PostgreSQL's code of five characters; "" for what has none."""
    return getattr(error, "sqlstate", None) or ""
