"""The platforms under measurement: a fake, its chats, and how the bot is pointed at it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from adapters.discord.limits import channel as limits_of
from adapters.telegram.limits import limits_for
from bot.domain.platform import Limits
from tests.fakes.discord_api import DiscordFake
from tests.fakes.screen import Screen
from tests.fakes.telegram_api import TelegramFake


@dataclass(frozen=True, slots=True)
class Spot:
    """One chat: its screen, and the key under which the bot stores it."""

    number: int
    screen: Screen
    chat_key: str


class Place(Protocol):
    """A platform with any number of chats. `environment` are the bot's settings for it."""

    @property
    def environment(self) -> Mapping[str, str]: ...

    @property
    def limits(self) -> Limits: ...

    @property
    def floods(self) -> int: ...

    @property
    def calls(self) -> int:
        """Calls so far that send or change a message."""
        ...

    def open(self, number: int) -> Spot: ...

    def ask(self, spot: Spot, text: str) -> None: ...

    async def ready(self) -> None:
        """Wait until the bot receives."""
        ...


class TelegramPlace:
    def __init__(self, fake: TelegramFake, kind: str) -> None:
        self._fake = fake
        self._private = kind == "private"
        self._ann = fake.user(7, "Ann")
        self._chats = {}  # type: ignore[var-annotated]  # the fake's own chats, by number
        self.limits = limits_for("private" if self._private else "group", "edit")
        self.environment = {"TELEGRAM_TOKEN": fake.token, "TELEGRAM_API_URL": fake.url}

    @property
    def floods(self) -> int:
        return self._fake.floods

    @property
    def calls(self) -> int:
        counted = self._fake.counted()
        return counted["sendMessage"] + counted["editMessageText"]

    def open(self, number: int) -> Spot:
        if self._private:
            chat = self._fake.private(self._fake.user(1000 + number, f"Person {number}"))
        else:
            chat = self._fake.group(f"Group {number}")
        self._chats[number] = chat
        return Spot(number, self._fake.screen(chat), f"telegram:{self._fake.bot_user.id}:{chat.id}")

    def ask(self, spot: Spot, text: str) -> None:
        chat = self._chats[spot.number]
        user = chat.user if self._private else self._ann
        self._fake.say(chat, user, text if self._private else f"@{self._fake.bot_user.username} {text}")

    async def ready(self) -> None:
        await self._fake.until_called("getUpdates")


class DiscordPlace:
    def __init__(self, fake: DiscordFake) -> None:
        self._fake = fake
        self._guild = fake.guild("Server")
        self._ann = fake.user("Ann")
        self._channels = {}  # type: ignore[var-annotated]  # the fake's own channels, by number
        self.limits = limits_of(threads=True)
        self.environment = {
            "DISCORD_TOKEN": fake.token,
            "DISCORD_API_URL": fake.api_url,
            "DISCORD_GATEWAY_URL": fake.gateway_url,
        }

    @property
    def floods(self) -> int:
        return self._fake.floods

    @property
    def calls(self) -> int:
        return sum(1 for call in self._fake.calls if call.route.startswith(("POST /channels/{id}/messages", "PATCH")))

    def open(self, number: int) -> Spot:
        channel = self._guild.channel(f"channel-{number}")
        self._channels[number] = channel
        return Spot(number, self._fake.screen(channel), f"discord:{self._fake.bot_user.id}:{channel.id}")

    def ask(self, spot: Spot, text: str) -> None:
        self._fake.say(self._channels[spot.number], self._ann, f"<@{self._fake.bot_user.id}> {text}")

    async def ready(self) -> None:
        await self._fake.ready()


@asynccontextmanager
async def opened(name: str) -> AsyncIterator[Place]:
    """`telegram private`, `telegram group` or `discord`."""
    if name == "discord":
        async with DiscordFake() as discord:
            yield DiscordPlace(discord)
    else:
        async with TelegramFake() as telegram:
            yield TelegramPlace(telegram, name.partition(" ")[2])
