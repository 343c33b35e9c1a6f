"""Files that people send, from the update to the bytes, and what may go wrong on the way."""

from __future__ import annotations

import logging
import traceback
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.telegram.adapter import TelegramPlatform
from adapters.telegram.channel import TelegramChannel
from bot.domain.attachments import Attachment
from bot.domain.messages import CommandCall, Message
from bot.errors import FileError, FileTooLarge, FileUnavailable
from tests.fakes.faults import Fault
from tests.fakes.media import jpeg, mp4, ogg, png
from tests.fakes.telegram_api import BAD_GATEWAY, TelegramFake
from tests.fakes.telegram_state import Chat
from tests.unit.telegram.conftest import Box, listening

pytestmark = pytest.mark.fast

MIB = 1024 * 1024


@pytest.fixture
async def received(platform: TelegramPlatform, box: Box) -> AsyncIterator[Box]:
    async with listening(platform, box):
        yield box


async def test_a_photo_with_a_command(fake: TelegramFake, received: Box, chat: Chat) -> None:
    fake.send_file(chat, fake.user(7), "photo", jpeg(800, 600), caption="/ask what is it?")
    [event] = await received.take()
    assert isinstance(event, CommandCall)
    [picture] = event.attachments
    assert (picture.kind, picture.size) == ("image", len(jpeg(800, 600)))
    assert await received.channels[0].fetch(picture, MIB) == jpeg(800, 600)


async def test_a_recording_and_a_round_video(fake: TelegramFake, received: Box, chat: Chat) -> None:
    fake.send_file(chat, fake.user(7), "voice", ogg(), duration=1)
    fake.send_file(chat, fake.user(7), "video_note", mp4(), duration=1)
    for event, mime, data in zip(await received.take(2), ("audio/ogg", "video/mp4"), (ogg(), mp4()), strict=True):
        assert isinstance(event, Message)
        [spoken] = event.attachments
        assert (spoken.kind, spoken.mime, spoken.duration) == ("voice", mime, 1.0)
        assert await received.channels[0].fetch(spoken, MIB) == data


async def test_an_album_in_a_group(fake: TelegramFake, received: Box) -> None:
    group = fake.group("club", bot_is_admin=True)
    fake.album(group, fake.user(7), [png(9, 9), png(8, 8)], "@parley_bot both?")
    one, two = await received.take(2)
    assert isinstance(one, Message)
    assert isinstance(two, Message)
    assert (one.text, one.addressing, two.text, two.addressing) == ("both?", "mention", "", "none")
    assert one.album_id == two.album_id is not None


async def test_a_reply_to_a_picture(fake: TelegramFake, received: Box) -> None:
    group = fake.group("club")
    photo = fake.send_file(group, fake.user(7), "photo", png(9, 9))
    fake.say(group, fake.user(8, "Bea"), "@parley_bot what is it?", reply_to=photo)
    [event] = await received.take()
    assert isinstance(event, Message)
    assert event.quote is not None
    assert event.quote.message_id == str(photo)
    assert await received.channels[0].fetch(event.quote.attachments[0], MIB) == png(9, 9)


def sent(fake: TelegramFake, data: bytes = b"x" * 1000, size: int | None = None) -> Attachment:
    """A file that somebody sent, of which the message does not tell the size."""
    return Attachment("document", fake.files.keep("document", data, "a b%.txt", size).file_id)


async def test_what_is_too_large(fake: TelegramFake, channel: TelegramChannel) -> None:
    told = Attachment("document", sent(fake).handle, size=1000)
    for attachment, limit in ((told, 999), (sent(fake), 999), (sent(fake, size=21 * MIB), 20 * MIB)):
        with pytest.raises(FileTooLarge) as caught:
            await channel.fetch(attachment, limit)
        assert caught.value.limit == limit
    assert fake.counted() == {"getFile": 2}
    with pytest.raises(FileTooLarge) as caught:
        await channel.fetch(sent(fake, size=21 * MIB), 100 * MIB)
    assert caught.value.limit == 20 * MIB
    assert await channel.fetch(told, 1000) == b"x" * 1000


async def test_more_than_was_told(fake: TelegramFake, channel: TelegramChannel) -> None:
    with pytest.raises(FileTooLarge):
        await channel.fetch(sent(fake, b"x" * 5000, size=10), 4999)
    assert len(await channel.fetch(sent(fake, b"x" * 5000, size=10), 5000)) == 5000


async def test_passing_failures(fake: TelegramFake, channel: TelegramChannel) -> None:
    fake.faults.add(Fault("flood", "getFile", seconds=1))
    fake.faults.add(Fault("status", "getFile", status=502, body=BAD_GATEWAY))
    fake.faults.add(Fault("drop_after", "download"))
    fake.faults.add(Fault("status", "download", status=503, body="busy"))
    assert await channel.fetch(sent(fake), MIB) == b"x" * 1000


