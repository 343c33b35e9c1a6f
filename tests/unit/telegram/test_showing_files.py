"""Files that the channel shows, alone, together and one in the place of another, and how refusals come back."""

from __future__ import annotations

import pytest

from adapters.telegram.adapter import TelegramPlatform
from adapters.telegram.channel import TelegramChannel
from bot.domain.ids import ChatRef
from bot.domain.platform import Button, Outgoing, OutgoingFile
from bot.errors import Ambiguous, DeliveryError, FileRefused, MessageGone, NotModified, NotSent, RetryLater, TooLong
from tests.fakes.faults import Fault
from tests.fakes.media import jpeg, mp3, ogg, png
from tests.fakes.telegram_api import BAD_GATEWAY, TelegramFake
from tests.fakes.telegram_state import Chat
from tests.unit.telegram.conftest import ref

pytestmark = pytest.mark.fast

AGAIN = (Button("Again", "again:1"),)
SEA = OutgoingFile("image", "sea.jpg", "image/jpeg", jpeg(400, 300))
SKY = OutgoingFile("image", "sky.png", "image/png", png(30, 20))
SPOKEN = OutgoingFile("voice", "voice.ogg", "audio/ogg", ogg(), duration=0.6)
SONG = OutgoingFile("audio", "song.mp3", "audio/mpeg", mp3(), duration=1.4)
TEXT = OutgoingFile("document", "transcript.txt", "text/plain", b"words")


async def test_a_picture(fake: TelegramFake, channel: TelegramChannel, chat: Chat) -> None:
    message_id = await channel.send(Outgoing("😀 **the** sea", buttons=AGAIN, files=(SEA,)))
    [shown] = fake.screen(chat).by_bot()
    assert (shown.message_id, shown.text) == (message_id, "😀 the sea")
    assert shown.versions[0].raw["entities"] == [{"type": "bold", "offset": 3, "length": 3}]
    assert shown.buttons == (("Again", "again:1"),)
    assert [(file.kind, file.name, file.data) for file in shown.files] == [("image", "sea.jpg", SEA.data)]


async def test_other_files(fake: TelegramFake, channel: TelegramChannel, chat: Chat) -> None:
    for file in (SPOKEN, SONG, TEXT):
        await channel.send(Outgoing("", files=(file,)))
    # Telegram would show this one as a voice message if it were not told to leave it alone.
    await channel.send(Outgoing("as a file", files=(OutgoingFile("document", "v.ogg", "audio/ogg", ogg()),)))
    files = [shown.files[0] for shown in fake.screen(chat).by_bot()]
    assert [(file.kind, file.name, file.duration) for file in files] == [
        ("voice", "voice.ogg", 1.0),
        ("audio", "song.mp3", 1.0),
        ("document", "transcript.txt", None),
        ("document", "v.ogg", None),
    ]
    assert fake.counted() == {"sendVoice": 1, "sendAudio": 1, "sendDocument": 2}


async def test_an_unformatted_caption(fake: TelegramFake, channel: TelegramChannel, chat: Chat) -> None:
    await channel.send(Outgoing("**as it is**", plain=True, files=(SEA,)))
    [shown] = fake.screen(chat).by_bot()
    assert (shown.text, shown.versions[0].raw["entities"]) == ("**as it is**", [])


async def test_an_album_in_a_topic(fake: TelegramFake, entered: TelegramPlatform) -> None:
    ann = fake.user(7)
    forum = fake.group("forum", forum=True)
    topic = fake.topic(forum, "pictures", ann)
    question = fake.say(forum, ann, "@parley_bot paint", thread_id=topic)
    channel = entered._channel(ref(fake, forum, topic))
    first = await channel.send(Outgoing("*two*", files=(SEA, SKY), reply_to=str(question), buttons=AGAIN))
    shown = fake.screen(forum, topic).by_bot()
    assert [(each.text, each.files[0].name, each.reply_to) for each in shown] == [
        ("two", "sea.jpg", str(question)),
        ("", "sky.png", str(question)),
    ]
    assert shown[0].message_id == first
    assert shown[0].versions[0].raw["entities"] == [{"type": "italic", "offset": 0, "length": 3}]
    assert not any(each.buttons for each in shown)
    await channel.send(Outgoing("one", files=(SKY,), reply_to=str(question)))
    assert fake.screen(forum, topic).by_bot()[-1].reply_to == str(question)


