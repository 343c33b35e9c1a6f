"""The one way to the models: finds the provider, limits how many calls run at once, retries and falls back."""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Self

from bot import clock, progress
from bot.domain.circuits import CircuitView
from bot.domain.events import Finished, ReplyEvent, Started, TextDelta, ToolCalled
from bot.domain.media import ImageEvent, ImageRequest, Sound, SpeechRequest, TranscriptionRequest
from bot.domain.moderation import ModerationRequest, Verdict
from bot.domain.prompts import ChatRequest, ModelInfo
from bot.errors import BrokenStream, EmptyAnswer, ModelError, NotConfigured
from bot.llm.catalogue import Catalogue, Finding
from bot.llm.circuits import Circuits
from bot.llm.demo import PROVIDER as DEMO
from bot.llm.demo import Demo
from bot.llm.endpoint import Endpoint
from bot.llm.images import FetchUrl, Painter
from bot.llm.moderation import moderate
from bot.llm.names import ModelName
from bot.llm.parameters import Options
from bot.llm.patience import Patience
from bot.llm.providers import Provider
from bot.llm.retry import PICTURE_CALLS, SOUND_CALLS, RetryPolicy, Step, surely_unprocessed
from bot.llm.speech import speak
from bot.llm.transcription import transcribe
from bot.ports import Observer

logger = logging.getLogger(__name__)

MAX_BLANK = 10_000
"""Characters that an answer may begin with before it says something: they are held back until then."""


