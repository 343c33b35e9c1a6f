"""Starts bots quickly: a process that has read all modules already forks one for each start.

`python -m tests.chaos.nursery FD` listens on a socket for orders. What is forked is a process of its own with a new
session, standard streams, environment and folder, in which `bot.__main__.main` runs from its beginning; nothing but
the modules was there before. Only its clocks differ from `python -m bot`, so that a run takes seconds:

- its event loop runs `speed` times as fast (`tests.fakes.loops.ScaledLoop`), and SQLite's own waiting with it;
- the wall clock is as far off as eight bytes in a shared file say, which jump whenever the test lets them.
"""

from __future__ import annotations

import asyncio
import ctypes
import importlib
import json
import mmap
import os
import random
import selectors
import signal
import socket
import ssl
import struct
import sys
from collections.abc import Coroutine
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

import bot.__main__
from adapters.discord import gaps
from bot import clock
from bot.llm.gateway import Gateway
from bot.replies import outbox
from bot.storage import engines, locks
from tests.fakes.loops import ScaledLoop

READ_EARLY = (
    "adapters.discord.adapter",
    "adapters.telegram.adapter",
    "aiosqlite",
    "asyncpg",
    "openai.resources.chat.completions",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlalchemy.dialects.sqlite.aiosqlite",
)
"""Modules that a bot reads while it starts, beside those of `bot.__main__`."""

LIBRARIES_END_WITHIN = 5.0
"""Seconds on the loop's clock: discord.py closes without waiting for what it runs on its own."""

_PR_SET_PDEATHSIG = 1
"""Of `prctl(2)`: the signal that comes when the parent dies, however it does."""

LEFT_BEHIND = "LEFT BEHIND: "
"""How a line of the log begins that names a task which still ran when the program had ended."""


@dataclass(frozen=True, slots=True)
class Order:
    """A bot to start. `wall` is the file with the wall clock's offset in seconds, a double."""

    folder: str
    environment: dict[str, str]
    speed: float
    wall: str

    def packed(self) -> bytes:
        return json.dumps(asdict(self)).encode()


def serve(control: socket.socket) -> int:
    """Fork a bot for each order, and tell its process id and, later, its exit status; until the other side is gone."""
    for name in READ_EARLY:
        importlib.import_module(name)
    children: dict[int, int] = {}
    selector = selectors.DefaultSelector()
    selector.register(control, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is not control:
                pid = children.pop(key.fd)
                selector.unregister(key.fd)
                os.close(key.fd)
                status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                control.send(json.dumps({"pid": pid, "status": status}).encode())
                continue
            data, received, _, _ = socket.recv_fds(control, 1 << 16, 1)
            if not data:
                for pid in children.values():
                    os.kill(pid, signal.SIGKILL)
                return 0
            pid = os.fork()
            if pid == 0:
                selector.close()
                control.close()
                return _live(Order(**json.loads(data)), received[0])
            os.close(received[0])
            handle = os.pidfd_open(pid)
            children[handle] = pid
            selector.register(handle, selectors.EVENT_READ)
            control.send(json.dumps({"pid": pid}).encode())


def _live(order: Order, log: int) -> int:
    """The bot's whole life, in the forked process; returns its exit status."""
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, stream in enumerate((nothing, log, log)):
        os.dup2(stream, number)
    os.closerange(3, 1 << 12)
    os.chdir(order.folder)
    os.environ.clear()
    os.environ.update(order.environment)
    random.seed()
    _set_clocks(order)
    return bot.__main__.main(["run"])


def _set_clocks(order: Order) -> None:
    with Path(order.wall).open("rb") as file:
        offset = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)

    def utc_now() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=struct.unpack("d", offset[:8])[0])

    clock.utc_now = utc_now
    asyncio.run = partial(_run, order.speed)
    wait = int(10_000 / order.speed)
    engines._SQLITE_PRAGMAS = (f"busy_timeout={wait}", *engines._SQLITE_PRAGMAS[1:])
    # A server's answer may take its real time, and so may writing to a disk, however fast the clock is.
    engines._ANSWER_SECONDS = int(engines._ANSWER_SECONDS * order.speed)
    locks._ANSWER_SECONDS = int(locks._ANSWER_SECONDS * order.speed)
    engines._CONNECT_SECONDS = int(engines._CONNECT_SECONDS * order.speed)
    gaps.HELD_FOR *= order.speed
    outbox.SAVE_WITHIN *= order.speed
    # A connection may take a real second, however fast the clock is.
    usual = Gateway.__init__.__kwdefaults__ or {}
    patient = {name: max(usual[name], order.speed) for name in ("connect_timeout", "list_timeout")}
    Gateway.__init__.__kwdefaults__ = usual | patient
    # Every client makes a TLS context, which reads all certificates of the machine; here nobody speaks TLS.
    ssl.create_default_context = cache(ssl.create_default_context)  # type: ignore[assignment]  # fewer names


def _run(speed: float, main: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=partial(ScaledLoop, speed)) as runner:
        return runner.run(_watched(main))


async def _watched(main: Coroutine[Any, Any, Any]) -> Any:
    result = await main
    own = {asyncio.current_task()}
    deadline = clock.now() + LIBRARIES_END_WITHIN
    while (left := asyncio.all_tasks() - own) and clock.now() < deadline:
        await asyncio.wait(left, timeout=0.5)
    for task in left:
        sys.stderr.write(f"{LEFT_BEHIND}{task!r}\n")
    return result


if __name__ == "__main__":
    sys.exit(serve(socket.socket(fileno=int(sys.argv[1]))))
