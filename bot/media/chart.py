"""Charts, drawn in a process of their own: the library takes half a second of work and keeps the interpreter's lock."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

from bot.domain.usage import DaySpent
from bot.media.sandbox import Job, Sandbox

_JOB = Job(
    "bot.media.chart_child",
    memory=768,
    seconds=10,
    output=1_000_000,
    environment={
        # matplotlib keeps a list of fonts in the home directory, and looks through the machine's; its own are enough.
        # Where it cannot keep anything it uses a temporary directory, which it deletes.
        "MPLCONFIGDIR": os.devnull,
        "MPL_IGNORE_SYSTEM_FONTS": "1",
        # Each of its threads, one for a processor, would reserve memory; nothing here is computed by them.
        "OPENBLAS_NUM_THREADS": "1",
    },
)


class Charts:
    """Draws one at a time."""

    def __init__(self) -> None:
        self._sandbox = Sandbox(1)

    async def usage(self, days: Sequence[DaySpent]) -> bytes:
        """A PNG of what was spent on each of these days, at least one; raises `bot.errors.FileError`."""
        told = {
            "days": [each.day.isoformat() for each in days],
            "tokens": [each.spent.tokens for each in days],
            "cost": [each.spent.cost for each in days],
        }
        return (await self._sandbox.run(_JOB, json.dumps(told).encode())).payload
