"""Drafts and chat actions."""

from __future__ import annotations

import asyncio

import pytest
from telegram import Bot

from tests.fakes.telegram_api import TelegramFake
from tests.fakes.telegram_entities import FormattedText
from tests.fakes.telegram_state import Chat, State, User
from tests.unit.fake_telegram.client import refused

pytestmark = pytest.mark.fast


async def test_a_draft_grows_and_the_real_message_replaces_it(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    screen = fake.screen(chat)
    for text in ("", "he", "hello"):
        await bot.send_message_draft(chat.id, 7, text)
    assert {number: version.text for number, version in screen.previews.items()} == {7: "hello"}
    await bot.send_message_draft(chat.id, 8, "other")
    assert list(screen.previews) == [8]
    await bot.send_message(chat.id, "done")
    assert screen.previews == {}
    assert [version.text for _, version in screen.preview_log] == ["", "he", "hello", "other"]


@pytest.mark.virtual
async def test_a_draft_lives_for_thirty_seconds_after_its_last_call() -> None:
    state = State(User(1, "Parley", is_bot=True))
    chat = Chat(42, "private", "", User(42, "Ann"))
    previews = state.screen(chat).previews
    state.preview(chat, None, 7, FormattedText("hel"))
    await asyncio.sleep(29)
    state.preview(chat, None, 7, FormattedText("hello"))
    await asyncio.sleep(29)
    assert previews[7].text == "hello"
    await asyncio.sleep(2)
    assert previews == {}


async def test_drafts_are_for_private_chats(fake: TelegramFake, bot: Bot) -> None:
    group = fake.group("Friends")
    assert await refused(bot.send_message_draft(group.id, 7, "x")) == "Textdraft_peer_invalid"
    chat = fake.private(fake.user(42))
    assert "draft identifier" in await refused(bot.send_message_draft(chat.id, 0, "x"))
    assert await refused(bot.send_message_draft(chat.id, 7, "x" * 4097)) == "Message_too_long"


async def test_typing_is_seen(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    await bot.send_chat_action(chat.id, "typing")
    assert len(fake.screen(chat).typing) == 1
    assert await refused(bot.send_chat_action(chat.id, "sleeping")) == "Wrong parameter action in request"


async def test_a_stopped_draft_is_an_update_of_its_own(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    fake.stop_draft(chat, 7)
    (update,) = await bot.get_updates(allowed_updates=["stopped_message_generation"])
    assert update.api_kwargs["stopped_message_generation"]["draft_id"] == "7"
