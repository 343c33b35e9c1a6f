"""The stories of a few seeds; `make chaos N=500` plays more, and `make chaos SEED=7` tells one of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.driver import SPEED, play
from tests.chaos.process import Nursery
from tests.chaos.story import CALM, written

pytestmark = pytest.mark.fast(SPEED)


@pytest.mark.parametrize("seed", range(30, 40))
async def test_a_story_ends_well(bots: Nursery, tmp_path: Path, seed: int) -> None:
    report = await play(written(seed, CALM), bots, tmp_path)
    assert not report.violations, str(report)
