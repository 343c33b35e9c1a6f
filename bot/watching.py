"""The watch over lanes and gates: what is stuck there is ended or roused, so that what waits behind it goes on.

Neither should ever be stuck: models, files and platforms are waited for within bounds of their own. This is for what
those do not see: a provider that keeps a line alive and says nothing, a lost timer, a mistake of ours.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from bot import clock
from bot.conversation.lanes import Doing, Lanes
from bot.conversation.running import Running
from bot.progress import Progress
from bot.replies.gate import Gates

log = logging.getLogger(__name__)

LOOK_EVERY = 30.0
"""Seconds between two looks."""

STUCK_AFTER = 30
"""Looks without a sign of life: 15 minutes. The longest honest silences are speech (120 s, and ten minutes for a body
that drips), an album of ten recordings, six at once, before the question is asked (2 times 120 s), and a picture
(180 s); a chat model may be silent for 60 s at a time. Pauses that a platform asks for do not count.
Looks are counted and not seconds, so that a machine that was asleep finds nothing stuck when it wakes up."""

END_AFTER = STUCK_AFTER + 4
"""Looks after which the whole job is ended, if ending the work on its answer did not help: two minutes more, in which
the answer is brought to its end."""

PLACES = 6
"""Frames of a stuck task that are logged, the innermost."""

Verdict = Literal["well", "end the answer", "end the job"]


@dataclass(slots=True)
class Watched:
    """What was seen of one job. Pure."""

    progress: Progress
    signs: int = -1
    silent: int = 0

    def look(self) -> Verdict:
        """Look once more."""
        if self.progress.waits or self.progress.signs != self.signs:
            self.signs, self.silent = self.progress.signs, 0
            return "well"
        self.silent += 1
        if self.silent == STUCK_AFTER:
            return "end the answer"
        return "end the job" if self.silent == END_AFTER else "well"


class Watching:
    """`answers_ended` counts answers that were stuck, `jobs_ended` jobs of lanes that were, and `calls_roused` calls
    that a gate had forgotten."""

    def __init__(self, lanes: Lanes, running: Running, gates: Gates) -> None:
        self.answers_ended = 0
        self.jobs_ended = 0
        self.calls_roused = 0
        self._lanes = lanes
        self._running = running
        self._gates = gates
        self._watched: dict[Doing, Watched] = {}

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await clock.sleep(LOOK_EVERY)
            try:
                self.look()
            except Exception:
                # Whatever went wrong with one look, the next may find more.
                log.exception("the watch over lanes and gates failed")

    def look(self) -> None:
        roused = self._gates.rouse()
        if roused:
            self.calls_roused += roused
            log.error("%d calls were forgotten by their gate", roused)
        doing = dict(self._lanes.doing)
        self._watched = {job: self._watched.get(job) or Watched(job.progress) for job in doing.values()}
        for key, job in doing.items():
            match self._watched[job].look():
                case "end the answer":
                    self._end_answer(key, job)
                case "end the job":
                    self._end_job(key, job)

    def _end_answer(self, key: str, job: Doing) -> None:
        places = places_of([job.task])
        works = self._running.end_stuck(key)
        if works:
            self.answers_ended += 1
            log.error("the answer in %s is stuck and ended, at %s", key, places_of(works))
        else:
            log.error("the lane of %s is stuck, at %s", key, places)

    def _end_job(self, key: str, job: Doing) -> None:
        self.jobs_ended += 1
        log.error("the lane of %s is stuck and its job ended, at %s", key, places_of([job.task]))
        job.end()


def places_of(tasks: Iterable[asyncio.Task[None] | None]) -> str:
    """Where these tasks stand: the innermost frames of each, without what they hold."""
    return "; ".join(" < ".join(_frames(task)) for task in tasks if task is not None)


def _frames(task: asyncio.Task[None]) -> list[str]:
    """From the innermost outwards, as far as one coroutine waits for another."""
    frames: list[str] = []
    waits: object = task.get_coro()
    while waits is not None:
        frame = getattr(waits, "cr_frame", None) or getattr(waits, "ag_frame", None)
        if frame is not None:
            code = frame.f_code
            frames.append(f"{code.co_qualname} ({code.co_filename.rpartition('/')[2]}:{frame.f_lineno})")
        waits = getattr(waits, "cr_await", None) or getattr(waits, "ag_await", None)
    return frames[: -PLACES - 1 : -1]
