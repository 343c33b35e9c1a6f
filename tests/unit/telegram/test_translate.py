"""Updates that are hard to provoke, written as Telegram's JSON."""

from __future__ import annotations

from typing import Any

import pytest
from telegram import Update

from adapters.telegram.identity import BotIdentity
from adapters.telegram.translate import translate
from bot.domain.attachments import Attachment
from bot.domain.messages import ButtonPress, CommandCall, Edited, Incoming, Message

BOT = BotIdentity(1, "Parley_bot", frozenset({"ask", "new"}))
ME = {"id": 1, "is_bot": True, "first_name": "Parley", "username": "Parley_bot"}
ANN = {"id": 7, "is_bot": False, "first_name": "Ann", "last_name": "Lee"}
GROUP = {"id": -100, "type": "supergroup", "title": "club"}
PRIVATE = {"id": 7, "type": "private", "first_name": "Ann"}


def message(**fields: Any) -> dict[str, Any]:
    return {"message_id": 5, "date": 1, "chat": GROUP, "from": ANN, **fields}


def read(kind: str = "message", **fields: Any) -> Incoming | None:
    update = Update.de_json({"update_id": 3, kind: message(**fields)}, None)
    return translate(update, BOT)


def words(**fields: Any) -> Message:
    event = read(**fields)
    assert isinstance(event, Message)
    return event


def entity(kind: str, offset: int, length: int, **more: Any) -> dict[str, Any]:
    return {"type": kind, "offset": offset, "length": length, **more}


MENTIONS = [
    ("@parley_bot hi", 0, "hi"),
    ("@Parley_bot, hi", 0, "hi"),
    ("@Parley_bot: hi", 0, "hi"),
    ("hi @Parley_bot", 3, "hi"),
    ("hi @Parley_bot!", 3, "hi!"),
    ("hi @Parley_bot what", 3, "hi what"),
    ("hi\n@Parley_bot\nwhat", 3, "hi\nwhat"),
    ("😀 @Parley_bot 😀", 3, "😀 😀"),
    ("(@Parley_bot)", 1, "()"),
    ("@Parley_bot", 0, ""),
]


@pytest.mark.parametrize(("text", "offset", "left"), MENTIONS)
def test_the_name_goes_the_words_stay(text: str, offset: int, left: str) -> None:
    event = words(text=text, entities=[entity("mention", offset, 11)])
    assert (event.text, event.addressing) == (left, "mention")


def test_named_twice() -> None:
    text = "@Parley_bot hi @Parley_bot"
    event = words(text=text, entities=[entity("mention", 0, 11), entity("mention", 15, 11)])
    assert event.text == "hi"


def test_named_by_text() -> None:
    event = words(text="hey Parley, hi", entities=[entity("text_mention", 4, 6, user=ME)])
    assert (event.text, event.addressing) == ("hey, hi", "mention")


def test_somebody_else_named() -> None:
    text = "@other_bot @Parley_bott hi"
    event = words(text=text, entities=[entity("mention", 0, 10), entity("mention", 11, 12)])
    assert (event.text, event.addressing) == (text, "none")


def test_what_is_said_to_nobody_comes_as_it_is() -> None:
    text = "ask @other_bot  about it, Parley "
    photo = [{"file_id": "p", "file_unique_id": "p", "width": 9, "height": 9}]
    event = words(caption=text, caption_entities=[entity("mention", 4, 10)], photo=photo)
    assert (event.text, event.addressing, event.author.name, event.message_id) == (text, "none", "Ann Lee", "5")
    assert [attachment.handle for attachment in event.attachments] == ["p"]
    robot: dict[str, Any] = {"from": {"id": 9, "is_bot": True, "first_name": "Robot"}}
    assert read(text=text, **robot) is None


def test_an_entity_beyond_the_text() -> None:
    assert words(text="hi", entities=[entity("mention", 50, 11)]).text == "hi"


def test_a_caption_counts_as_text() -> None:
    event = words(
        caption="@Parley_bot what is it?",
        caption_entities=[entity("mention", 0, 11)],
        photo=[
            {"file_id": "small", "file_unique_id": "s", "width": 90, "height": 90, "file_size": 10},
            {"file_id": "large", "file_unique_id": "l", "width": 900, "height": 900, "file_size": 1000},
        ],
        media_group_id="77",
    )
    assert (event.text, event.addressing, event.album_id) == ("what is it?", "mention", "77")
    assert event.attachments == (Attachment("image", "large", mime="image/jpeg", size=1000),)


