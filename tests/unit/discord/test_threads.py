"""Threads that the bot opens, and threads on its messages, where it is talked to without a mention."""

from __future__ import annotations

import pytest

from bot.domain.messages import Edited, Message
from bot.domain.platform import Outgoing
from bot.errors import ChatGone, MessageGone, RetryLater
from bot.ports import Channel
from tests.fakes.discord_api import DiscordFake
from tests.fakes.discord_guild import GuildHandle
from tests.fakes.discord_state import Channel as Place
from tests.fakes.discord_state import Permission, User
from tests.fakes.faults import Fault
from tests.unit.discord.conftest import Connect, Connected

OPEN = "POST /channels/{id}/messages/{id}/threads"
LOOK = "GET /channels/{id}/messages/{id}"


@pytest.fixture
def guild(fake: DiscordFake) -> GuildHandle:
    return fake.guild("Lab")


@pytest.fixture
def general(guild: GuildHandle) -> Place:
    return guild.channel("general")


async def asked(bot: Connected, fake: DiscordFake, person: User, place: Place) -> tuple[str, Channel]:
    question = fake.say(place, person, f"{fake.bot_user.mention} hello")
    _, channel = await bot.next()
    return question, channel


async def heard(bot: Connected) -> Message:
    event, _ = await bot.next()
    assert isinstance(event, Message)
    return event


def called(fake: DiscordFake, route: str) -> int:
    return sum(call.route == route for call in fake.calls)


# Opening one


