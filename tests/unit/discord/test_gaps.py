"""What was said before a session began, and what the gateway tells meanwhile: in which order it is handed over."""

from __future__ import annotations

import asyncio

import pytest

from adapters.discord import gaps
from bot.domain.messages import Deleted, Edited, Message
from bot.domain.platform import Outgoing
from tests.fakes.discord_api import DiscordFake
from tests.fakes.discord_cdn import Upload
from tests.fakes.discord_guild import GuildHandle
from tests.fakes.discord_limits import Rate, Rules
from tests.fakes.discord_state import Channel as Place
from tests.fakes.discord_state import User
from tests.fakes.faults import Fault
from tests.fakes.memory import MemoryNotes
from tests.unit.discord.conftest import TOKEN, Connect, Connected, RecordingInbox, platform_for

pytestmark = pytest.mark.fast

READ = "GET /channels/{id}/messages"


@pytest.fixture
def guild(fake: DiscordFake) -> GuildHandle:
    return fake.guild("Lab")


@pytest.fixture
def general(guild: GuildHandle) -> Place:
    return guild.channel("general")


async def heard(bot: Connected) -> str:
    """What comes next, in short."""
    event, _ = await bot.next()
    match event:
        case Message():
            return event.text
        case Edited(new):
            return f"edited: {new.text}"
        case Deleted():
            return f"deleted: {len(event.message_ids)}"
        case _:
            return event.kind


async def talk(bot: Connected, fake: DiscordFake, place: Place, person: User) -> None:
    fake.say(place, person, f"{fake.bot_user.mention} one")
    assert await heard(bot) == "one"


async def test_all_that_is_told_of_a_place_waits_in_its_order(connect: Connect, fake: DiscordFake, ann: User) -> None:
    dm = fake.dm(ann)
    async with connect() as bot:
        await talk(bot, fake, dm, ann)
        fake.faults.add(Fault("stall_after", READ, seconds=4))
        await fake.drop_gateway(resumable=False)
        missed = fake.say(dm, ann, "two")
        await fake.called(READ)
        four = fake.say(dm, ann, "four")
        fake.edit(dm, ann, missed, "two, corrected")
        fake.delete(dm, four)
        fake.say(dm, ann, "five")
        order = [await heard(bot) for _ in range(5)]
    assert order == ["two", "four", "edited: two, corrected", "deleted: 1", "five"]


async def test_a_message_that_comes_both_ways_has_the_same_key(connect: Connect, fake: DiscordFake, ann: User) -> None:
    dm = fake.dm(ann)
    async with connect() as bot:
        await talk(bot, fake, dm, ann)
        fake.faults.add(Fault("stall_before", READ, seconds=4))
        await fake.drop_gateway(resumable=False)
        await fake.called(READ)
        fake.say(dm, ann, "two")
        (missed, _), (told, _) = await bot.next(), await bot.next()
    assert missed == told


async def test_a_missed_message_says_as_much_as_one_that_is_told(
    connect: Connect, fake: DiscordFake, ann: User, guild: GuildHandle, general: Place
) -> None:
    role = guild.role("Friends", ann)
    files = [Upload(b"text", "notes.txt", "text/plain")]
    async with connect() as bot:
        fake.say(general, ann, f"{fake.bot_user.mention} look", files=files)
        first, channel = await bot.next()
        answer = await channel.send(Outgoing("I see."))
        await fake.drop_gateway(resumable=False)
        fake.say(general, ann, "why?", answer, files=files)
        second, again = await bot.next()
        assert isinstance(second, Message)
        assert await again.fetch(second.attachments[0], 100) == b"text"
    assert isinstance(first, Message)
    assert (second.addressing, second.author) == ("reply", first.author)
    assert first.author.roles == {role.id}
    assert (second.chat, again.limits) == (first.chat, channel.limits)
    assert second.quote is not None
    assert (second.quote.text, second.quote.from_bot) == ("I see.", True)


