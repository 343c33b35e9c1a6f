"""The Discord fake as the real discord.py sees it: log in, hear, answer, lose the connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import discord
import pytest
import yarl

from tests.fakes.discord_api import DiscordFake
from tests.fakes.discord_client import Bot, next_of, redirected, running, usual_intents
from tests.fakes.discord_limits import Rules
from tests.fakes.discord_state import PRIVILEGED, Channel, Intent, Permission, User
from tests.fakes.faults import Fault


@pytest.fixture
async def fake() -> AsyncIterator[DiscordFake]:
    async with redirected(DiscordFake()) as fake:
        yield fake


@pytest.fixture
def ann(fake: DiscordFake) -> User:
    return fake.user("Ann")


@pytest.fixture
def general(fake: DiscordFake) -> Channel:
    return fake.guild("Lab").channel("general")


# Messages


async def test_a_message_comes_in_and_the_answer_grows(fake: DiscordFake, ann: User, general: Channel) -> None:
    async with running(fake) as bot:
        asked = fake.say(general, ann, f"{fake.bot_user.mention} hello")
        heard = await next_of(bot.heard)
        assert heard.content == f"<@{fake.bot_user.id}> hello"
        assert bot.user in heard.mentions
        async with heard.channel.typing():
            answer = await heard.channel.send("Hel", reference=heard)
        await answer.edit(content="Hello, Ann.")
    (shown,) = fake.screen(general).by_bot()
    assert [version.text for version in shown.versions] == ["Hel", "Hello, Ann."]
    assert shown.reply_to == asked
    assert fake.screen(general).typing
    assert fake.floods == 0


async def test_edits_and_deletions_are_told(fake: DiscordFake, ann: User, general: Channel) -> None:
    async with running(fake) as bot:
        asked = fake.say(general, ann, "helo")
        fake.edit(general, ann, asked, "hello")
        event = await next_of(bot.edits)
        assert (event.message.content, event.message.edited_at is not None) == ("hello", True)
        fake.delete(general, asked)
        assert await next_of(bot.gone) == int(asked)
    assert fake.screen(general).messages[0].deleted_at is not None


async def test_direct_messages(fake: DiscordFake, ann: User) -> None:
    async with running(fake) as bot:
        fake.say(fake.dm(ann), ann, "hi")
        heard = await next_of(bot.heard)
        assert isinstance(heard.channel, discord.DMChannel)
        await heard.channel.send("hello")
        ann.accepts_dms = False
        with pytest.raises(discord.Forbidden) as refused:
            await heard.channel.send("still there?")
        assert refused.value.code == 50007
    assert fake.screen(fake.dm(ann)).bot_text() == "hello"


async def test_roles_mean_the_bot_or_people(fake: DiscordFake, ann: User) -> None:
    guild = fake.guild("Lab")
    channel = guild.channel("general")
    async with running(fake) as bot:
        staff = guild.role("staff", ann)
        fake.say(channel, ann, f"{guild.bot_role().mention} hello")
        heard = await next_of(bot.heard)
        assert isinstance(heard.author, discord.Member)
        assert staff.id in [str(role.id) for role in heard.author.roles]
        assert heard.guild is not None
        assert heard.role_mentions == [heard.guild.self_role]


async def test_threads_of_people_and_of_the_bot(fake: DiscordFake, ann: User) -> None:
    guild = fake.guild("Lab")
    channel = guild.channel("general")
    async with running(fake) as bot:
        theirs = guild.thread(channel, "a topic", ann)
        assert (await next_of(bot.threads)).id == int(theirs.id)
        asked = fake.say(channel, ann, "hello")
        heard = await next_of(bot.heard)
        made = await heard.create_thread(name="about hello")
        await made.send("an answer")
        with pytest.raises(discord.HTTPException) as refused:
            await heard.create_thread(name="again")
        assert refused.value.code == 160004
        fake.say(fake.find_channel(asked), ann, "go on")
        assert (await next_of(bot.heard)).channel == made
    assert fake.screen(fake.find_channel(asked)).bot_text() == "an answer"


async def test_the_bot_looks_around(fake: DiscordFake, ann: User, general: Channel) -> None:
    async with running(fake) as bot:
        for text in ("one", "two"):
            fake.say(general, ann, text)
        heard = [await next_of(bot.heard) for _ in range(2)]
        assert [message.content async for message in heard[0].channel.history(limit=5)] == ["two", "one"]
        await heard[0].add_reaction("\N{EYES}")
        await (await heard[0].author.create_dm()).send("hello")
    assert fake.screen(fake.dm(ann)).bot_text() == "hello"


async def test_the_history_is_read_in_pages(fake: DiscordFake, ann: User, general: Channel) -> None:
    said = [int(fake.say(general, ann, str(number))) for number in range(5)]
    async with running(fake) as bot:

        async def page(limit: int, **where: int) -> list[int]:
            found = await bot.http.logs_from(general.id, limit, **where)
            return [int(message["id"]) for message in found]

        assert await page(2) == [said[4], said[3]]
        assert await page(2, before=said[3]) == [said[2], said[1]]
        assert await page(2, after=said[0]) == [said[2], said[1]]
        assert await page(100, after=said[2]) == [said[4], said[3]]
        assert await page(100, after=said[4]) == []
        with pytest.raises(discord.HTTPException, match="50035"):
            await page(101)
        general.denied = Permission.READ_MESSAGE_HISTORY
        assert await page(2) == []
        general.denied = Permission.VIEW_CHANNEL
        with pytest.raises(discord.Forbidden):
            await page(2)


async def test_a_message_of_the_history_does_not_say_which_roles_its_author_holds(fake: DiscordFake, ann: User) -> None:
    lab = fake.guild("Lab")
    general, role = lab.channel("general"), lab.role("Friends", ann)
    fake.say(general, ann, "hello")
    async with running(fake) as bot:
        (found,) = await bot.http.logs_from(general.id, 1)
        assert {"member", "guild_id"} & set(found) == set()
        member = await bot.http.get_member(lab.id, ann.id)
        assert (member["roles"], member["user"]["id"]) == ([role.id], ann.id)
        with pytest.raises(discord.NotFound):
            await bot.http.get_member(lab.id, fake.user("Ben").id)


async def test_a_channel_goes_away(fake: DiscordFake, ann: User, general: Channel) -> None:
    async with running(fake) as bot:
        fake.say(general, ann, "hello")
        heard = await next_of(bot.heard)
        assert heard.guild is not None
        fake.remove_channel(general)
        with pytest.raises(discord.NotFound) as refused:
            await heard.channel.send("hello")
        assert refused.value.code == 10003
        assert heard.guild.text_channels == []


async def test_a_repeated_nonce_makes_no_second_message(fake: DiscordFake, general: Channel) -> None:
    async with running(fake) as bot:
        channel = await bot.fetch_channel(int(general.id))
        assert isinstance(channel, discord.TextChannel)
        first = await channel.send("once", nonce="turn-1-part-1")
        assert await channel.send("once", nonce="turn-1-part-1") == first
        assert await channel.send("once", nonce="turn-1-part-2") != first
    assert len(fake.screen(general).by_bot()) == 2


async def test_who_is_pinged(fake: DiscordFake, ann: User, general: Channel) -> None:
    text = f"@everyone {ann.mention} <@&7>"
    everybody = ["everyone", f"user:{ann.id}", "role:7"]
    async with running(fake, allowed_mentions=None) as careless:
        channel = careless.get_partial_messageable(int(general.id))
        message = await channel.send(text)
        assert [ping for _, ping in fake.pings] == everybody
        await message.edit(content=text + "!")
        assert [ping for _, ping in fake.pings] == everybody * 2
    fake.pings.clear()
    async with running(fake) as careful:
        channel = careful.get_partial_messageable(int(general.id))
        message = await channel.send(text, reference=message)
        await message.edit(content=text + "!")
    assert fake.pings == []
    assert fake.screen(general).by_bot()[-1].versions[-1].raw["pings"] == []


# The gateway


async def test_a_dropped_connection_resumes_and_gets_what_it_missed(
    fake: DiscordFake, ann: User, general: Channel
) -> None:
    async with running(fake) as bot:
        fake.say(general, ann, "one")
        assert (await next_of(bot.heard)).content == "one"
        await fake.drop_gateway(resumable=True)
        fake.say(general, ann, "two")
        assert (await next_of(bot.heard)).content == "two"
    assert (fake.gateway.identifies, fake.gateway.resumes) == (1, 1)


async def test_a_request_to_reconnect_is_followed(fake: DiscordFake, ann: User, general: Channel) -> None:
    async with running(fake) as bot:
        fake.ask_to_reconnect()
        fake.say(general, ann, "go on")
        assert (await next_of(bot.heard)).content == "go on"
        async with asyncio.timeout(5):
            await bot.resumed.wait()
    assert (fake.gateway.identifies, fake.gateway.resumes) == (1, 1)


@pytest.mark.fast  # discord.py waits five seconds before it identifies again
async def test_a_lost_session_identifies_anew_and_misses_events(fake: DiscordFake, ann: User, general: Channel) -> None:
    async with running(fake) as bot:
        await fake.drop_gateway(resumable=False)
        fake.say(general, ann, "lost")
        await fake.ready()
        fake.say(general, ann, "heard")
        assert (await next_of(bot.heard)).content == "heard"
    assert (fake.gateway.identifies, fake.gateway.resumes) == (2, 0)


@pytest.mark.fast
async def test_an_outage_ends_on_the_same_port(fake: DiscordFake, ann: User, general: Channel) -> None:
    async with running(fake) as bot:
        await fake.stop_listening()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*_address(fake))
        fake.say(general, ann, "meanwhile")
        await fake.start_listening()
        assert (await next_of(bot.heard)).content == "meanwhile"


def _address(fake: DiscordFake) -> tuple[str, int]:
    url = yarl.URL(fake.api_url)
    assert url.host is not None
    assert url.port is not None
    return url.host, url.port


@pytest.mark.fast
async def test_heartbeats_keep_a_connection_on_a_faster_clock(ann: User) -> None:
    async with redirected(DiscordFake(rules=Rules(heartbeat=1.0))) as fake, running(fake) as bot:
        await asyncio.sleep(4)
        fake.say(fake.dm(ann), ann, "still there?")
        assert (await next_of(bot.heard)).content == "still there?"
        assert (fake.gateway.identifies, fake.gateway.resumes) == (1, 0)


async def test_intents_that_were_not_granted_end_the_start() -> None:
    async with redirected(DiscordFake(granted_intents=PRIVILEGED & ~Intent.MESSAGE_CONTENT)) as fake:
        bot = Bot(usual_intents(), None)
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await bot.start(fake.token)
        await bot.close()


async def test_a_wrong_token_ends_the_start(fake: DiscordFake) -> None:
    bot = Bot(usual_intents(), None)
    with pytest.raises(discord.LoginFailure):
        await bot.start("another-token")
    await bot.close()
    assert fake.invalid_requests == 1


async def test_without_the_content_intent_only_words_to_the_bot_arrive(
    fake: DiscordFake, ann: User, general: Channel
) -> None:
    async with running(fake, usual_intents(message_content=False)) as bot:
        fake.say(general, ann, "among us")
        fake.say(general, ann, f"{fake.bot_user.mention} for you")
        fake.say(fake.dm(ann), ann, "in private")
        texts = [(await next_of(bot.heard)).content for _ in range(3)]
    assert texts == ["", f"{fake.bot_user.mention} for you", "in private"]


async def test_events_without_their_intent_stay_away(fake: DiscordFake, ann: User, general: Channel) -> None:
    async with running(fake, discord.Intents(guilds=True, dm_messages=True)) as bot:
        fake.say(general, ann, "in the server")
        fake.say(fake.dm(ann), ann, "in private")
        assert (await next_of(bot.heard)).content == "in private"


# Faults


async def test_a_request_that_took_effect_may_still_fail(fake: DiscordFake, general: Channel) -> None:
    async with running(fake) as bot:
        channel = bot.get_partial_messageable(int(general.id))
        fake.faults.add(Fault("drop_after", "POST /channels/{id}/messages"))
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await channel.send("said", nonce="n")
        await channel.send("said", nonce="n")
    assert fake.screen(general).bot_text() == "said"


@pytest.mark.fast
async def test_discord_py_waits_out_a_scripted_flood(fake: DiscordFake, general: Channel) -> None:
    async with running(fake) as bot:
        channel = bot.get_partial_messageable(int(general.id))
        fake.faults.add(Fault("flood", "POST /channels/{id}/messages", seconds=3.0))
        started = asyncio.get_running_loop().time()
        await channel.send("later")
        assert asyncio.get_running_loop().time() - started >= 3.0
    assert fake.floods == 0
