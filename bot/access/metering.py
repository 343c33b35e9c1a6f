"""Stands between the core and the models: each call is paid for out of the budgets, and entered into the ledger."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

from bot import clock
from bot.access.budgeting import Budgeting, amounts_of
from bot.access.prices import Prices
from bot.domain.events import ReasoningDelta, ReplyEvent, Started, TextDelta, ToolCalled, UsageSeen
from bot.domain.media import ImageEvent, ImageRequest, Painted, Sound, SpeechRequest, TranscriptionRequest
from bot.domain.moderation import ModerationRequest, Verdict
from bot.domain.prompts import ChatRequest, ModelInfo
from bot.domain.usage import Account, Spending, Usage
from bot.ports import ChatModel, ImageModel, Moderator, Observer, SpeechModel, Transcriber
from bot.tasks import TaskOwner
from bot.telemetry.silence import Silence

log = logging.getLogger(__name__)

PICTURE_TOKENS = 1_600
"""Set aside for each picture: gpt-image takes 1,056 to 1,584 of medium quality
(https://platform.openai.com/docs/guides/image-generation#cost-and-latency)."""

WRITE_WITHIN = 5.0
"""Seconds that leaving waits for the last entries."""


class Models(ChatModel, ImageModel, Transcriber, SpeechModel, Moderator, Protocol):
    """All that models do."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """In tokens: a `prompt` before it is sent, a `text` of a model (`provider/model`), and the `most` that its reply
    may have where a request does not say."""

    prompt: Callable[[ChatRequest], int]
    text: Callable[[str, str], int]
    most: Callable[[str], int]


class Metered:
    """`models` on the accounts that requests name; what names none passes. Each call may raise OverBudget, but
    moderation, which is only counted: nobody gets around it by using a budget up.

    Enter it before use, and leave it when no call is running any more: then the last entries are waited for. `observer`
    is told of each entry.
    """

    def __init__(
        self,
        models: Models,
        prices: Prices,
        budgets: Budgeting,
        estimate: Estimate,
        observer: Observer | None = None,
    ) -> None:
        self._models = models
        self._prices = prices
        self._budgets = budgets
        self._estimate = estimate
        self._observer = observer or Silence()
        self._writing = TaskOwner()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        if not await self._writing.settle(WRITE_WITHIN):
            log.warning("some of the last calls are missing in the ledger")
        await self._writing.close()

    def knows(self, model: str) -> bool:
        return self._models.knows(model)

    async def models(self) -> Sequence[ModelInfo]:
        return await self._models.models()

    def stream(self, request: ChatRequest) -> AsyncGenerator[ReplyEvent, None]:
        """See `bot.ports.ChatModel`. What the provider did not count is entered as a guess, and without a cost; for
        budgets the cost is guessed too."""
        return self._models.stream(request) if request.account is None else self._stream(request, request.account)

    def paint(self, request: ImageRequest) -> AsyncGenerator[ImageEvent, None]:
        """See `bot.ports.ImageModel`. Finished pictures are counted, and tokens where the provider tells them."""
        return self._models.paint(request) if request.account is None else self._paint(request, request.account)

    async def transcribe(self, request: TranscriptionRequest) -> str:
        """See `bot.ports.Transcriber`."""
        if request.account is None:
            return await self._models.transcribe(request)
        seconds = request.sound.duration or 0.0
        call = self._call(Spending(clock.utc_now(), request.account, "transcription", request.model, seconds=seconds))
        async with self._paid(call) as spendings:
            words = await self._models.transcribe(request)
            spendings.append(call)
        return words

    async def speak(self, request: SpeechRequest) -> Sound:
        """See `bot.ports.SpeechModel`."""
        if request.account is None:
            return await self._models.speak(request)
        length = len(request.text)
        call = self._call(Spending(clock.utc_now(), request.account, "speech", request.model, characters=length))
        async with self._paid(call) as spendings:
            sound = await self._models.speak(request)
            spendings.append(call)
        return sound

    async def moderate(self, request: ModerationRequest) -> Verdict:
        """See `bot.ports.Moderator`."""
        if request.account is None:
            return await self._models.moderate(request)
        call = self._call(Spending(clock.utc_now(), request.account, "moderation", request.model))
        async with self._paid(call, refusable=False) as spendings:
            verdict = await self._models.moderate(request)
            spendings.append(call)
        return verdict

    async def _stream(self, request: ChatRequest, account: Account) -> AsyncGenerator[ReplyEvent, None]:
        prompt = self._estimate.prompt(request)
        reply = request.sampling.max_tokens or self._estimate.most(request.model)
        blank = Spending(clock.utc_now(), account, request.work, request.model)
        async with self._paid(self._call(replace(blank, usage=Usage(prompt, reply)))) as spendings:
            seen = _Seen(request.model)
            try:
                async with aclosing(self._models.stream(request)) as events:
                    async for event in events:
                        if isinstance(event, Started):
                            spendings.extend(self._done(blank, prompt, seen))
                            seen = _Seen(event.model)
                        seen.add(event)
                        yield self._priced(blank, seen.model, event) if isinstance(event, UsageSeen) else event
            finally:
                spendings.extend(self._done(blank, prompt, seen))

    def _priced(self, blank: Spending, model: str, event: UsageSeen) -> UsageSeen:
        return replace(event, cost=self._prices.cost(replace(blank, model=model, usage=event.usage)))

    def _done(self, blank: Spending, prompt: int, seen: _Seen) -> list[Spending]:
        """What one model did of the work, if it did any."""
        blank = replace(blank, model=seen.model)
        if seen.usage is not None:
            return [self._call(replace(blank, usage=seen.usage))]
        if seen.said:
            usage = Usage(prompt, self._estimate.text(seen.model, "".join(seen.said)))
            return [replace(self._call(blank), usage=usage, guess=self._guess(replace(blank, usage=usage)))]
        return []

    async def _paint(self, request: ImageRequest, account: Account) -> AsyncGenerator[ImageEvent, None]:
        blank = Spending(clock.utc_now(), account, "image", request.model)
        async with self._paid(self._call(_pictures(blank, request.count))) as spendings:
            painted, usage = 0, Usage()
            try:
                async with aclosing(self._models.paint(request)) as events:
                    async for event in events:
                        if isinstance(event, Painted):
                            painted += 1
                            usage += event.usage or Usage()
                        yield event
            finally:
                if painted:
                    call = self._call(replace(blank, images=painted, usage=usage))
                    spendings.append(replace(call, guess=self._guess(_pictures(blank, painted))))

    def _call(self, spending: Spending) -> Spending:
        """With its cost; that of a use which is not known is only known if it is free."""
        return replace(spending, cost=self._prices.cost(spending))

    def _guess(self, spending: Spending) -> int:
        return self._prices.cost(spending) or 0

    @asynccontextmanager
    async def _paid(self, most: Spending, *, refusable: bool = True) -> AsyncIterator[list[Spending]]:
        """Reserves `most`. What is in the list in the end is spent and entered, however the work ended."""
        reservation = await self._budgets.reserve(most.account, amounts_of(most), most.model, refusable=refusable)
        spendings: list[Spending] = []
        try:
            yield spendings
        finally:
            now = clock.utc_now()
            booked = [replace(each, at=now) for each in spendings]
            self._budgets.settle(reservation, booked)
            for each in booked:
                self._observer.spent(each)
            writes = [self._writing.start(self._budgets.write(each), "ledger entry") for each in booked]
            if writes:
                await asyncio.wait(writes)


def _pictures(blank: Spending, count: int) -> Spending:
    """So many pictures, and what they probably take."""
    return replace(blank, images=count, usage=Usage(completion_tokens=count * PICTURE_TOKENS))


@dataclass(slots=True)
class _Seen:
    """What one model has said, and what its provider counted."""

    model: str
    usage: Usage | None = None
    said: list[str] = field(default_factory=list)

    def add(self, event: ReplyEvent) -> None:
        match event:
            case TextDelta() | ReasoningDelta():
                self.said.append(event.text)
            case ToolCalled():
                self.said += (event.call.name, event.call.arguments)
            case UsageSeen():
                self.usage = event.usage if self.usage is None else self.usage + event.usage
