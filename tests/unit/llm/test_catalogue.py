"""How long a list of models is remembered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.llm.catalogue import Catalogue
from bot.llm.endpoint import Endpoint
from bot.llm.providers import Provider
from tests.fakes.openai_api import OpenAIFake

pytestmark = pytest.mark.fast


@pytest.fixture
async def endpoint(fake: OpenAIFake) -> AsyncIterator[Endpoint]:
    endpoint = Endpoint(Provider("fake", fake.url, "test-key"), {}, connect=100.0, silence=100.0)
    yield endpoint
    await endpoint.close()


async def test_a_list_is_asked_for_again_when_it_is_old(fake: OpenAIFake, endpoint: Endpoint) -> None:
    catalogue = Catalogue([endpoint], timeout=100.0, fresh=3.0)
    for _ in range(3):
        assert len(await catalogue.models()) == 3
    assert len(fake.requests) == 1
    await asyncio.sleep(3.1)
    await catalogue.models()
    assert len(fake.requests) == 2


async def test_a_slow_provider_is_left_out_and_asked_again_later(fake: OpenAIFake, endpoint: Endpoint) -> None:
    endpoint.prepare()
    catalogue = Catalogue([endpoint], timeout=2.0, failed=5.0)
    fake.models_delay = 60.0
    assert await catalogue.models() == []
    fake.models_delay = 0.0
    assert await catalogue.models() == []
    await asyncio.sleep(5.1)
    assert len(await catalogue.models()) == 3


async def test_an_old_list_is_dropped_when_the_provider_fails(fake: OpenAIFake, endpoint: Endpoint) -> None:
    catalogue = Catalogue([endpoint], timeout=5.0, fresh=1.0)
    assert len(await catalogue.models()) == 3
    fake.models_status = 500
    await asyncio.sleep(1.1)
    assert await catalogue.models() == []


async def test_whoever_waits_for_a_list_gets_it_when_the_first_asker_leaves(
    fake: OpenAIFake, endpoint: Endpoint
) -> None:
    catalogue = Catalogue([endpoint], timeout=5.0)
    fake.models_delay = 1.0
    first, second = (asyncio.create_task(catalogue.models()) for _ in range(2))
    await fake.until(lambda: bool(fake.requests))
    first.cancel()
    assert len(await second) == 3
    assert first.cancelled()