FAILURES = [
    Fault("status", "getFile", status=400, body={"ok": False, "error_code": 400, "description": "Bad Request: gone"}),
    Fault("status", "getFile", status=200, body={"ok": True}),
    Fault("status", "getFile", status=200, body={"ok": True, "result": {"file_id": "x"}}),
    Fault("garbage", "getFile"),
    Fault("status", "getFile", status=401),
    Fault("drop_before", "getFile", times=3),
    Fault("status", "download", status=404, body="gone"),
    Fault("status", "download", status=302, body="elsewhere"),
    Fault("status", "download", status=500, body="broken", times=3),
    Fault("drop_before", "download", times=3),
    Fault("drop_after", "download", times=3),
]


@pytest.mark.parametrize("fault", FAILURES, ids=lambda fault: f"{fault.call}-{fault.kind}-{fault.status}")
async def test_failures_say_nothing_of_the_token(
    fake: TelegramFake, channel: TelegramChannel, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fake.faults.add(Fault(fault.kind, fault.call, fault.times, 0, fault.seconds, fault.status, fault.body))
    with pytest.raises(FileUnavailable) as caught:
        await channel.fetch(sent(fake), MIB)
    everything = "".join(traceback.format_exception(caught.value)) + caplog.text
    everything += repr(caught.value) + repr(channel._common)
    if fault.call == "download" and fault.kind == "status":
        assert "/file/bot[token]/documents/" in caplog.text  # httpx did speak
    assert fake.token not in everything
    assert chain(caught.value) == [FileUnavailable]


def chain(error: BaseException | None) -> list[type[BaseException]]:
    """The error and all that are tied to it, shown or not."""
    found = []
    while error is not None:
        found.append(type(error))
        error = error.__cause__ or error.__context__
    return found


@pytest.mark.parametrize("call", ["getFile", "download"])
async def test_a_file_that_takes_too_long(
    fake: TelegramFake, channel: TelegramChannel, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    monkeypatch.setattr("adapters.telegram.downloads.FETCH_SECONDS", 2.0)
    fake.faults.add(Fault("stall_before", call, seconds=3))
    with pytest.raises(FileUnavailable, match="2 s"):
        await channel.fetch(sent(fake), MIB)


async def test_headers_that_repeat_the_address(
    fake: TelegramFake, channel: TelegramChannel, caplog: pytest.LogCaptureFixture
) -> None:
    """As proxies may do; httpcore logs them."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpcore.http11").debug("Location: /file/bot%s/x", fake.token)
    await channel.fetch(sent(fake), MIB)
    assert "Location: /file/bot[token]/x" in caplog.text
    assert fake.token not in caplog.text


async def test_lost_and_unknown_files(fake: TelegramFake, channel: TelegramChannel) -> None:
    attachment = sent(fake)
    fake.lose_files()
    for lost in (attachment, Attachment("voice", "something")):
        with pytest.raises(FileUnavailable):
            await channel.fetch(lost, MIB)


async def test_a_server_of_ones_own(fake: TelegramFake, channel: TelegramChannel, tmp_path: Path) -> None:
    """With `--local` it names a place on its disk, and gives files of any size."""
    fake.files.local = tmp_path
    assert await channel.fetch(sent(fake, size=30 * MIB), 40 * MIB) == b"x" * 1000
    assert fake.counted()["download"] == 0
    with pytest.raises(FileTooLarge):
        await channel.fetch(sent(fake, size=10), 999)


async def test_a_server_with_another_disk(fake: TelegramFake, channel: TelegramChannel, tmp_path: Path) -> None:
    fake.files.local = tmp_path
    elsewhere = {"ok": True, "result": {"file_id": "x", "file_path": str(tmp_path / "not here")}}
    fake.faults.add(Fault("status", "getFile", status=200, body=elsewhere))
    with pytest.raises(FileUnavailable):
        await channel.fetch(sent(fake), MIB)
    assert fake.counted()["download"] == 1
    folder = {"ok": True, "result": {"file_id": "x", "file_path": str(tmp_path)}}
    fake.faults.add(Fault("status", "getFile", status=200, body=folder))
    with pytest.raises(FileError):
        await channel.fetch(sent(fake), MIB)


async def test_a_path_of_telegram_is_never_one_of_this_disk(
    fake: TelegramFake, channel: TelegramChannel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attachment = sent(fake)
    monkeypatch.chdir(tmp_path)
    place = tmp_path / fake.files.files[attachment.handle].path
    place.parent.mkdir()
    place.write_bytes(b"secret")
    assert await channel.fetch(attachment, MIB) == b"x" * 1000
