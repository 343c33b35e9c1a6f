"""Files that people send, and how a bot gets them."""

from __future__ import annotations

import io
from pathlib import Path

import httpx
import pytest
from PIL import Image
from telegram import Bot, Message

from tests.fakes.faults import Fault
from tests.fakes.media import jpeg, png
from tests.fakes.telegram_api import TelegramFake
from tests.fakes.telegram_files import FileStore, Kind
from tests.unit.fake_telegram.client import refused

pytestmark = pytest.mark.fast


async def got(bot: Bot) -> list[Message]:
    return [update.message for update in await bot.get_updates() if update.message]


async def content(fake: TelegramFake, bot: Bot, file_id: str) -> httpx.Response:
    file = await bot.get_file(file_id)
    async with httpx.AsyncClient() as http:
        return await http.get(str(file.file_path))


async def test_a_photo_has_sizes_of_which_the_last_is_whole(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    sent = jpeg(800, 600)
    fake.send_file(fake.private(ann), ann, "photo", sent, caption="/imagine @parley_bot")
    [message] = await got(bot)
    assert [(size.width, size.height) for size in message.photo] == [(90, 68), (320, 240), (800, 600)]
    assert message.photo[-1].file_size == len(sent)
    assert (await content(fake, bot, message.photo[-1].file_id)).content == sent
    small = (await content(fake, bot, message.photo[0].file_id)).content
    assert Image.open(io.BytesIO(small)).size == (90, 68)
    assert [entity.type for entity in message.caption_entities] == ["bot_command", "mention"]
    assert message.text is None


KINDS: list[tuple[Kind, str | None, str]] = [
    ("voice", None, "voice/file_1.oga"),
    ("audio", "song.m4a", "music/file_1.m4a"),
    ("video_note", None, "video_notes/file_1.mp4"),
    ("video", "clip.mp4", "videos/file_1.mp4"),
    ("document", "notes.tar.gz", "documents/file_1.gz"),
    ("sticker", None, "stickers/file_1.webp"),
    ("animation", "fun.mp4", "animations/file_1.mp4"),
]


@pytest.mark.parametrize(("kind", "name", "path"), KINDS)
async def test_every_kind_is_read_by_the_library(
    fake: TelegramFake, bot: Bot, kind: Kind, name: str | None, path: str
) -> None:
    ann = fake.user(42)
    fake.send_file(fake.private(ann), ann, kind, b"some bytes", name=name, duration=7)
    [message] = await got(bot)
    found = getattr(message, kind)
    assert found.file_size == 10
    file = await bot.get_file(found.file_id)
    assert str(file.file_path).endswith(path)
    assert (await content(fake, bot, found.file_id)).content == b"some bytes"
    if kind == "video_note":
        assert "mime_type" not in fake.updates[0]["message"]["video_note"]
    if kind == "animation":
        assert message.document is not None


async def test_an_album_is_several_updates(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    numbers = fake.album(fake.private(ann), ann, [png(9, 9), png(8, 8)], "both")
    messages = await got(bot)
    assert [message.message_id for message in messages] == numbers
    assert [message.caption for message in messages] == ["both", None]
    assert len({message.media_group_id for message in messages}) == 1
    again = fake.album(fake.private(ann), ann, [png(9, 9)] * 2)
    assert fake.updates[-1]["message"]["media_group_id"] != messages[0].media_group_id
    assert len(again) == 2


async def test_a_reply_shows_the_photo_that_it_answers(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    chat = fake.private(ann)
    photo = fake.send_file(chat, ann, "photo", png(9, 9), caption="mine")
    fake.say(chat, ann, "what is it?", reply_to=photo)
    replied = (await got(bot))[-1].reply_to_message
    assert replied is not None
    assert (replied.caption, len(replied.photo)) == ("mine", 1)


async def test_what_get_file_refuses(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    fake.send_file(fake.private(ann), ann, "document", b"x", name="big.bin", size=20 * 1024 * 1024 + 1)
    [message] = await got(bot)
    assert message.document is not None
    assert await refused(bot.get_file(message.document.file_id)) == "File is too big"
    assert await refused(bot.get_file("something")) == "Invalid file_id"


async def test_links_that_lead_nowhere(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    fake.send_file(fake.private(ann), ann, "voice", b"x")
    [message] = await got(bot)
    assert message.voice is not None
    fake.lose_files()
    assert (await content(fake, bot, message.voice.file_id)).status_code == 404
    async with httpx.AsyncClient() as http:
        assert (await http.get(f"{fake.url}/file/bot1:x/voice/file_1.oga")).status_code == 404


async def test_a_download_that_breaks_off(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    fake.send_file(fake.private(ann), ann, "voice", b"x" * 1000)
    [message] = await got(bot)
    assert message.voice is not None
    fake.faults.add(Fault("drop_after", "download"))
    with pytest.raises(httpx.RemoteProtocolError):
        await content(fake, bot, message.voice.file_id)
    assert (await content(fake, bot, message.voice.file_id)).status_code == 200
    assert fake.counted()["download"] == 2


def test_a_local_server_names_a_file_on_its_disk(tmp_path: Path) -> None:
    files = FileStore()
    files.local = tmp_path
    stored = files.keep("voice", b"x" * 9, size=30 * 1024 * 1024)
    path = Path(files.get_file({"file_id": stored.file_id})["file_path"])
    assert path.is_absolute()
    assert path.read_bytes() == b"x" * 9
    assert files.download(stored.path) is None
