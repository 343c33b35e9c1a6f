"""The intake survives whatever Telegram, its proxies and other programs do."""

from __future__ import annotations

import asyncio
import logging
import socket

import pytest
from telegram import Update

from adapters.telegram.adapter import TelegramPlatform
from bot.domain.messages import Incoming, Message
from bot.domain.platform import Outgoing
from bot.errors import DeliveryError, SettingsError
from tests.fakes.faults import Fault
from tests.fakes.telegram_api import BAD_GATEWAY, TelegramFake
from tests.unit.telegram.conftest import COMMANDS, Box, MemoryNotes, eventually, listening

pytestmark = pytest.mark.fast


def texts(events: list[Incoming]) -> list[str]:
    return [event.text for event in events if isinstance(event, Message)]


FAULTS = [
    Fault("status", "getUpdates", status=401, body={"ok": False, "error_code": 401, "description": "Unauthorized"}),
    Fault("status", "getUpdates", status=404, body={"ok": False, "error_code": 404, "description": "Not Found"}),
    Fault("status", "getUpdates", status=409, body={"ok": False, "error_code": 409, "description": "Conflict: x"}),
    Fault("status", "getUpdates", status=502, body=BAD_GATEWAY),
    Fault("status", "getUpdates", status=200, body={"ok": True}),
    Fault("status", "getUpdates", status=200, body={"ok": True, "result": True}),
    Fault("status", "getUpdates", status=200, body={"ok": True, "result": [{"message": {}}]}),
    Fault("garbage", "getUpdates"),
    Fault("flood", "getUpdates", seconds=2),
    Fault("drop_before", "getUpdates"),
    Fault("drop_after", "getUpdates"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.kind}-{fault.status}")
async def test_a_failed_poll_loses_nothing(
    fake: TelegramFake, platform: TelegramPlatform, box: Box, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    ann = fake.user(7)
    chat = fake.private(ann)
    async with listening(platform, box):
        fake.say(chat, ann, "before")
        await box.take()
        fake.faults.add(Fault(fault.kind, fault.call, 2, seconds=fault.seconds, status=fault.status, body=fault.body))
        fake.say(chat, ann, "after")
        await box.take(2)
        await eventually(lambda: not fake.faults.faults)
    assert texts(box.events) == ["before", "after"] or fault.kind == "drop_after"
    assert set(texts(box.events)) == {"before", "after"}
    assert [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_refused_at_the_start(fake: TelegramFake, platform: TelegramPlatform, box: Box) -> None:
    for method in ("getMe", "getWebhookInfo"):
        fake.faults.add(Fault("status", method, 2, status=401))
    ann = fake.user(7)
    fake.say(fake.private(ann), ann, "hello")
    async with listening(platform, box):
        await box.take()
    assert fake.counted()["getMe"] == 3


async def test_nobody_home_at_the_start(fake: TelegramFake, notes: MemoryNotes, box: Box) -> None:
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))
        port = placeholder.getsockname()[1]
    platform = TelegramPlatform(fake.token, notes, COMMANDS, api_url=f"http://127.0.0.1:{port}")
    ann = fake.user(7)
    fake.say(fake.private(ann), ann, "hello")
    async with listening(platform, box):
        await asyncio.sleep(0.4)  # of a clock ten times as fast: the first attempt fails
        target = fake.url.removeprefix("http://").split(":")

        async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            inward, outward = await asyncio.open_connection(target[0], int(target[1]))
            try:
                await asyncio.gather(_pipe(reader, outward), _pipe(inward, writer))
            finally:
                outward.close()
                writer.close()

        server = await asyncio.start_server(forward, "127.0.0.1", port)
        await box.take()
        server.close()  # its end would wait for the poll that is still open
    assert texts(box.events) == ["hello"]


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def test_a_silent_connection_is_given_up(
    fake: TelegramFake, notes: MemoryNotes, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.telegram.polling.GRACE_SECONDS", 1.0)
    platform = TelegramPlatform(fake.token, notes, COMMANDS, api_url=fake.url, wait=1)
    ann = fake.user(7)
    fake.faults.add(Fault("stall_before", "getUpdates", seconds=600))
    fake.say(fake.private(ann), ann, "hello")
    async with listening(platform, box):
        assert platform.healthy_at is None
        await box.take()
        assert platform.healthy_at is not None


async def test_a_bug_behind_the_door_stops_nothing(
    fake: TelegramFake, platform: TelegramPlatform, box: Box, caplog: pytest.LogCaptureFixture
) -> None:
    box.broken = True
    ann = fake.user(7)
    fake.say(fake.private(ann), ann, "one")
    fake.say(fake.private(ann), ann, "two")
    async with listening(platform, box):
        await box.take(2)
    assert texts(box.events) == ["one", "two"]
    assert "could not be taken" in caplog.text


async def test_an_unreadable_update_hides_no_other(
    fake: TelegramFake, platform: TelegramPlatform, box: Box, caplog: pytest.LogCaptureFixture
) -> None:
    ann = fake.user(7)
    chat = fake.private(ann)
    fake.state.updates.put("message", {"message_id": "of a kind to come"})
    fake.say(chat, ann, "hello")
    async with listening(platform, box):
        await box.take()
        await eventually(lambda: fake.state.updates.pending == 0)
    assert texts(box.events) == ["hello"]
    assert "could not be taken" in caplog.text


async def test_confirmed_after_the_end_and_not_before(
    fake: TelegramFake, platform: TelegramPlatform, box: Box, notes: MemoryNotes
) -> None:
    ann = fake.user(7)
    chat = fake.private(ann)
    async with listening(platform, box) as receiving:
        fake.say(chat, ann, "one")
        await box.take()
        receiving.cancel()
        await asyncio.gather(receiving, return_exceptions=True)
        assert fake.state.updates.pending == 0
        fake.say(chat, ann, "two")
        await box.channels[0].send(Outgoing("still here"))  # running answers are finished after the intake ended
        assert fake.screen(chat).bot_text() == "still here"
        assert texts(box.events) == ["one"]
    again = Box()
    async with listening(TelegramPlatform(fake.token, notes, COMMANDS, api_url=fake.url), again):
        await again.take()
    assert texts(again.events) == ["two"]


async def test_cancelled_while_telegram_is_silent_ends_soon(
    fake: TelegramFake, platform: TelegramPlatform, box: Box
) -> None:
    ann = fake.user(7)
    loop = asyncio.get_running_loop()
    async with listening(platform, box) as receiving:
        fake.say(fake.private(ann), ann, "one")
        await box.take()
        fake.faults.add(Fault("stall_before", "getUpdates", 9, seconds=600))
        start = loop.time()
        receiving.cancel()
        await asyncio.gather(receiving, return_exceptions=True)
        assert 1.9 < loop.time() - start < 6


async def test_delivered_again_after_a_crash_with_the_same_key(
    fake: TelegramFake, platform: TelegramPlatform, box: Box, notes: MemoryNotes
) -> None:
    """A crash between the delivery and the next poll: nothing was confirmed."""
    ann = fake.user(7)
    fake.say(fake.private(ann), ann, "one")
    fake.faults.add(Fault("drop_before", "getUpdates", 99, skip=1))
    async with listening(platform, box) as receiving:
        [first] = await box.take()
        receiving.cancel()
        await asyncio.gather(receiving, return_exceptions=True)
    fake.faults.faults.clear()
    again = Box()
    async with listening(TelegramPlatform(fake.token, notes, COMMANDS, api_url=fake.url), again):
        [second] = await again.take()
    assert first.key == second.key


async def test_a_webhook_is_taken_down_and_its_messages_kept(
    fake: TelegramFake, platform: TelegramPlatform, box: Box
) -> None:
    ann = fake.user(7)
    fake.state.updates.webhook = "https://example.com/hook"
    fake.say(fake.private(ann), ann, "hello")
    async with listening(platform, box):
        await box.take()
    [call] = [call for call in fake.calls if call.method == "deleteWebhook"]
    assert not call.parameters.get("drop_pending_updates")


async def test_only_what_is_read_is_asked_for(fake: TelegramFake, platform: TelegramPlatform, box: Box) -> None:
    async with listening(platform, box):
        await eventually(lambda: fake.counted()["getUpdates"])
    assert fake.counted()["deleteWebhook"] == 0
    assert fake.state.updates.allowed == {Update.MESSAGE, Update.EDITED_MESSAGE, Update.CALLBACK_QUERY}


async def test_check_says_why_not(fake: TelegramFake, platform: TelegramPlatform) -> None:
    fake.faults.add(Fault("status", "getMe", status=401))
    fake.faults.add(Fault("status", "getMe", status=502, body=BAD_GATEWAY))
    async with platform:
        with pytest.raises(SettingsError, match="TELEGRAM_TOKEN"):
            await platform.check()
        with pytest.raises(DeliveryError, match="Bad Gateway"):
            await platform.check()
