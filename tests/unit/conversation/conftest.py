from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.media.workshop import Workshop
from tests.unit.conversation.parts import CHAT, HeldChannel


@pytest.fixture
async def workshop() -> AsyncIterator[Workshop]:
    async with Workshop() as opened:
        yield opened


@pytest.fixture
def channel() -> HeldChannel:
    return HeldChannel(CHAT)
