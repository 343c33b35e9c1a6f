"""Updates of a fake Telegram through the real library, as the core gets them."""

from __future__ import annotations

import pytest

from adapters.telegram.adapter import TelegramPlatform
from bot.domain.messages import ButtonPress, ChatMoved, CommandCall, Edited, Message
from bot.domain.platform import Button, Outgoing
from bot.ports import Platform
from tests.fakes.telegram_api import TelegramFake
from tests.unit.telegram.conftest import Box, eventually, listening

pytestmark = pytest.mark.fast


async def test_private_words(fake: TelegramFake, platform: TelegramPlatform, box: Box) -> None:
    ann = fake.user(7, "Ann", last_name="Lee", language_code="de")
    fake.say(fake.private(ann), ann, "hello 😀")
    async with listening(platform, box):
        [event] = await box.take()
    assert isinstance(event, Message)
    assert event.key == f"telegram:{fake.bot_user.id}:{fake.updates[0]['update_id']}"
    assert (event.text, event.addressing) == ("hello 😀", "direct")
    assert (event.author.handle, event.author.name, event.author.locale) == ("telegram:7", "Ann Lee", "de")
    assert (event.chat.chat_id, event.chat.kind, event.chat.thread_id) == ("7", "private", None)
    assert event.chat.bot_id == str(fake.bot_user.id)


async def test_order_is_kept(fake: TelegramFake, platform: TelegramPlatform, box: Box) -> None:
    ann = fake.user(7)
    chat = fake.private(ann)
    for number in range(250):  # more than one batch
        fake.say(chat, ann, str(number))
    async with listening(platform, box):
        events = await box.take(250)
    assert [event.text for event in events if isinstance(event, Message)] == [str(n) for n in range(250)]


async def test_group_mention_reply_and_silence(fake: TelegramFake, platform: TelegramPlatform, box: Box) -> None:
    ann = fake.user(7)
    group = fake.group("club", bot_is_admin=True)
    async with listening(platform, box):
        fake.say(group, ann, "nobody in particular")
        fake.say(group, ann, "😀 hey @Parley_Bot, what now?")
        await box.take(2)
        answer = await box.channels[1].send(Outgoing("this", reply_to="2"))
        fake.say(group, ann, "why?", reply_to=int(answer))
        aside, asked, replied = await box.take(3)
    assert isinstance(aside, Message)
    assert isinstance(asked, Message)
    assert isinstance(replied, Message)
    assert aside.addressing == "none"
    assert (asked.text, asked.addressing) == ("😀 hey, what now?", "mention")
    assert (replied.text, replied.addressing) == ("why?", "reply")
    assert replied.quote is not None
    assert (replied.quote.text, replied.quote.from_bot) == ("this", True)
    assert fake.screen(group).by_bot()[0].reply_to == "2"


async def test_topics(fake: TelegramFake, platform: TelegramPlatform, box: Box) -> None:
    ann = fake.user(7)
    forum = fake.group("forum", forum=True)
    async with listening(platform, box):
        topic = fake.topic(forum, "cats", ann)
        fake.say(forum, ann, "@parley_bot miaow", thread_id=topic)
        [event] = await box.take()
        await box.channels[0].send(Outgoing("purr", reply_to=event.message_id if isinstance(event, Message) else None))
        await box.channels[0].typing()
    assert event.chat.thread_id == str(topic)
    assert isinstance(event, Message)
    assert (event.addressing, event.quote) == ("mention", None)
    assert fake.screen(forum, topic).bot_text() == "purr"
    assert len(fake.screen(forum, topic).typing) == 1
    assert box.channels[0].rate_key == str(forum.id)


