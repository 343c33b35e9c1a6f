"""Flood control: the counts by themselves, and what a bot sees of them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from telegram import Bot
from telegram.error import RetryAfter

from tests.fakes.telegram_api import TelegramFake
from tests.fakes.telegram_errors import ApiError
from tests.fakes.telegram_limits import Flood, FloodRules, Metered

PERSON, OTHER, GROUP = 42, 43, -5


def told(flood: Flood, now: float, chat_id: int = PERSON, what: Metered = "message") -> int:
    """How many seconds a call is told to wait; 0 when it passes."""
    try:
        flood.charge(now, chat_id, what)
    except ApiError as error:
        return int(error.parameters["retry_after"])
    return 0


@pytest.fixture
def flood() -> Flood:
    return Flood(FloodRules(slack=0))


def test_a_private_chat_takes_a_burst_and_then_one_a_second(flood: Flood) -> None:
    assert [told(flood, 0) for _ in range(5)] == [0] * 5
    assert [told(flood, second) for second in range(1, 100)] == [0] * 99
    assert told(flood, 99.5) > 0


def test_a_pause_fills_the_burst_up_again_and_no_further(flood: Flood) -> None:
    assert [told(flood, 0) for _ in range(5)] == [0] * 5
    assert [told(flood, 1000) for _ in range(6)] == [0, 0, 0, 0, 0, 3]


def test_a_group_takes_twenty_in_any_minute(flood: Flood) -> None:
    assert [told(flood, second, GROUP) for second in range(20)] == [0] * 20
    assert told(flood, 20, GROUP) == 40
    assert [told(flood, second, GROUP) for second in (60, 61, 62)] == [0] * 3


def test_all_chats_together_take_thirty_a_second(flood: Flood) -> None:
    assert [told(flood, 0, chat_id) for chat_id in range(100, 130)] == [0] * 30
    assert told(flood, 0.9, 130) == 3
    assert told(flood, 4, 130) == 0


def test_drafts_and_actions_have_counts_of_their_own(flood: Flood) -> None:
    assert [told(flood, 0, PERSON, "activity") for _ in range(20)] == [0] * 20
    assert told(flood, 0, OTHER, "activity") == 0
    assert told(flood, 0) == 0
    assert [told(flood, 6, PERSON, "activity") for _ in range(20)] == [0] * 20
    assert told(flood, 12, PERSON, "activity") == 18, "forty in thirty seconds"


def test_a_ban_that_is_respected_ends(flood: Flood) -> None:
    assert [told(flood, 0) for _ in range(6)] == [0, 0, 0, 0, 0, 3]
    assert told(flood, 3) == 0
    assert told(flood, 3, OTHER) == 0
    assert flood.hits == 1


def test_calls_inside_a_ban_lengthen_it(flood: Flood) -> None:
    assert [told(flood, 0) for _ in range(6)] == [0, 0, 0, 0, 0, 3]
    assert [told(flood, now) for now in (1, 2, 3)] == [6, 12, 24]
    assert flood.hits == 4
    assert told(flood, 3, OTHER) == 0, "another chat is not banned"
    for _ in range(20):
        assert told(flood, 20) <= 3600


def test_calls_that_were_under_way_are_not_blamed(flood: Flood) -> None:
    flood.ban(10, PERSON, "message", 5)
    assert told(flood, 10.2) == 5
    assert flood.hits == 0
    assert told(flood, 11) == 10
    assert flood.hits == 1


def test_slack_forgives_calls_that_drew_nearer_on_their_way() -> None:
    flood = Flood(FloodRules())
    assert [told(flood, 0.1) for _ in range(5)] == [0] * 5
    assert [told(flood, second + 0.05) for second in range(1, 50)] == [0] * 49
    assert told(flood, 49.5) > 0


@pytest.mark.fast
async def test_sends_and_edits_count_alike(bot: Bot, fake: TelegramFake) -> None:
    chat = fake.private(fake.user(PERSON))
    sent = await bot.send_message(chat.id, "0")
    for number in range(1, 5):
        await bot.edit_message_text(f"{number}", chat.id, sent.message_id)
    with pytest.raises(RetryAfter) as caught:
        await bot.send_message(chat.id, "too many")
    assert caught.value.retry_after == timedelta(seconds=3)
    with pytest.raises(RetryAfter):
        await asyncio.gather(*(bot.edit_message_text("x", chat.id, sent.message_id) for _ in range(3)))
    await bot.send_chat_action(chat.id, "typing")
    assert fake.floods >= 1
    assert {call.status for call in fake.calls if call.method == "editMessageText"} == {200, 429}
    assert fake.screen(chat).bot_text() == "4"
