"""The life of the connection: logging in, losing it, getting it back, and registering commands."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable

import pytest

from adapters.discord import adapter
from adapters.discord.adapter import DiscordPlatform
from bot import clock
from bot.domain.messages import Message
from bot.domain.platform import Outgoing
from bot.errors import ParleyError, SettingsError
from bot.watchdog import Watchdog
from tests.fakes.discord_api import DiscordFake
from tests.fakes.discord_limits import Rules
from tests.fakes.discord_state import Channel as Place
from tests.fakes.discord_state import Intent, User
from tests.fakes.faults import Fault
from tests.fakes.memory import MemoryNotes
from tests.unit.discord.conftest import TOKEN, Connect, Connected, RecordingInbox, platform_for

SYNC = "PUT /applications/{id}/commands"


async def _answer(bot: Connected, fake: DiscordFake, person: User, place: Place, text: str) -> None:
    """Somebody says something, the bot answers with the same words."""
    fake.say(place, person, f"{fake.bot_user.mention} {text}")
    event, channel = await bot.next()
    assert isinstance(event, Message)
    await channel.send(Outgoing(event.text))


@pytest.mark.fast
async def test_a_lost_connection_is_resumed(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    async with connect() as bot:
        await _answer(bot, fake, ann, general, "one")
        await fake.drop_gateway(resumable=True)
        fake.say(general, ann, f"{fake.bot_user.mention} said while away")
        event, channel = await bot.next()
        await channel.send(Outgoing("two"))
    assert isinstance(event, Message)
    assert event.text == "said while away"
    assert fake.screen(general).bot_text() == "one\n\ntwo"
    assert fake.gateway.resumes == 1


@pytest.mark.fast
async def test_a_lost_session_is_begun_anew(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    async with connect() as bot:
        await _answer(bot, fake, ann, general, "one")
        await fake.drop_gateway(resumable=False)
        await fake.ready()
        await _answer(bot, fake, ann, general, "two")
    assert fake.screen(general).bot_text() == "one\n\ntwo"
    assert fake.gateway.identifies == 2


@pytest.mark.fast
async def test_the_first_connection_is_refused(fake: DiscordFake, ann: User, general: Place) -> None:
    """First nothing answers at all, then only the gateway does not."""
    await fake.stop_listening()
    inbox = RecordingInbox()
    async with platform_for(fake, MemoryNotes()) as platform:
        receiving = asyncio.create_task(platform.receive(inbox))
        await clock.sleep(0.5)
        fake.faults.add(Fault("drop_before", "gateway", times=2))
        await fake.start_listening()
        await fake.ready(60)
        await _answer(Connected(platform, inbox, receiving), fake, ann, general, "at last")
        receiving.cancel()
        await asyncio.wait([receiving])
    assert fake.screen(general).bot_text() == "at last"


async def test_leaving_while_the_gateway_does_not_answer(fake: DiscordFake) -> None:
    fake.faults.add(Fault("stall_before", "gateway", seconds=30))
    async with platform_for(fake, MemoryNotes()) as platform:
        receiving = asyncio.create_task(platform.receive(RecordingInbox()))
        async with asyncio.timeout(10):
            while not any(call.route == "gateway" for call in fake.calls):
                await clock.sleep(0.01)
        receiving.cancel()
        await asyncio.wait([receiving])
    assert receiving.cancelled()


@pytest.mark.fast
async def test_something_else_than_discord_answers(fake: DiscordFake) -> None:
    fake.faults.add(Fault("garbage", "GET /users/@me", times=2))
    async with platform_for(fake, MemoryNotes()) as platform:
        receiving = asyncio.create_task(platform.receive(RecordingInbox()))
        await fake.ready(60)
        receiving.cancel()
        await asyncio.wait([receiving])


class TestWithoutTheIntent:
    @pytest.fixture
    async def fake(self) -> AsyncIterator[DiscordFake]:
        async with DiscordFake(token=TOKEN, granted_intents=Intent.NONE) as fake:
            yield fake

    async def test_the_bot_goes_on_with_mentions_and_direct_messages(
        self, connect: Connect, fake: DiscordFake, ann: User, general: Place, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with connect() as bot:
            fake.say(general, ann, "not for the bot")
            fake.say(general, ann, f"{fake.bot_user.mention} hello")
            fake.say(fake.dm(ann), ann, "hi")
            events = [(await bot.next())[0] for _ in range(2)]
        assert [event.text for event in events if isinstance(event, Message)] == ["hello", "hi"]
        (told,) = [record for record in caplog.records if "Message Content Intent" in record.message]
        assert told.levelno == logging.ERROR


async def test_a_wrong_token_is_told_and_tried_again_later(
    fake: DiscordFake, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "REFUSED_PAUSE", 0.01)
    async with platform_for(fake, MemoryNotes(), token="another-token") as platform:
        receiving = asyncio.create_task(platform.receive(RecordingInbox()))
        async with asyncio.timeout(10):
            while sum("DISCORD_TOKEN" in record.message for record in caplog.records) < 2:
                await clock.sleep(0.01)
        fake._server.token = "another-token"
        fake.gateway.token = "another-token"
        await fake.ready()
        receiving.cancel()
        await asyncio.wait([receiving])
    assert "another-token" not in caplog.text


async def test_commands_are_registered_once(connect: Connect, fake: DiscordFake, notes: MemoryNotes) -> None:
    async with connect():
        pass
    async with connect():
        pass
    assert fake.syncs == 1
    registered = fake.commands.registered[""].values()
    assert sorted((command["type"], command["name"]) for command in registered) == [
        *((1, name) for name in ("ask", "draw", "persona", "set", "usage")),
        *((3, name) for name in ("Ask about this", "Describe image")),
    ]
    notes.texts = dict.fromkeys(notes.texts, "the hash of other commands")
    async with connect():
        pass
    assert fake.syncs == 2


async def test_commands_are_never_cleared(fake: DiscordFake) -> None:
    platform = DiscordPlatform(TOKEN, MemoryNotes(), (), api_url=fake.api_url, gateway_url=fake.gateway_url)
    async with platform:
        receiving = asyncio.create_task(platform.receive(RecordingInbox()))
        await fake.ready()
        receiving.cancel()
        await asyncio.wait([receiving])
    assert fake.syncs == 0


async def test_commands_that_cannot_be_registered_are_registered_at_the_next_start(
    connect: Connect, fake: DiscordFake, ann: User, general: Place, caplog: pytest.LogCaptureFixture
) -> None:
    fake.faults.add(Fault("status", SYNC, status=400, body={"message": "no", "code": 30034}))
    async with connect() as bot:
        await _answer(bot, fake, ann, general, "hello all the same")
    assert "could not be registered" in caplog.text
    assert not fake.commands.registered.get("")
    async with connect():
        pass
    assert fake.commands.registered[""]


async def test_check_names_the_bot(fake: DiscordFake) -> None:
    assert await platform_for(fake, MemoryNotes()).check() == f"Discord: parley (id {fake.bot_user.id})"
    with pytest.raises(SettingsError, match="DISCORD_TOKEN"):
        await platform_for(fake, MemoryNotes(), token="wrong").check()
    await fake.stop_listening()
    with pytest.raises(ParleyError, match="cannot be reached"):
        await platform_for(fake, MemoryNotes()).check()


class TestHealth:
    """What the watchdog goes by."""

    @pytest.fixture
    async def fake(self) -> AsyncIterator[DiscordFake]:
        async with DiscordFake(token=TOKEN, rules=Rules(heartbeat=20.0)) as fake:
            yield fake

    @staticmethod
    async def until(happened: Callable[[], bool]) -> None:
        async with asyncio.timeout(300):
            while not happened():
                await clock.sleep(0.1)

    @staticmethod
    async def sign(platform: DiscordPlatform) -> float:
        """When there is the next sign of life."""
        before = platform.healthy_at
        await TestHealth.until(lambda: platform.healthy_at is not None and platform.healthy_at != before)
        assert platform.healthy_at is not None
        return platform.healthy_at

    @pytest.mark.fast(20)
    async def test_it_is_when_the_gateway_was_last_there(self, connect: Connect, fake: DiscordFake) -> None:
        async with connect() as bot:
            first = await self.sign(bot.platform)
            assert await self.sign(bot.platform) > first, "heartbeats are answered"
            await fake.stop_listening()
            await clock.sleep(1)
            lost_at = bot.platform.healthy_at
            await clock.sleep(40)
            assert bot.platform.healthy_at == lost_at

    @pytest.mark.fast(20)
    async def test_a_silent_gateway_is_given_up_and_the_session_resumed(
        self, connect: Connect, fake: DiscordFake, ann: User, general: Place
    ) -> None:
        """discord.py does it, after 60 seconds without a word; until then the connection looks open."""
        async with connect() as bot:
            await self.sign(bot.platform)
            fake.gateway.fall_silent()
            fake.say(general, ann, f"{fake.bot_user.mention} anybody there?")
            await clock.sleep(1)
            heard_at = bot.platform.healthy_at
            await clock.sleep(30)
            assert bot.platform.healthy_at == heard_at
            await self.until(lambda: fake.gateway.resumes == 1)
            event, _ = await bot.next()
            await self.sign(bot.platform)
        assert isinstance(event, Message)
        assert event.text == "anybody there?"

    @pytest.mark.fast(20)
    async def test_a_gateway_that_ignores_the_login_is_noticed_by_the_watchdog(
        self, fake: DiscordFake, ann: User, general: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Heartbeats are answered, so that discord.py is content for ever."""
        monkeypatch.setattr(DiscordPlatform, "silence", 60.0)
        watchdog, inbox = Watchdog(), RecordingInbox()
        async with platform_for(fake, MemoryNotes()) as platform:
            watching = asyncio.create_task(watchdog.watch(platform, inbox))
            await self.sign(platform)
            fake.gateway.ignores_logins = True
            await fake.drop_gateway(resumable=True)
            heard_at = platform.healthy_at
            await self.until(lambda: watchdog.restarts["discord"] == 1)
            assert platform.healthy_at == heard_at
            fake.gateway.ignores_logins = False
            await self.sign(platform)
            fake.say(general, ann, f"{fake.bot_user.mention} hello again")
            event, _ = await inbox.next()
            watching.cancel()
            await asyncio.wait([watching])
        assert isinstance(event, Message)
        assert event.text == "hello again"


async def test_no_secret_is_logged(
    connect: Connect, fake: DiscordFake, ann: User, general: Place, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with connect() as bot:
        await _answer(bot, fake, ann, general, "hello")
    lines = [record.getMessage() for record in caplog.records if not record.name.startswith("asyncio")]
    assert lines
    assert not [line for line in lines if re.search(TOKEN, line)]
    assert not [line for line in lines if "hello" in line and not line.startswith(("For Shard", "POST", "GET", "PUT"))]
