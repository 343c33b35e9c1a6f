"""The real discord.py, pointed at the fake, keeping what it hears."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import discord
import pytest
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.fakes.discord_api import DiscordFake

T = TypeVar("T")

NO_PINGS = discord.AllowedMentions.none()


class Bot(discord.Client):
    """Keeps what it hears."""

    def __init__(self, intents: discord.Intents, allowed_mentions: discord.AllowedMentions | None) -> None:
        super().__init__(
            intents=intents,
            max_messages=None,
            chunk_guilds_at_startup=False,
            guild_ready_timeout=0.01,
            allowed_mentions=allowed_mentions,
        )
        self.tree = app_commands.CommandTree(self)
        self.heard: asyncio.Queue[discord.Message] = asyncio.Queue()
        self.used: asyncio.Queue[discord.Interaction[Any]] = asyncio.Queue()
        self.edits: asyncio.Queue[discord.RawMessageUpdateEvent] = asyncio.Queue()
        self.gone: asyncio.Queue[int] = asyncio.Queue()
        self.resumed = asyncio.Event()
        self.threads: asyncio.Queue[discord.Thread] = asyncio.Queue()

    async def on_message(self, message: discord.Message) -> None:
        if message.author != self.user:
            self.heard.put_nowait(message)

    async def on_resumed(self) -> None:
        self.resumed.set()

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        self.edits.put_nowait(event)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        self.gone.put_nowait(event.message_id)

    async def on_thread_create(self, thread: discord.Thread) -> None:
        self.threads.put_nowait(thread)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        self.used.put_nowait(interaction)


async def next_of(queue: asyncio.Queue[T]) -> T:
    """What comes next, within 20 seconds."""
    async with asyncio.timeout(20):
        return await queue.get()


def usual_intents(*, message_content: bool = True) -> discord.Intents:
    return discord.Intents(guilds=True, guild_messages=True, dm_messages=True, message_content=message_content)


@asynccontextmanager
async def redirected(fake: DiscordFake) -> AsyncIterator[DiscordFake]:
    """Inside, every new client talks to the fake."""
    async with fake:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Route, "BASE", fake.api_url)
            patch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(fake.gateway_url))
            yield fake


@asynccontextmanager
async def running(
    fake: DiscordFake,
    intents: discord.Intents | None = None,
    allowed_mentions: discord.AllowedMentions | None = NO_PINGS,
) -> AsyncIterator[Bot]:
    bot = Bot(intents or usual_intents(), allowed_mentions)
    task = asyncio.create_task(bot.start(fake.token))
    try:
        await fake.ready()
        yield bot
    finally:
        await bot.close()
        await asyncio.gather(task, return_exceptions=True)
