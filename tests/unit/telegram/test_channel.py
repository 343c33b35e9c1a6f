"""What the channel shows on a fake Telegram through the real library, and how failures come back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.telegram.adapter import TelegramPlatform
from adapters.telegram.channel import TelegramChannel
from bot.domain.ids import ChatRef
from bot.domain.platform import Button, Outgoing
from bot.errors import (
    Ambiguous,
    BadFormat,
    ChatGone,
    DeliveryError,
    MessageGone,
    NotModified,
    NotSent,
    RetryLater,
    TooLong,
)
from tests.fakes.faults import Fault
from tests.fakes.telegram_api import BAD_GATEWAY, TelegramFake
from tests.fakes.telegram_state import Chat
from tests.unit.telegram.conftest import COMMANDS, MemoryNotes, ref

pytestmark = pytest.mark.fast


async def test_formatted_text(fake: TelegramFake, channel: TelegramChannel, chat: Chat) -> None:
    message_id = await channel.send(Outgoing("😀 **bold** `code` List<String> <think>"))
    [shown] = fake.screen(chat).by_bot()
    assert shown.message_id == message_id
    assert shown.text == "😀 bold code List<String> <think>"
    assert shown.versions[-1].raw["entities"] == [
        {"type": "bold", "offset": 3, "length": 4},
        {"type": "code", "offset": 8, "length": 4},
    ]
    assert "parse_mode" not in fake.calls[-1].parameters
    assert fake.calls[-1].parameters["link_preview_options"] == {"is_disabled": True}


async def test_plain_text(fake: TelegramFake, channel: TelegramChannel, chat: Chat) -> None:
    await channel.send(Outgoing("**as it is** \ud83d", plain=True))
    assert fake.screen(chat).bot_text() == "**as it is** \ufffd"


async def test_an_edit_takes_buttons_away(fake: TelegramFake, channel: TelegramChannel, chat: Chat) -> None:
    buttons = tuple(Button(str(number), f"do:{number}") for number in range(5))
    message_id = await channel.send(Outgoing("one", buttons=buttons))
    await channel.edit(message_id, Outgoing("*two*"))
    [shown] = fake.screen(chat).by_bot()
    assert [version.text for version in shown.versions] == ["one", "two"]
    assert len(shown.versions[0].buttons) == 5
    assert [len(row) for row in shown.versions[0].raw["reply_markup"]["inline_keyboard"]] == [3, 2]
    assert shown.buttons == ()


async def test_replies_quote_in_groups_alone(fake: TelegramFake, entered: TelegramPlatform, chat: Chat) -> None:
    ann = fake.user(7)
    group = fake.group("club")
    question = fake.say(group, ann, "@parley_bot ?")
    await entered._channel(ref(fake, group)).send(Outgoing("!", reply_to=str(question)))
    await entered._channel(ref(fake, group)).send(Outgoing("gone", reply_to="4711"))
    await entered._channel(ref(fake, chat)).send(Outgoing("!", reply_to=str(fake.say(chat, ann, "?"))))
    assert [shown.reply_to for shown in fake.screen(group).by_bot()] == [str(question), None]
    assert [shown.reply_to for shown in fake.screen(chat).by_bot()] == [None]


async def test_drafts(fake: TelegramFake, notes: MemoryNotes, chat: Chat) -> None:
    platform = TelegramPlatform(fake.token, notes, COMMANDS, api_url=fake.url, streaming="draft")
    async with platform:
        channel = platform._channel(ref(fake, chat))
        assert channel.limits.previews
        await channel.preview(5, Outgoing("**half"))
        await channel.preview(5, Outgoing("**half** and"))
        assert [(draft, version.text) for draft, version in fake.screen(chat).preview_log] == [
            (5, "**half"),
            (5, "**half** and"),
        ]
        await channel.send(Outgoing("**half** and half"))
        assert not fake.screen(chat).previews
        group = platform._channel(ref(fake, fake.group("club")))
        assert not group.limits.previews
        with pytest.raises(DeliveryError):
            await group.preview(5, Outgoing("x"))


async def test_typing(fake: TelegramFake, channel: TelegramChannel, chat: Chat) -> None:
    await channel.typing()
    assert len(fake.screen(chat).typing) == 1


async def test_what_fits(channel: TelegramChannel) -> None:
    assert channel.fits("x" * 4096)
    assert not channel.fits("x" * 4097)
    assert not channel.fits("😀" * 2049)
    assert channel.fits("**x** " * 100)
    assert not channel.fits("**x** " * 101)
    wide = "|".join(["a" * 30] * 20)
    assert not channel.fits(wide + "\n" + "-|-" * 19 + "\n" + ("|" * 19 + "b\n") * 25)  # padding counts


async def test_what_fits_is_taken(fake: TelegramFake, channel: TelegramChannel) -> None:
    for source in ("😀" * 2048, "x" * 4096, "**x** " * 100):
        assert channel.fits(source)
        await channel.send(Outgoing(source))


SOON = {"ok": False, "error_code": 429, "description": "Too Many Requests: retry after 0"}
WIRE = [
    (Fault("status", "sendMessage", status=429, body=SOON), RetryLater),
    (Fault("flood", "sendMessage", seconds=7), RetryLater),
    (Fault("status", "sendMessage", status=502, body=BAD_GATEWAY), Ambiguous),
    (Fault("status", "sendMessage", status=500), Ambiguous),
    (Fault("status", "sendMessage", status=200, body={"ok": True}), Ambiguous),
    (Fault("status", "sendMessage", status=200, body=[]), Ambiguous),
    (Fault("garbage", "sendMessage"), Ambiguous),
    (Fault("drop_before", "sendMessage"), Ambiguous),
    (Fault("drop_after", "sendMessage"), Ambiguous),
    (Fault("stall_after", "sendMessage", seconds=2), Ambiguous),
    (Fault("status", "sendMessage", status=401), NotSent),
]


@pytest.mark.parametrize(("fault", "kind"), WIRE, ids=lambda value: getattr(value, "kind", None))
async def test_failures_on_the_wire(
    fake: TelegramFake,
    platform: TelegramPlatform,
    chat: Chat,
    fault: Fault,
    kind: type[DeliveryError],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("adapters.telegram.adapter.ANSWER_SECONDS", 1.0)
    fake.faults.add(replace(fault))
    async with platform:
        channel = platform._channel(ref(fake, chat))
        with pytest.raises(kind) as caught:
            await channel.send(Outgoing("x"))
        assert not isinstance(caught.value, RetryLater) or caught.value.after == (fault.seconds or 1.0)


async def test_a_flood_without_the_library_s_switch(
    fake: TelegramFake, platform: TelegramPlatform, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entering the platform sets it; without it, the library warns when it makes the error, which fails here."""
    monkeypatch.delenv("PTB_TIMEDELTA")
    fake.faults.add(Fault("flood", "sendMessage", seconds=7))
    async with platform:
        with pytest.raises(RetryLater):
            await platform._channel(ref(fake, chat)).send(Outgoing("x"))


