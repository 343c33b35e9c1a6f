"""The stories of a few seeds; `make chaos N=500` plays more, and `make chaos SEED=7` tells one of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.database import ServedDatabase
from tests.chaos.driver import SPEED, play
from tests.chaos.process import Nursery
from tests.chaos.story import KILLS, MIXED, SERVED, Plot, written

pytestmark = pytest.mark.scaled(SPEED)

STORIES = ((MIXED, (300, 1002, 1003, 1004, 1005)), (KILLS, (1, 2, 3)))


@pytest.mark.parametrize(("plot", "seed"), [(plot, seed) for plot, seeds in STORIES for seed in seeds])
async def test_a_story_ends_well(bots: Nursery, tmp_path: Path, plot: Plot, seed: int) -> None:
    report = await play(written(seed, plot), bots, tmp_path)
    assert not report.violations, str(report)


@pytest.mark.parametrize("seed", [12, 13])
async def test_a_story_over_postgres_ends_well(
    bots: Nursery, tmp_path: Path, served: ServedDatabase, seed: int
) -> None:
    report = await play(written(seed, SERVED), bots, tmp_path, database=served)
    assert not report.violations, str(report)