async def test_an_album_that_telegram_does_not_take(channel: TelegramChannel) -> None:
    for files in ((SEA, TEXT), (SEA,) * 11, (SEA, SPOKEN), (SEA, OutgoingFile("image", "x", "image/png", b"x"))):
        with pytest.raises(FileRefused):
            await channel.send(Outgoing("", files=files))


async def test_what_fits_a_caption(fake: TelegramFake, channel: TelegramChannel) -> None:
    assert not channel.fits_caption("x" * 1025)
    assert not channel.fits_caption("😀" * 513)
    assert not channel.fits_caption("**x** " * 101)
    for source in ("", "x" * 1024, "😀" * 512, "**x** " * 100):
        assert channel.fits_caption(source)
        await channel.send(Outgoing(source, files=(SKY,)))
    with pytest.raises(TooLong):
        await channel.send(Outgoing("x" * 1025, files=(SKY,)))


async def test_a_painting_in_the_making(fake: TelegramFake, channel: TelegramChannel, chat: Chat) -> None:
    message_id = await channel.send(Outgoing("painting", buttons=AGAIN))
    await channel.edit(message_id, Outgoing("*half*", files=(SKY,)))
    await channel.edit(message_id, Outgoing("done", files=(SEA,), buttons=AGAIN))
    await channel.edit(message_id, Outgoing("**done** again"))
    [shown] = fake.screen(chat).by_bot()
    assert [(each.text, [file.name for file in each.files], len(each.buttons)) for each in shown.versions] == [
        ("painting", [], 1),
        ("half", ["sky.png"], 0),
        ("done", ["sea.jpg"], 1),
        ("done again", ["sea.jpg"], 0),
    ]
    assert shown.versions[-1].raw["entities"] == [{"type": "bold", "offset": 0, "length": 4}]
    assert fake.counted() == {"sendMessage": 1, "editMessageMedia": 2, "editMessageCaption": 1}
    with pytest.raises(NotModified):
        await channel.edit(message_id, Outgoing("**done** again"))


async def test_words_beside_a_file_that_was_sent_before_the_start(
    fake: TelegramFake, channel: TelegramChannel, platform: TelegramPlatform, chat: Chat
) -> None:
    """Another process does not know that the message carries a file; Telegram says so, once."""
    message_id = await channel.send(Outgoing("one", files=(SEA,)))
    other = TelegramPlatform(fake.token, platform._notes, (), api_url=fake.url)
    async with other:
        await other._channel(channel.chat).edit(message_id, Outgoing("two", buttons=AGAIN))
        await other._channel(channel.chat).edit(message_id, Outgoing("three", plain=True))
    [shown] = fake.screen(chat).by_bot()
    assert [each.text for each in shown.versions] == ["one", "two", "three"]
    assert fake.counted() == {"sendPhoto": 1, "editMessageText": 1, "editMessageCaption": 2}


async def test_what_cannot_be_edited(fake: TelegramFake, channel: TelegramChannel, chat: Chat) -> None:
    message_id = await channel.send(Outgoing("one"))
    spoken = await channel.send(Outgoing("", files=(SPOKEN,)))
    with pytest.raises(FileRefused):
        await channel.edit(message_id, Outgoing("", files=(SEA, SKY)))
    with pytest.raises(FileRefused):
        await channel.edit(message_id, Outgoing("", files=(SPOKEN,)))
    with pytest.raises(FileRefused):
        await channel.edit(spoken, Outgoing("", files=(SEA,)))
    fake.delete(chat, int(message_id))
    with pytest.raises(MessageGone):
        await channel.edit(message_id, Outgoing("", files=(SEA,)))


async def test_who_wants_no_voice_messages(fake: TelegramFake, entered: TelegramPlatform, chat: Chat) -> None:
    group = fake.group("quiet")
    fake.forbid_voice(fake.user(7))
    fake.forbid(group, "voice notes", "photos")
    for place in (chat, group):
        with pytest.raises(FileRefused):
            await entered._channel(ref(fake, place)).send(Outgoing("", files=(SPOKEN,)))
    channel = entered._channel(ref(fake, group))
    for files in ((SEA,), (SEA, SKY)):
        with pytest.raises(FileRefused):
            await channel.send(Outgoing("", files=files))
    words = await channel.send(Outgoing("words"))
    with pytest.raises(FileRefused):
        await channel.edit(words, Outgoing("", files=(SEA,)))


