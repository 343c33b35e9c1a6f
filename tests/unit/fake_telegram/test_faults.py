"""What a test can let go wrong."""

from __future__ import annotations

import asyncio

import pytest
from telegram import Bot
from telegram.error import BadRequest, Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError, TimedOut

from tests.fakes.faults import Fault, FaultKind
from tests.fakes.telegram_api import BAD_GATEWAY, TelegramFake
from tests.fakes.telegram_limits import FloodRules
from tests.unit.fake_telegram.client import client

pytestmark = pytest.mark.fast


async def test_a_scripted_flood_holds_and_is_not_blamed_on_the_bot(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    fake.faults.add(Fault("flood", "sendMessage", seconds=3))
    with pytest.raises(RetryAfter):
        await bot.send_message(chat.id, "a")
    assert fake.floods == 0
    await asyncio.sleep(FloodRules().in_flight + 0.1)
    with pytest.raises(RetryAfter):
        await bot.send_message(chat.id, "b")
    assert fake.floods == 1
    assert fake.screen(chat).messages == []


async def test_a_time_out_after_delivery_leaves_the_message_there(fake: TelegramFake) -> None:
    chat = fake.private(fake.user(42))
    fake.faults.add(Fault("stall_after", "sendMessage", seconds=30))
    async with client(fake, read_timeout=1) as bot:
        with pytest.raises(TimedOut):
            await bot.send_message(chat.id, "a")
    assert fake.screen(chat).bot_text() == "a"


@pytest.mark.parametrize(("kind", "shown"), [("drop_before", ""), ("drop_after", "a")])
async def test_a_broken_connection(fake: TelegramFake, bot: Bot, kind: FaultKind, shown: str) -> None:
    chat = fake.private(fake.user(42))
    fake.faults.add(Fault(kind, "sendMessage", when=lambda parameters: parameters["text"] == "a"))
    with pytest.raises(NetworkError) as caught:
        await bot.send_message(chat.id, "a")
    assert not isinstance(caught.value, BadRequest)
    assert fake.screen(chat).bot_text() == shown
    assert fake.calls[-1].status is None
    await bot.send_message(chat.id, "b")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("status", "sendMessage", status=502, body=BAD_GATEWAY), NetworkError),
        (Fault("status", "sendMessage", status=500), NetworkError),
        (Fault("status", "sendMessage", status=401), InvalidToken),
        (Fault("garbage", "sendMessage"), TelegramError),
    ],
)
async def test_nonsense_from_the_server(fake: TelegramFake, bot: Bot, fault: Fault, error: type[Exception]) -> None:
    chat = fake.private(fake.user(42))
    fake.faults.add(fault)
    with pytest.raises(error):
        await bot.send_message(chat.id, "a")
    assert fake.screen(chat).messages == []


async def test_a_404_on_get_updates(fake: TelegramFake, bot: Bot) -> None:
    fake.faults.add(Fault("status", "getUpdates", status=404))
    with pytest.raises(InvalidToken):
        await bot.get_updates()


async def test_the_end_does_not_wait_for_what_still_hangs() -> None:
    async with TelegramFake() as fake, client(fake) as bot:
        chat = fake.private(fake.user(42))
        fake.faults.add(Fault("stall_before", "sendMessage", seconds=1000))
        hanging = [
            asyncio.create_task(bot.get_updates(timeout=50)),
            asyncio.create_task(bot.send_message(chat.id, "a")),
        ]
        await fake.until_called("sendMessage")
        await fake.until_called("getUpdates")
        start = asyncio.get_running_loop().time()
        await fake.__aexit__()
        assert asyncio.get_running_loop().time() - start < 20
        for ended in await asyncio.gather(*hanging, return_exceptions=True):
            assert isinstance(ended, NetworkError | Conflict) or ended == ()  # a poll may still get its empty answer


async def test_a_fault_waits_for_its_call_and_repeats(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    fake.faults.add(Fault("status", "sendMessage", status=500, skip=1, times=2))
    await bot.send_chat_action(chat.id, "typing")
    await bot.send_message(chat.id, "a")
    for _ in range(2):
        with pytest.raises(NetworkError, match="Internal Server Error"):
            await bot.send_message(chat.id, "b")
    await bot.send_message(chat.id, "c")
    assert [call.status for call in fake.calls if call.method == "sendMessage"] == [200, 500, 500, 200]
