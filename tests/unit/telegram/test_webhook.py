"""Updates that Telegram brings: who is let in, what is answered, and that switching loses nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import orjson
import pytest
from telegram import Update

from adapters.telegram import webhook
from adapters.telegram.adapter import TelegramPlatform
from adapters.telegram.webhook import PATH, SECRET_HEADER, derived_secret
from bot.domain.messages import Incoming, Message
from bot.http import HttpServer
from bot.ports import Channel
from tests.fakes.faults import Fault
from tests.fakes.telegram_api import TelegramFake
from tests.fakes.telegram_state import Chat, User
from tests.unit.telegram.conftest import COMMANDS, Box, MemoryNotes, eventually, listening

pytestmark = pytest.mark.fast


@dataclass
class Door:
    """Where a bot is reached, at an address that stays the same when it does not listen."""

    fake: TelegramFake
    notes: MemoryNotes
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[HttpServer]:
        server = HttpServer({})
        async with server.listening("127.0.0.1", self.port):
            self.port = server.port
            yield server

    def platform(self, secret: str = "") -> TelegramPlatform:
        return TelegramPlatform(
            self.fake.token,
            self.notes,
            COMMANDS,
            api_url=self.fake.url,
            webhook_url=self.url + "/",
            webhook_secret=secret,
        )

    @asynccontextmanager
    async def bot(self, box: Box, platform: TelegramPlatform | None = None) -> AsyncIterator[TelegramPlatform]:
        """The whole way in: a server, a platform, and its intake."""
        async with self.open() as server:
            platform = platform or self.platform()
            async with listening(platform, box):
                server.open_hooks(platform.hooks)
                yield platform

    async def knock(self, body: bytes, secret: str | None) -> int:
        headers = {} if secret is None else {SECRET_HEADER: secret}
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.url + PATH, data=body, headers=headers) as response,
        ):
            assert await response.text() == ""
            return response.status


@pytest.fixture
async def door(fake: TelegramFake, notes: MemoryNotes) -> Door:
    found = Door(fake, notes)
    async with found.open():  # to know the port before the bot starts
        return found


@pytest.fixture
def ann(fake: TelegramFake) -> User:
    return fake.user(7)


@dataclass
class SlowBox(Box):
    """An inbox that keeps nothing before it is told to."""

    open: asyncio.Event = field(default_factory=asyncio.Event)

    def accept(self, event: Incoming, channel: Channel) -> Awaitable[None]:
        super().accept(event, channel)
        return asyncio.ensure_future(self._keep())

    async def _keep(self) -> None:
        await self.open.wait()


def texts(events: list[Incoming]) -> list[str]:
    return [event.text for event in events if isinstance(event, Message)]


def updates_of(fake: TelegramFake, text: str) -> bytes:
    """An update as Telegram would post it, which it does not."""
    return orjson.dumps({"update_id": 1, "message": {"message_id": 1, "date": 1, "text": text, "from": {"id": 7}}})


async def test_messages_are_brought(fake: TelegramFake, door: Door, box: Box, ann: User, chat: Chat) -> None:
    async with door.bot(box) as platform:
        fake.say(chat, ann, "one")
        await box.take()
        fake.say(chat, ann, "two")
        await box.take(2)
        assert platform.healthy_at is not None
        await eventually(lambda: fake.state.updates.pending == 0)
    assert texts(box.events) == ["one", "two"]
    assert fake.counted()["getUpdates"] == 0
    assert [post.status for post in fake.webhook.posts] == [200, 200]
    assert fake.state.updates.allowed == {Update.MESSAGE, Update.EDITED_MESSAGE, Update.CALLBACK_QUERY}
    assert fake.webhook.url == door.url + PATH
    assert fake.token not in fake.webhook.url
    assert fake.token.partition(":")[2] not in fake.webhook.secret


async def test_the_secret_is_the_operator_s_or_follows_from_the_token(fake: TelegramFake, door: Door, box: Box) -> None:
    async with door.bot(box, door.platform("an-operator-chose-it")):
        await eventually(lambda: fake.webhook.secret)
        assert fake.webhook.secret == "an-operator-chose-it"
    async with door.bot(box):
        await eventually(lambda: fake.webhook.secret != "an-operator-chose-it")
    assert fake.webhook.secret == derived_secret(fake.token) != derived_secret(fake.token + "x")


WRONG = [None, "", "x", "an-operator-chose-i", "AN-OPERATOR-CHOSE-IT", "än-operator", "x" * 5000]


@pytest.mark.parametrize("secret", WRONG)
async def test_strangers_are_turned_away(
    fake: TelegramFake, door: Door, box: Box, secret: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    async with door.bot(box, door.platform("an-operator-chose-it")):
        assert await door.knock(updates_of(fake, "let me in"), secret) == 403
    assert box.events == []
    assert "let me in" not in caplog.text
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


GARBAGE = [
    b"",
    b"hello",
    b"\xff\xfe",
    b"[]",
    b"null",
    b"{}",
    b'{"update_id": "1"}',
    b'{"update_id": true}',
    b'{"update_id": 1.5}',
    b'[{"update_id": 1}]',
    b'{"update_id": 1',
    b"[" * 100_000,
]


@pytest.mark.parametrize("body", GARBAGE, ids=lambda body: repr(body[:20]))
async def test_garbage_is_refused(
    fake: TelegramFake, door: Door, box: Box, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with door.bot(box):
        await eventually(lambda: fake.webhook.url)
        assert await door.knock(body, fake.webhook.secret) == 400
    assert box.events == []
    spoken = [record.name for record in caplog.records if record.levelno >= logging.WARNING]
    assert not [name for name in spoken if name.startswith(("adapters.telegram.webhook", "bot.http", "aiohttp"))]


async def test_a_message_is_accepted_once_it_is_kept(fake: TelegramFake, door: Door, ann: User, chat: Chat) -> None:
    """Until then Telegram holds back what follows in the same chat, and nothing in others."""
    box, ben = SlowBox(), fake.user(8, "Ben")
    async with door.bot(box):
        fake.say(chat, ann, "one")
        fake.say(chat, ann, "two")
        fake.say(fake.private(ben), ben, "aside")
        assert texts(await box.take(2)) == ["one", "aside"]
        await asyncio.sleep(1)
        assert (len(box.events), fake.webhook.posts, fake.state.updates.pending) == (2, [], 3)
        box.open.set()
        await box.take(3)
        await fake.webhook.until(lambda hook: hook.queue.pending == 0)
    assert texts(box.events) == ["one", "aside", "two"]
    assert [post.status for post in fake.webhook.posts] == [200, 200, 200]


async def test_what_was_not_kept_when_the_bot_ended_comes_again(
    fake: TelegramFake, door: Door, box: Box, ann: User, chat: Chat
) -> None:
    fake.say(chat, ann, "one")
    slow = SlowBox()
    async with door.bot(slow):
        await slow.take()
    async with door.bot(box):
        await box.take()
    assert slow.events[0].key == box.events[0].key
    slow.open.set()


async def test_an_unreadable_update_does_not_hold_up_its_chat(
    fake: TelegramFake, door: Door, box: Box, ann: User, chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    fake.state.updates.put("message", {"message_id": "of a kind to come", "chat": chat.as_json()})
    fake.say(chat, ann, "hello")
    async with door.bot(box):
        await box.take()
    assert texts(box.events) == ["hello"]
    assert "could not be taken" in caplog.text
    assert [post.status for post in fake.webhook.posts] == [200, 200]


async def test_a_bug_behind_the_door_stops_nothing(
    fake: TelegramFake, door: Door, box: Box, ann: User, chat: Chat
) -> None:
    box.broken = True
    fake.say(chat, ann, "one")
    fake.say(chat, ann, "two")
    async with door.bot(box):
        await box.take(2)
    assert texts(box.events) == ["one", "two"]


async def test_what_comes_while_nobody_takes_it_comes_again(
    fake: TelegramFake, door: Door, box: Box, ann: User, chat: Chat
) -> None:
    """While the bot starts and while it ends, and before either while nobody listens at all."""
    async with door.bot(box):
        await eventually(lambda: fake.webhook.url)
    fake.say(chat, ann, "one")
    await eventually(lambda: fake.webhook.posts)
    assert {post.status for post in fake.webhook.posts} == {None}
    fake.faults.add(Fault("drop_before", "getMe", times=3))
    async with door.bot(box):
        await fake.webhook.until(lambda hook: hook.posts[-1].status == 503)
        await fake.webhook.until(lambda hook: hook.queue.pending == 0)
    assert texts(box.events) == ["one"]
    assert fake.webhook.posts[-1].status == 200


async def test_from_polling_to_the_webhook_and_back(
    fake: TelegramFake, door: Door, box: Box, ann: User, chat: Chat, platform: TelegramPlatform, notes: MemoryNotes
) -> None:
    async with listening(platform, box):
        fake.say(chat, ann, "one")
        await box.take()
    fake.say(chat, ann, "two")
    fake.say(chat, ann, "three")
    async with door.bot(box):
        await box.take(3)
        fake.say(chat, ann, "four")
        await box.take(4)
        await eventually(lambda: fake.state.updates.pending == 0)
    fake.say(chat, ann, "five")
    fake.say(chat, ann, "six")
    async with listening(TelegramPlatform(fake.token, notes, COMMANDS, api_url=fake.url), box):
        await box.take(6)
        fake.say(chat, ann, "seven")
        await box.take(7)
        await eventually(lambda: fake.state.updates.pending == 0)
    assert texts(box.events) == ["one", "two", "three", "four", "five", "six", "seven"]
    assert len({event.key for event in box.events}) == 7
    assert fake.webhook.url == ""


async def test_a_webhook_that_another_program_took_away_is_set_again(
    fake: TelegramFake,
    door: Door,
    box: Box,
    ann: User,
    chat: Chat,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(webhook, "LOOK_SECONDS", 2.0)
    async with door.bot(box):
        await fake.until_called("getWebhookInfo", 2)
        fake.webhook.set("", "", 40)
        fake.say(chat, ann, "hello")
        await box.take()
    assert fake.counted()["setWebhook"] == 2
    assert "another program" in caplog.text


async def test_telegram_that_does_not_get_through_is_noticed(
    fake: TelegramFake,
    door: Door,
    box: Box,
    ann: User,
    chat: Chat,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The proxy before the bot is down: Telegram answers every call, and brings nothing."""
    monkeypatch.setattr(webhook, "LOOK_SECONDS", 2.0)
    platform = door.platform()
    async with listening(platform, box):
        await fake.until_called("getWebhookInfo", 2)
        fake.say(chat, ann, "hello")
        await eventually(lambda: "cannot bring messages (Connection refused); 1 are waiting" in caplog.text)
        seen_at = platform.healthy_at
        assert seen_at is not None
        calls = fake.counted()["getWebhookInfo"]
        await fake.until_called("getWebhookInfo", calls + 3)
        assert platform.healthy_at == seen_at
        async with door.open() as server:
            server.open_hooks(platform.hooks)
            await box.take()
            assert platform.healthy_at > seen_at
            fine_at = platform.healthy_at
            await eventually(lambda: platform.healthy_at != fine_at)
    assert texts(box.events) == ["hello"]


