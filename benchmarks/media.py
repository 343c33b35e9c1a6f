"""What it costs to make a photo ready for a model, and how long the loop stands still meanwhile.

    python -m benchmarks.media

Bars: a JPEG of 12 megapixels takes at most 400 ms of processor time off the loop, which is never blocked for more than
20 ms. A ticker measures that: how late it comes. What it waited for a processor, because the machine had other things
to do, is no blocking and is taken off where the kernel tells it (proc(5), schedstat).
"""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.media.workshop import Workshop
from tests.fakes import media

SIDE = 1568
CPU_BAR, BLOCKED_BAR = 400.0, 20.0
TICK = 0.001
ROUNDS = 5


@dataclass(slots=True)
class Figures:
    """Milliseconds of each round. `cpu` is what one picture took off the loop."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    blocked: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Ticks:
    """The latest tick in milliseconds: as it was, and less what the thread waited for a processor."""

    late: float = 0.0
    blocked: float = 0.0


@asynccontextmanager
async def ticking() -> AsyncIterator[Ticks]:
    """Watches how much later than after a millisecond the loop comes back."""
    ticks = Ticks()

    async def tick() -> None:
        before, queued_before = time.perf_counter(), queued_seconds()
        while True:
            await asyncio.sleep(TICK)
            now, queued = time.perf_counter(), queued_seconds()
            late = now - before - TICK
            ticks.late = max(ticks.late, late * 1000)
            ticks.blocked = max(ticks.blocked, (late - (queued - queued_before)) * 1000)
            before, queued_before = now, queued

    task = asyncio.create_task(tick())
    try:
        yield ticks
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def queued_seconds() -> float:
    """How long this thread was ready to run and had no processor."""
    try:
        text = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat").read_text()
    except OSError:
        return 0.0
    return int(text.split()[1]) / 1e9


def cpu_seconds() -> float:
    """Of all threads but this one, and of processes that ended."""
    own = time.clock_gettime(time.pthread_getcpuclockid(threading.get_ident()))
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() - own + children.ru_utime + children.ru_stime


async def measure(workshop: Workshop, data: bytes, at_once: int) -> Figures:
    figures = Figures()
    for _ in range(ROUNDS):
        gc.collect()
        async with ticking() as ticks:
            await asyncio.sleep(0.01)
            cpu, wall = cpu_seconds(), time.perf_counter()
            await asyncio.gather(*(workshop.picture(data, SIDE) for _ in range(at_once)))
            figures.wall.append((time.perf_counter() - wall) * 1000)
            await asyncio.sleep(0.01)
            figures.cpu.append((cpu_seconds() - cpu) * 1000 / at_once)
        figures.late.append(ticks.late)
        figures.blocked.append(ticks.blocked)
    return figures


def row(name: str, size: int, figures: Figures) -> str:
    cpu, wall = sorted(figures.cpu)[ROUNDS // 2], sorted(figures.wall)[ROUNDS // 2]
    late, blocked = max(figures.late), max(figures.blocked)
    line = f"{name:<34}{size / 1e6:>6.1f} MB{cpu:>9.0f} ms{wall:>9.0f} ms{blocked:>9.1f} ms{late:>9.1f} ms"
    if not name.startswith("JPEG"):
        return line
    return f"{line}   {'within' if cpu <= CPU_BAR and blocked <= BLOCKED_BAR else 'BEYOND'} the bars"


def subjects() -> Sequence[tuple[str, Callable[[], bytes], int]]:
    photo = media.photo(4000, 3000)
    noisy = media.photo(4000, 3000, seed=9)
    return (
        ("JPEG, 12 megapixels", lambda: media.encoded(photo, "JPEG", quality=90), 1),
        ("JPEG, 12 megapixels, 4 at once", lambda: media.encoded(photo, "JPEG", quality=90), 4),
        ("JPEG, 12 megapixels, quality 97", lambda: media.encoded(noisy, "JPEG", quality=97, subsampling=0), 1),
        ("JPEG, 12 megapixels, progressive", lambda: media.encoded(photo, "JPEG", quality=90, progressive=True), 1),
        ("PNG, 12 megapixels", lambda: media.encoded(photo, "PNG", compress_level=1), 1),
        ("WebP, 12 megapixels", lambda: media.encoded(photo, "WEBP", method=0), 1),
    )


async def run() -> None:
    print(f"Made ready for a model: longest side {SIDE} pixels, median of {ROUNDS} rounds, {os.cpu_count()} cores")
    print(f"The bars, {CPU_BAR:.0f} ms and {BLOCKED_BAR:.0f} ms, are for a JPEG of 12 megapixels.\n")
    print(f"{'':<34}{'size':>9}{'CPU each':>12}{'until done':>12}{'blocked':>12}{'late':>12}")
    async with Workshop() as workshop:
        async with ticking() as ticks:
            await asyncio.sleep(0.5)
        print(f"{'nothing at all':<34}{'':>33}{ticks.blocked:>9.1f} ms{ticks.late:>9.1f} ms")
        for name, make, at_once in subjects():
            data = make()
            await workshop.picture(data, SIDE)
            print(row(name, len(data), await measure(workshop, data, at_once)))


if __name__ == "__main__":
    asyncio.run(run())
