"""Chats the bot may write to, and topics."""

from __future__ import annotations

import pytest
from telegram import Bot, ReplyParameters
from telegram.error import ChatMigrated, Forbidden

from tests.fakes.telegram_api import TelegramFake
from tests.unit.fake_telegram.client import refused

pytestmark = pytest.mark.fast


async def test_a_chat_that_the_bot_never_met_is_not_found(bot: Bot) -> None:
    assert await refused(bot.send_message(4711, "x")) == "Chat not found"


async def test_who_blocks_the_bot_gets_nothing(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    chat = fake.private(ann)
    fake.block(ann)
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(chat.id, "x")
    (update,) = await bot.get_updates()
    assert update.my_chat_member is not None
    assert update.my_chat_member.new_chat_member.status == "kicked"
    fake.unblock(ann)
    await bot.send_message(chat.id, "x")


async def test_a_bot_that_was_kicked_may_not_write(fake: TelegramFake, bot: Bot) -> None:
    group = fake.group("Friends")
    fake.kick(group, fake.user(42))
    with pytest.raises(Forbidden, match="bot was kicked from the supergroup chat"):
        await bot.send_message(group.id, "x")


async def test_a_group_that_moved_tells_its_new_id(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    group = fake.group("Friends", supergroup=False)
    supergroup = fake.migrate(group, ann)
    with pytest.raises(ChatMigrated) as caught:
        await bot.send_message(group.id, "x")
    assert caught.value.new_chat_id == supergroup.id
    assert (await bot.send_message(supergroup.id, "x")).chat.type == "supergroup"
    old, new = [update.message for update in await bot.get_updates()]
    assert old is not None
    assert new is not None
    assert (old.chat.id, old.migrate_to_chat_id) == (group.id, supergroup.id)
    assert (new.chat.id, new.migrate_from_chat_id) == (supergroup.id, group.id)
    assert fake.screen(group).messages == []


async def test_topics_have_their_own_screens_and_must_exist(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    forum = fake.group("Forum", forum=True)
    topic = fake.topic(forum, "News", ann)
    asked = fake.say(forum, ann, "/start", thread_id=topic)
    sent = await bot.send_message(forum.id, "in the topic", message_thread_id=topic)
    replied = await bot.send_message(forum.id, "there too", reply_parameters=ReplyParameters(asked))
    assert sent.is_topic_message
    assert replied.message_thread_id == topic
    assert [shown.text for shown in fake.screen(forum, topic).by_bot()] == ["in the topic", "there too"]
    assert fake.screen(forum).messages == []
    wrong = bot.send_message(forum.id, "x", message_thread_id=topic + 100)
    assert await refused(wrong) == "Message thread not found"

    opened, said = [update.message for update in await bot.get_updates()]
    assert opened is not None
    assert opened.forum_topic_created is not None
    assert said is not None
    assert said.reply_to_message is not None, "Telegram shows the opening of the topic as what is replied to"
    assert said.reply_to_message.message_id == topic


async def test_replies_in_ordinary_supergroups_carry_a_thread_that_is_no_topic(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    group = fake.group("Friends")
    sent = await bot.send_message(group.id, "hi")
    fake.say(group, ann, "what?", reply_to=sent.message_id)
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.message_thread_id == sent.message_id
    assert not update.message.is_topic_message
    assert len(fake.screen(group).messages) == 2


async def test_a_private_chat_may_have_topics(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    chat = fake.private(ann)
    topic = fake.topic(chat, "Cooking", ann)
    await bot.send_message_draft(chat.id, 7, "so", message_thread_id=topic)
    assert list(fake.screen(chat, topic).previews) == [7]
    await bot.send_message(chat.id, "elsewhere")
    assert list(fake.screen(chat, topic).previews) == [7]
    await bot.send_message(chat.id, "soup", message_thread_id=topic)
    assert fake.screen(chat, topic).previews == {}
    assert fake.screen(chat).bot_text() == "elsewhere"
