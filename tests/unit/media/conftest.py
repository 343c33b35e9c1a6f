from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.media.workshop import Workshop


@pytest.fixture
async def workshop() -> AsyncIterator[Workshop]:
    async with Workshop() as opened:
        yield opened
