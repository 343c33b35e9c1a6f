"""Messages that people write on Discord, as the core hears of them."""

from __future__ import annotations

from typing import Any

from bot.domain.messages import Edited, Message
from bot.domain.platform import Outgoing
from tests.fakes.discord_api import DiscordFake
from tests.fakes.discord_payloads import event_object
from tests.fakes.discord_state import Channel as Place
from tests.fakes.discord_state import Intent, User
from tests.fakes.discord_world import Event
from tests.unit.discord.conftest import Connect, Connected


async def _heard(bot: Connected) -> Message:
    event, _ = await bot.next()
    assert isinstance(event, Message)
    return event


async def test_a_mention_in_a_server(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    assert general.guild is not None
    async with connect() as bot:
        message_id = fake.say(general, ann, f"hey {fake.bot_user.mention}, how are you?")
        heard = await _heard(bot)
    assert heard.text == "hey, how are you?"
    assert heard.addressing == "mention"
    assert heard.key == f"discord:{fake.application_id}:m{message_id}"
    assert (heard.chat.chat_id, heard.chat.thread_id, heard.chat.server_id, heard.chat.kind) == (
        general.id,
        None,
        general.guild.id,
        "group",
    )
    assert (heard.author.handle, heard.author.name) == (f"discord:{ann.id}", "Ann")


async def test_the_role_of_the_bot_means_the_bot_and_others_become_names(
    connect: Connect, fake: DiscordFake, ann: User
) -> None:
    guild = fake.guild("Lab")
    place, bob = guild.channel("general"), fake.user("Bob")
    crew = guild.role("crew", ann, bob)
    async with connect() as bot:
        own = guild.bot_role()
        fake.say(place, ann, f"{own.mention} ask {bob.mention} of {crew.mention} in {place.mention}")
        heard = await _heard(bot)
    assert heard.text == "ask @Bob of @crew in #general"
    assert heard.addressing == "mention"
    assert heard.author.roles == {crew.id}


async def test_words_that_turn_to_nobody(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    """They come as they are, with all that belongs to them."""
    bob = fake.user("Bob")
    async with connect() as bot:
        said = fake.send_file(general, ann, b"\x89PNG", "cat.png", text=f"look,  {bob.mention}: Parley ")
        heard = await _heard(bot)
    assert (heard.text, heard.addressing) == ("look,  @Bob: Parley", "none")
    assert (heard.message_id, heard.author.name, heard.chat.chat_id) == (said, "Ann", general.id)
    assert [file.name for file in heard.attachments] == ["cat.png"]


async def test_a_reply_to_the_bot_quotes_it(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    async with connect() as bot:
        fake.say(general, ann, f"{fake.bot_user.mention} hello")
        _, channel = await bot.next()
        answer = await channel.send(Outgoing("Hello, **Ann**."))
        fake.say(general, ann, "thanks", reply_to=answer)
        heard = await _heard(bot)
    assert heard.addressing == "reply"
    assert heard.quote is not None
    assert (heard.quote.text, heard.quote.from_bot) == ("Hello, **Ann**.", True)


async def test_a_reply_to_somebody_else_that_mentions_the_bot(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    bob = fake.user("Bob")
    async with connect() as bot:
        said = fake.say(general, bob, "the sky is green")
        fake.say(general, ann, f"is that so {fake.bot_user.mention} ?", reply_to=said)
        await bot.next()
        heard = await _heard(bot)
    assert heard.addressing == "mention"
    assert heard.quote is not None
    assert (heard.quote.author, heard.quote.text, heard.quote.from_bot) == ("Bob", "the sky is green", False)


async def test_a_thread_belongs_to_its_channel(connect: Connect, fake: DiscordFake, ann: User) -> None:
    guild = fake.guild("Lab")
    parent = guild.channel("general")
    own, other = guild.thread(parent, "of the bot", fake.bot_user), guild.thread(parent, "of Ann", ann)
    async with connect() as bot:
        fake.say(own, ann, "go on")
        first = await _heard(bot)
        fake.say(other, ann, "go on")
        second = await _heard(bot)
    assert (first.chat.chat_id, first.chat.thread_id, first.addressing) == (parent.id, own.id, "thread")
    assert (second.chat.chat_id, second.chat.thread_id, second.addressing) == (parent.id, other.id, "none")


async def test_direct_messages(connect: Connect, fake: DiscordFake, ann: User) -> None:
    place = fake.dm(ann)
    async with connect() as bot:
        fake.say(place, ann, "hi")
        heard = await _heard(bot)
    assert (heard.addressing, heard.chat.kind, heard.chat.server_id) == ("direct", "private", None)
    assert heard.chat.chat_id == place.id


async def test_bots_are_not_heard(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    robot = fake.world.add_user("Robot", bot=True)
    async with connect() as bot:
        fake.say(general, robot, f"{fake.bot_user.mention} hello")
        fake.say(general, ann, "hello")
        _, channel = await bot.next()
        await channel.send(Outgoing("said by the bot itself"))
        fake.say(general, ann, "last")
        assert (await _heard(bot)).text == "last"


async def test_an_edit_is_told_and_a_thread_below_a_message_is_not_one(
    connect: Connect, fake: DiscordFake, ann: User
) -> None:
    guild = fake.guild("Lab")
    place = guild.channel("general")
    async with connect() as bot:
        message_id = fake.say(place, ann, f"{fake.bot_user.mention} helo")
        first = await _heard(bot)
        guild.thread(place, "about it", ann, message_id)
        fake.edit(place, ann, message_id, f"{fake.bot_user.mention} hello")
        event, _ = await bot.next()
    assert isinstance(event, Edited)
    assert (event.message.text, event.message.message_id) == ("hello", message_id)
    assert event.key.startswith(f"{first.key}:e")


async def test_messages_arrive_in_their_order(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    async with connect() as bot:
        for number in range(30):
            fake.say(general, ann, str(number))
        assert [(await _heard(bot)).text for _ in range(30)] == [str(number) for number in range(30)]


def _tell(fake: DiscordFake, place: Place, author: User, **fields: Any) -> None:
    """A message as Discord would tell of it, with fields that the fake's people do not use."""
    message = fake.world._blank(place, author)
    data = event_object(message, fake.bot_user) | fields
    needs = Intent.DIRECT_MESSAGES if place.guild is None else Intent.GUILD_MESSAGES
    fake.world.emit(Event("MESSAGE_CREATE", data, needs))


def _file(file_id: int, name: str, mime: str | None, **fields: Any) -> dict[str, Any]:
    link = f"https://cdn.example/{name}?ex=1&hm=2"
    named = {"id": str(file_id), "filename": name, "size": 1234, "url": link, "proxy_url": link}
    return named | ({} if mime is None else {"content_type": mime}) | fields


async def test_files(connect: Connect, fake: DiscordFake, ann: User) -> None:
    place = fake.dm(ann)
    files = [
        _file(1, "cat.png", "image/png", width=10, height=10),
        _file(2, "voice-message.ogg", "audio/ogg", duration_secs=2.5, waveform="AAAA"),
        _file(3, "song.mp3", "audio/mpeg"),
        _file(4, "clip.mp4", "video/mp4"),
        _file(5, "notes", None),
    ]
    async with connect() as bot:
        _tell(fake, place, ann, attachments=files)
        heard = await _heard(bot)
    assert [file.kind for file in heard.attachments] == ["image", "voice", "audio", "video", "document"]
    image, voice, *_ = heard.attachments
    assert (image.name, image.mime, image.size, voice.duration) == ("cat.png", "image/png", 1234, 2.5)
    assert image.handle == f"{place.id}/{heard.message_id}/1"
    assert "http" not in repr(heard)


async def test_a_forwarded_message_brings_its_words_and_files(connect: Connect, fake: DiscordFake, ann: User) -> None:
    place = fake.dm(ann)
    snapshot = {
        "type": 0,
        "content": "said elsewhere",
        "timestamp": "2026-01-01T00:00:00+00:00",
        "edited_timestamp": None,
        "embeds": [],
        "attachments": [_file(7, "cat.png", "image/png")],
        "mentions": [],
        "mention_roles": [],
        "flags": 0,
    }
    reference = {"type": 1, "message_id": "5", "channel_id": "6"}
    async with connect() as bot:
        _tell(fake, place, ann, message_reference=reference, message_snapshots=[{"message": snapshot}])
        heard = await _heard(bot)
    assert heard.text == "said elsewhere"
    assert [file.name for file in heard.attachments] == ["cat.png"]
    assert heard.quote is None


async def test_webhooks_and_announcements_are_not_heard(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        _tell(fake, general, ann, content="by a webhook", webhook_id="9")
        _tell(fake, general, ann, content="Ann joined", type=7)
        _tell(fake, general, ann, content="a thread began", type=21)
        fake.say(general, ann, "last")
        assert (await _heard(bot)).text == "last"


async def test_a_change_that_is_not_the_authors(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    """Discord tells of a link's preview, a pin or a thread as a change of the message."""
    async with connect() as bot:
        message = fake.world._blank(general, ann)
        data = event_object(message, fake.bot_user) | {"content": "see https://example.org", "pinned": True}
        fake.world.emit(Event("MESSAGE_UPDATE", data, Intent.GUILD_MESSAGES))
        fake.say(general, ann, "last")
        assert (await _heard(bot)).text == "last"