FILE = {"file_id": "f", "file_unique_id": "u", "file_size": 9}
STICKER = {**FILE, "type": "regular", "width": 9, "height": 9}
FILES = [
    ("voice", {**FILE, "duration": 3, "mime_type": "audio/ogg"}, Attachment("voice", "f", None, "audio/ogg", 9, 3.0)),
    (
        "audio",
        {**FILE, "duration": 3, "mime_type": "audio/mpeg", "file_name": "a.mp3"},
        Attachment("audio", "f", "a.mp3", "audio/mpeg", 9, 3.0),
    ),
    ("video_note", {**FILE, "duration": 3, "length": 9}, Attachment("voice", "f", None, "video/mp4", 9, 3.0)),
    (
        "video",
        {**FILE, "duration": 3, "width": 9, "height": 9, "mime_type": "video/mp4"},
        Attachment("video", "f", None, "video/mp4", 9, 3.0),
    ),
    (
        "document",
        {**FILE, "file_name": "a.pdf", "mime_type": "application/pdf"},
        Attachment("document", "f", "a.pdf", "application/pdf", 9),
    ),
    (
        "document",
        {**FILE, "file_name": "a.png", "mime_type": "image/png"},
        Attachment("image", "f", "a.png", "image/png", 9),
    ),
    (
        "document",
        {**FILE, "file_name": "a.opus", "mime_type": "audio/ogg"},
        Attachment("audio", "f", "a.opus", "audio/ogg", 9),
    ),
    (
        "document",
        {**FILE, "file_name": "a.mkv", "mime_type": "video/x-matroska"},
        Attachment("video", "f", "a.mkv", "video/x-matroska", 9),
    ),
    ("document", FILE, Attachment("document", "f", None, None, 9)),
    (
        "sticker",
        {**STICKER, "is_animated": False, "is_video": False},
        Attachment("image", "f", None, "image/webp", 9),
    ),
]


@pytest.mark.parametrize(("field", "value", "attachment"), FILES, ids=lambda value: str(value)[:20])
def test_attachments(field: str, value: dict[str, Any], attachment: Attachment) -> None:
    event = words(**{field: value, "chat": PRIVATE})
    assert (event.attachments, event.text, event.addressing) == ((attachment,), "", "direct")


def test_an_animation_is_one_file() -> None:
    clip = {**FILE, "duration": 3, "width": 9, "height": 9, "file_name": "a.mp4", "mime_type": "video/mp4"}
    event = words(animation=clip, document={**FILE, "file_name": "a.mp4"})
    assert event.attachments == (Attachment("video", "f", "a.mp4", "video/mp4", 9, 3.0),)


STILL = {**FILE, "file_id": "still", "width": 9, "height": 9}


@pytest.mark.parametrize(
    "fields",
    [
        {"animation": {**FILE, "duration": 3, "width": 9, "height": 9, "thumbnail": STILL}},
        {"sticker": {**STICKER, "is_animated": True, "is_video": False, "thumbnail": STILL}},
        {"sticker": {**STICKER, "is_animated": False, "is_video": True, "thumbnail": STILL}},
    ],
    ids=str,
)
def test_what_moves_is_looked_at_by_its_still(fields: dict[str, Any]) -> None:
    assert words(**fields, chat=PRIVATE).attachments == (Attachment("image", "still", size=9),)


NOTHING: list[dict[str, Any]] = [
    {"sticker": {**STICKER, "is_animated": True, "is_video": False}, "chat": PRIVATE},
    {"new_chat_title": "x"},
    {"text": "x", "from": {**ANN, "is_bot": True}},
    {"text": "x", "from": ME},
    {"text": "x", "is_automatic_forward": True, "sender_chat": {"id": -5, "type": "channel", "title": "news"}},
    {"migrate_from_chat_id": -4},
]


@pytest.mark.parametrize("fields", NOTHING, ids=str)
def test_not_for_the_bot(fields: dict[str, Any]) -> None:
    assert read(**fields) is None


