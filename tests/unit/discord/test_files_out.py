"""Files that the bot shows on Discord, and what it does where they are refused."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.domain.platform import Button, Outgoing, OutgoingFile
from bot.errors import ChatGone, FileRefused, RetryLater
from bot.ports import Channel
from tests.fakes.discord_api import DiscordFake
from tests.fakes.discord_limits import Rules
from tests.fakes.discord_state import Channel as Place
from tests.fakes.discord_state import Permission, User
from tests.fakes.faults import Fault
from tests.fakes.screen import Shown
from tests.unit.discord.conftest import TOKEN, Connect, Connected

CREATE = "POST /channels/{id}/messages"
RED = OutgoingFile("image", "red.png", "image/png", b"red")
BLUE = OutgoingFile("image", "blue.png", "image/png", b"blue")
NOTES = OutgoingFile("document", "notes.txt", "text/plain", b"words")
SPOKEN = OutgoingFile("voice", "voice.ogg", "audio/ogg", b"OggS speech", 1.5, bytes([0, 128, 255]))
VOICE_FLAG = 8192


@pytest.fixture
async def fake() -> AsyncIterator[DiscordFake]:
    async with DiscordFake(token=TOKEN, rules=Rules(upload=1000, request=2500)) as fake:
        yield fake


def seen(shown: Shown) -> list[tuple[str, str, bytes]]:
    return [(file.kind, file.name, file.data) for file in shown.files]


async def talked(bot: Connected, fake: DiscordFake, ann: User, place: Place) -> Channel:
    fake.say(place, ann, f"{fake.bot_user.mention} hello")
    _, channel = await bot.next()
    return channel


async def called(bot: Connected, fake: DiscordFake, ann: User, place: Place, **how: Any) -> Channel:
    fake.command(place, ann, "ask", {"question": "why?"}, **how)
    _, channel = await bot.next()
    return channel


async def test_a_message_with_files(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    async with connect() as bot:
        channel = await talked(bot, fake, ann, general)
        stop = (Button("Stop", "stop 1"),)
        await channel.send(Outgoing("#### Here", files=(RED, NOTES), buttons=stop, nonce="turn-1"))
        again = await channel.send(Outgoing("#### Here", files=(RED, NOTES), buttons=stop, nonce="turn-1"))
    (shown,) = fake.screen(general).by_bot()
    assert (shown.message_id, shown.text, shown.buttons) == (again, "**Here**", (("Stop", "parley:stop 1"),))
    assert seen(shown) == [("image", "red.png", b"red"), ("document", "notes.txt", b"words")]
    assert general.messages[again].flags & 4, "embeds are suppressed; files are none"


async def test_files_without_words(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    async with connect() as bot:
        channel = await talked(bot, fake, ann, general)
        message_id = await channel.send(Outgoing("", files=(RED,)))
        await channel.edit(message_id, Outgoing("", files=(BLUE,)))
        await channel.edit(message_id, Outgoing("", buttons=(Button("Again", "again"),)))
    (shown,) = fake.screen(general).by_bot()
    assert [version.text for version in shown.versions] == ["", "", ""]
    assert seen(shown) == [("image", "blue.png", b"blue")]


async def test_edits_give_replace_and_keep_files(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        channel = await talked(bot, fake, ann, general)
        message_id = await channel.send(Outgoing("Painting"))
        await channel.edit(message_id, Outgoing("Half", files=(RED,)))
        await channel.edit(message_id, Outgoing("Done", files=(BLUE, NOTES)))
        await channel.edit(message_id, Outgoing("Done, truly"))
    (shown,) = fake.screen(general).by_bot()
    assert [(version.text, [file.name for file in version.files]) for version in shown.versions] == [
        ("Painting", []),
        ("Half", ["red.png"]),
        ("Done", ["blue.png", "notes.txt"]),
        ("Done, truly", ["blue.png", "notes.txt"]),
    ]


async def test_the_answer_to_a_command_with_files(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        channel = await called(bot, fake, ann, general)
        first = await channel.send(Outgoing("one", files=(RED,)))
        await channel.edit(first, Outgoing("one", files=(BLUE,)))
        await channel.edit(first, Outgoing("one, still"))
        await channel.send(Outgoing("two", files=(NOTES,)))
    assert [(shown.text, seen(shown)) for shown in fake.screen(general).by_bot()] == [
        ("one, still", [("image", "blue.png", b"blue")]),
        ("two", [("document", "notes.txt", b"words")]),
    ]
    assert fake.thinking(general) == []


@pytest.mark.parametrize(
    "files", [(OutgoingFile("image", "a.png", "image/png", bytes(1001)),), (RED,) * 11], ids=["size", "number"]
)
async def test_more_than_discord_takes(
    connect: Connect, fake: DiscordFake, ann: User, general: Place, files: tuple[OutgoingFile, ...]
) -> None:
    async with connect() as bot:
        channel = await talked(bot, fake, ann, general)
        message_id = await channel.send(Outgoing("Painting"))
        with pytest.raises(FileRefused):
            await channel.send(Outgoing("look", files=files))
        with pytest.raises(FileRefused):
            await channel.edit(message_id, Outgoing("look", files=files))
    assert [shown.text for shown in fake.screen(general).by_bot()] == ["Painting"]


async def test_where_files_are_not_allowed_words_still_are(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    general.denied = Permission.ATTACH_FILES
    async with connect() as bot:
        channel = await talked(bot, fake, ann, general)
        with pytest.raises(FileRefused):
            await channel.send(Outgoing("look", files=(RED,)))
        await channel.send(Outgoing("words"))
        general.denied = Permission.SEND_MESSAGES
        with pytest.raises(ChatGone):
            await channel.send(Outgoing("words"))
    assert fake.screen(general).bot_text() == "words"


async def test_a_flood_wait_is_told_for_files_too(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    fake.faults.add(Fault("flood", CREATE, seconds=7))
    async with connect() as bot:
        channel = await talked(bot, fake, ann, general)
        with pytest.raises(RetryLater):
            await channel.send(Outgoing("look", files=(RED,)))


# Voice messages


async def test_a_voice_message(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    async with connect() as bot:
        channel = await talked(bot, fake, ann, general)
        asked = fake.screen(general).messages[0].message_id
        sent = await channel.send(Outgoing("", files=(SPOKEN,), reply_to=asked, nonce="turn-1"))
        assert await channel.send(Outgoing("", files=(SPOKEN,), reply_to=asked, nonce="turn-1")) == sent
    (shown,) = fake.screen(general).by_bot()
    assert (seen(shown), shown.files[0].duration) == ([("voice", "voice-message.ogg", b"OggS speech")], 1.5)
    assert (shown.message_id, shown.reply_to) == (sent, asked)
    message = general.messages[sent]
    assert (message.flags, message.attachments[0].upload.waveform) == (VOICE_FLAG, bytes([0, 128, 255]))
    assert fake.pings == []


async def test_a_recording_without_a_waveform_gets_one(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    plain = OutgoingFile("voice", "voice.ogg", "audio/ogg", b"OggS speech", 1.5)
    async with connect() as bot:
        channel = await talked(bot, fake, ann, general)
        sent = await channel.send(Outgoing("", files=(plain,)))
    assert general.messages[sent].attachments[0].upload.waveform
    call = next(call for call in fake.calls if call.route == CREATE)
    assert base64.b64decode(call.body["attachments"][0]["waveform"])


@pytest.mark.parametrize(
    "message",
    [
        Outgoing("words", files=(SPOKEN,)),
        Outgoing("", files=(SPOKEN, RED)),
        Outgoing("", files=(OutgoingFile("voice", "voice.ogg", "audio/ogg", b"OggS speech"),)),
        Outgoing("", files=(OutgoingFile("voice", "voice.mp3", "audio/mpeg", b"ID3 speech", 1.5),)),
    ],
    ids=["words", "two", "no length", "another format"],
)
async def test_what_is_no_voice_message(
    connect: Connect, fake: DiscordFake, ann: User, general: Place, message: Outgoing
) -> None:
    async with connect() as bot:
        channel = await talked(bot, fake, ann, general)
        with pytest.raises(FileRefused):
            await channel.send(message)
    assert fake.screen(general).by_bot() == []


async def test_where_voice_messages_are_not_allowed_a_file_is(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    general.denied = Permission.SEND_VOICE_MESSAGES
    async with connect() as bot:
        channel = await talked(bot, fake, ann, general)
        with pytest.raises(FileRefused):
            await channel.send(Outgoing("", files=(SPOKEN,)))
        await channel.send(Outgoing("", files=(OutgoingFile("audio", "speech.ogg", "audio/ogg", b"OggS speech"),)))
    (shown,) = fake.screen(general).by_bot()
    assert seen(shown) == [("audio", "speech.ogg", b"OggS speech")]


async def test_no_edit_makes_a_voice_message(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    async with connect() as bot:
        for channel in (await talked(bot, fake, ann, general), await called(bot, fake, ann, general)):
            message_id = await channel.send(Outgoing("Speaking"))
            with pytest.raises(FileRefused):
                await channel.edit(message_id, Outgoing("", files=(SPOKEN,)))
    assert [seen(shown) for shown in fake.screen(general).by_bot()] == [[], []]


async def test_a_command_is_answered_by_a_voice_message_of_the_bot(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        channel = await called(bot, fake, ann, general)
        await channel.send(Outgoing("", files=(SPOKEN,)))
        await channel.send(Outgoing("the same in words"))
    voice, words = fake.screen(general).by_bot()
    assert (seen(voice)[0][0], words.text) == ("voice", "the same in words")
    assert fake.thinking(general) == []


async def test_a_command_where_the_bot_is_not_or_that_answers_in_private(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    elsewhere = fake.guild("Not ours", has_bot=False).channel("general")
    async with connect() as bot:
        for place, private in ((elsewhere, False), (general, True)):
            channel = await called(bot, fake, ann, place, user_install=place is elsewhere)
            with pytest.raises(FileRefused):
                await channel.send(Outgoing("", files=(SPOKEN,), private=private))
            await channel.send(Outgoing("", files=(RED,), private=private))
            assert [seen(shown) for shown in fake.screen(place).by_bot()] == [[("image", "red.png", b"red")]]


async def test_what_the_limits_say_of_files(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    async with connect() as bot:
        for channel in (await talked(bot, fake, ann, general), await called(bot, fake, ann, general)):
            assert (channel.limits.caption, channel.limits.album_apart) == (2000, False)
            assert channel.limits.upload == Rules().upload
            assert [channel.fits_caption("x" * length) for length in (2000, 2001)] == [True, False]
