"""Files that people send on Discord: what the core hears of them, and how they are fetched."""

from __future__ import annotations

import pytest

from adapters.discord import attachments, downloads
from bot.domain.attachments import Attachment
from bot.domain.messages import CommandCall, Invocation, Message
from bot.domain.platform import Outgoing
from bot.errors import FileTooLarge, FileUnavailable
from bot.ports import Channel
from tests.fakes.discord_api import DiscordFake
from tests.fakes.discord_cdn import Upload
from tests.fakes.discord_state import Channel as Place
from tests.fakes.discord_state import Permission, User
from tests.fakes.faults import Fault
from tests.unit.discord.conftest import Connect, Connected

MESSAGE = "GET /channels/{id}/messages/{id}"
CDN = "GET /attachments"
PICTURE = b"\x89PNG a picture"
LIMIT = 1000


async def heard_of(bot: Connected) -> tuple[Message, Channel]:
    event, channel = await bot.next()
    assert isinstance(event, Message)
    return event, channel


async def sent_alone(bot: Connected, fake: DiscordFake, ann: User, data: bytes = PICTURE) -> tuple[Attachment, Channel]:
    """A picture in a direct message, as it arrives."""
    fake.send_file(fake.dm(ann), ann, data, "a.png")
    heard, channel = await heard_of(bot)
    (file,) = heard.attachments
    return file, channel


def routes(fake: DiscordFake, *names: str) -> list[str]:
    return [call.route for call in fake.calls if call.route in names]


# What the core hears


async def test_files_are_described(connect: Connect, fake: DiscordFake, ann: User) -> None:
    sent = [
        Upload(b"1", "Möbel 1.png"),
        Upload(b"22", "talk.mp3"),
        Upload(b"333", "clip.mp4"),
        Upload(b"4444", "notes.txt"),
        Upload(b"", "thing"),
    ]
    async with connect() as bot:
        message_id = fake.say(fake.dm(ann), ann, "these", files=sent)
        heard, _ = await heard_of(bot)
    assert [(file.kind, file.name, file.mime, file.size) for file in heard.attachments] == [
        ("image", "Möbel 1.png", "image/png", 1),
        ("audio", "talk.mp3", "audio/mpeg", 2),
        ("video", "clip.mp4", "video/mp4", 3),
        ("document", "notes.txt", "text/plain", 4),
        ("document", "thing", None, 0),
    ]
    assert all(file.handle.startswith(f"{fake.dm(ann).id}/{message_id}/") for file in heard.attachments)


async def test_a_voice_message(connect: Connect, fake: DiscordFake, ann: User) -> None:
    async with connect() as bot:
        fake.send_file(fake.dm(ann), ann, b"OggS", "voice-message.ogg", voice=True, duration=2.5)
        heard, _ = await heard_of(bot)
    assert [(file.kind, file.mime, file.duration) for file in heard.attachments] == [("voice", "audio/ogg", 2.5)]
    assert heard.text == ""


