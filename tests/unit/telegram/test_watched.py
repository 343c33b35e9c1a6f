"""A poll that never ends, which no time limit of the adapter or its libraries notices: the watchdog does."""

from __future__ import annotations

import asyncio

import pytest

from adapters.telegram.adapter import TelegramPlatform
from bot.domain.messages import Message
from bot.watchdog import Watchdog
from tests.fakes.faults import Fault
from tests.fakes.telegram_api import TelegramFake
from tests.unit.telegram.conftest import Box, eventually

pytestmark = pytest.mark.fast(20)


async def test_a_poll_that_hangs_is_ended_and_nothing_is_lost(
    fake: TelegramFake, platform: TelegramPlatform, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.telegram.polling.GRACE_SECONDS", 1e6)
    monkeypatch.setattr(TelegramPlatform, "silence", 20.0)
    ann = fake.user(7)
    chat = fake.private(ann)
    watchdog = Watchdog()
    async with platform:
        watching = asyncio.create_task(watchdog.watch(platform, box))
        fake.say(chat, ann, "before")
        await box.take()
        fake.faults.add(Fault("stall_before", "getUpdates", seconds=1e6))
        await eventually(lambda: not fake.faults.faults)
        fake.say(chat, ann, "meanwhile")
        await box.take(2)
        fake.say(chat, ann, "after")
        await box.take(3)
        watching.cancel()
        await asyncio.wait([watching])
    assert [event.text for event in box.events if isinstance(event, Message)] == ["before", "meanwhile", "after"]
    assert watchdog.restarts == {"telegram": 1}
    assert fake.state.updates.pending == 0


async def test_an_outage_that_the_adapter_knows_of_is_left_to_it_for_a_while(
    fake: TelegramFake, platform: TelegramPlatform, box: Box
) -> None:
    ann = fake.user(7)
    watchdog = Watchdog()
    async with platform:
        watching = asyncio.create_task(watchdog.watch(platform, box))
        await fake.until_called("getUpdates")
        fake.faults.add(Fault("drop_before", "getUpdates", times=5))
        fake.say(fake.private(ann), ann, "hello")
        await box.take()
        watching.cancel()
        await asyncio.wait([watching])
    assert watchdog.restarts == {}
