"""The inside of the sandbox: a process of its own that reads one file from its input and writes what became of it.

The answer is a line of JSON and then bytes. Started by `bot.media.sandbox` as `python -m <module> MEMORY SECONDS ...`,
with the memory in megabytes; all of these are numbers or words of ours.
"""

from __future__ import annotations

import json
import logging
import signal
import sys
from collections.abc import Callable, Mapping, Sequence

from bot.errors import FileError, FileTooLarge, TooManyPixels

if sys.platform != "win32":
    import resource

Facts = Mapping[str, object]


def serve(work: Callable[[bytes, Sequence[str]], tuple[Facts, bytes]], files: int = 0) -> None:
    """Do one piece of work under limits that the kernel keeps; no file may grow beyond `files` bytes."""
    memory, seconds, *arguments = sys.argv[1:]
    _limit(int(memory), int(seconds), files)
    logging.disable(logging.CRITICAL)
    facts, payload = _outcome(work, arguments)
    sys.stdout.buffer.write(json.dumps(facts).encode() + b"\n" + payload)
    sys.stdout.buffer.flush()


def _outcome(
    work: Callable[[bytes, Sequence[str]], tuple[Facts, bytes]], arguments: Sequence[str]
) -> tuple[Facts, bytes]:
    try:
        return work(sys.stdin.buffer.read(), arguments)
    except (FileTooLarge, TooManyPixels) as error:
        return {"error": type(error).__name__, "limit": error.limit}, b""
    except FileError as error:
        return {"error": type(error).__name__, "detail": str(error)[:300]}, b""
    except Exception as error:
        return {"error": "FileUnreadable", "detail": f"{type(error).__name__}: {error}"[:300]}, b""


def _limit(megabytes: int, seconds: int, files: int) -> None:
    if sys.platform == "win32":
        return  # there the parent's time limit is the only one
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (files, files))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(2 * seconds)  # whoever waits instead of working is ended as well