async def test_a_file_without_words_that_turns_to_the_bot(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        fake.say(general, ann, f"{fake.bot_user.mention} hello")
        _, channel = await heard_of(bot)
        answer = await channel.send(Outgoing("Hello"))
        fake.send_file(general, ann, PICTURE, "a.png", reply_to=answer)
        reply, _ = await heard_of(bot)
        thread = fake.find_channel(general.id)
        own = fake.world.add_thread(thread, "talk", fake.bot_user, None)
        fake.send_file(own, ann, PICTURE, "a.png")
        in_thread, _ = await heard_of(bot)
    assert (reply.addressing, in_thread.addressing) == ("reply", "thread")
    assert [len(heard.attachments) for heard in (reply, in_thread)] == [1, 1]


async def test_stickers_that_are_pictures(connect: Connect, fake: DiscordFake, ann: User) -> None:
    stickers = [{"id": "7", "name": "wave", "format_type": 1}, {"id": "8", "name": "dance", "format_type": 3}]
    async with connect() as bot:
        fake.say(fake.dm(ann), ann, "", stickers=stickers)
        heard, _ = await heard_of(bot)
    assert heard.attachments == (Attachment("image", "sticker/7.png", "wave.png", "image/png"),)


async def test_the_file_of_a_slash_command(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    async with connect() as bot:
        fake.command(general, ann, "draw", {"what": "a cat", "like": Upload(PICTURE, "a.png")})
        event, channel = await bot.next()
        assert isinstance(event, CommandCall)
        (file,) = event.attachments
        assert await channel.fetch(file, LIMIT) == PICTURE
    assert event.call == Invocation(("draw",), {"what": "a cat"})
    assert (file.kind, file.name) == ("image", "a.png")
    assert routes(fake, MESSAGE) == []


# Fetching


async def test_the_usual_fetch_costs_no_call_and_no_permission(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        fake.send_file(general, ann, PICTURE, "a.png", text=fake.bot_user.mention)
        heard, channel = await heard_of(bot)
        general.denied = Permission.READ_MESSAGE_HISTORY
        assert await channel.fetch(heard.attachments[0], LIMIT) == PICTURE
    assert routes(fake, MESSAGE, CDN) == [CDN]


@pytest.mark.parametrize("revoked", [False, True])
async def test_a_link_that_is_over_is_made_anew(connect: Connect, fake: DiscordFake, ann: User, revoked: bool) -> None:
    fake.world.cdn.life = 86_400 if revoked else -1
    async with connect() as bot:
        file, channel = await sent_alone(bot, fake, ann)
        fake.world.cdn.life = 86_400
        if revoked:
            fake.world.cdn.revoke()
        assert await channel.fetch(file, LIMIT) == PICTURE
        assert await channel.fetch(file, LIMIT) == PICTURE
    assert routes(fake, MESSAGE, CDN) == ([CDN] if revoked else []) + [MESSAGE, CDN, CDN]


async def test_a_bot_that_was_started_anew_asks_for_the_message(connect: Connect, fake: DiscordFake, ann: User) -> None:
    async with connect() as bot:
        file, _ = await sent_alone(bot, fake, ann)
    async with connect() as bot:
        fake.say(fake.dm(ann), ann, "and now?")
        _, channel = await heard_of(bot)
        assert await channel.fetch(file, LIMIT) == PICTURE


async def test_a_forwarded_file(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    said = fake.send_file(general, ann, PICTURE, "a.png", text="look")
    async with connect() as bot:
        fake.forward(general, said, ann, fake.dm(ann))
        heard, channel = await heard_of(bot)
        assert (heard.text, len(heard.attachments)) == ("look", 1)
        assert await channel.fetch(heard.attachments[0], LIMIT) == PICTURE
        fake.world.cdn.revoke()
        assert await channel.fetch(heard.attachments[0], LIMIT) == PICTURE


async def test_the_file_of_a_quoted_message(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    bob = fake.user("Bob")
    said = fake.send_file(general, bob, PICTURE, "a.png")
    async with connect() as bot:
        fake.say(general, ann, f"{fake.bot_user.mention} what is it?", reply_to=said)
        heard, channel = await heard_of(bot)
        assert heard.quote is not None
        assert heard.quote.message_id == said
        (file,) = heard.quote.attachments
        assert await channel.fetch(file, LIMIT) == PICTURE
    assert routes(fake, MESSAGE) == []


async def test_a_file_that_is_gone(connect: Connect, fake: DiscordFake, ann: User) -> None:
    async with connect() as bot:
        file, channel = await sent_alone(bot, fake, ann)
        fake.delete(fake.dm(ann), file.handle.split("/")[1])
        with pytest.raises(FileUnavailable):
            await channel.fetch(file, LIMIT)


async def test_the_file_of_an_interaction_cannot_be_asked_for_again(
    connect: Connect, fake: DiscordFake, ann: User
) -> None:
    async with connect() as bot:
        fake.command(fake.dm(ann), ann, "draw", {"what": "a cat", "like": Upload(PICTURE, "a.png")})
        event, channel = await bot.next()
        assert isinstance(event, CommandCall)
        fake.world.cdn.revoke()
        with pytest.raises(FileUnavailable):
            await channel.fetch(event.attachments[0], LIMIT)
    assert routes(fake, MESSAGE) == []


@pytest.mark.parametrize("told", [True, False])
async def test_a_file_that_is_larger_than_it_said(connect: Connect, fake: DiscordFake, ann: User, told: bool) -> None:
    fake.world.cdn.tells_length = told
    async with connect() as bot:
        file, channel = await sent_alone(bot, fake, ann, bytes(300_000))
        exact = Attachment("image", file.handle)
        assert len(await channel.fetch(exact, 300_000)) == 300_000
        with pytest.raises(FileTooLarge) as refused:
            await channel.fetch(exact, 299_999)
    assert refused.value.limit == 299_999


async def test_a_file_that_says_it_is_too_large_is_not_asked_for(
    connect: Connect, fake: DiscordFake, ann: User
) -> None:
    async with connect() as bot:
        file, channel = await sent_alone(bot, fake, ann)
        with pytest.raises(FileTooLarge):
            await channel.fetch(file, 3)
    assert routes(fake, CDN) == []


async def test_nobody_is_followed_to_another_host(connect: Connect, fake: DiscordFake, ann: User) -> None:
    async with connect() as bot:
        file, channel = await sent_alone(bot, fake, ann)
        fake.world.cdn.redirect_to = f"{fake.api_url}/gateway"
        with pytest.raises(FileUnavailable):
            await channel.fetch(file, LIMIT)
    assert routes(fake, "GET /gateway") == []


@pytest.mark.parametrize("kind", ["drop_before", "status"])
async def test_one_failure_of_the_cdn_is_survived(connect: Connect, fake: DiscordFake, ann: User, kind: str) -> None:
    async with connect() as bot:
        file, channel = await sent_alone(bot, fake, ann)
        fake.faults.add(Fault(kind, CDN))  # type: ignore[arg-type]  # a parameter of the test
        assert await channel.fetch(file, LIMIT) == PICTURE


@pytest.mark.parametrize("kind", ["drop_before", "status", "garbage"])
async def test_a_message_that_cannot_be_read(connect: Connect, fake: DiscordFake, ann: User, kind: str) -> None:
    fake.world.cdn.life = -1
    fake.faults.add(Fault(kind, MESSAGE, status=403))  # type: ignore[arg-type]  # a parameter of the test
    async with connect() as bot:
        file, channel = await sent_alone(bot, fake, ann)
        with pytest.raises(FileUnavailable):
            await channel.fetch(file, LIMIT)


async def test_a_fetch_ends(connect: Connect, fake: DiscordFake, ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "WITHIN", 0.02)
    fake.faults.add(Fault("stall_before", CDN, seconds=1))
    async with connect() as bot:
        file, channel = await sent_alone(bot, fake, ann)
        with pytest.raises(FileUnavailable):
            await channel.fetch(file, LIMIT)


async def test_what_is_remembered_is_bounded(connect: Connect, fake: DiscordFake, ann: User) -> None:
    async with connect() as bot:
        file, channel = await sent_alone(bot, fake, ann)
        known = bot.platform._downloads
        known.note((Attachment("image", f"other/{number}/1"), "http://127.0.0.1/") for number in range(1000))
        assert await channel.fetch(file, LIMIT) == PICTURE
    assert routes(fake, MESSAGE, CDN) == [MESSAGE, CDN]


async def test_after_the_end_nothing_is_fetched(connect: Connect, fake: DiscordFake, ann: User) -> None:
    async with connect() as bot:
        file, channel = await sent_alone(bot, fake, ann)
    with pytest.raises(FileUnavailable):
        await channel.fetch(file, LIMIT)


async def test_a_sticker_is_fetched_without_its_message(
    connect: Connect, fake: DiscordFake, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stickers lie under addresses that do not expire."""
    monkeypatch.setattr("discord.Asset.BASE", fake.world.base_url())
    fake.world.cdn.stickers["7.png"] = PICTURE
    async with connect() as bot:
        _, channel = await sent_alone(bot, fake, ann)
        sticker = Attachment("image", f"{attachments.STICKER}/7.png")
        assert await channel.fetch(sticker, LIMIT) == PICTURE
        with pytest.raises(FileUnavailable):
            await channel.fetch(Attachment("image", f"{attachments.STICKER}/8.png"), LIMIT)
