"""The Discord fake against the real discord.py, and each of Discord's rules that it enforces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import discord
import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.fakes.discord_api import DiscordFake


class Bot(discord.Client):
    """Keeps what it hears."""

    def __init__(self, intents: discord.Intents) -> None:
        super().__init__(
            intents=intents,
            max_messages=None,
            chunk_guilds_at_startup=False,
            guild_ready_timeout=0.01,
            allowed_mentions=discord.AllowedMentions.none(),
        )
        self.heard: asyncio.Queue[discord.Message] = asyncio.Queue()
        self.used: asyncio.Queue[discord.Interaction[Any]] = asyncio.Queue()

    async def on_message(self, message: discord.Message) -> None:
        if message.author != self.user:
            self.heard.put_nowait(message)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        self.used.put_nowait(interaction)


def usual_intents() -> discord.Intents:
    intents = discord.Intents.none()
    intents.guilds = intents.guild_messages = intents.dm_messages = intents.message_content = True
    return intents


@asynccontextmanager
async def running(fake: DiscordFake, intents: discord.Intents | None = None) -> AsyncIterator[Bot]:
    bot = Bot(intents or usual_intents())
    task = asyncio.create_task(bot.start(fake.token))
    try:
        await fake.ready()
        yield bot
    finally:
        await bot.close()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def fake(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordFake]:
    async with DiscordFake() as fake:
        monkeypatch.setattr(Route, "BASE", fake.api_url)
        monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(fake.gateway_url))
        yield fake


async def test_a_message_comes_in_and_the_answer_grows(fake: DiscordFake) -> None:
    ann = fake.user("Ann")
    channel = fake.guild("Lab").channel("general")
    async with running(fake) as bot:
        asked = fake.say(channel, ann, f"{fake.bot_user.mention} hello")
        heard = await asyncio.wait_for(bot.heard.get(), 5)
        assert heard.content == f"<@{fake.bot_user.id}> hello"
        assert bot.user in heard.mentions
        answer = await heard.channel.send("Hel", reference=heard)
        await answer.edit(content="Hello, Ann.")
    (shown,) = fake.screen(channel).by_bot()
    assert [version.text for version in shown.versions] == ["Hel", "Hello, Ann."]
    assert shown.reply_to == asked
    assert fake.floods == 0