async def test_a_chain_of_replies_is_no_topic(fake: TelegramFake, platform: TelegramPlatform, box: Box) -> None:
    ann = fake.user(7)
    group = fake.group("club")
    first = fake.say(group, ann, "@parley_bot one")
    fake.say(group, ann, "@parley_bot two", reply_to=first)
    async with listening(platform, box):
        one, two = await box.take(2)
    assert one.chat == two.chat
    assert isinstance(two, Message)
    assert two.quote is not None
    assert (two.quote.author, two.quote.text, two.quote.from_bot) == ("Ann", "@parley_bot one", False)


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("/ask what is this", "/ask what is this"),
        ("/ask@parley_bot what", "/ask what"),
        ("/reset", "/reset"),
        ("/unknown@PARLEY_bot x", "/unknown x"),
        ("/ask@other_bot what", None),
        ("/unknown", None),
    ],
)
async def test_commands_in_groups(
    fake: TelegramFake, platform: TelegramPlatform, box: Box, text: str, call: str | None
) -> None:
    ann = fake.user(7)
    group = fake.group("club", bot_is_admin=True)
    fake.say(group, ann, text)
    fake.say(group, ann, "end")
    async with listening(platform, box):
        await box.take(2 if call else 1)
    calls = [event.call for event in box.events if isinstance(event, CommandCall)]
    assert calls == ([call] if call else [])


async def test_unknown_commands_in_private_are_told(fake: TelegramFake, platform: TelegramPlatform, box: Box) -> None:
    ann = fake.user(7)
    fake.say(fake.private(ann), ann, "/aks something")
    async with listening(platform, box):
        [event] = await box.take()
    assert isinstance(event, CommandCall)
    assert event.call == "/aks something"


async def test_edits(fake: TelegramFake, platform: TelegramPlatform, box: Box) -> None:
    ann = fake.user(7)
    chat = fake.private(ann)
    message_id = fake.say(chat, ann, "helo")
    async with listening(platform, box):
        await box.take()
        fake.edit(chat, message_id, "hello")
        first, second = await box.take(2)
    assert isinstance(second, Edited)
    assert (second.message.text, second.message.message_id) == ("hello", str(message_id))
    assert second.key != first.key


async def test_buttons(fake: TelegramFake, platform: TelegramPlatform, box: Box) -> None:
    ann = fake.user(7)
    chat = fake.private(ann)
    fake.say(chat, ann, "go")
    async with listening(platform, box):
        await box.take()
        shown = await box.channels[0].send(Outgoing("...", buttons=(Button("Stop", "stop:1"),)))
        query = fake.press(chat, ann, int(shown), "stop:1")
        _, event = await box.take(2)
        await eventually(lambda: fake.answer_to(query) is not None)
    assert isinstance(event, ButtonPress)
    assert (event.message_id, event.data, event.author.user_id) == (shown, "stop:1", "7")


async def test_a_group_moves(fake: TelegramFake, platform: TelegramPlatform, box: Box) -> None:
    ann = fake.user(7)
    group = fake.group("club", supergroup=False)
    fake.say(group, ann, "@parley_bot hi")
    async with listening(platform, box):
        await box.take()
        old_channel = box.channels[0]
        new = fake.migrate(group, ann)
        _, event = await box.take(2)
        await old_channel.send(Outgoing("here"))
    assert isinstance(event, ChatMoved)
    assert (event.old.chat_id, event.chat.chat_id) == (str(group.id), str(new.id))
    assert fake.screen(new).bot_text() == "here"
    assert len([call for call in fake.calls if call.method == "sendMessage"]) == 1


async def test_bots_channels_and_service_messages_are_left_out(
    fake: TelegramFake, platform: TelegramPlatform, box: Box
) -> None:
    ann, robot = fake.user(7), fake.user(8, "Robot", is_bot=True)
    group = fake.group("club", bot_is_admin=True)
    fake.say(group, robot, "@parley_bot hello")
    fake.say(group, robot, "/ask hello")
    fake.say(group, ann, "from the channel", extra={"is_automatic_forward": True})
    fake.say(group, ann, "", extra={"new_chat_title": "new"})
    fake.say(group, ann, "@parley_bot end")
    async with listening(platform, box):
        await box.take()
    assert [event.text for event in box.events if isinstance(event, Message)] == ["end"]


async def test_check_names_the_bot(fake: TelegramFake, platform: TelegramPlatform) -> None:
    port: Platform = platform
    async with port:
        line = await port.check()
    assert line == f"Telegram: @parley_bot (id {fake.bot_user.id}), can read all group messages: no"


async def test_out_of_order(platform: TelegramPlatform, box: Box) -> None:
    with pytest.raises(RuntimeError, match="enter the Telegram platform"):
        await platform.receive(box)