def test_channel_posts_are_left_out() -> None:
    assert read("channel_post", chat={"id": -5, "type": "channel", "title": "news"}, text="x") is None


def test_somebody_who_writes_as_the_group() -> None:
    proxy = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
    event = words(**{"from": proxy, "sender_chat": GROUP, "text": "x"})
    assert (event.author.handle, event.author.name) == ("telegram:-100", "club")


def test_private_topics_and_chains() -> None:
    assert words(chat=PRIVATE, text="x", message_thread_id=9, is_topic_message=True).chat.thread_id == "9"
    assert words(text="x", message_thread_id=9).chat.thread_id is None


def reply(**fields: Any) -> dict[str, Any]:
    return message(**{"message_id": 4, "from": ME, "text": "all of it", **fields})


def test_a_reply_to_the_bot_is_addressed_by_it() -> None:
    event = words(text="why?", reply_to_message=reply())
    assert event.addressing == "reply"
    assert event.quote is not None
    assert (event.quote.author, event.quote.text, event.quote.from_bot) == ("Parley", "all of it", True)


def test_the_chosen_passage_is_quoted() -> None:
    event = words(text="why?", reply_to_message=reply(), quote={"text": "of", "position": 4, "is_manual": True})
    assert event.quote is not None
    assert event.quote.text == "of"


def test_a_quoted_picture_of_somebody() -> None:
    photo = [{"file_id": "p", "file_unique_id": "p", "width": 9, "height": 9}]
    event = words(text="what?", reply_to_message=message(message_id=4, photo=photo))
    assert event.addressing == "none"
    assert event.quote is not None
    assert (event.quote.author, event.quote.text, event.quote.from_bot) == ("Ann Lee", "", False)
    assert [attachment.handle for attachment in event.quote.attachments] == ["p"]
    assert event.quote.message_id == "4"


def test_a_quote_from_another_chat() -> None:
    origin = {"type": "hidden_user", "date": 1, "sender_user_name": "Bea"}
    elsewhere = {"origin": origin, "message_id": 4}
    event = words(text="true?", external_reply=elsewhere, quote={"text": "words", "position": 0})
    assert event.quote is not None
    assert (event.quote.author, event.quote.text, event.quote.message_id) == ("Bea", "words", None)


def test_the_opening_of_a_topic_is_no_quote() -> None:
    opening = reply(text=None, forum_topic_created={"name": "cats", "icon_color": 1})
    event = words(text="x", is_topic_message=True, message_thread_id=4, reply_to_message=opening)
    assert (event.addressing, event.quote) == ("none", None)


def test_a_command_under_a_picture() -> None:
    photo = [{"file_id": "p", "file_unique_id": "p", "width": 9, "height": 9}]
    event = read(caption="/ask what?", caption_entities=[entity("bot_command", 0, 4)], photo=photo)
    assert isinstance(event, CommandCall)
    assert event.call == "/ask what?"
    assert event.attachments == (Attachment("image", "p", mime="image/jpeg"),)


def test_a_command_within_words_is_none() -> None:
    assert words(text="try /ask", entities=[entity("bot_command", 4, 4)]).text == "try /ask"


def test_edited_words_and_commands() -> None:
    event = read("edited_message", text="@Parley_bot b", entities=[entity("mention", 0, 11)])
    assert isinstance(event, Edited)
    assert (event.message.text, event.key) == ("b", "telegram:1:3")
    assert read("edited_message", text="/ask b", entities=[entity("bot_command", 0, 4)]) is None


@pytest.mark.parametrize("date", [1, 0])
def test_buttons_also_under_messages_too_old_to_show(date: int) -> None:
    query = {"id": "9", "from": ANN, "chat_instance": "1", "data": "stop", "message": {**message(), "date": date}}
    event = translate(Update.de_json({"update_id": 3, "callback_query": query}, None), BOT)
    assert isinstance(event, ButtonPress)
    assert (event.chat.chat_id, event.message_id, event.data) == ("-100", "5", "stop")


def test_other_buttons_are_left_out() -> None:
    query = {"id": "9", "from": ANN, "chat_instance": "1", "inline_message_id": "x", "data": "stop"}
    assert translate(Update.de_json({"update_id": 3, "callback_query": query}, None), BOT) is None
