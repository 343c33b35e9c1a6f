"""What the bot sees of a group, and buttons."""

from __future__ import annotations

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Message

from tests.fakes.telegram_api import TelegramFake
from tests.unit.fake_telegram.client import refused, texts

pytestmark = pytest.mark.fast


BUTTON = InlineKeyboardMarkup([[InlineKeyboardButton("Stop", callback_data="stop:1")]])


async def test_privacy_mode_hides_what_is_not_for_the_bot(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    group = fake.group("Friends")
    sent = await bot.send_message(group.id, "hi")
    for text in ("no", "@parley_botany no", "me@parley_bot.org no", "/no@other_bot", "🙂 @Parley_Bot yes", "/yes"):
        fake.say(group, ann, text)
    fake.say(group, ann, "/yes@parley_bot")
    asked = fake.say(group, ann, "a reply, yes", reply_to=sent.message_id)
    fake.edit(group, asked, "changed, yes")
    got = await bot.get_updates()
    assert [update.effective_message.text for update in got if update.effective_message] == [
        "🙂 @Parley_Bot yes",
        "/yes",
        "/yes@parley_bot",
        "a reply, yes",
        "changed, yes",
    ]
    assert got[-1].edited_message is not None
    mention = got[0].message
    assert mention is not None
    assert list(mention.parse_entities(["mention"]).values()) == ["@Parley_Bot"]
    assert not (await bot.get_me()).can_read_all_group_messages


async def test_an_administrator_sees_everything(fake: TelegramFake, bot: Bot) -> None:
    fake.say(fake.group("Friends", bot_is_admin=True), fake.user(42), "no")
    assert await texts(bot) == ["no"]


async def test_a_press_is_answered_once(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    chat = fake.private(ann)
    sent = await bot.send_message(chat.id, "working", reply_markup=BUTTON)
    query_id = fake.press(chat, ann, sent.message_id, "stop:1")
    (update,) = await bot.get_updates()
    query = update.callback_query
    assert query is not None
    assert query.data == "stop:1"
    assert isinstance(query.message, Message)
    assert query.message.text == "working"
    assert fake.answer_to(query_id) is None
    await query.answer("stopped")
    answer = fake.answer_to(query_id)
    assert answer is not None
    assert answer["text"] == "stopped"
    assert "query ID is invalid".lower() in await refused(bot.answer_callback_query(query_id))
    with pytest.raises(AssertionError, match="no button"):
        fake.press(chat, ann, sent.message_id, "other")
