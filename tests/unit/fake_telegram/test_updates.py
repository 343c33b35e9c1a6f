"""How updates reach the bot."""

from __future__ import annotations

import asyncio

import pytest
from telegram import Bot, Update
from telegram.error import Conflict
from telegram.ext import Application, ContextTypes, MessageHandler, filters

from tests.fakes.telegram_api import TelegramFake
from tests.fakes.telegram_updates import UpdateQueue
from tests.unit.fake_telegram.client import client, texts

pytestmark = pytest.mark.fast


async def test_updates_come_again_until_an_offset_confirms_them(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    chat = fake.private(ann)
    for text in ("a", "b", "c"):
        fake.say(chat, ann, text)
    first = fake.updates[0]["update_id"]
    assert await texts(bot) == await texts(bot, offset=first) == ["a", "b", "c"]
    assert await texts(bot, limit=2) == ["a", "b"]
    assert await texts(bot, offset=first + 1) == ["b", "c"]
    assert await texts(bot, offset=first) == ["b", "c"]
    assert await texts(bot, offset=-1) == ["c"]
    fake.redeliver(fake.updates[0])
    assert await texts(bot, offset=first + 3) == ["a"]
    assert await texts(bot) == []


@pytest.mark.virtual
async def test_a_long_poll_waits_for_news_and_at_most_fifty_seconds() -> None:
    queue = UpdateQueue()
    clock = asyncio.get_running_loop()
    assert await queue.poll(0, 100, 3, None) == []
    assert clock.time() == pytest.approx(3)
    assert await queue.poll(0, 100, 600, None) == []
    assert clock.time() == pytest.approx(53)
    clock.call_later(10, queue.put, "message", {"text": "a"})
    (update,) = await queue.poll(0, 100, 30, None)
    assert update["message"] == {"text": "a"}
    assert clock.time() == pytest.approx(63)


async def test_allowed_updates_stick(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    chat = fake.private(ann)
    await bot.get_updates(allowed_updates=["callback_query", "something_new"])
    await bot.get_updates()
    fake.say(chat, ann, "a")
    assert await texts(bot) == []
    assert sorted((await bot.get_webhook_info()).allowed_updates) == ["callback_query", "something_new"]
    await bot.get_updates(allowed_updates=[])
    fake.say(chat, ann, "b")
    assert await texts(bot) == ["b"]


async def test_a_second_poll_ends_the_first(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    chat = fake.private(ann)
    first = asyncio.create_task(bot.get_updates(timeout=30))
    await fake.until_called("getUpdates")
    second = asyncio.create_task(texts(bot, timeout=30))
    with pytest.raises(Conflict, match="terminated by other getUpdates request"):
        await first
    fake.say(chat, ann, "a")
    assert await second == ["a"]


async def test_polling_and_a_webhook_exclude_each_other(fake: TelegramFake, bot: Bot) -> None:
    await bot.set_webhook("https://example.org/hook", allowed_updates=["message"])
    with pytest.raises(Conflict, match="webhook is active"):
        await bot.get_updates()
    assert (await bot.get_webhook_info()).url == "https://example.org/hook"
    fake.say(fake.private(fake.user(42)), fake.user(42), "a")
    await bot.delete_webhook(drop_pending_updates=True)
    assert await texts(bot) == []


async def test_a_real_application_polls_and_answers(fake: TelegramFake) -> None:
    ann = fake.user(42)
    chat = fake.private(ann)
    seen: list[int] = []

    async def answer(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message is not None
        seen.append(update.update_id)
        await update.message.reply_text(f"you said {update.message.text}")

    application = Application.builder().bot(client(fake)).job_queue(None).build()
    application.add_handler(MessageHandler(filters.TEXT, answer))
    async with application:
        await application.start()
        assert application.updater is not None
        await application.updater.start_polling(timeout=10)
        fake.say(chat, ann, "one")
        await fake.screen(chat).until(lambda screen: screen.bot_text() == "you said one")
        fake.redeliver()
        await fake.screen(chat).until(lambda screen: len(screen.by_bot()) == 2)
        fake.say(chat, ann, "two")
        await fake.screen(chat).until(lambda screen: len(screen.by_bot()) == 3)
        await application.updater.stop()
        await application.stop()
    assert seen == [fake.updates[0]["update_id"]] * 2 + [fake.updates[1]["update_id"]]
