"""The one way to the models: finds the provider, limits how many calls run at once, retries and falls back."""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Self

from bot import clock
from bot.domain.events import Finished, ReplyEvent, Started, TextDelta
from bot.domain.prompts import ChatRequest, ModelInfo
from bot.errors import EmptyAnswer, ModelError, NotConfigured
from bot.llm.catalogue import Catalogue, Finding
from bot.llm.demo import PROVIDER as DEMO
from bot.llm.demo import Demo
from bot.llm.endpoint import Endpoint
from bot.llm.names import ModelName
from bot.llm.parameters import Options
from bot.llm.providers import Provider
from bot.llm.retry import RetryPolicy

logger = logging.getLogger(__name__)


class Gateway:
    """A `bot.ports.ChatModel` over all configured providers; enter it before use.

    `fallbacks` are models that are tried in order when the asked one fails before its first visible character.
    `options` are extra request parameters. At most `concurrency` calls run at once; others wait in the order in which
    they came. Times are in seconds: `connect_timeout`, `silence_timeout` between two bytes, and `list_timeout` for a
    provider's list of models. `chance` gives random numbers from 0 to 1.
    """

    def __init__(
        self,
        providers: Sequence[Provider],
        *,
        fallbacks: Sequence[str] = (),
        options: Options | None = None,
        demo: Demo | None = None,
        policy: RetryPolicy | None = None,
        concurrency: int = 64,
        connect_timeout: float = 5.0,
        silence_timeout: float = 60.0,
        list_timeout: float = 2.5,
        chance: Callable[[], float] = random.random,
    ) -> None:
        made = (Endpoint(provider, options or {}, connect_timeout, silence_timeout) for provider in providers)
        self._endpoints = {endpoint.provider.name: endpoint for endpoint in made}
        self._fallbacks = tuple(fallbacks)
        self._demo = demo or Demo()
        self._policy = policy or RetryPolicy()
        self._running = asyncio.Semaphore(concurrency)
        self._chance = chance
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
        first_error: ModelError | None = None
        for model in dict.fromkeys((request.model, *self._fallbacks)):
            for calls in itertools.count(1):
                opening = _Opening(model)
                try:
                    async with self._running, aclosing(self._call(model, request)) as events:
                        async for event in events:
                            for passed in opening.pass_on(event):
                                yield passed
                except ModelError as error:
                    if opening.visible:
                        raise
                    step = self._policy.step(error, calls, self._chance())
                    logger.warning("model call %d failed: %s (%s); %s", calls, error, type(error).__name__, step.kind)
                    if step.kind == "stop":
                        raise
                    first_error = first_error or error
                else:
                    return
                if step.kind == "next":
                    break
                await clock.sleep(step.after)
        if first_error is not None:
            raise first_error

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

    def _call(self, model: str, request: ChatRequest) -> AsyncGenerator[ReplyEvent, None]:
        self._require_open()
        try:
            name = ModelName.parse(model)
        except ValueError as error:
            raise NotConfigured(model, str(error)) from None
        if name.provider == DEMO:
            return self._demo.stream(request)
        endpoint = self._endpoints.get(name.provider)
        if endpoint is None:
            raise NotConfigured(model, f"the provider {name.provider} is not configured")
        return endpoint.stream(name.model, request)

    def _require_open(self) -> None:
        if not self._open:
            raise RuntimeError("the model gateway is used before it is entered or after it is left")


class _Opening:
    """Watches one call for its first visible character, and holds blank text back until then."""

    def __init__(self, model: str) -> None:
        self.visible = False
        self._model = model
        self._blank = ""
        self._started = False

    def pass_on(self, event: ReplyEvent) -> list[ReplyEvent]:
        """What the caller gets to see of this event. Raises EmptyAnswer at the end of an answer without words."""
        if self.visible:
            return [event]
        match event:
            case TextDelta(text=text):
                self._blank += text
                if not self._blank.strip():
                    return []
                self.visible = True
                event = TextDelta(self._blank)
            case Finished(reason="stop" | "tool_calls"):
                raise EmptyAnswer(self._model)
        return [*self._start(), event]

    def _start(self) -> list[ReplyEvent]:
        if self._started:
            return []
        self._started = True
        return [Started(self._model)]