class Gateway:
    """The models of all configured providers: a `ChatModel`, `ImageModel`, `Transcriber`, `SpeechModel` and
    `Moderator` of `bot.ports`. Enter it before use.

    `fallbacks` are models that are tried in order when the asked one fails before its first visible character, or has
    failed so often that it is left alone (`bot.llm.circuit`). `options` are extra request parameters. At most
    `concurrency` calls run at once; others wait in the order in which they came. `fetch` loads pictures that a provider
    answers by address. Times are in seconds: `connect_timeout`, `silence_timeout` between two bytes of a chat, and
    `list_timeout` for a provider's list of models. `chance` gives random numbers from 0 to 1. `observer` is told of
    each try that fails.
    """

    def __init__(
        self,
        providers: Sequence[Provider],
        *,
        fallbacks: Sequence[str] = (),
        options: Options | None = None,
        demo: Demo | None = None,
        policy: RetryPolicy | None = None,
        fetch: FetchUrl | None = None,
        concurrency: int = 64,
        connect_timeout: float = 5.0,
        silence_timeout: float = 60.0,
        list_timeout: float = 2.5,
        chance: Callable[[], float] = random.random,
        observer: Observer | None = None,
    ) -> None:
        made = (Endpoint(provider, options or {}, connect_timeout, silence_timeout) for provider in providers)
        self._endpoints = {endpoint.provider.name: endpoint for endpoint in made}
        self._fallbacks = tuple(fallbacks)
        self._demo = demo or Demo()
        self._policy = policy or RetryPolicy()
        self._circuits = Circuits(concurrency, chance, observer)
        self._chance = chance
        self._sounds = self._patience(SOUND_CALLS, lambda _: True)
        self._pictures = self._patience(PICTURE_CALLS, surely_unprocessed)
        self._fetch = fetch
        self._catalogue = Catalogue(tuple(self._endpoints.values()), list_timeout)
        self._open = False

    async def __aenter__(self) -> Self:
        for endpoint in self._endpoints.values():
            endpoint.prepare()
        self._open = True
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._open = False
        await asyncio.gather(*(endpoint.close() for endpoint in self._endpoints.values()))

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ReplyEvent, None]:
        """See `bot.ports.ChatModel`. A second Started means that another try begins; nothing visible came before it.

        When all models fail, the error is that of the model that was asked for.
        """
        failures: list[ModelError] = []
        for model in dict.fromkeys((request.model, *self._fallbacks)):
            for calls in itertools.count(1):
                opening = _Opening(model)
                try:
                    async with (
                        self._circuits.passage(model) as passage,
                        aclosing(self._call(model, request)) as events,
                    ):
                        async for event in events:
                            progress.mark()
                            for passed in opening.pass_on(event):
                                passage.worked()
                                yield passed
                except ModelError as error:
                    if opening.visible:
                        raise
                    step = self._step(model, error, calls)
                    if step.kind == "stop":
                        raise
                    failures.append(error)
                else:
                    return
                if step.kind == "next":
                    break
                await clock.sleep(step.after)
        raise _told(failures)

    async def paint(self, request: ImageRequest) -> AsyncGenerator[ImageEvent, None]:
        """See `bot.ports.ImageModel`. Repeated only where the provider surely did nothing: pictures cost money."""
        endpoint, name = self._find(request.model)
        painting = (
            self._demo.paint(request)
            if endpoint is None
            else Painter(endpoint, self._pictures, self._fetch).paint(name, request)
        )
        async with aclosing(painting) as events:
            async for event in events:
                yield event

    async def transcribe(self, request: TranscriptionRequest) -> str:
        """See `bot.ports.Transcriber`."""
        endpoint, name = self._find(request.model)
        if endpoint is None:
            return await self._demo.transcribe(request)
        return await self._sounds.answer(request.model, partial(transcribe, endpoint, name, request))

    async def speak(self, request: SpeechRequest) -> Sound:
        """See `bot.ports.SpeechModel`."""
        endpoint, name = self._find(request.model)
        if endpoint is None:
            return await self._demo.speak(request)
        return await self._sounds.answer(request.model, partial(speak, endpoint, name, request))

    async def moderate(self, request: ModerationRequest) -> Verdict:
        """See `bot.ports.Moderator`."""
        endpoint, name = self._find(request.model)
        if endpoint is None:
            return await self._demo.moderate(request)
        return await self._sounds.answer(request.model, partial(moderate, endpoint, name, request))

    def knows(self, model: str) -> bool:
        provider = model.partition("/")[0]
        return provider == DEMO or provider in self._endpoints

    async def models(self) -> Sequence[ModelInfo]:
        """What can be talked to, sorted by name; the demonstration only where there is nothing else."""
        self._require_open()
        return await self._catalogue.models() if self._endpoints else [self._demo.info]

    async def check(self, models: Sequence[str]) -> list[Finding]:
        """Reach each provider and look for each of these models: one finding each, providers first."""
        self._require_open()
        return await self._catalogue.check(models)

    def circuits(self) -> Mapping[str, CircuitView]:
        """The models that failed lately, by `provider/model`; all others are well."""
        return self._circuits.view()

    @property
    def circuits_opened(self) -> int:
        """How often a model was found to fail too often."""
        return self._circuits.opened

    @property
    def circuits_refused(self) -> int:
        """The calls that were not made because their model failed too often."""
        return self._circuits.refused

    def _step(self, model: str, error: ModelError, calls: int) -> Step:
        """What to do after a failure; a model that is left alone by now is not tried again."""
        step = self._policy.step(error, calls, self._chance())
        if step.kind == "again" and self._circuits.is_open(model):
            step = Step("next")
        logger.warning("model call %d failed: %s (%s); %s", calls, error, type(error).__name__, step.kind)
        if step.kind != "again":
            self._circuits.gave_up(model, error)
        return step

    def _call(self, model: str, request: ChatRequest) -> AsyncGenerator[ReplyEvent, None]:
        endpoint, name = self._find(model)
        return self._demo.stream(request) if endpoint is None else endpoint.stream(name, request)

    def _find(self, model: str) -> tuple[Endpoint | None, str]:
        """The provider of a `provider/model`, None for the demonstration, and the model's own name."""
        self._require_open()
        try:
            name = ModelName.parse(model)
        except ValueError as error:
            raise NotConfigured(model, str(error)) from None
        endpoint = None if name.provider == DEMO else self._endpoints.get(name.provider)
        if endpoint is None and name.provider != DEMO:
            raise NotConfigured(model, f"the provider {name.provider} is not configured")
        return endpoint, name.model

    def _patience(self, calls: Mapping[type[ModelError], int], may_repeat: Callable[[ModelError], bool]) -> Patience:
        return Patience(self._circuits, replace(self._policy, calls=calls), self._chance, may_repeat)

    def _require_open(self) -> None:
        if not self._open:
            raise RuntimeError("the model gateway is used before it is entered or after it is left")


def _told(failures: Sequence[ModelError]) -> ModelError:
    """The error of the model that was asked for. Where it is to be left alone, then only until the first of those that
    failed is worth another try."""
    first = failures[0]
    if first.retry_after is not None:
        first.retry_after = min(each.retry_after for each in failures if each.retry_after is not None)
    return first


class _Opening:
    """Watches one call for its first visible character or tool call, and holds blank text back until then."""

    def __init__(self, model: str) -> None:
        self.visible = False
        self._model = model
        self._blank = ""
        self._started = False

    def pass_on(self, event: ReplyEvent) -> list[ReplyEvent]:
        """What the caller gets to see of this event. Raises EmptyAnswer at the end of an answer that says and
        asks nothing."""
        if self.visible:
            return [event]
        match event:
            case TextDelta(text=text):
                self._blank += text
                if not self._blank.strip():
                    if len(self._blank) > MAX_BLANK:
                        raise BrokenStream(self._model, f"more than {MAX_BLANK} blank characters")
                    return []
                self.visible = True
                event = TextDelta(self._blank)
            case ToolCalled():
                self.visible = True
            case Finished(reason="stop" | "tool_calls"):
                raise EmptyAnswer(self._model)
        return [*self._start(), event]

    def _start(self) -> list[ReplyEvent]:
        if self._started:
            return []
        self._started = True
        return [Started(self._model)]