async def test_a_thread_on_a_question(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    async with connect() as bot:
        question, channel = await asked(bot, fake, ann, general)
        opened = await channel.open_thread(question, " Why? " + "x" * 200)
        await opened.send(Outgoing("Because."))
        thread = fake.find_channel(question)
        fake.say(thread, ann, "go on")
        event = await heard(bot)
    assert (thread.name, thread.parent, fake.calls[-2].body["auto_archive_duration"]) == (
        ("Why? " + "x" * 200)[:100],
        general,
        1440,
    )
    assert fake.screen(thread).bot_text() == "Because."
    assert (opened.chat, opened.rate_key) == (event.chat, thread.id)
    assert (event.addressing, event.chat.thread_id) == ("thread", question)
    assert (channel.limits.threads, opened.limits.threads) == (True, False)
    assert called(fake, LOOK) == 0


async def test_a_thread_that_is_there(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    async with connect() as bot:
        question, channel = await asked(bot, fake, ann, general)
        first = await channel.open_thread(question, "Why?")
        fake.say(fake.find_channel(question), ann, "go on")
        await bot.next()
        assert (await channel.open_thread(question, "")).chat == first.chat
        assert called(fake, OPEN) == 1
        there = {"message": "A thread has already been created for this message", "code": 160004}
        other, _ = await asked(bot, fake, ann, general)
        fake.faults.add(Fault("status", OPEN, status=400, body=there))
        assert (await channel.open_thread(other, "")).chat.thread_id == other


async def test_a_thread_without_words_has_a_name(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        question, channel = await asked(bot, fake, ann, general)
        await channel.open_thread(question, " \n")
    assert fake.find_channel(question).name


async def test_threads_that_cannot_be_opened(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    async with connect() as bot:
        question, channel = await asked(bot, fake, ann, general)
        fake.faults.add(Fault("flood", OPEN, seconds=3))
        with pytest.raises(RetryLater):
            await channel.open_thread(question, "Why?")
        with pytest.raises(MessageGone):
            await channel.open_thread("4711", "Why?")
        general.denied = Permission.CREATE_PUBLIC_THREADS
        with pytest.raises(ChatGone):
            await channel.open_thread(question, "Why?")


async def test_where_threads_can_be_opened(
    connect: Connect, fake: DiscordFake, ann: User, guild: GuildHandle, general: Place
) -> None:
    places = [general, guild.thread(general, "talk", ann), fake.dm(ann)]
    async with connect() as bot:
        for place in places:
            _, channel = await asked(bot, fake, ann, place)
            fake.command(place, ann, "persona list")
            _, command = await bot.next()
            message_id = await channel.send(Outgoing("x", buttons=()))
            assert message_id
            assert {channel.limits.threads, command.limits.threads} == {place is general}
            assert not channel.limits.folds
        fake.command(general, ann, "persona list")
        _, command = await bot.next()
        question = fake.say(general, ann, "hello")
        assert (await command.open_thread(question, "x")).chat.thread_id == question


# Threads that people open


async def test_talk_in_a_thread_on_an_answer(
    connect: Connect, fake: DiscordFake, ann: User, guild: GuildHandle, general: Place
) -> None:
    async with connect() as bot:
        _, channel = await asked(bot, fake, ann, general)
        answer = await channel.send(Outgoing("Because."))
        thread = guild.thread(general, "about it", ann, answer)
        said = [fake.say(thread, ann, f"word {number}") for number in range(5)]
        events = [await heard(bot) for _ in said]
        fake.edit(thread, ann, said[0], "another word")
        edited, _ = await bot.next()
    assert [(event.message_id, event.addressing) for event in events] == [(each, "thread") for each in said]
    assert isinstance(edited, Edited)
    assert edited.message.addressing == "thread"
    assert called(fake, LOOK) == 1


async def test_the_same_after_a_restart(
    connect: Connect, fake: DiscordFake, ann: User, guild: GuildHandle, general: Place
) -> None:
    async with connect() as bot:
        _, channel = await asked(bot, fake, ann, general)
        answer = await channel.send(Outgoing("Because."))
    thread = guild.thread(general, "about it", ann, answer)
    async with connect() as bot:
        fake.say(thread, ann, "go on")
        assert (await heard(bot)).addressing == "thread"
        fake.say(thread, ann, f"{fake.bot_user.mention} go on")
        assert (await heard(bot)).addressing == "mention"


async def test_threads_on_what_others_said(
    connect: Connect, fake: DiscordFake, ann: User, guild: GuildHandle, general: Place
) -> None:
    said = fake.say(general, ann, "my cat")
    for thread in (guild.thread(general, "about it", ann, said), guild.thread(general, "on nothing", ann)):
        before = called(fake, LOOK)
        async with connect() as bot:
            for _ in range(3):
                fake.say(thread, ann, "go on")
                assert (await heard(bot)).addressing == "none"
        assert called(fake, LOOK) == before + 1


async def test_what_waits_for_an_answer_keeps_its_order(
    connect: Connect, fake: DiscordFake, ann: User, guild: GuildHandle, general: Place
) -> None:
    async with connect() as bot:
        _, channel = await asked(bot, fake, ann, general)
        answer = await channel.send(Outgoing("Because."))
        thread = guild.thread(general, "about it", ann, answer)
        fake.faults.add(Fault("stall_before", LOOK, seconds=0.3))
        fake.say(thread, ann, "one")
        fake.say(thread, ann, f"{fake.bot_user.mention} two")
        fake.say(general, ann, "elsewhere")
        fake.say(thread, ann, "three")
        events = [await heard(bot) for _ in range(4)]
    assert [(event.text, event.addressing) for event in events] == [
        ("elsewhere", "none"),
        ("one", "thread"),
        ("two", "mention"),
        ("three", "thread"),
    ]


async def test_nothing_is_lost_when_the_bot_leaves_meanwhile(
    connect: Connect, fake: DiscordFake, ann: User, guild: GuildHandle, general: Place
) -> None:
    said = fake.say(general, ann, "my cat")
    thread = guild.thread(general, "about it", ann, said)
    fake.faults.add(Fault("stall_before", LOOK, seconds=2))
    async with connect() as bot:
        fake.say(thread, ann, "one")
        fake.say(thread, ann, "two")
        fake.say(general, ann, "elsewhere")
        await bot.next()
    assert [(await heard(bot)).text for _ in range(2)] == ["one", "two"]


async def test_a_look_that_fails_is_repeated(
    connect: Connect, fake: DiscordFake, ann: User, guild: GuildHandle, general: Place
) -> None:
    async with connect() as bot:
        _, channel = await asked(bot, fake, ann, general)
        thread = guild.thread(general, "about it", ann, await channel.send(Outgoing("Because.")))
        fake.faults.add(Fault("status", LOOK, status=500))
        for addressing in ("none", "thread"):
            fake.say(thread, ann, "go on")
            assert (await heard(bot)).addressing == addressing


async def test_where_the_history_may_not_be_read_nobody_is_asked_again(
    connect: Connect, fake: DiscordFake, ann: User, guild: GuildHandle, general: Place
) -> None:
    async with connect() as bot:
        _, channel = await asked(bot, fake, ann, general)
        thread = guild.thread(general, "about it", ann, await channel.send(Outgoing("Because.")))
        general.denied = Permission.READ_MESSAGE_HISTORY
        for _ in range(2):
            fake.say(thread, ann, "go on")
            assert (await heard(bot)).addressing == "none"
    assert called(fake, LOOK) == 1
