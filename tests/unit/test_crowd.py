"""A crowd asks at once: the whole core on a virtual clock, with a model, a store and chats in memory."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from bot.core import USUAL_REPLY, open_core
from bot.domain.events import Finished, ReplyEvent, Started, TextDelta, UsageSeen
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import ButtonPress, Message
from bot.domain.prompts import ChatRequest
from bot.domain.usage import Usage
from bot.door import Door
from bot.errors import BrokenStream
from bot.models import Models
from bot.settings import Settings
from bot.tasks import TaskOwner
from bot.telemetry.metrics import Metrics
from tests.fakes.memory import MemoryChannel, MemoryStore

ANSWER = 2000
"""Tokens that an answer uses: about as many as are set aside for it."""


@dataclass(slots=True)
class Busy:
    """A model that takes some seconds for an answer; some break off."""

    chance: random.Random
    asked: int = 0

    def knows(self, model: str) -> bool:
        return bool(model)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ReplyEvent, None]:
        self.asked += 1
        yield Started(request.model)
        for _ in range(4):
            await asyncio.sleep(self.chance.random())
            yield TextDelta("word " * 100)
        if self.chance.random() < 0.1:
            raise BrokenStream(request.model)
        yield UsageSeen(Usage(100, ANSWER - 100))
        yield Finished("stop")


@pytest.mark.virtual
@pytest.mark.parametrize("seed", range(3))
async def test_a_budget_for_50_of_200_questions_at_once(seed: int) -> None:
    """40 people ask in five chats each, and stop some answers; each person may have three, and all together 50."""
    chance, store, owner = random.Random(seed), MemoryStore(), TaskOwner()
    model = Busy(chance)
    everyone, total = 3 * ANSWER, 50 * ANSWER
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]  # known to the base class, not to mypy
        allowed=("*",),
        messages_per_minute=0,
        turns_per_person=5,
        daily_tokens_per_user=everyone,
        daily_tokens=total,
    )
    people = [Person("telegram", str(number), f"Person {number}") for number in range(40)]
    chats = [ChatRef("telegram", "9", str(1000 + number), "group") for number in range(200)]
    channels = {chat: MemoryChannel(chat) for chat in chats}
    unused: Any = None
    as_gateway: Any = model
    models = Models(as_gateway, unused, "mine/model")

    async def ask(door: Door, number: int) -> None:
        person, chat = people[number % 40], chats[number]
        await asyncio.sleep(chance.random() * 5)
        message = Message(f"m{number}", chat, person, "1", "Hello, bot", "mention")
        door.accept(message, channels[chat])
        if chance.random() < 0.1:
            await asyncio.sleep(chance.random() * 2)
            door.accept(ButtonPress(f"b{number}", chat, person, "1", "stop 0"), channels[chat])

    async with AsyncExitStack() as stack:
        core = open_core(settings, store, models, unused, owner, ["telegram"], Metrics())
        door = await stack.enter_async_context(core)
        await asyncio.gather(*(ask(door, number) for number in range(200)))
        await door.settle()
        await owner.settle(None)

    calls, most = store.ledger.calls, USUAL_REPLY + 300
    used = [call.usage.prompt_tokens + call.usage.completion_tokens for call in calls]
    assert 40 * ANSWER < sum(used) < total + most
    each = Counter[str]()
    for call, tokens in zip(calls, used, strict=True):
        each[call.account.person] += tokens
    assert max(each.values()) < everyone + most
    assert max(each.values()) > ANSWER
    assert len(calls) <= model.asked < 80
    for channel in channels.values():
        said = "\n".join(message.source for message in channel.messages.values())
        assert any(words in said for words in ("word", "Stopped.", "used up", "are being written")), said
