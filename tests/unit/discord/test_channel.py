"""What the bot shows in channels, and what each failure on the wire becomes."""

from __future__ import annotations

import asyncio

import pytest

from adapters.discord import calls
from bot.domain.messages import ButtonPress
from bot.domain.platform import Button, Outgoing, Window
from bot.errors import (
    Ambiguous,
    BadFormat,
    ChatGone,
    DeliveryError,
    MessageGone,
    NotSent,
    RetryLater,
    TooLong,
)
from bot.ports import Channel
from tests.fakes.discord_api import DiscordFake
from tests.fakes.discord_state import Channel as Place
from tests.fakes.discord_state import Permission, User
from tests.fakes.faults import Fault
from tests.unit.discord.conftest import Connect, Connected

CREATE = "POST /channels/{id}/messages"
EDIT = "PATCH /channels/{id}/messages/{id}"


async def channel_at(bot: Connected, fake: DiscordFake, person: User, place: Place) -> tuple[Channel, str]:
    """The channel that comes with somebody's question, and the question's id."""
    asked = fake.say(place, person, f"{fake.bot_user.mention} hello")
    _, channel = await bot.next()
    return channel, asked


async def test_a_message_grows_below_its_question(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        channel, asked = await channel_at(bot, fake, ann, general)
        await channel.typing()
        message_id = await channel.send(Outgoing("Hel", buttons=(Button("Stop", "stop 7"),), reply_to=asked))
        await channel.edit(message_id, Outgoing("#### Hello\n@everyone <@1>"))
    (shown,) = fake.screen(general).by_bot()
    assert [version.text for version in shown.versions] == ["Hel", "**Hello**\n@everyone <@1>"]
    assert [version.buttons for version in shown.versions] == [(("Stop", "parley:stop 7"),), ()]
    assert shown.reply_to == asked
    assert len(fake.screen(general).typing) == 1
    assert fake.pings == []


async def test_embeds_stay_suppressed_by_an_edit(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        channel, _ = await channel_at(bot, fake, ann, general)
        message_id = await channel.send(Outgoing("see https://example.org"))
        await channel.edit(message_id, Outgoing("see https://example.org again"))
    assert general.messages[message_id].flags & 4


async def test_plain_text_is_not_rendered(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    async with connect() as bot:
        channel, _ = await channel_at(bot, fake, ann, general)
        await channel.send(Outgoing("#### as it is", plain=True))
    assert fake.screen(general).bot_text() == "#### as it is"


async def test_a_question_that_was_deleted_does_not_hold_up_the_answer(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        channel, asked = await channel_at(bot, fake, ann, general)
        fake.delete(general, asked)
        await channel.send(Outgoing("Hello", reply_to=asked))
    assert fake.screen(general).bot_text() == "Hello"


async def test_a_repeated_send_shows_one_message(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    fake.faults.add(Fault("drop_after", CREATE))
    async with connect() as bot:
        channel, _ = await channel_at(bot, fake, ann, general)
        with pytest.raises(Ambiguous):
            await channel.send(Outgoing("Hello", nonce="turn-1"))
        message_id = await channel.send(Outgoing("Hello", nonce="turn-1"))
    assert [shown.message_id for shown in fake.screen(general).by_bot()] == [message_id]
    assert channel.limits.dedupes


async def test_nothing_is_remembered_about_messages_with_buttons(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    buttons = (Button("Stop", "stop 1"),)
    async with connect() as bot:
        channel, _ = await channel_at(bot, fake, ann, general)
        message_id = await channel.send(Outgoing("Hel", buttons=buttons))
        await channel.edit(message_id, Outgoing("Hello", buttons=buttons))
        client = bot.platform._client
        assert client is not None
        assert client.persistent_views == []
        assert not client._connection._view_store._views


async def test_a_thread_is_a_place_of_its_own(connect: Connect, fake: DiscordFake, ann: User) -> None:
    guild = fake.guild("Lab")
    parent = guild.channel("general")
    thread = guild.thread(parent, "talk", ann)
    async with connect() as bot:
        channel, _ = await channel_at(bot, fake, ann, thread)
        message_id = await channel.send(Outgoing("in here"))
        await channel.edit(message_id, Outgoing("in here, still"))
        await channel.typing()
    assert channel.rate_key == thread.id
    assert fake.screen(thread).bot_text() == "in here, still"
    assert fake.screen(parent).by_bot() == []


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("status", CREATE, status=500), Ambiguous),
        (Fault("status", CREATE, status=503), Ambiguous),
        (Fault("garbage", CREATE), Ambiguous),
        (Fault("drop_before", CREATE), Ambiguous),
        (Fault("status", CREATE, status=400, body={"message": "no", "code": 50006}), BadFormat),
        (Fault("status", CREATE, status=401, body={"message": "401: Unauthorized", "code": 0}), NotSent),
        (Fault("status", CREATE, status=403, body={"message": "no", "code": 0}), ChatGone),
        (Fault("status", CREATE, status=404, body={"message": "Unknown Channel", "code": 10003}), ChatGone),
        (Fault("status", CREATE, status=403, body={"message": "no", "code": 50007}), ChatGone),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_failures_on_the_wire(
    connect: Connect, fake: DiscordFake, ann: User, general: Place, fault: Fault, kind: type[DeliveryError]
) -> None:
    fake.faults.add(fault)
    async with connect() as bot:
        channel, _ = await channel_at(bot, fake, ann, general)
        with pytest.raises(kind):
            await channel.send(Outgoing("Hello"))
        await channel.send(Outgoing("still here"))
    assert len([call for call in fake.calls if call.route == CREATE]) == 2, "the library repeated the call by itself"


async def test_refusals_of_the_platform_itself(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    async with connect() as bot:
        channel, asked = await channel_at(bot, fake, ann, general)
        with pytest.raises(TooLong):
            await channel.send(Outgoing("x" * 2001))
        with pytest.raises(MessageGone):
            await channel.edit("1", Outgoing("hello"))
        with pytest.raises(MessageGone):
            await channel.edit(asked, Outgoing("not the bot's own"))
        general.denied = Permission.SEND_MESSAGES
        with pytest.raises(ChatGone):
            await channel.send(Outgoing("hello"))
        general.denied = Permission.VIEW_CHANNEL
        with pytest.raises(ChatGone):
            await channel.typing()


async def test_a_flood_wait_is_told_at_once(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    fake.faults.add(Fault("flood", EDIT, seconds=17.5))
    async with connect() as bot:
        channel, _ = await channel_at(bot, fake, ann, general)
        message_id = await channel.send(Outgoing("Hel"))
        started = asyncio.get_running_loop().time()
        with pytest.raises(RetryLater) as flood:
            await channel.edit(message_id, Outgoing("Hello"))
        assert asyncio.get_running_loop().time() - started < 5
    assert flood.value.after == 17.5


async def test_a_call_that_gets_no_answer_ends(
    connect: Connect, fake: DiscordFake, ann: User, general: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "PATIENCE", 0.02)
    fake.faults.add(Fault("stall_before", CREATE, seconds=1))
    async with connect() as bot:
        channel, _ = await channel_at(bot, fake, ann, general)
        with pytest.raises(Ambiguous):
            await channel.send(Outgoing("Hello"))


async def test_no_connection_means_surely_not_sent(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        channel, _ = await channel_at(bot, fake, ann, general)
        await fake.stop_listening()
        with pytest.raises(NotSent):
            await channel.send(Outgoing("Hello"))


async def test_channels_outlive_the_intake_but_not_the_platform(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        channel, _ = await channel_at(bot, fake, ann, general)
        message_id = await channel.send(Outgoing("Hel"))
        await bot.stop_receiving()
        fake.say(general, ann, f"{fake.bot_user.mention} too late")
        await channel.edit(message_id, Outgoing("Hello, finished."))
        assert bot.inbox.events.empty()
    assert fake.screen(general).bot_text() == "Hello, finished."
    with pytest.raises(NotSent):
        await channel.send(Outgoing("after the end"))


async def test_buttons_survive_a_restart(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    async with connect() as bot:
        channel, _ = await channel_at(bot, fake, ann, general)
        message_id = await channel.send(Outgoing("Hello", buttons=(Button("Retry", "retry 3"),)))
    async with connect() as bot:
        pressed = fake.press(general, ann, message_id, "parley:retry 3")
        event, channel = await bot.next()
        await fake.interactions.answered(pressed, 3)
        await channel.send(Outgoing("Hello again"))
        await channel.send(Outgoing("Only for you", private=True))
    assert isinstance(event, ButtonPress)
    assert (event.data, event.message_id, event.author.name) == ("retry 3", message_id, "Ann")
    assert (pressed.response, channel.rate_key) == (6, general.id)
    by_bot = [message for message in general.messages.values() if message.author is fake.bot_user]
    assert [(message.content, message.seen_by) for message in by_bot] == [
        ("Hello", None),
        ("Hello again", None),
        ("Only for you", ann),
    ]


async def test_a_press_in_somebody_elses_place_is_answered_through_the_interaction(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        channel, _ = await channel_at(bot, fake, ann, general)
        message_id = await channel.send(Outgoing("Hello", buttons=(Button("Retry", "retry 3"),)))
        general.denied = Permission.SEND_MESSAGES
        fake.press(general, ann, message_id, "parley:retry 3")
        _, channel = await bot.next()
        again = await channel.send(Outgoing("Hello"))
        await channel.edit(again, Outgoing("Hello again"))
    assert fake.screen(general).by_bot()[-1].text == "Hello again"
    assert fake.screen(general).by_bot()[0].buttons, "the first message was not touched"


async def test_the_calls_that_the_limits_leave_to_edits_are_not_held_back(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    """discord.py answers the call that takes a bucket's last token only when the bucket is full again."""
    async with connect() as bot:
        channel, _ = await channel_at(bot, fake, ann, general)
        meter = next(meter for meter in channel.limits.place if "edit" in meter.calls)
        assert isinstance(meter.rate, Window)
        message_id = await channel.send(Outgoing("0"))
        started = asyncio.get_running_loop().time()
        for number in range(meter.rate.calls - meter.reserve):
            await channel.edit(message_id, Outgoing(str(number)))
        assert asyncio.get_running_loop().time() - started < meter.rate.seconds / 2
    assert fake.floods == 0