REFUSED = [
    OutgoingFile("image", "wide.png", "image/png", png(2100, 100)),
    OutgoingFile("image", "long.png", "image/png", png(9990, 500)),
    OutgoingFile("image", "x.svg", "image/svg+xml", b"<svg/>"),
    OutgoingFile("image", "big.bmp", "image/bmp", bytes(10 * 1024 * 1024 + 1)),
    OutgoingFile("document", "none.txt", "text/plain", b""),
    OutgoingFile("document", "big.bin", "application/octet-stream", bytes(50 * 1024 * 1024 + 1)),
]


@pytest.mark.parametrize("file", REFUSED, ids=lambda file: file.name)
async def test_files_that_telegram_does_not_take(
    fake: TelegramFake, channel: TelegramChannel, chat: Chat, file: OutgoingFile
) -> None:
    with pytest.raises(FileRefused):
        await channel.send(Outgoing("x", files=(file,)))
    assert fake.screen(chat).by_bot() == []


WIRE = [
    (Fault("flood", "sendPhoto", seconds=7), RetryLater),
    (Fault("status", "sendPhoto", status=502, body=BAD_GATEWAY), Ambiguous),
    (Fault("status", "sendPhoto", status=413, body="<html>413 Request Entity Too Large</html>"), FileRefused),
    (Fault("status", "sendPhoto", status=401), NotSent),
    (Fault("garbage", "sendPhoto"), Ambiguous),
    (Fault("drop_after", "sendPhoto"), Ambiguous),
    (Fault("stall_after", "sendPhoto", seconds=2), Ambiguous),
]


@pytest.mark.parametrize(("fault", "kind"), WIRE, ids=lambda value: getattr(value, "kind", None))
async def test_failures_on_the_wire(
    fake: TelegramFake,
    channel: TelegramChannel,
    fault: Fault,
    kind: type[DeliveryError],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("adapters.telegram.uploads.UPLOAD_SECONDS", 1.0)
    fake.faults.add(Fault(fault.kind, fault.call, 1, 0, fault.seconds, fault.status, fault.body))
    with pytest.raises(kind):
        await channel.send(Outgoing("x", files=(SEA,)))


async def test_an_upload_may_take_longer_than_words(
    fake: TelegramFake, platform: TelegramPlatform, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.telegram.adapter.ANSWER_SECONDS", 1.0)
    for method in ("sendPhoto", "sendMediaGroup", "editMessageMedia"):
        fake.faults.add(Fault("stall_before", method, seconds=3))
    async with platform:
        channel = platform._channel(ref(fake, chat))
        message_id = await channel.send(Outgoing("x", files=(SEA,)))
        await channel.send(Outgoing("x", files=(SEA, SKY)))
        await channel.edit(message_id, Outgoing("x", files=(SKY,)))


async def test_a_group_that_moved(fake: TelegramFake, entered: TelegramPlatform) -> None:
    group = fake.group("club", supergroup=False)
    channel = entered._channel(ref(fake, group))
    new = fake.migrate(group, fake.user(7))
    message_id = await channel.send(Outgoing("one", files=(SEA,)))
    await channel.edit(message_id, Outgoing("two"))
    assert [shown.text for shown in fake.screen(new).by_bot()] == ["two"]
    assert fake.counted()["editMessageText"] == 0


async def test_asking_for_an_answer(fake: TelegramFake, entered: TelegramPlatform, chat: Chat) -> None:
    channel = entered._channel(ref(fake, chat))
    await channel.send(Outgoing("How?", expects_reply=True))
    await channel.send(Outgoing("How?", expects_reply=True, buttons=AGAIN))
    await channel.send(Outgoing("How?", expects_reply=True, files=(SEA,)))
    asking = {"force_reply": True, "selective": True}
    raw = [shown.versions[0].raw["reply_markup"] for shown in fake.screen(chat).by_bot()]
    assert (raw[0], raw[2]) == (asking, asking)
    assert "inline_keyboard" in raw[1]


async def test_nobody_there(fake: TelegramFake, platform: TelegramPlatform) -> None:
    async with TelegramPlatform(fake.token, platform._notes, (), api_url="http://127.0.0.1:1") as nowhere:
        with pytest.raises(NotSent):
            await nowhere._channel(ChatRef("telegram", "1", "7", "private")).send(Outgoing("x", files=(SEA,)))
