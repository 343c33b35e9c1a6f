"""Messages that are taken away, by the bot and by people, and messages that only one person sees."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.domain.messages import Deleted
from bot.domain.platform import Button, Outgoing, OutgoingFile
from bot.errors import ChatGone, MessageGone, NotSent
from bot.ports import Channel
from tests.fakes.discord_api import DiscordFake
from tests.fakes.discord_limits import Rate, Rules
from tests.fakes.discord_state import Channel as Place
from tests.fakes.discord_state import Permission, User
from tests.unit.discord.conftest import TOKEN, Connect, Connected

DELETE = "DELETE /channels/{id}/messages/{id}"
NOTES = OutgoingFile("document", "notes.md", "text/markdown", b"# Notes")
KEEP = (Button("Keep", "run /keep"),)


@pytest.fixture
async def fake() -> AsyncIterator[DiscordFake]:
    async with DiscordFake(token=TOKEN, rules=Rules(webhook=Rate(50, 5.0))) as fake:
        yield fake


async def talked(bot: Connected, fake: DiscordFake, person: User, place: Place) -> Channel:
    fake.say(place, person, f"{fake.bot_user.mention} hello")
    _, channel = await bot.next()
    return channel


async def called(bot: Connected, fake: DiscordFake, person: User, place: Place, command: str = "usage") -> Channel:
    """`usage` answers the caller alone, `persona list` everybody."""
    fake.command(place, person, command)
    _, channel = await bot.next()
    return channel


async def deleted(bot: Connected) -> Deleted:
    event, _ = await bot.next()
    assert isinstance(event, Deleted)
    return event


def hidden(place: Place) -> list[str]:
    return [message.content for message in place.messages.values() if message.seen_by is not None]


# By the bot


async def test_a_message_goes_and_may_be_gone(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    async with connect() as bot:
        channel = await talked(bot, fake, ann, general)
        first, second = await channel.send(Outgoing("one")), await channel.send(Outgoing("two"))
        await channel.delete(first)
        await channel.delete(first)
        assert fake.screen(general).bot_text() == "two"
        general.denied = Permission.VIEW_CHANNEL
        with pytest.raises(ChatGone):
            await channel.delete(second)
    with pytest.raises(NotSent):
        await channel.delete(second)


async def test_what_a_command_said(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    async with connect() as bot:
        channel = await called(bot, fake, ann, general)
        first = await channel.send(Outgoing("12 tokens", private=True, files=(NOTES,)))
        await channel.edit(first, Outgoing("13 tokens", private=True))
        second = await channel.send(Outgoing("and a file", private=True, files=(NOTES,)))
        shown = fake.screen(general).by_bot()
        assert [(each.text, [file.name for file in each.files]) for each in shown] == [
            ("13 tokens", ["notes.md"]),
            ("and a file", ["notes.md"]),
        ]
        assert hidden(general) == ["13 tokens", "and a file"]
        for message_id in (first, second, second):
            await channel.delete(message_id)
    assert fake.screen(general).by_bot() == []
    assert DELETE not in [call.route for call in fake.calls]


async def test_a_command_that_answers_in_place_of_an_older_message(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        channel = await talked(bot, fake, ann, general)
        first, second = await channel.send(Outgoing("one")), await channel.send(Outgoing("two"))
        channel = await called(bot, fake, ann, general, "persona list")
        await channel.edit(first, Outgoing("one, again"))
        await channel.delete(second)
        assert fake.thinking(general) == []
    assert [shown.text for shown in fake.screen(general).by_bot()] == ["one, again"]


async def test_a_press_changes_the_message_that_only_its_reader_sees(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        channel = await called(bot, fake, ann, general)
        settings = await channel.send(Outgoing("Settings", private=True, buttons=KEEP))
        fake.press(general, ann, settings, "parley:run /keep")
        _, channel = await bot.next()
        await channel.edit(settings, Outgoing("Kept", private=True))
        more = await channel.send(Outgoing("More", private=True))
        await channel.edit(more, Outgoing("More of it", private=True))
        assert hidden(general) == ["Kept", "More of it"]
        await channel.delete(settings)
        await channel.delete(more)
    assert fake.screen(general).by_bot() == []


async def test_a_press_below_a_message_for_all_costs_no_webhook(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        channel = await talked(bot, fake, ann, general)
        message_id = await channel.send(Outgoing("Settings", buttons=KEEP))
        fake.press(general, ann, message_id, "parley:run /keep")
        _, channel = await bot.next()
        await channel.edit(message_id, Outgoing("Kept"))
        assert fake.screen(general).bot_text() == "Kept"
        await channel.delete(message_id)
        assert not [call for call in fake.calls if "webhooks" in call.route]
    assert fake.screen(general).by_bot() == []


async def test_a_press_where_the_bot_may_not_write(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        channel = await talked(bot, fake, ann, general)
        message_id = await channel.send(Outgoing("Settings", buttons=KEEP))
        general.denied = Permission.SEND_MESSAGES
        fake.press(general, ann, message_id, "parley:run /keep")
        _, channel = await bot.next()
        await channel.edit(message_id, Outgoing("Kept"))
        assert fake.screen(general).bot_text() == "Kept"
        assert [call.status for call in fake.calls if "webhooks" in call.route] == [200]


async def test_a_message_of_nobody_is_gone_for_an_edit(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        channel = await called(bot, fake, ann, general)
        with pytest.raises(MessageGone):
            await channel.edit("4711", Outgoing("x"))


# By people


async def test_people_delete_messages(connect: Connect, fake: DiscordFake, ann: User) -> None:
    guild = fake.guild("Lab")
    place = guild.channel("general")
    thread = guild.thread(place, "talk", ann)
    async with connect() as bot:
        for where in (place, thread, fake.dm(ann)):
            said = fake.say(where, ann, "hello")
            question, _ = await bot.next()
            fake.delete(where, said)
            event = await deleted(bot)
            assert (event.chat, event.message_ids) == (question.chat, (said,))
            assert event.key == f"discord:{fake.application_id}:d{said}"


async def test_many_messages_at_once(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    async with connect() as bot:
        said = [fake.say(general, ann, str(number)) for number in range(3)]
        for _ in said:
            await bot.next()
        fake.delete_together(general, said[1:])
        event = await deleted(bot)
        fake.delete(general, said[0])
        assert (await deleted(bot)).key != event.key
    assert event.message_ids == tuple(said[1:])


async def test_a_question_that_is_deleted_at_once_comes_first(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        for _ in range(20):
            fake.delete(general, fake.say(general, ann, "hello"))
        kinds = [(await bot.next())[0].kind for _ in range(40)]
    assert kinds == ["message", "deleted"] * 20


async def test_what_vanishes_with_its_place_is_left_alone(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    guild = fake.guild("Other")
    place = guild.channel("general")
    async with connect() as bot:
        said = fake.say(place, ann, "hello")
        await bot.next()
        fake.remove_channel(place)
        fake.delete(place, said)
        fake.say(general, ann, "last")
        event, _ = await bot.next()
    assert event.kind == "message"
