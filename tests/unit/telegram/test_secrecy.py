"""The token appears in no log and no error, however loud the logs and whatever a proxy answers."""

from __future__ import annotations

import logging
import traceback

import pytest

from adapters.telegram.adapter import TelegramPlatform
from bot.domain.ids import ChatRef
from bot.domain.platform import Outgoing
from bot.errors import DeliveryError, ParleyError
from tests.fakes.faults import Fault
from tests.fakes.telegram_api import TelegramFake
from tests.unit.telegram.conftest import Box, eventually, listening


@pytest.mark.fast
async def test_the_token_stays_inside(
    fake: TelegramFake, platform: TelegramPlatform, box: Box, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = f"<p>The requested URL /bot{fake.token}/x was not found on this server</p>"
    for method in ("getMe", "getUpdates", "sendMessage", "setMyCommands"):
        fake.faults.add(Fault("status", method, status=404, body=echo))
        fake.faults.add(Fault("status", method, status=502, body=echo))
        fake.faults.add(Fault("status", method, status=200, body=echo))
    ann = fake.user(7)
    chat = fake.private(ann)
    errors: list[str] = []
    async with platform:
        try:
            await platform.check()
        except ParleyError:
            errors.append(traceback.format_exc())
    async with listening(platform, box):
        channel = platform._channel(ChatRef("telegram", "1", str(chat.id), "private"))
        for _ in range(3):
            try:
                await channel.send(Outgoing("x"))
            except DeliveryError:
                errors.append(traceback.format_exc())
        fake.say(chat, ann, "hello")
        await box.take()
        await eventually(lambda: "setting the menu" in caplog.text)
    everything = caplog.text + "".join(errors) + repr(platform)
    assert len(errors) == 4
    assert "HTTP Request: POST" in caplog.text  # httpx did speak
    assert "Set Bot API URL" in caplog.text
    assert "[token]" in everything
    assert fake.token not in everything


async def test_nothing_is_left_behind(platform: TelegramPlatform) -> None:
    before = {name: list(logging.getLogger(name).filters) for name in ("httpx", "telegram.Bot")}
    async with platform:
        assert all(logging.getLogger(name).filters != filters for name, filters in before.items())
    assert {name: list(logging.getLogger(name).filters) for name in before} == before
