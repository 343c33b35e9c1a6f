"""Plays stories of a bot with faults, and sums them up. A seed tells the same story each time."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from tests.chaos.driver import Report
from tests.chaos.shares import play_share, say
from tests.chaos.story import CALM, KILLS, MIXED, SERVED

JOBS = 2


def main() -> int:
    options = _arguments()
    plot = KILLS if options.kills else CALM if options.calm else SERVED if options.postgres else MIXED
    runs = -(-options.kills // KILLS.deaths) if options.kills else options.runs
    first = int(time.time()) if options.seed is None else options.seed
    seeds = range(first, first + runs)
    jobs = max(1, min(options.jobs, runs))
    shares = [seeds[number::jobs] for number in range(jobs)]
    began = time.monotonic()
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        reports = [report for share in pool.map(partial(play_share, plot, options.logs), shares) for report in share]
    say(_summary(reports, time.monotonic() - began))
    return int(any(report.violations for report in reports))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=1, help="how many stories, of as many seeds in a row")
    parser.add_argument("--seed", type=int, help="the first seed; without it, one that nobody had before")
    parser.add_argument("--kills", type=int, help="instead: only kill the process, so often in all")
    parser.add_argument("--calm", action="store_true", help="without an end of the process before the end")
    parser.add_argument("--postgres", action="store_true", help="with a database of the PostgreSQL server at port 5432")
    parser.add_argument("--logs", type=Path, help="a folder for the logs of stories with violations")
    parser.add_argument("--jobs", type=int, default=JOBS, help="how many stories at the same time")
    return parser.parse_args()


def _summary(reports: Sequence[Report], seconds: float) -> str:
    return "\n".join(f"{name:<28}{value}" for name, value in _figures(reports, seconds))


def _figures(reports: Sequence[Report], seconds: float) -> Iterator[tuple[str, object]]:
    outcomes: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    for report in reports:
        outcomes += report.outcomes
        faults += report.faults
    yield "runs", len(reports)
    yield "questions", sum(len(report.story.questions) for report in reports)
    yield "  answered whole", outcomes.pop("whole", 0)
    for excuse, count in sorted(outcomes.items()):
        yield f"  with a sentence: {excuse}", count
    yield "kill -9", sum(report.kills for report in reports)
    yield "SIGTERM and start again", sum(report.ends for report in reports)
    yield "faults", faults.total()
    for kind, count in sorted(faults.items()):
        yield f"  {kind}", count
    yield "repeats, ambiguous sends", sum(report.repeats for report in reports)
    bad = [report.story.seed for report in reports if report.violations]
    yield "violations", sum(len(report.violations) for report in reports)
    if bad:
        yield "  seeds", ", ".join(map(str, bad))
    yield "seconds", f"{seconds:.0f}"


if __name__ == "__main__":
    sys.exit(main())
