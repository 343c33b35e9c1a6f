"""`python -m tests.chaos`: plays many stories and sums them up; see `--help`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos.driver import SPEED, Report, play
from tests.chaos.process import nursery
from tests.chaos.story import Plot, written
from tests.fakes.loops import FastLoop


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--deaths", type=int, default=2)
    parser.add_argument("--speed", type=float, default=SPEED)
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=partial(FastLoop, options.speed)) as runner:
        return runner.run(_play_all(options))


async def _play_all(options: argparse.Namespace) -> int:
    reports: list[Report] = []
    began = time.monotonic()
    with TemporaryDirectory(prefix="parley-chaos-") as folder:
        async with nursery(Path(folder)) as bots:
            for seed in range(options.seed, options.seed + options.runs):
                story = written(seed, Plot(deaths=options.deaths))
                place = Path(folder) / str(seed)
                place.mkdir()
                report = await play(story, bots, place, speed=options.speed)
                reports.append(report)
                print(f"{seed}: {report.seconds:.1f} s {dict(report.outcomes)} {report.violations and 'BAD'}", flush=True)
                if report.violations:
                    print(report, flush=True)
    print(f"{time.monotonic() - began:.0f} s")
    return int(any(report.violations for report in reports))


if __name__ == "__main__":
    sys.exit(main())
