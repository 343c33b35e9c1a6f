"""Messages that change, vanish, carry buttons and reply."""

from __future__ import annotations

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, MessageEntity, ReplyParameters

from tests.fakes.telegram_api import TelegramFake
from tests.unit.fake_telegram.client import refused

pytestmark = pytest.mark.fast


BUTTON = InlineKeyboardMarkup([[InlineKeyboardButton("Stop", callback_data="stop:1")]])


async def test_edits_are_versions_and_equal_ones_are_refused(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    bold = [MessageEntity("bold", 0, 1)]
    sent = await bot.send_message(chat.id, "one", reply_markup=BUTTON)
    for text, entities, markup in (("one", None, None), ("one", bold, None), ("one", bold, BUTTON)):
        await bot.edit_message_text(text, chat.id, sent.message_id, entities=entities, reply_markup=markup)
    same = bot.edit_message_text(
        " one", chat.id, sent.message_id, entities=[MessageEntity("bold", 1, 1)], reply_markup=BUTTON
    )
    assert (await refused(same)).startswith("Message is not modified")

    (shown,) = fake.screen(chat).by_bot()
    assert [version.buttons for version in shown.versions] == [(("Stop", "stop:1"),), (), (), (("Stop", "stop:1"),)]
    times = [version.at for version in shown.versions]
    assert times == sorted(times)


async def test_buttons_can_be_taken_away_alone(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    sent = await bot.send_message(chat.id, "one", reply_markup=BUTTON)
    await bot.edit_message_reply_markup(chat.id, sent.message_id)
    assert fake.screen(chat).by_bot()[0].buttons == ()
    assert "not modified" in await refused(bot.edit_message_reply_markup(chat.id, sent.message_id))


async def test_only_own_messages_that_exist_can_be_edited(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    chat = fake.private(ann)
    asked = fake.say(chat, ann, "hello")
    sent = await bot.send_message(chat.id, "hi")
    assert await refused(bot.edit_message_text("x", chat.id, asked)) == "Message can't be edited"
    fake.delete(chat, sent.message_id)
    assert await refused(bot.edit_message_text("x", chat.id, sent.message_id)) == "Message to edit not found"
    assert fake.screen(chat).bot_text() == ""


async def test_the_bot_deletes_its_own_messages(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    group = fake.group("Friends")
    theirs = fake.say(group, ann, "/start")
    sent = await bot.send_message(group.id, "hi")
    await bot.delete_message(group.id, sent.message_id)
    assert fake.screen(group).by_bot() == []
    assert await refused(bot.delete_message(group.id, sent.message_id)) == "Message to delete not found"
    assert await refused(bot.delete_message(group.id, theirs)) == "Message can't be deleted"


@pytest.mark.parametrize("data", ["x" * 65, "я" * 33])
async def test_button_data_has_at_most_64_bytes(fake: TelegramFake, bot: Bot, data: str) -> None:
    chat = fake.private(fake.user(42))
    markup = InlineKeyboardMarkup([[InlineKeyboardButton("Stop", callback_data=data)]])
    assert await refused(bot.send_message(chat.id, "x", reply_markup=markup)) == "Button_data_invalid"


async def test_a_reply_needs_its_message_unless_told_otherwise(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    reply = ReplyParameters(999)
    assert await refused(bot.send_message(chat.id, "x", reply_parameters=reply)) == "Message to be replied not found"
    lenient = ReplyParameters(999, allow_sending_without_reply=True)
    sent = await bot.send_message(
        chat.id, "x", reply_parameters=lenient, link_preview_options=LinkPreviewOptions(is_disabled=True)
    )
    assert sent.reply_to_message is None
    assert fake.calls[-1].parameters["link_preview_options"] == {"is_disabled": True}


async def test_links_of_buttons_lead_somewhere(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    there = InlineKeyboardMarkup([[InlineKeyboardButton("Read", url="https://example.org")]])
    await bot.send_message(chat.id, "x", reply_markup=there)
    assert fake.screen(chat).by_bot()[0].buttons == (("Read", "https://example.org"),)
    nowhere = InlineKeyboardMarkup([[InlineKeyboardButton("Read", url="http://localhost:80")]])
    assert "wrong http url" in await refused(bot.send_message(chat.id, "x", reply_markup=nowhere))
