"""Worlds for tests: a platform, a model, an empty database, and in the end a judgement of what the bot left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.e2e.discord_side import DiscordSide
from tests.e2e.side import Side
from tests.e2e.telegram_side import TelegramSide
from tests.e2e.world import Log, World
from tests.fakes.discord_api import DiscordFake
from tests.fakes.discord_limits import Rules
from tests.fakes.openai_api import OpenAIFake
from tests.fakes.telegram_api import TelegramFake

DISCORD_TOKEN = "MTIzNDU2Nzg5.Fake.discord-token-for-tests"
LIBRARY_ENDS_WITHIN = 5.0
MODEL_KEY = "sk-test-key-that-must-not-be-logged"


@asynccontextmanager
async def side_of(name: str, **options: Any) -> AsyncIterator[Side]:
    """A platform; `options` are its fake's."""
    if name == "telegram":
        async with TelegramFake(**options) as telegram:
            yield TelegramSide(telegram)
    else:
        rules = _patient(options.pop("rules", Rules()))
        async with DiscordFake(token=DISCORD_TOKEN, rules=rules, **options) as discord:
            yield DiscordSide(discord)


def _patient(rules: Rules) -> Rules:
    """On a faster clock the time that code itself needs counts several times, so that the bot gets as much more."""
    return replace(rules, respond_within=rules.respond_within * getattr(asyncio.get_running_loop(), "speed", 1.0))


@asynccontextmanager
async def world_of(name: str, folder: Path, log: Log, **options: Any) -> AsyncIterator[World]:
    """A world in which the bot does not run yet; leaving it judges what the bot left behind."""
    before = asyncio.all_tasks()
    async with AsyncExitStack() as stack:
        side = await stack.enter_async_context(side_of(name, **options))
        model = await stack.enter_async_context(OpenAIFake(key=MODEL_KEY))
        world = World(side, model, folder, log)
        yield world
        await world.end()
    own = before | {asyncio.current_task()}
    deadline = asyncio.get_running_loop().time() + LIBRARY_ENDS_WITHIN
    # discord.py closes without waiting for what it runs on its own, which ends soon and may start more.
    while (left := asyncio.all_tasks() - own) and asyncio.get_running_loop().time() < deadline:
        await asyncio.wait(left, timeout=0.5)
    assert left == set(), "tasks are left"
