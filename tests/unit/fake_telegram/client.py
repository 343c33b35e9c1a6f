"""python-telegram-bot, pointed at the fake."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest
from telegram import Bot
from telegram.error import BadRequest
from telegram.request import HTTPXRequest

from tests.fakes.telegram_api import TelegramFake


def client(fake: TelegramFake, *, token: str | None = None, read_timeout: float = 20.0) -> Bot:
    """A bot that is not entered yet; `read_timeout` is in seconds of the test's clock."""
    return Bot(
        token or fake.token,
        base_url=fake.url + "/bot",
        base_file_url=fake.url + "/file/bot",
        request=HTTPXRequest(read_timeout=read_timeout, connection_pool_size=64),
        get_updates_request=HTTPXRequest(read_timeout=read_timeout, connection_pool_size=4),
    )


async def refused(call: Awaitable[Any]) -> str:
    """The words of the 400 that a call earns, as the library passes them on."""
    with pytest.raises(BadRequest) as caught:
        await call
    return str(caught.value)


async def texts(bot: Bot, **parameters: Any) -> list[str | None]:
    """The texts of the messages that one `getUpdates` brings."""
    return [update.message.text for update in await bot.get_updates(**parameters) if update.message]