async def test_a_message_that_cannot_be_taken_does_not_take_others_along(
    connect: Connect, fake: DiscordFake, ann: User, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    dm = fake.dm(ann)
    async with connect() as bot:
        await talk(bot, fake, dm, ann)
        accept = bot.inbox.accept

        def moody(event: Message, channel: object) -> None:
            if event.text == "two":
                raise ValueError
            accept(event, channel)  # type: ignore[arg-type]

        monkeypatch.setattr(type(bot.inbox), "accept", lambda _self, event, channel: moody(event, channel))
        await fake.drop_gateway(resumable=False)
        fake.say(dm, ann, "two")
        fake.say(dm, ann, "three")
        assert await heard(bot) == "three"
    assert "could not be taken" in caplog.text


async def test_who_left_the_server_is_heard(
    connect: Connect, fake: DiscordFake, ann: User, guild: GuildHandle, general: Place
) -> None:
    async with connect() as bot:
        await talk(bot, fake, general, ann)
        await fake.drop_gateway(resumable=False)
        fake.say(general, ann, f"{fake.bot_user.mention} bye")
        del guild.guild.members[ann]
        assert await heard(bot) == "bye"


async def test_the_order_is_kept_while_a_place_can_be_read_in_time(
    connect: Connect, fake: DiscordFake, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gaps, "HELD_FOR", 600.0)
    dm = fake.dm(ann)
    async with connect() as bot:
        await talk(bot, fake, dm, ann)
        fake.faults.add(Fault("garbage", READ, times=1))
        await fake.drop_gateway(resumable=False)
        fake.say(dm, ann, "two")
        await fake.ready(60)
        fake.say(dm, ann, "three")
        assert [await heard(bot), await heard(bot)] == ["two", "three"]


# Gaps that stay open


async def test_a_gap_that_was_never_closed_is_there_after_a_restart(
    connect: Connect, fake: DiscordFake, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gaps, "HELD_FOR", 0.0)
    dm = fake.dm(ann)
    async with connect() as bot:
        await talk(bot, fake, dm, ann)
    fake.say(dm, ann, "two")
    fake.faults.add(Fault("status", READ, status=500, times=100))
    async with connect() as bot:
        await fake.called(READ)
        fake.say(dm, ann, "three")
        assert await heard(bot) == "three"
    fake.faults.faults.clear()
    async with connect() as bot:
        assert [await heard(bot), await heard(bot)] == ["two", "three"]


async def test_a_gap_that_cannot_be_closed_is_given_up(
    connect: Connect, fake: DiscordFake, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gaps, "PAUSES", (0.1, 0.1))
    given_up = asyncio.Event()
    monkeypatch.setattr(gaps.log, "warning", lambda *_: given_up.set())
    dm = fake.dm(ann)
    async with connect() as bot:
        await talk(bot, fake, dm, ann)
        fake.faults.add(Fault("garbage", READ, times=3))
        await fake.drop_gateway(resumable=False)
        fake.say(dm, ann, "two")
        await fake.ready(60)
        fake.say(dm, ann, "three")
        assert await heard(bot) == "three"
        async with asyncio.timeout(20):
            await given_up.wait()
        await fake.drop_gateway(resumable=False)
        fake.say(dm, ann, "four")
        assert await heard(bot) == "four"


async def test_a_gap_that_is_still_open_when_the_session_is_lost_again(
    connect: Connect, fake: DiscordFake, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gaps, "HELD_FOR", 0.0)
    dm = fake.dm(ann)
    async with connect() as bot:
        await talk(bot, fake, dm, ann)
        fake.faults.add(Fault("status", READ, status=500, times=100))
        await fake.drop_gateway(resumable=False)
        fake.say(dm, ann, "two")
        await fake.ready(60)
        fake.say(dm, ann, "three")
        assert await heard(bot) == "three"
        fake.faults.faults.clear()
        await fake.drop_gateway(resumable=False)
        await fake.ready(60)
        fake.say(dm, ann, "four")
        assert {await heard(bot) for _ in range(3)} == {"two", "three", "four"}


async def test_when_the_bot_stops_nothing_more_is_read(connect: Connect, fake: DiscordFake, ann: User) -> None:
    """Running answers may still need the connection for a while."""
    dm = fake.dm(ann)
    async with connect() as bot:
        await talk(bot, fake, dm, ann)
        fake.faults.add(Fault("stall_before", READ, seconds=3))
        await fake.drop_gateway(resumable=False)
        fake.say(dm, ann, "two")
        await fake.called(READ)
        await bot.stop_receiving()
        await fake.called(READ, answered=True)
        await asyncio.sleep(1)
        assert bot.inbox.events.empty()
    async with connect() as bot:
        assert await heard(bot) == "two"


async def test_many_places_are_read_without_a_flood(notes: MemoryNotes) -> None:
    """The bot leaves room for its live answers, here with ten calls a second in all."""
    async with DiscordFake(token=TOKEN, rules=Rules(overall=Rate(10, 1.0))) as fake:
        dms = [fake.dm(fake.user(f"Person {number}")) for number in range(30)]
        inbox = RecordingInbox()
        async with platform_for(fake, notes) as platform:
            receiving = asyncio.create_task(platform.receive(inbox))
            await fake.ready()
            for text in ("one", "two"):
                for dm in dms:
                    assert dm.recipient is not None
                    fake.say(dm, dm.recipient, text)
                for _ in dms:
                    await inbox.next()
                if text == "one":
                    await fake.drop_gateway(resumable=False)
            receiving.cancel()
            await asyncio.wait([receiving])
        assert fake.floods == 0
