"""Texts and their entities."""

from __future__ import annotations

import pytest
from telegram import Bot, MessageEntity, ReplyParameters

from tests.fakes.telegram_api import TelegramFake
from tests.unit.fake_telegram.client import refused

pytestmark = pytest.mark.fast


async def test_a_person_and_the_bot_talk(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42, "Ann", username="ann")
    chat = fake.private(ann)
    asked = fake.say(chat, ann, "hello 🙂 /help")
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.text == "hello 🙂 /help"
    assert update.message.parse_entities() == {update.message.entities[0]: "/help"}

    sent = await bot.send_message(
        chat.id, "hi there", reply_parameters=ReplyParameters(asked), entities=[MessageEntity("bold", 0, 2)]
    )
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.message_id == asked
    screen = fake.screen(chat)
    assert [(shown.author, shown.text) for shown in screen.messages] == [("Ann", "hello 🙂 /help"), ("bot", "hi there")]
    assert screen.messages[1].reply_to == str(asked)
    assert screen.messages[1].versions[0].raw["entities"] == [{"type": "bold", "offset": 0, "length": 2}]
    assert fake.calls[-1].chat_id == chat.id
    assert fake.calls[-1].status == 200


async def test_text_is_trimmed_and_cleaned_and_its_entities_move_along(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    text = " \n\ta\u202eb\r\n🙂bold \n"
    sent = await bot.send_message(chat.id, text, entities=[MessageEntity("bold", 10, 6), MessageEntity("code", 14, 2)])
    assert sent.text == "ab\n🙂bold"
    assert [(e.type, e.offset, e.length) for e in sent.entities] == [("bold", 5, 4)]


async def test_an_entity_loses_the_blanks_it_begins_with_and_what_is_removed_inside_it(
    fake: TelegramFake, bot: Bot
) -> None:
    chat = fake.private(fake.user(42))
    sent = await bot.send_message(
        chat.id, "  a\r\nb c", entities=[MessageEntity("pre", 0, 6), MessageEntity("text_link", 6, 2, url="t.me")]
    )
    assert sent.text == "a\nb c"
    assert sent.parse_entities() == {sent.entities[0]: "a\nb", sent.entities[1]: " c"}


async def test_quotes_do_not_nest(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    quotes = [MessageEntity("expandable_blockquote", 0, 3), MessageEntity("blockquote", 2, 1)]
    sent = await bot.send_message(chat.id, "a\nb\nc", entities=[*quotes, MessageEntity("blockquote", 4, 1)])
    assert [(e.type, e.offset) for e in sent.entities] == [("expandable_blockquote", 0), ("blockquote", 4)]


@pytest.mark.parametrize("text", ["", " ", "\n \t", "\u200b", "\u2060 "])
async def test_nothing_visible_is_refused(fake: TelegramFake, bot: Bot, text: str) -> None:
    chat = fake.private(fake.user(42))
    assert "empty" in await refused(bot.send_message(chat.id, text))


async def test_length_counts_utf16_units_after_trimming(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    sent = await bot.send_message(chat.id, "🙂" * 2048 + "  ")
    assert await refused(bot.send_message(chat.id, "🙂" * 2048 + "a")) == "Message is too long"
    assert await refused(bot.edit_message_text("a" * 4097, chat.id, sent.message_id)) == "Message_too_long"
    assert await refused(bot.send_message(chat.id, "a" * 32_769)) == "Text is too long"


@pytest.mark.parametrize(
    ("entity", "words"),
    [
        (MessageEntity("bold", 7, 1), "Entity begins after the end of the text at utf-16 offset 7"),
        (MessageEntity("bold", 2, 9), "Entity beginning at utf-16 offset 2 ends after the end of the text"),
        (MessageEntity("bold", 1, 2), "Entity begins in a middle of a utf-16 symbol at byte offset 4"),
        (MessageEntity("bold", 2, 2), "ends in a middle of a utf-16 symbol"),
        (MessageEntity("loud", 0, 2), "Can't parse messageentity: unsupported type specified"),
        (MessageEntity("text_link", 0, 2, url="docs/readme"), "is invalid: wrong http url"),
        (MessageEntity("text_link", 0, 2, url="/home/ann/readme.md"), "is invalid: url host is empty"),
        (MessageEntity("text_link", 0, 2, url="javascript://a.b"), "is invalid: unsupported url protocol"),
    ],
)
async def test_bad_entities_are_refused(fake: TelegramFake, bot: Bot, entity: MessageEntity, words: str) -> None:
    chat = fake.private(fake.user(42))
    assert words in await refused(bot.send_message(chat.id, "🙂a🙂b", entities=[entity]))
    assert fake.screen(chat).messages == []


async def test_entities_beyond_a_hundred_are_ignored(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    sent = await bot.send_message(chat.id, "x" * 200, entities=[MessageEntity("bold", i, 1) for i in range(150)])
    assert len(sent.entities) == 100
    assert sent.entities[-1].offset == 99


async def test_parse_modes_are_not_imitated(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    assert await refused(bot.send_message(chat.id, "<b>x</b>", parse_mode="HTML")) == "Unsupported parse_mode"