async def test_refusals(fake: TelegramFake, entered: TelegramPlatform, channel: TelegramChannel, chat: Chat) -> None:
    message_id = await channel.send(Outgoing("x"))
    with pytest.raises(NotModified):
        await channel.edit(message_id, Outgoing("x"))
    with pytest.raises(TooLong):
        await channel.send(Outgoing("x" * 4097))
    with pytest.raises(TooLong):
        await channel.edit(message_id, Outgoing("x" * 4097))
    with pytest.raises(BadFormat):
        await channel.send(Outgoing(" "))
    fake.delete(chat, int(message_id))
    with pytest.raises(MessageGone):
        await channel.edit(message_id, Outgoing("y"))
    with pytest.raises(MessageGone):
        await channel.edit(str(fake.say(chat, fake.user(7), "theirs")), Outgoing("y"))
    forum = fake.group("forum", forum=True)
    with pytest.raises(ChatGone):
        await entered._channel(ref(fake, forum, 99)).send(Outgoing("x"))
    with pytest.raises(ChatGone):
        await entered._channel(ChatRef("telegram", "1", "4711", "private")).send(Outgoing("x"))
    fake.block(fake.user(7))
    with pytest.raises(ChatGone):
        await channel.send(Outgoing("x"))


async def test_deleting(fake: TelegramFake, channel: TelegramChannel, chat: Chat) -> None:
    message_id = await channel.send(Outgoing("x"))
    await channel.delete(message_id)
    await channel.delete(message_id)
    assert fake.screen(chat).by_bot() == []
    old = {"ok": False, "error_code": 400, "description": "Bad Request: message can't be deleted for everyone"}
    fake.faults.add(Fault("status", "deleteMessage", status=400, body=old))
    kept = await channel.send(Outgoing("y"))
    with pytest.raises(BadFormat):
        await channel.delete(kept)
    fake.block(fake.user(7))
    with pytest.raises(ChatGone):
        await channel.delete(kept)


async def test_nobody_there(fake: TelegramFake, notes: MemoryNotes, chat: Chat) -> None:
    async with TelegramPlatform(fake.token, notes, COMMANDS, api_url="http://127.0.0.1:1") as platform:
        with pytest.raises(NotSent):
            await platform._channel(ref(fake, chat)).send(Outgoing("x"))


async def test_a_moved_group_is_found_without_being_told(fake: TelegramFake, entered: TelegramPlatform) -> None:
    ann = fake.user(7)
    group = fake.group("club", supergroup=False)
    channel = entered._channel(ref(fake, group))
    new = fake.migrate(group, ann)
    await channel.send(Outgoing("one"))
    await entered._channel(ref(fake, group)).send(Outgoing("two"))
    assert [shown.text for shown in fake.screen(new).by_bot()] == ["one", "two"]
    assert len([call for call in fake.calls if call.method == "sendMessage"]) == 3
