"""What the configured providers offer, asked live and remembered for a while."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from bot import clock
from bot.domain.prompts import ModelInfo
from bot.errors import ModelError, NotConfigured, ProviderDown, UnknownModel
from bot.llm.demo import PROVIDER as DEMO
from bot.llm.endpoint import Endpoint
from bot.llm.profiles import chats

logger = logging.getLogger(__name__)

_CHECK_TIMEOUT = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a check: `subject` is a provider or `provider/model`, `note` what was seen where all is well."""

    subject: str
    problem: ModelError | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Listing:
    until: float
    models: Sequence[ModelInfo]


class Catalogue:
    """Times in seconds: a list counts for `fresh`; a provider that does not answer within `timeout` is asked again
    after `failed`, so soon but not by every keystroke of an autocompletion."""

    def __init__(
        self, endpoints: Sequence[Endpoint], timeout: float, fresh: float = 300.0, failed: float = 30.0
    ) -> None:
        self._endpoints = endpoints
        self._timeout = timeout
        self._fresh = fresh
        self._failed = failed
        self._listings: dict[str, _Listing] = {}
        self._asking = asyncio.Lock()

    async def models(self) -> Sequence[ModelInfo]:
        """Chat models of all providers that answer in time, sorted by name."""
        async with self._asking:
            now = clock.now()
            old = [e for e in self._endpoints if e.provider.name not in self._listings or self._stale(e, now)]
            await asyncio.gather(*(self._refresh(endpoint) for endpoint in old))
        models = [model for listing in self._listings.values() for model in listing.models if chats(model.name)]
        return sorted(models, key=lambda model: model.name)

    async def check(self, models: Sequence[str]) -> list[Finding]:
        listings = await asyncio.gather(*(_ask(endpoint, _CHECK_TIMEOUT) for endpoint in self._endpoints))
        found = dict(zip((endpoint.provider.name for endpoint in self._endpoints), listings, strict=True))
        providers = [
            Finding(name, answer) if isinstance(answer, ModelError) else Finding(name, note=f"{len(answer)} models")
            for name, answer in found.items()
        ]
        return [*providers, *(self._check_model(model, found) for model in dict.fromkeys(models))]

    def _check_model(self, model: str, found: dict[str, Sequence[ModelInfo] | ModelError]) -> Finding:
        provider = model.partition("/")[0]
        if provider == DEMO:
            return Finding(model, note="built in")
        answer = found.get(provider)
        if answer is None:
            return Finding(model, NotConfigured(model, f"the provider {provider} is not configured"))
        if isinstance(answer, ModelError):
            return Finding(model, type(answer)(model, answer.detail))
        if not self._lists_models(provider):
            return Finding(model, note="cannot be checked: the provider does not list deployments")
        if all(info.name != model for info in answer):
            return Finding(model, UnknownModel(model, "the provider does not list it"))
        return Finding(model, note="found")

    def _lists_models(self, provider: str) -> bool:
        return any(e.provider.name == provider and e.provider.quirks.lists_models for e in self._endpoints)

    def _stale(self, endpoint: Endpoint, now: float) -> bool:
        return self._listings[endpoint.provider.name].until <= now

    async def _refresh(self, endpoint: Endpoint) -> None:
        if not endpoint.provider.quirks.lists_models:
            return
        answer = await _ask(endpoint, self._timeout)
        if isinstance(answer, ModelError):
            logger.info("no list of models: %s", answer)
            listing = _Listing(clock.now() + self._failed, ())
        else:
            listing = _Listing(clock.now() + self._fresh, answer)
        self._listings[endpoint.provider.name] = listing


async def _ask(endpoint: Endpoint, timeout: float) -> Sequence[ModelInfo] | ModelError:  # noqa: ASYNC109
    try:
        async with asyncio.timeout(timeout):
            return await endpoint.models()
    except ModelError as error:
        return error
    except TimeoutError:
        return ProviderDown(endpoint.provider.name, f"no answer within {timeout:g} s")
