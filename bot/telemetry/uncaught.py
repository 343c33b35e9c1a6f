"""What nobody caught is a log line like any other: redacted, and in one piece.

The event loop needs nothing for this; it hands its own to the logger `asyncio`.
"""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType

log = logging.getLogger(__name__)


def log_uncaught() -> None:
    """From now on, in the whole process."""
    sys.excepthook = _ended
    threading.excepthook = _thread_ended
    sys.unraisablehook = _ignored


def _ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    log.critical("the program ends by an error that nobody caught", exc_info=(kind, error, trace))


def _thread_ended(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        name = "" if args.thread is None else args.thread.name
        log.error("a thread ended by an error: %s", name, exc_info=args.exc_value)


def _ignored(args: sys.UnraisableHookArgs) -> None:
    """What went wrong where nothing can be raised, in a destructor for example."""
    log.error("%s", args.err_msg or "an error was ignored", exc_info=args.exc_value)
