"""A gateway to the fake provider."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bot.llm.gateway import Gateway
from bot.llm.providers import Provider, Quirks
from tests.fakes.openai_api import OpenAIFake

KEY = "test-key"


@asynccontextmanager
async def entered(
    fake: OpenAIFake, key: str = KEY, quirks: Quirks | None = None, **fields: Any
) -> AsyncIterator[Gateway]:
    """Never left to chance; `fields` are the gateway's."""
    provider = Provider("fake", fake.url, key, quirks=quirks or Quirks())
    async with Gateway([provider], chance=lambda: 0, **fields) as gateway:
        yield gateway
