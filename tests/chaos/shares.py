"""A share of the stories, played one after the other in a process of its own."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos.database import served_database
from tests.chaos.driver import SPEED, Report, play
from tests.chaos.process import Nursery, nursery, nursery_process
from tests.chaos.story import Plot, Story, written
from tests.fakes.loops import ScaledLoop


def play_share(plot: Plot, logs: Path | None, seeds: Sequence[int]) -> list[Report]:
    """`logs`: the folder for what the bots of stories with violations logged."""
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # the fakes', sorry for every client that dies
    with nursery_process() as control, asyncio.Runner(loop_factory=partial(ScaledLoop, SPEED)) as runner:
        return runner.run(_play_in_turn(control, plot, logs, seeds))


async def _play_in_turn(control: socket.socket, plot: Plot, logs: Path | None, seeds: Sequence[int]) -> list[Report]:
    reports: list[Report] = []
    with TemporaryDirectory(prefix="parley-chaos-") as folder:
        async with nursery(control, Path(folder)) as bots:
            for seed in seeds:
                place = Path(folder) / str(seed)
                place.mkdir()
                report = await _play_one(written(seed, plot), bots, place, served=plot.server)
                say(str(report) if report.violations else f"seed {seed}: {report.seconds:.1f} s")
                if report.violations and logs is not None:
                    (logs / f"{seed}.log").write_text("\n".join([*report.log, *report.left]))
                report.log.clear()
                reports.append(report)
    return reports


async def _play_one(story: Story, bots: Nursery, folder: Path, *, served: bool) -> Report:
    if not served:
        return await play(story, bots, folder)
    async with served_database() as database:
        return await play(story, bots, folder, database=database)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
