"""Files that the bot sends, and what Telegram refuses of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from telegram import (
    Bot,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaAudio,
    InputMediaDocument,
    InputMediaPhoto,
    MessageEntity,
)
from telegram.error import BadRequest, NetworkError, RetryAfter

from tests.fakes.media import jpeg, mp3, ogg, png, wav
from tests.fakes.telegram_api import TelegramFake
from tests.fakes.telegram_limits import Bucket, FloodRules
from tests.fakes.telegram_state import Chat
from tests.unit.fake_telegram.client import refused

pytestmark = pytest.mark.fast

BUTTON = InlineKeyboardMarkup([[InlineKeyboardButton("Again", callback_data="again:1")]])


@pytest.fixture
async def fake() -> AsyncIterator[TelegramFake]:
    """With room for more messages at once than Telegram leaves."""
    async with TelegramFake(rules=FloodRules(private=Bucket(capacity=20, per_second=1))) as server:
        yield server


@pytest.fixture
def chat(fake: TelegramFake) -> Chat:
    return fake.private(fake.user(42))


async def test_a_photo_with_its_caption_and_buttons(fake: TelegramFake, bot: Bot, chat: Chat) -> None:
    entities = [MessageEntity("bold", 0, 2)]
    sent = await bot.send_photo(
        chat.id, jpeg(400, 300), "so 🙂", caption_entities=entities, reply_markup=BUTTON, filename="sea.jpg"
    )
    [shown] = fake.screen(chat).by_bot()
    assert (shown.text, shown.buttons) == ("so 🙂", (("Again", "again:1"),))
    [file] = shown.files
    assert (file.kind, file.name, file.data) == ("image", "sea.jpg", jpeg(400, 300))
    assert shown.versions[0].raw["entities"] == [{"type": "bold", "offset": 0, "length": 2}]
    assert (sent.caption, sent.text, sent.photo[-1].width) == ("so 🙂", None, 400)
    again = await bot.send_photo(chat.id, sent.photo[-1].file_id)
    assert again.photo[-1].width == 400


PHOTOS: list[tuple[Any, str]] = [
    (b"<svg/>", "Image_process_failed"),
    (jpeg(400, 300)[:900], "Image_process_failed"),
    (png(10_000, 1), "Photo_invalid_dimensions"),
    (png(210, 10), "Photo_invalid_dimensions"),
    (b"", "File must be non-empty"),
    (bytes(10 * 1024 * 1024 + 1), "too big for a photo; the maximum size is 10485760 bytes"),
    ("https://example.org/a.jpg", "Wrong file identifier/http url specified"),
]


@pytest.mark.parametrize(("data", "words"), PHOTOS, ids=lambda value: str(value)[:12])
async def test_photos_that_are_none(fake: TelegramFake, bot: Bot, chat: Chat, data: Any, words: str) -> None:
    assert words in await refused(bot.send_photo(chat.id, data))
    assert fake.screen(chat).by_bot() == []


async def test_captions_have_1024_units_after_their_entities(fake: TelegramFake, bot: Bot, chat: Chat) -> None:
    await bot.send_photo(chat.id, png(9, 9), "🙂" * 512)
    assert await refused(bot.send_photo(chat.id, png(9, 9), "🙂" * 512 + "x")) == "Message caption is too long"
    item = InputMediaPhoto(png(9, 9), caption="x" * 1025)
    assert await refused(bot.send_media_group(chat.id, [item, item])) == "Message caption is too long"


async def test_sounds_are_shown_as_what_plays_them(fake: TelegramFake, bot: Bot, chat: Chat) -> None:
    await bot.send_voice(chat.id, ogg(), duration=1, filename="voice.ogg")
    await bot.send_voice(chat.id, wav(), filename="voice.wav")
    await bot.send_audio(chat.id, mp3(), duration=2, filename="song.mp3")
    await bot.send_audio(chat.id, ogg(), filename="voice.ogg")
    await bot.send_document(chat.id, ogg(), filename="voice.ogg")
    await bot.send_document(chat.id, ogg(), filename="voice.ogg", disable_content_type_detection=True)
    await bot.send_document(chat.id, b"words", filename="a.txt")
    files = [shown.files[0] for shown in fake.screen(chat).by_bot()]
    assert [(file.kind, file.name) for file in files] == [
        ("voice", "voice.ogg"),
        ("document", "voice.wav"),
        ("audio", "song.mp3"),
        ("document", "voice.ogg"),
        ("voice", "voice.ogg"),
        ("document", "voice.ogg"),
        ("document", "a.txt"),
    ]
    assert [file.duration for file in files[:3]] == [1.0, None, 2.0]


async def test_who_wants_no_voice_messages(fake: TelegramFake, bot: Bot, chat: Chat) -> None:
    assert chat.user is not None
    fake.forbid_voice(chat.user)
    group = fake.group("quiet")
    fake.forbid(group, "voice notes", "photos", "music", "documents")
    assert await refused(bot.send_voice(chat.id, ogg())) == "Voice_messages_forbidden"
    await bot.send_audio(chat.id, mp3())
    rights = "Not enough rights to send {} to the chat"
    assert await refused(bot.send_voice(group.id, ogg())) == rights.format("voice notes")
    assert await refused(bot.send_photo(group.id, png(9, 9))) == rights.format("photos")
    assert await refused(bot.send_audio(group.id, mp3())) == rights.format("music")
    assert await refused(bot.send_document(group.id, b"x")) == rights.format("documents")
    await bot.send_message(group.id, "words")


async def test_an_album_is_several_messages(fake: TelegramFake, bot: Bot) -> None:
    club = fake.group("club")
    media = [InputMediaPhoto(png(9, 9), caption="two", filename="a.png"), InputMediaPhoto(png(8, 8), filename="b.png")]
    sent = await bot.send_media_group(club.id, media)
    shown = fake.screen(club).by_bot()
    assert [(each.message_id, each.text, each.files[0].name) for each in shown] == [
        (str(sent[0].message_id), "two", "a.png"),
        (str(sent[1].message_id), "", "b.png"),
    ]
    assert sent[0].media_group_id == sent[1].media_group_id is not None


async def test_albums_that_are_none(fake: TelegramFake, bot: Bot, chat: Chat) -> None:
    item = InputMediaPhoto(png(9, 9))
    assert "too few" in (await refused(bot.send_media_group(chat.id, [item]))).lower()
    assert "too many" in (await refused(bot.send_media_group(chat.id, [item] * 11))).lower()
    mixed: list[InputMediaPhoto | InputMediaDocument] = [item, InputMediaDocument(b"x")]
    assert await refused(bot.send_media_group(chat.id, mixed)) == "Document can't be mixed with other media types"
    broken = [item, InputMediaPhoto(b"x")]
    assert await refused(bot.send_media_group(chat.id, broken)) == "Image_process_failed"
    assert fake.screen(chat).by_bot() == []


async def test_each_picture_of_an_album_counts(fake: TelegramFake, bot: Bot, chat: Chat) -> None:
    item = InputMediaPhoto(png(9, 9))
    await bot.send_media_group(chat.id, [item] * 10)
    await bot.send_media_group(chat.id, [item] * 6)
    with pytest.raises(RetryAfter):
        await bot.send_media_group(chat.id, [item] * 6)
    assert len(fake.screen(chat).by_bot()) == 16
    assert fake.floods == 1


async def test_media_take_the_place_of_words_and_of_media(fake: TelegramFake, bot: Bot, chat: Chat) -> None:
    sent = await bot.send_message(chat.id, "painting", reply_markup=BUTTON)
    number = sent.message_id
    await bot.edit_message_media(InputMediaPhoto(png(9, 9), caption="half"), chat.id, number)
    await bot.edit_message_media(InputMediaPhoto(png(8, 8), caption="done"), chat.id, number, reply_markup=BUTTON)
    [shown] = fake.screen(chat).by_bot()
    assert [(version.text, len(version.files), len(version.buttons)) for version in shown.versions] == [
        ("painting", 0, 1),
        ("half", 1, 0),
        ("done", 1, 1),
    ]
    assert shown.files[0].data == png(8, 8)
    await bot.edit_message_media(InputMediaAudio(mp3()), chat.id, number)
    assert shown.files[0].kind == "audio"


async def test_what_can_be_edited_how(fake: TelegramFake, bot: Bot, chat: Chat) -> None:
    words = (await bot.send_message(chat.id, "words")).message_id
    picture = (await bot.send_photo(chat.id, png(9, 9), "one")).message_id
    voice = (await bot.send_voice(chat.id, ogg())).message_id
    media = InputMediaPhoto(png(8, 8))
    assert await refused(bot.edit_message_text("x", chat.id, picture)) == "There is no text in the message to edit"
    no_caption = "There is no caption in the message to edit"
    assert await refused(bot.edit_message_caption(chat.id, words, caption="x")) == no_caption
    assert await refused(bot.edit_message_media(media, chat.id, voice)) == "There is no media in the message to edit"
    await bot.edit_message_caption(chat.id, picture, caption="two", reply_markup=BUTTON)
    shown = fake.screen(chat).by_bot()[1]
    assert (shown.text, len(shown.files), len(shown.buttons)) == ("two", 1, 1)
    same = bot.edit_message_caption(chat.id, picture, caption="two", reply_markup=BUTTON)
    assert (await refused(same)).startswith("Message is not modified")
    [first, _] = await bot.send_media_group(chat.id, [media, media])
    await bot.edit_message_media(media, chat.id, first.message_id)
    other = bot.edit_message_media(InputMediaDocument(b"x"), chat.id, first.message_id)
    assert await refused(other) == "Can't change media type in the album"


async def test_edits_of_media_count_as_messages(fake: TelegramFake, bot: Bot, chat: Chat) -> None:
    number = (await bot.send_photo(chat.id, png(9, 9))).message_id
    await bot.send_media_group(chat.id, [InputMediaPhoto(png(9, 9))] * 10)
    await bot.send_media_group(chat.id, [InputMediaPhoto(png(9, 9))] * 8)
    await bot.edit_message_media(InputMediaPhoto(png(8, 9)), chat.id, number)
    with pytest.raises(RetryAfter):
        await bot.edit_message_caption(chat.id, number, caption="x")


async def test_asking_for_an_answer(fake: TelegramFake, bot: Bot, chat: Chat) -> None:
    sent = await bot.send_message(chat.id, "How?", reply_markup=ForceReply(selective=True))
    [shown] = fake.screen(chat).by_bot()
    assert shown.versions[0].raw["reply_markup"] == {"force_reply": True, "selective": True}
    assert await refused(bot.edit_message_text("x", chat.id, sent.message_id)) == "Message can't be edited"


async def test_a_request_that_is_too_large(fake: TelegramFake, bot: Bot, chat: Chat) -> None:
    with pytest.raises(NetworkError) as caught:
        await bot.send_document(chat.id, bytes(50 * 1024 * 1024 + 1), read_timeout=200, write_timeout=200)
    assert caught.value.message == "Request Entity Too Large"
    assert not isinstance(caught.value, BadRequest)


async def test_files_beside_the_call(fake: TelegramFake, chat: Chat) -> None:
    """The form in which clients other than the library's may send them."""
    media = [{"type": "document", "media": f"attach://{name}"} for name in ("one", "two")]
    async with httpx.AsyncClient() as http:
        answer = await http.post(
            f"{fake.url}/bot{fake.token}/sendMediaGroup",
            data={"chat_id": "42", "media": json.dumps(media)},
            files={"one": ("a.txt", b"1"), "two": ("b.txt", b"2")},
        )
        lost = await http.post(
            f"{fake.url}/bot{fake.token}/sendDocument",
            data={"chat_id": "42", "document": "attach://three"},
            files={"one": ("a.txt", b"1")},
        )
    assert answer.status_code == 200
    assert [shown.files[0].data for shown in fake.screen(chat).by_bot()] == [b"1", b"2"]
    assert "there is no document in the request" in lost.json()["description"]
