"""Processes for files that could take all memory, hang or break a library: one for each, ended by the kernel in time.

They get the bytes and nothing else: no environment, no file, no word of a stranger on their command line.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from bot import errors
from bot.errors import FileError, FileTooLarge, FileUnreadable, TooManyPixels

_PIECE = 256 * 1024
_PATIENCE = 4.0  # times its seconds, after which a process that outlived its own limits is ended from here
_MOST_FACTS = 2_000_000  # bytes of the answer beside the payload


@dataclass(frozen=True, slots=True)
class Job:
    """`module` is run with at most `memory` megabytes and `seconds` of work, or twice as long if it waits.

    Its payload is at most `output` bytes. `environment` is for libraries that are set up by variables.
    """

    module: str
    memory: int
    seconds: int
    output: int
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    facts: Mapping[str, Any]
    payload: bytes


class Sandbox:
    """At most `slots` processes at a time. Cancelling `run` ends its process before it returns."""

    def __init__(self, slots: int) -> None:
        self._slots = asyncio.Semaphore(slots)

    async def run(self, job: Job, data: bytes, *arguments: int | str) -> Result:
        """Raises `bot.errors.FileError`."""
        async with self._slots:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-B", "-P", "-W", "ignore", "-m", job.module, str(job.memory), str(job.seconds)),
                *map(str, arguments),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env={**_environment(), **job.environment},
            )
            try:
                async with asyncio.timeout(job.seconds * _PATIENCE), asyncio.TaskGroup() as tasks:
                    tasks.create_task(_feed(process, data))
                    answer = tasks.create_task(_read(process, job.output + _MOST_FACTS))
                code = await process.wait()
            except TimeoutError:
                raise FileUnreadable("took too long") from None
            finally:
                await _end(process)
        return _result(answer.result(), code)


def _environment() -> dict[str, str]:
    """No secret of the bot's, only where to find the code."""
    found = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "LC_ALL": "C.UTF-8"}
    if "SYSTEMROOT" in os.environ:  # Windows starts no Python without it
        found["SYSTEMROOT"] = os.environ["SYSTEMROOT"]
    return found


async def _feed(process: Process, data: bytes) -> None:
    stdin = process.stdin
    assert stdin is not None  # noqa: S101  (it is a pipe)
    view = memoryview(data)
    with suppress(ConnectionError):  # the answer, or its lack, tells why it ended early
        for start in range(0, len(data), _PIECE):
            stdin.write(view[start : start + _PIECE])
            await stdin.drain()
    with suppress(ConnectionError):
        stdin.close()
        await stdin.wait_closed()


async def _read(process: Process, limit: int) -> bytes:
    stdout = process.stdout
    assert stdout is not None  # noqa: S101  (it is a pipe)
    answer = bytearray()
    while piece := await stdout.read(_PIECE):
        answer += piece
        if len(answer) > limit:
            process.kill()
            return b""
    return bytes(answer)


async def _end(process: Process) -> None:
    """Leaves no process behind, also when a cancellation comes now: the kill is certain, the wait is short."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.kill()
    ended = asyncio.create_task(process.wait())
    cancelled: asyncio.CancelledError | None = None
    while not ended.done():
        try:
            await asyncio.shield(ended)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


def _result(answer: bytes, code: int) -> Result:
    line, _, payload = answer.partition(b"\n")
    try:
        facts = json.loads(line)
    except ValueError:
        raise FileUnreadable(f"its reader ended with {code}") from None
    if "error" in facts:
        raise _error(facts)
    return Result(facts, payload)


def _error(facts: Mapping[str, Any]) -> FileError:
    known = getattr(errors, facts["error"])
    if known in (FileTooLarge, TooManyPixels):
        return FileTooLarge(facts["limit"]) if known is FileTooLarge else TooManyPixels(facts["limit"])
    found: FileError = known(facts["detail"])
    return found
