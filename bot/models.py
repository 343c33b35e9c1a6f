"""The configured models, and those that answer, paint, hear, speak and moderate where nobody chose another."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from yarl import URL

from bot.errors import SettingsError
from bot.llm import demo
from bot.llm.gateway import Gateway
from bot.llm.local import find_local
from bot.media.download import Downloader
from bot.ports import Observer
from bot.providers import MEDIA, configured, default_model
from bot.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Models:
    """The gateway and what it fetches with, entered; the model that answers where nobody chose another, and those that
    paint, hear, speak and moderate, None where there is none."""

    gateway: Gateway
    downloader: Downloader
    default: str
    image: str | None = None
    transcription: str | None = None
    speech: str | None = None
    moderation: str | None = None


@asynccontextmanager
async def open_models(settings: Settings, observer: Observer | None = None) -> AsyncIterator[Models]:
    """The configured providers; with none a model server on this machine, and without that the demonstration.

    Raises SettingsError, also where there is to be moderation and no model for it: it must not be off in silence.
    """
    providers = configured(settings)
    default = settings.chat_model or default_model(providers)
    if providers and default is None:
        names = ", ".join(provider.name for provider in providers)
        problem = f"is missing, and nobody knows which model of {names} should answer."
        raise SettingsError("CHAT_MODEL", problem, f"{providers[0].name}/the-model")
    if not providers and default is None:
        local = await find_local()
        if local is not None:
            log.info("no provider is configured; %s on this machine answers", local.model)
            providers, default = [local.provider], local.model
    # Without a provider the demonstration shows what it can.
    shown = {} if providers else demo.MODELS
    found = {
        capability: getattr(settings, f"{capability}_model")
        or default_model(providers, capability)
        or shown.get(capability)
        for capability in MEDIA
    }
    if settings.moderation != "off" and found["moderation"] is None:
        problem = "is missing: MODERATION is on, and none of the configured providers is known to moderate."
        raise SettingsError("MODERATION_MODEL", problem, "openai/omni-moderation-latest")
    trusted = [f"{url.host}:{url.port}" for url in (URL(provider.base_url) for provider in providers)]
    async with Downloader(trusted) as downloader:
        gateway = Gateway(
            providers,
            fallbacks=settings.fallback_models,
            options=settings.model_options,
            fetch=downloader.fetch,
            observer=observer,
        )
        async with gateway:
            yield Models(gateway, downloader, default or demo.MODEL, **found)
