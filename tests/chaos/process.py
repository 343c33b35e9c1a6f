"""A bot as a process: started by the nursery, watched from outside through /proc, its log, and its exit status."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from tests.chaos.nursery import Order

ROOT = Path(__file__).parents[2]


class Bot:
    """One process. `status` is its exit status, None while it lives; `lines` is what it logged."""

    def __init__(self, pid: int, log: int) -> None:
        self.pid = pid
        self.status: int | None = None
        self.lines: list[str] = []
        self.ended = asyncio.Event()
        self._log = log
        self._rest = b""
        self._loop = asyncio.get_running_loop()
        os.set_blocking(log, False)
        self._loop.add_reader(log, self._read)

    def signal(self, number: signal.Signals) -> None:
        if self.status is None:
            os.kill(self.pid, number)

    def descriptors(self) -> list[str]:
        """What its open file descriptors lead to, those of the standard streams left out."""
        found = []
        for link in Path(f"/proc/{self.pid}/fd").iterdir():
            try:
                target = str(link.readlink())
            except FileNotFoundError:
                continue
            if int(link.name) > 2:
                found.append(target)
        return found

    def children(self) -> list[int]:
        """The processes that it started and that are still there."""
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]

    def close(self, status: int) -> None:
        """The process has ended."""
        self.status = status
        self._read()
        self._loop.remove_reader(self._log)
        os.close(self._log)
        self.ended.set()

    def _read(self) -> None:
        try:
            while data := os.read(self._log, 1 << 16):
                *lines, self._rest = (self._rest + data).split(b"\n")
                self.lines += [line.decode(errors="replace") for line in lines]
        except BlockingIOError:
            return
        if self.status is None:  # the other end is closed: nothing more comes
            self._loop.remove_reader(self._log)


class Nursery:
    """Starts bots through the socket of `nursery_process`. `wall` is the offset of their wall clocks, in seconds."""

    def __init__(self, control: socket.socket, folder: Path) -> None:
        self._control = control
        self._loop = asyncio.get_running_loop()
        self._born: asyncio.Queue[int] = asyncio.Queue()
        self._living: dict[int, Bot] = {}
        self._wall = folder / "wall"
        self.set_wall(0.0)
        control.setblocking(False)
        self._loop.add_reader(control, self._hear)

    def set_wall(self, seconds: float) -> None:
        """In place: the bots have mapped the file."""
        with self._wall.open("r+b" if self._wall.exists() else "w+b") as file:
            file.write(struct.pack("d", seconds))

    async def start(self, folder: Path, environment: Mapping[str, str], speed: float) -> Bot:
        reader, writer = os.pipe()
        order = Order(str(folder), {"PATH": os.environ["PATH"], **environment}, speed, str(self._wall))
        socket.send_fds(self._control, [order.packed()], [writer])
        os.close(writer)
        pid = await self._born.get()
        bot = self._living[pid] = Bot(pid, reader)
        return bot

    async def close(self) -> None:
        """End what still runs. The nursery itself can be used again."""
        for bot in list(self._living.values()):
            bot.signal(signal.SIGKILL)
            await bot.ended.wait()
        self._loop.remove_reader(self._control)

    def _hear(self) -> None:
        told: dict[str, Any] = json.loads(self._control.recv(1 << 12) or b"{}")
        if "status" in told:
            self._living.pop(told["pid"]).close(told["status"])
        elif told:
            self._born.put_nowait(told["pid"])


@contextmanager
def nursery_process() -> Iterator[socket.socket]:
    """Takes some seconds to be ready, for which only the first start waits."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "tests.chaos.nursery", str(its.fileno())]
    with subprocess.Popen(command, cwd=ROOT, pass_fds=[its.fileno()]):
        its.close()
        try:
            yield ours
        finally:
            ours.close()


@asynccontextmanager
async def nursery(control: socket.socket, folder: Path) -> AsyncIterator[Nursery]:
    made = Nursery(control, folder)
    try:
        yield made
    finally:
        await made.close()
