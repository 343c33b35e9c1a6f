"""What falls out of the window lives on as a summary, which a model writes in the background."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bot.conversation.summary_writer import SHORTEST, SummaryWriter, longest
from bot.conversation.window import Window
from bot.domain.conversations import Exchange, History
from bot.domain.recent import Recent
from bot.domain.usage import Account
from bot.errors import StorageError
from bot.ports import Conversations
from bot.tasks import TaskOwner

log = logging.getLogger(__name__)

_REMEMBERED = 1_000


@dataclass(slots=True)
class _Block:
    """Turns that a text is to stand for, with all before them. `cut`: they have fallen out already."""

    exchanges: Sequence[Exchange]
    cut: bool


@dataclass(frozen=True, slots=True)
class _Ready:
    """The text that is to stand for the turns with these ends, and all before them, once they fall out."""

    ends: tuple[int, ...]
    text: str


@dataclass(slots=True)
class _Job:
    """Sums up blocks that follow each other. `former` is the text before the first of them, `first` the row by which
    its window is known."""

    first: int
    former: str
    window: Window
    model: str
    account: Account
    blocks: list[_Block] = field(default_factory=list)
    task: asyncio.Task[None] | None = None


class Summaries:
    """Cuts blocks off the conversations' windows; without a `writer` there are no summaries.

    Nobody waits for a summary: it is begun ahead of the cut, and a cut that comes before it keeps the former text until
    it is there. A window is known by the row of its first turn, and has at most one job; only where a single turn fills
    it, so that nothing is left behind the cut, that job is not found by the next one.
    """

    def __init__(self, conversations: Conversations, writer: SummaryWriter | None) -> None:
        self._conversations = conversations
        self._writer = writer
        self._owner = TaskOwner()
        self._recording = asyncio.Lock()
        self._jobs: dict[int, _Job] = {}
        self._ready: Recent[int, _Ready] = Recent(_REMEMBERED)
        self._tried: Recent[int, bool] = Recent(_REMEMBERED)

    async def fit(self, window: Window, history: History, model: str, account: Account) -> History:
        """The history as it goes along. What does not fit any more falls out, for the next turns too."""
        if not window.start(history):
            return window.fitted(history)
        exchanges = history.exchanges
        prepared, text = self._prepared(history)
        cut = prepared + window.start(History(exchanges[prepared:], text))
        rest = History(exchanges[cut:], text)
        first = rest.exchanges[0].end if rest.exchanges else -exchanges[-1].end
        job = self._jobs.pop(exchanges[0].end, None)
        if cut > prepared:
            job = job or self._job(first, text, window, model, account)
            if job is not None:
                job.blocks.append(_Block(exchanges[prepared:cut], cut=True))
        elif job is not None:
            job.blocks[-1].cut = True
        if job is not None:
            self._run(job, first)
        # Begun before the job can have its text recorded, so that it comes first.
        await self._record(exchanges[cut - 1].end, text)
        return window.fitted(rest)

    def ahead(self, window: Window, history: History, said: int, model: str, account: Account) -> None:
        """After a turn that comes to `said` tokens: where the window is nearly full, begin to sum up what will fall out
        next. Tried once for each window. Does not wait."""
        count = window.ahead(history, said)
        if not count:
            return
        first = history.exchanges[0].end
        if first in self._jobs or first in self._tried:
            return
        job = self._job(first, history.summary, window, model, account)
        if job is not None:
            self._tried[first] = True
            job.blocks.append(_Block(history.exchanges[:count], cut=False))
            self._run(job, first)

    async def forget(self) -> None:
        """Drop every text that is not stored yet. To be called before and after words are deleted for good, which might
        otherwise come back in a summary of them."""
        await self._owner.close()
        self._ready = Recent(_REMEMBERED)

    async def close(self) -> None:
        """End what is being summed up."""
        await self._owner.close()

    def _prepared(self, history: History) -> tuple[int, str]:
        """How many of the oldest turns are summed up already, or are being so, and the text that stands for all before
        the others until then. A job for turns that are not there any more is ended."""
        first = history.exchanges[0].end
        ready, job = self._ready.get(first), self._jobs.get(first)
        if ready is not None and _begins(history, ready.ends):
            return len(ready.ends), ready.text
        if job is not None and not job.blocks[-1].cut:
            if _begins(history, _ends(job.blocks[-1].exchanges)):
                return len(job.blocks[-1].exchanges), history.summary
            if job.task is not None:
                job.task.cancel()
            del self._jobs[first]
        return 0, history.summary

    def _job(self, first: int, former: str, window: Window, model: str, account: Account) -> _Job | None:
        if self._writer is None or longest(window.tokens) < SHORTEST:
            return None
        return _Job(first, former, replace(window, pictures={}), model, account)

    def _run(self, job: _Job, first: int) -> None:
        """Let the job go on, for the window that begins with the row `first`."""
        job.first = first
        self._jobs[first] = job
        if job.task is None:
            job.task = self._owner.start(self._sum_up(job), f"summary before {first}")

    async def _sum_up(self, job: _Job) -> None:
        try:
            while job.blocks and self._writer is not None:
                block = job.blocks[0]
                ends = _ends(block.exchanges)
                text = await self._writer.write(job.former, block.exchanges, job.window, job.model, job.account)
                if not text:
                    return
                if block.cut:
                    await self._record(ends[-1], text)
                elif block is job.blocks[-1]:
                    self._ready[job.first] = _Ready(ends, text)
                job.former = text
                del job.blocks[0]
        finally:
            if self._jobs.get(job.first) is job:
                del self._jobs[job.first]

    async def _record(self, end: int, text: str) -> None:
        async with self._recording:
            try:
                await self._conversations.summarise(end, text)
            except StorageError as error:
                log.warning("a cut could not be recorded: %s", error)


def _ends(exchanges: Sequence[Exchange]) -> tuple[int, ...]:
    return tuple(each.end for each in exchanges)


def _begins(history: History, ends: tuple[int, ...]) -> bool:
    return _ends(history.exchanges[: len(ends)]) == ends
