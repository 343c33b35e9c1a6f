"""What is kept long enough is dropped, but not before the bot could take it up."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot import clock
from bot.conversation.manners import Manners
from bot.conversation.overheard import Overheard
from bot.conversation.running import end
from bot.conversation.summing import Summaries
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import Message
from bot.forgetting import TAKEN_UP_WITHIN, Forgetting, keep_short
from tests.fakes.memory import MemoryStore

CHAT = ChatRef("telegram", "1", "42", "private")


@pytest.mark.virtual
async def test_what_was_left_over_days_ago_is_not_dropped_before_it_can_be_taken_up() -> None:
    store = MemoryStore()
    await store.arrivals.add([Message("old", CHAT, Person("telegram", "7", "Ann"), "1", "Hello", "direct")])
    store.arrivals.rows["old"].at = clock.utc_now() - timedelta(days=3)
    forgetting = Forgetting(store, Manners(store.preferences), Overheard(0), Summaries(store.conversations, None))
    keeping = asyncio.create_task(keep_short(store, forgetting, 30, 0))
    await clock.sleep(TAKEN_UP_WITHIN - 1)
    assert len(await store.arrivals.waiting(["telegram"])) == 1
    await clock.sleep(2)
    assert store.arrivals.rows == {}
    await end(keeping)
