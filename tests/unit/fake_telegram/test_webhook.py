"""How updates reach the bot where a webhook is set."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from telegram import Bot
from telegram.error import Conflict

from tests.fakes.telegram_api import TelegramFake
from tests.fakes.telegram_webhook import SECRET_HEADER
from tests.unit.fake_telegram.client import refused, texts

pytestmark = pytest.mark.fast(20)


@dataclass
class Receiver:
    """A server that writes down what is posted, and answers as `answer` says."""

    url: str = ""
    seen: list[tuple[str | None, dict[str, Any]]] = field(default_factory=list)
    answer: Callable[[dict[str, Any]], web.Response] = lambda _: web.Response()
    open: asyncio.Event = field(default_factory=asyncio.Event)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, request: web.Request) -> web.Response:
        update = await request.json()
        self.seen.append((request.headers.get(SECRET_HEADER), update))
        self.came.set()
        await self.open.wait()
        return self.answer(update)

    async def until(self, count: int) -> list[str]:
        """The texts of what was posted, once it was so often."""
        async with asyncio.timeout(100):
            while len(self.seen) < count:
                self.came.clear()
                await self.came.wait()
        return [update["message"]["text"] for _, update in self.seen]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    found.open.set()
    application = web.Application()
    application.router.add_post("/hook", found.serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield found
    await runner.cleanup()


async def test_pending_and_new_updates_are_posted_with_the_secret(
    fake: TelegramFake, bot: Bot, receiver: Receiver
) -> None:
    ann = fake.user(42)
    chat = fake.private(ann)
    fake.say(chat, ann, "before")
    await bot.set_webhook(receiver.url, secret_token="s3cret-token", max_connections=5)
    assert await receiver.until(1) == ["before"]
    fake.say(chat, ann, "after")
    assert await receiver.until(2) == ["before", "after"]
    assert {secret for secret, _ in receiver.seen} == {"s3cret-token"}
    info = await bot.get_webhook_info()
    assert (info.url, info.max_connections, info.last_error_message) == (receiver.url, 5, None)
    with pytest.raises(Conflict, match="webhook is active"):
        await bot.get_updates()


async def test_a_chat_waits_for_its_answer_and_others_do_not(fake: TelegramFake, bot: Bot, receiver: Receiver) -> None:
    ann, ben = fake.user(1), fake.user(2, "Ben")
    receiver.open.clear()
    for text in ("one", "two", "three"):
        fake.say(fake.private(ann), ann, text)
    fake.say(fake.private(ben), ben, "aside")
    await bot.set_webhook(receiver.url)
    assert await receiver.until(2) == ["one", "aside"]
    receiver.open.set()
    assert (await receiver.until(4))[2:] == ["two", "three"]


async def test_no_more_connections_than_allowed(fake: TelegramFake, bot: Bot, receiver: Receiver) -> None:
    receiver.open.clear()
    for number in range(4):
        person = fake.user(number + 1)
        fake.say(fake.private(person), person, str(number))
    await bot.set_webhook(receiver.url, max_connections=2)
    await receiver.until(2)
    await asyncio.sleep(2)
    assert len(receiver.seen) == 2
    receiver.open.set()
    await receiver.until(4)


async def test_what_is_not_accepted_comes_again_before_what_follows(
    fake: TelegramFake, bot: Bot, receiver: Receiver
) -> None:
    ann = fake.user(42)
    answers = iter([500, 403, 200, 200])
    receiver.answer = lambda _: web.Response(status=next(answers))
    fake.say(fake.private(ann), ann, "one")
    fake.say(fake.private(ann), ann, "two")
    await bot.set_webhook(receiver.url)
    assert await receiver.until(4) == ["one", "one", "one", "two"]
    await fake.webhook.until(lambda hook: hook.queue.pending == 0)
    info = await bot.get_webhook_info()
    assert info.last_error_message == "Wrong response from the webhook: 403 Forbidden"
    assert isinstance(info.last_error_date, datetime.datetime)
    assert [post.status for post in fake.webhook.posts] == [500, 403, 200, 200]


async def test_nobody_answers_and_then_the_bot_polls(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    fake.say(fake.private(ann), ann, "one")
    await bot.set_webhook("http://127.0.0.1:1/hook")
    await fake.webhook.until(lambda hook: bool(hook.posts))
    assert (await bot.get_webhook_info()).last_error_message == "Connection refused"
    assert (await bot.get_webhook_info()).pending_update_count == 1
    await bot.delete_webhook(drop_pending_updates=False)
    assert await texts(bot) == ["one"]


async def test_what_telegram_does_not_call(bot: Bot) -> None:
    assert "an https url must be provided" in await refused(bot.set_webhook("http://bot.example.com/hook"))
    assert "ports 80, 88, 443 or 8443" in await refused(bot.set_webhook("https://bot.example.com:8080/hook"))
    assert "unallowed characters" in await refused(bot.set_webhook("https://bot.example.com/hook", secret_token="ä b"))