async def test_telegram_is_down_when_the_bot_starts(
    fake: TelegramFake, door: Door, box: Box, ann: User, chat: Chat
) -> None:
    for method in ("getMe", "setWebhook", "getWebhookInfo"):
        fake.faults.add(Fault("status", method, 2, status=502, body="<html>Bad Gateway</html>"))
    fake.say(chat, ann, "hello")
    async with door.bot(box) as platform:
        assert platform.healthy_at is None
        await box.take()
    assert fake.counted()["setWebhook"] >= 3


async def test_looks_go_on_while_telegram_is_down(
    fake: TelegramFake, door: Door, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "LOOK_SECONDS", 1.0)
    async with door.bot(box) as platform:
        await fake.until_called("setWebhook")
        fake.faults.add(Fault("drop_before", "getWebhookInfo", times=3))
        await fake.until_called("getWebhookInfo", 6)
        before = platform.healthy_at
        await eventually(lambda: platform.healthy_at != before)


async def test_neither_token_nor_secret_is_logged(
    fake: TelegramFake, door: Door, box: Box, ann: User, chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fake.say(chat, ann, "hello")
    async with door.bot(box):
        await box.take()
        assert await door.knock(b"{}", "guessed-by-a-stranger") == 403
    lines = [record.getMessage() for record in caplog.records if record.name != "asyncio"]
    assert [line for line in lines if "setWebhook" in line]
    for secret in (fake.token, derived_secret(fake.token), "guessed-by-a-stranger"):
        assert not [line for line in lines if secret in line]


async def test_check_says_where_messages_are_brought(door: Door) -> None:
    async with door.platform() as platform:
        assert (await platform.check()).endswith(f"can read all group messages: no, brings them to {door.url}{PATH}")


async def test_polling_answers_at_no_path(platform: TelegramPlatform) -> None:
    with pytest.raises(RuntimeError, match="enter the Telegram platform first"):
        _ = platform.hooks
    async with platform:
        assert platform.hooks == {}
