"""The bot itself."""

from __future__ import annotations

import pytest
from telegram import Bot, BotCommand, BotCommandScopeAllGroupChats
from telegram.error import EndPointNotFound, InvalidToken

from tests.fakes.telegram_api import TelegramFake
from tests.unit.fake_telegram.client import client, refused

pytestmark = pytest.mark.fast


async def test_wrong_tokens_and_methods(fake: TelegramFake, bot: Bot) -> None:
    other = client(fake, token="987654321:AAOtherOtherOtherOtherOtherOtherOtherOth")
    with pytest.raises(InvalidToken, match="rejected by the server"):
        await other.initialize()
    await other.shutdown()
    with pytest.raises(EndPointNotFound):
        await bot.do_api_request("sendSomethingNew")


async def test_menus_by_scope_and_language(fake: TelegramFake, bot: Bot) -> None:
    await bot.set_my_commands([BotCommand("help", "What I can do")])
    await bot.set_my_commands([BotCommand("hilfe", "Was ich kann")], BotCommandScopeAllGroupChats(), "de")
    assert fake.profile.menu() == {"help": "What I can do"}
    assert fake.profile.menu("all_group_chats", "de") == {"hilfe": "Was ich kann"}
    assert await bot.get_my_commands() == (BotCommand("help", "What I can do"),)
    await bot.delete_my_commands()
    assert fake.profile.menu() == {}
    assert await refused(bot.set_my_commands([BotCommand("Help", "x")])) == "Bot_command_invalid"
    assert await bot.set_my_description("A bot")
    assert (await bot.get_my_description()).description == "A bot"


async def test_reactions_and_facts_about_a_chat(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42, "Ann")
    chat = fake.private(ann)
    asked = fake.say(chat, ann, "hello")
    await bot.set_message_reaction(chat.id, asked, "👀")
    assert chat.messages[asked].reactions == [{"type": "emoji", "emoji": "👀"}]
    assert (await bot.get_chat(chat.id)).first_name == "Ann"
