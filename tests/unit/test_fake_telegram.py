"""The fake Telegram keeps Telegram's rules, as python-telegram-bot sees them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllGroupChats,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Message,
    MessageEntity,
    ReplyParameters,
    Update,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.ext import Application, ContextTypes, MessageHandler, filters
from telegram.request import HTTPXRequest

from tests.fakes.faults import Fault, FaultKind
from tests.fakes.telegram_api import BAD_GATEWAY, TelegramFake
from tests.fakes.telegram_limits import FloodRules, Window

pytestmark = pytest.mark.fast

BUTTON = InlineKeyboardMarkup([[InlineKeyboardButton("Stop", callback_data="stop:1")]])


def client(fake: TelegramFake, *, token: str | None = None, read_timeout: float = 5.0) -> Bot:
    return Bot(
        token or fake.token,
        base_url=fake.url + "/bot",
        request=HTTPXRequest(read_timeout=read_timeout, connection_pool_size=64),
        get_updates_request=HTTPXRequest(read_timeout=read_timeout, connection_pool_size=4),
    )


@pytest.fixture(autouse=True)
def waits_are_timedeltas(monkeypatch: pytest.MonkeyPatch) -> None:
    """python-telegram-bot's future form of `retry_after`; its present one warns each time it is made."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


@pytest.fixture
async def fake() -> AsyncIterator[TelegramFake]:
    async with TelegramFake() as server:
        yield server


@pytest.fixture
async def bot(fake: TelegramFake) -> AsyncIterator[Bot]:
    async with client(fake) as ready:
        yield ready


async def refused(call: object) -> str:
    """The words of the 400 that a call earns."""
    with pytest.raises(BadRequest) as caught:
        await call  # type: ignore[misc]
    return str(caught.value)


# Text and entities


async def test_a_person_and_the_bot_talk(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42, "Ann", username="ann")
    chat = fake.private(ann)
    asked = fake.say(chat, ann, "hello 🙂 /help")
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.text == "hello 🙂 /help"
    assert update.message.parse_entities() == {update.message.entities[0]: "/help"}

    sent = await bot.send_message(
        chat.id, "hi there", reply_parameters=ReplyParameters(asked), entities=[MessageEntity("bold", 0, 2)]
    )
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.message_id == asked
    screen = fake.screen(chat)
    assert [(shown.author, shown.text) for shown in screen.messages] == [("Ann", "hello 🙂 /help"), ("bot", "hi there")]
    assert screen.messages[1].reply_to == str(asked)
    assert screen.messages[1].versions[0].raw["entities"] == [{"type": "bold", "offset": 0, "length": 2}]
    assert fake.calls[-1].chat_id == chat.id
    assert fake.calls[-1].status == 200


async def test_text_is_trimmed_and_cleaned_and_its_entities_move_along(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    text = " \n\ta\u202eb\r\n🙂bold \n"
    sent = await bot.send_message(chat.id, text, entities=[MessageEntity("bold", 10, 6), MessageEntity("code", 14, 2)])
    assert sent.text == "ab\n🙂bold"
    assert [(e.type, e.offset, e.length) for e in sent.entities] == [("bold", 5, 4)]


@pytest.mark.parametrize("text", ["", " ", "\n \t", "\u200b", "\u2060 "])
async def test_nothing_visible_is_refused(fake: TelegramFake, bot: Bot, text: str) -> None:
    chat = fake.private(fake.user(42))
    assert "empty" in await refused(bot.send_message(chat.id, text))


async def test_length_counts_utf16_units_after_trimming(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    sent = await bot.send_message(chat.id, "🙂" * 2048 + "  ")
    assert await refused(bot.send_message(chat.id, "🙂" * 2048 + "a")) == "Message is too long"
    assert await refused(bot.edit_message_text("a" * 4097, chat.id, sent.message_id)) == "Message_too_long"
    assert await refused(bot.send_message(chat.id, "a" * 32_769)) == "Text is too long"


@pytest.mark.parametrize(
    ("entity", "words"),
    [
        (MessageEntity("bold", 7, 1), "Entity begins after the end of the text at utf-16 offset 7"),
        (MessageEntity("bold", 2, 9), "Entity beginning at utf-16 offset 2 ends after the end of the text"),
        (MessageEntity("bold", 1, 2), "Entity begins in a middle of a utf-16 symbol at byte offset 4"),
        (MessageEntity("bold", 2, 2), "ends in a middle of a utf-16 symbol"),
        (MessageEntity("loud", 0, 2), "Can't parse messageentity: unsupported type specified"),
        (MessageEntity("text_link", 0, 2, url="docs/readme"), "is invalid: wrong http url"),
        (MessageEntity("text_link", 0, 2, url="javascript://a.b"), "is invalid: unsupported url protocol"),
    ],
)
async def test_bad_entities_are_refused(fake: TelegramFake, bot: Bot, entity: MessageEntity, words: str) -> None:
    chat = fake.private(fake.user(42))
    assert words in await refused(bot.send_message(chat.id, "🙂a🙂b", entities=[entity]))
    assert fake.screen(chat).messages == []


async def test_entities_beyond_a_hundred_are_ignored(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    sent = await bot.send_message(chat.id, "x" * 200, entities=[MessageEntity("bold", i, 1) for i in range(150)])
    assert len(sent.entities) == 100
    assert sent.entities[-1].offset == 99


async def test_parse_modes_are_not_imitated(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    assert await refused(bot.send_message(chat.id, "<b>x</b>", parse_mode="HTML")) == "Unsupported parse_mode"


# Edits


async def test_edits_are_versions_and_equal_ones_are_refused(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    bold = [MessageEntity("bold", 0, 1)]
    sent = await bot.send_message(chat.id, "one", reply_markup=BUTTON)
    for text, entities, markup in (("one", None, None), ("one", bold, None), ("one", bold, BUTTON)):
        await bot.edit_message_text(text, chat.id, sent.message_id, entities=entities, reply_markup=markup)
    same = bot.edit_message_text(
        " one", chat.id, sent.message_id, entities=[MessageEntity("bold", 1, 1)], reply_markup=BUTTON
    )
    assert (await refused(same)).startswith("Message is not modified")

    (shown,) = fake.screen(chat).by_bot()
    assert [version.buttons for version in shown.versions] == [(("Stop", "stop:1"),), (), (), (("Stop", "stop:1"),)]
    times = [version.at for version in shown.versions]
    assert times == sorted(times)


async def test_buttons_can_be_taken_away_alone(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    sent = await bot.send_message(chat.id, "one", reply_markup=BUTTON)
    await bot.edit_message_reply_markup(chat.id, sent.message_id)
    assert fake.screen(chat).by_bot()[0].buttons == ()
    assert "not modified" in await refused(bot.edit_message_reply_markup(chat.id, sent.message_id))


async def test_only_own_messages_that_exist_can_be_edited(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    chat = fake.private(ann)
    asked = fake.say(chat, ann, "hello")
    sent = await bot.send_message(chat.id, "hi")
    assert await refused(bot.edit_message_text("x", chat.id, asked)) == "Message can't be edited"
    fake.delete(chat, sent.message_id)
    assert await refused(bot.edit_message_text("x", chat.id, sent.message_id)) == "Message to edit not found"
    assert fake.screen(chat).bot_text() == ""


async def test_the_bot_deletes_its_own_messages(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    group = fake.group("Friends")
    theirs = fake.say(group, ann, "/start")
    sent = await bot.send_message(group.id, "hi")
    await bot.delete_message(group.id, sent.message_id)
    assert fake.screen(group).by_bot() == []
    assert await refused(bot.delete_message(group.id, sent.message_id)) == "Message to delete not found"
    assert await refused(bot.delete_message(group.id, theirs)) == "Message can't be deleted"


@pytest.mark.parametrize("data", ["x" * 65, "я" * 33])
async def test_button_data_has_at_most_64_bytes(fake: TelegramFake, bot: Bot, data: str) -> None:
    chat = fake.private(fake.user(42))
    markup = InlineKeyboardMarkup([[InlineKeyboardButton("Stop", callback_data=data)]])
    assert await refused(bot.send_message(chat.id, "x", reply_markup=markup)) == "Button_data_invalid"


async def test_a_reply_needs_its_message_unless_told_otherwise(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    reply = ReplyParameters(999)
    assert await refused(bot.send_message(chat.id, "x", reply_parameters=reply)) == "Message to be replied not found"
    lenient = ReplyParameters(999, allow_sending_without_reply=True)
    sent = await bot.send_message(
        chat.id, "x", reply_parameters=lenient, link_preview_options=LinkPreviewOptions(is_disabled=True)
    )
    assert sent.reply_to_message is None
    assert fake.calls[-1].parameters["link_preview_options"] == {"is_disabled": True}


# Chats


async def test_a_chat_that_the_bot_never_met_is_not_found(bot: Bot) -> None:
    assert await refused(bot.send_message(4711, "x")) == "Chat not found"


async def test_who_blocks_the_bot_gets_nothing(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    chat = fake.private(ann)
    fake.block(ann)
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(chat.id, "x")
    (update,) = await bot.get_updates()
    assert update.my_chat_member is not None
    assert update.my_chat_member.new_chat_member.status == "kicked"
    fake.unblock(ann)
    await bot.send_message(chat.id, "x")


async def test_a_bot_that_was_kicked_may_not_write(fake: TelegramFake, bot: Bot) -> None:
    group = fake.group("Friends")
    fake.kick(group, fake.user(42))
    with pytest.raises(Forbidden, match="bot was kicked from the supergroup chat"):
        await bot.send_message(group.id, "x")


async def test_a_group_that_moved_tells_its_new_id(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    group = fake.group("Friends", supergroup=False)
    supergroup = fake.migrate(group, ann)
    with pytest.raises(ChatMigrated) as caught:
        await bot.send_message(group.id, "x")
    assert caught.value.new_chat_id == supergroup.id
    assert (await bot.send_message(supergroup.id, "x")).chat.type == "supergroup"
    old, new = [update.message for update in await bot.get_updates()]
    assert old is not None
    assert new is not None
    assert (old.chat.id, old.migrate_to_chat_id) == (group.id, supergroup.id)
    assert (new.chat.id, new.migrate_from_chat_id) == (supergroup.id, group.id)
    assert fake.screen(group).messages == []


async def test_topics_have_their_own_screens_and_must_exist(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    forum = fake.group("Forum", forum=True)
    topic = fake.topic(forum, "News", ann)
    asked = fake.say(forum, ann, "/start", thread_id=topic)
    sent = await bot.send_message(forum.id, "in the topic", message_thread_id=topic)
    replied = await bot.send_message(forum.id, "there too", reply_parameters=ReplyParameters(asked))
    assert sent.is_topic_message
    assert replied.message_thread_id == topic
    assert [shown.text for shown in fake.screen(forum, topic).by_bot()] == ["in the topic", "there too"]
    assert fake.screen(forum).messages == []
    wrong = bot.send_message(forum.id, "x", message_thread_id=topic + 100)
    assert await refused(wrong) == "Message thread not found"

    opened, said = [update.message for update in await bot.get_updates()]
    assert opened is not None
    assert opened.forum_topic_created is not None
    assert said is not None
    assert said.reply_to_message is not None, "Telegram shows the opening of the topic as what is replied to"
    assert said.reply_to_message.message_id == topic


async def test_replies_in_ordinary_supergroups_carry_a_thread_that_is_no_topic(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    group = fake.group("Friends")
    sent = await bot.send_message(group.id, "hi")
    fake.say(group, ann, "what?", reply_to=sent.message_id)
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.message_thread_id == sent.message_id
    assert not update.message.is_topic_message
    assert len(fake.screen(group).messages) == 2


# Updates


async def texts(bot: Bot, **parameters: object) -> list[str | None]:
    updates = await bot.get_updates(**parameters)  # type: ignore[arg-type]
    return [update.message.text for update in updates if update.message]


async def test_updates_come_again_until_an_offset_confirms_them(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    chat = fake.private(ann)
    for text in ("a", "b", "c"):
        fake.say(chat, ann, text)
    first = fake.updates[0]["update_id"]
    assert await texts(bot) == await texts(bot, offset=first) == ["a", "b", "c"]
    assert await texts(bot, limit=2) == ["a", "b"]
    assert await texts(bot, offset=first + 1) == ["b", "c"]
    assert await texts(bot, offset=first) == ["b", "c"]
    assert await texts(bot, offset=-1) == ["c"]
    fake.redeliver(fake.updates[0])
    assert await texts(bot, offset=first + 3) == ["a"]
    assert await texts(bot) == []


async def test_a_long_poll_waits_for_news(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    chat = fake.private(ann)
    start = asyncio.get_running_loop().time()
    assert await texts(bot, timeout=1) == []
    assert asyncio.get_running_loop().time() - start >= 1
    poll = asyncio.create_task(texts(bot, timeout=30))
    await asyncio.sleep(0.2)
    fake.say(chat, ann, "a")
    assert await poll == ["a"]


async def test_allowed_updates_stick(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    chat = fake.private(ann)
    await bot.get_updates(allowed_updates=["callback_query", "something_new"])
    await bot.get_updates()
    fake.say(chat, ann, "a")
    assert await texts(bot) == []
    assert sorted((await bot.get_webhook_info()).allowed_updates) == ["callback_query", "something_new"]
    await bot.get_updates(allowed_updates=[])
    fake.say(chat, ann, "b")
    assert await texts(bot) == ["b"]


async def test_a_second_poll_ends_the_first(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    chat = fake.private(ann)
    first = asyncio.create_task(bot.get_updates(timeout=30))
    await asyncio.sleep(0.2)
    second = asyncio.create_task(texts(bot, timeout=30))
    with pytest.raises(Conflict, match="terminated by other getUpdates request"):
        await first
    fake.say(chat, ann, "a")
    assert await second == ["a"]


async def test_polling_and_a_webhook_exclude_each_other(fake: TelegramFake, bot: Bot) -> None:
    await bot.set_webhook("https://example.org/hook", allowed_updates=["message"])
    with pytest.raises(Conflict, match="webhook is active"):
        await bot.get_updates()
    assert (await bot.get_webhook_info()).url == "https://example.org/hook"
    fake.say(fake.private(fake.user(42)), fake.user(42), "a")
    await bot.delete_webhook(drop_pending_updates=True)
    assert await texts(bot) == []


async def test_a_real_application_polls_and_answers(fake: TelegramFake) -> None:
    ann = fake.user(42)
    chat = fake.private(ann)
    seen: list[int] = []

    async def answer(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message is not None
        seen.append(update.update_id)
        await update.message.reply_text(f"you said {update.message.text}")

    application = Application.builder().bot(client(fake)).job_queue(None).build()
    application.add_handler(MessageHandler(filters.TEXT, answer))
    async with application:
        await application.start()
        assert application.updater is not None
        await application.updater.start_polling(timeout=10)
        fake.say(chat, ann, "one")
        await fake.screen(chat).until(lambda screen: screen.bot_text() == "you said one")
        fake.redeliver()
        await fake.screen(chat).until(lambda screen: len(screen.by_bot()) == 2)
        fake.say(chat, ann, "two")
        await fake.screen(chat).until(lambda screen: len(screen.by_bot()) == 3)
        await application.updater.stop()
        await application.stop()
    assert seen == [fake.updates[0]["update_id"]] * 2 + [fake.updates[1]["update_id"]]


# Groups and buttons


async def test_privacy_mode_hides_what_is_not_for_the_bot(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    group = fake.group("Friends")
    sent = await bot.send_message(group.id, "hi")
    for text in ("no", "@parley_botany no", "me@parley_bot.org no", "/no@other_bot", "🙂 @Parley_Bot yes", "/yes"):
        fake.say(group, ann, text)
    fake.say(group, ann, "/yes@parley_bot")
    asked = fake.say(group, ann, "a reply, yes", reply_to=sent.message_id)
    fake.edit(group, asked, "changed, yes")
    got = await bot.get_updates()
    assert [update.effective_message.text for update in got if update.effective_message] == [
        "🙂 @Parley_Bot yes",
        "/yes",
        "/yes@parley_bot",
        "a reply, yes",
        "changed, yes",
    ]
    assert got[-1].edited_message is not None
    mention = got[0].message
    assert mention is not None
    assert list(mention.parse_entities(["mention"]).values()) == ["@Parley_Bot"]
    assert not (await bot.get_me()).can_read_all_group_messages


async def test_an_administrator_sees_everything(fake: TelegramFake, bot: Bot) -> None:
    fake.say(fake.group("Friends", bot_is_admin=True), fake.user(42), "no")
    assert await texts(bot) == ["no"]


async def test_a_press_is_answered_once(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42)
    chat = fake.private(ann)
    sent = await bot.send_message(chat.id, "working", reply_markup=BUTTON)
    query_id = fake.press(chat, ann, sent.message_id, "stop:1")
    (update,) = await bot.get_updates()
    query = update.callback_query
    assert query is not None
    assert query.data == "stop:1"
    assert isinstance(query.message, Message)
    assert query.message.text == "working"
    assert fake.answer_to(query_id) is None
    await query.answer("stopped")
    answer = fake.answer_to(query_id)
    assert answer is not None
    assert answer["text"] == "stopped"
    assert "query ID is invalid".lower() in await refused(bot.answer_callback_query(query_id))
    with pytest.raises(AssertionError, match="no button"):
        fake.press(chat, ann, sent.message_id, "other")


# Drafts and actions


async def test_a_draft_grows_and_the_real_message_replaces_it(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    screen = fake.screen(chat)
    for text in ("", "he", "hello"):
        await bot.send_message_draft(chat.id, 7, text)
    assert {number: version.text for number, version in screen.previews.items()} == {7: "hello"}
    await bot.send_message_draft(chat.id, 8, "other")
    assert list(screen.previews) == [8]
    await bot.send_message(chat.id, "done")
    assert screen.previews == {}
    assert [version.text for _, version in screen.preview_log] == ["", "he", "hello", "other"]


async def test_a_draft_lives_for_thirty_seconds(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    screen = fake.screen(chat)
    await bot.send_message_draft(chat.id, 7, "hello")
    (expiry,) = fake.state._expiries.values()
    assert expiry.when() - screen.preview_log[0][1].at == pytest.approx(30, abs=1)
    expiry._run()  # what the loop does when the time has come
    assert screen.previews == {}


async def test_drafts_are_for_private_chats(fake: TelegramFake, bot: Bot) -> None:
    group = fake.group("Friends")
    assert await refused(bot.send_message_draft(group.id, 7, "x")) == "Textdraft_peer_invalid"
    chat = fake.private(fake.user(42))
    assert "draft identifier" in await refused(bot.send_message_draft(chat.id, 0, "x"))
    assert await refused(bot.send_message_draft(chat.id, 7, "x" * 4097)) == "Message_too_long"


async def test_typing_is_seen(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    await bot.send_chat_action(chat.id, "typing")
    assert len(fake.screen(chat).typing) == 1
    assert await refused(bot.send_chat_action(chat.id, "sleeping")) == "Wrong parameter action in request"


async def test_a_stopped_draft_is_an_update_of_its_own(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    fake.stop_draft(chat, 7)
    (update,) = await bot.get_updates(allowed_updates=["stopped_message_generation"])
    assert update.api_kwargs["stopped_message_generation"]["draft_id"] == "7"


# Flood control


def seconds(error: RetryAfter) -> int:
    assert isinstance(error.retry_after, timedelta)
    return int(error.retry_after.total_seconds())


async def attempts(bot: Bot, chat_id: int, count: int) -> list[int]:
    """How many seconds each of these sends was told to wait; 0 for those that passed."""
    told = []
    for number in range(count):
        try:
            await bot.send_message(chat_id, f"{number}")
            told.append(0)
        except RetryAfter as error:
            told.append(seconds(error))
    return told


async def test_a_private_chat_takes_a_burst_and_then_one_a_second(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    assert await attempts(bot, chat.id, 5) == [0] * 5
    for _ in range(3):
        await asyncio.sleep(1)
        assert await attempts(bot, chat.id, 1) == [0]
    assert fake.floods == 0


async def test_calls_inside_a_ban_lengthen_it(bot: Bot, fake: TelegramFake) -> None:
    chat, other = fake.private(fake.user(42)), fake.private(fake.user(43))
    sent = await bot.send_message(chat.id, "first")
    assert await attempts(bot, chat.id, 4) == [0] * 4
    bans = []
    for _ in range(3):
        with pytest.raises(RetryAfter) as caught:
            await bot.edit_message_text("edits count too", chat.id, sent.message_id)
        bans.append(seconds(caught.value))
        await asyncio.sleep(0.5)
    assert bans == [3, 6, 12]
    assert fake.floods == 3
    assert await attempts(bot, other.id, 1) == [0], "one chat's ban is not another's"
    assert fake.calls[-2].status == 429


async def test_a_ban_that_is_respected_ends(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    told = (await attempts(bot, chat.id, 6))[-1]
    await asyncio.sleep(told)
    assert await attempts(bot, chat.id, 1) == [0]
    assert fake.floods == 1


async def test_a_group_takes_twenty_a_minute(fake: TelegramFake, bot: Bot) -> None:
    group = fake.group("Friends")
    told = await attempts(bot, group.id, 21)
    assert told[:20] == [0] * 20
    assert 50 <= told[20] <= 60


async def test_thirty_a_second_overall() -> None:
    async with TelegramFake(rules=FloodRules(overall=Window(30, 60))) as fake, client(fake) as bot:
        chats = [fake.private(fake.user(number)) for number in range(1, 32)]
        told = [(await attempts(bot, chat.id, 1))[0] for chat in chats]
        assert told[:30] == [0] * 30
        assert 40 <= told[30] <= 60
        assert fake.floods == 1


async def test_drafts_and_actions_share_a_count_of_their_own() -> None:
    # Ten times as long as Telegram's: what the calls themselves take counts tenfold on this clock.
    rules = FloodRules(activity=(Window(20, 50), Window(40, 300)))
    async with TelegramFake(rules=rules) as fake, client(fake) as bot:
        chat = fake.private(fake.user(42))
        for number in range(20):
            await (bot.send_message_draft(chat.id, 1, "x") if number % 2 else bot.send_chat_action(chat.id, "typing"))
        with pytest.raises(RetryAfter):
            await bot.send_message_draft(chat.id, 1, "y")
        await bot.send_message(chat.id, "messages are counted apart")


# Faults


async def test_a_scripted_flood_holds_and_is_not_blamed_on_the_bot(fake: TelegramFake, bot: Bot) -> None:
    chat = fake.private(fake.user(42))
    fake.faults.add(Fault("flood", "sendMessage", seconds=3))
    with pytest.raises(RetryAfter):
        await bot.send_message(chat.id, "a")
    assert fake.floods == 0
    await asyncio.sleep(1)
    with pytest.raises(RetryAfter):
        await bot.send_message(chat.id, "b")
    assert fake.floods == 1
    assert fake.screen(chat).messages == []


async def test_a_time_out_after_delivery_leaves_the_message_there(fake: TelegramFake) -> None:
    chat = fake.private(fake.user(42))
    fake.faults.add(Fault("stall_after", "sendMessage", seconds=30))
    async with client(fake, read_timeout=1) as bot:
        with pytest.raises(TimedOut):
            await bot.send_message(chat.id, "a")
    assert fake.screen(chat).bot_text() == "a"


@pytest.mark.parametrize(("kind", "shown"), [("drop_before", ""), ("drop_after", "a")])
async def test_a_broken_connection(fake: TelegramFake, bot: Bot, kind: FaultKind, shown: str) -> None:
    chat = fake.private(fake.user(42))
    fake.faults.add(Fault(kind, "sendMessage", when=lambda parameters: parameters["text"] == "a"))
    with pytest.raises(NetworkError) as caught:
        await bot.send_message(chat.id, "a")
    assert not isinstance(caught.value, BadRequest)
    assert fake.screen(chat).bot_text() == shown
    assert fake.calls[-1].status is None
    await bot.send_message(chat.id, "b")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("status", "sendMessage", status=502, body=BAD_GATEWAY), NetworkError),
        (Fault("status", "sendMessage", status=500), NetworkError),
        (Fault("status", "sendMessage", status=401), InvalidToken),
        (Fault("garbage", "sendMessage"), TelegramError),
    ],
)
async def test_nonsense_from_the_server(fake: TelegramFake, bot: Bot, fault: Fault, error: type[Exception]) -> None:
    chat = fake.private(fake.user(42))
    fake.faults.add(fault)
    with pytest.raises(error):
        await bot.send_message(chat.id, "a")
    assert fake.screen(chat).messages == []


async def test_a_404_on_get_updates(fake: TelegramFake, bot: Bot) -> None:
    fake.faults.add(Fault("status", "getUpdates", status=404))
    with pytest.raises(InvalidToken):
        await bot.get_updates()


# The bot itself


async def test_wrong_tokens_and_methods(fake: TelegramFake, bot: Bot) -> None:
    other = client(fake, token="987654321:AAOtherOtherOtherOtherOtherOtherOtherOth")
    with pytest.raises(InvalidToken, match="rejected by the server"):
        await other.initialize()
    await other.shutdown()
    with pytest.raises(EndPointNotFound):
        await bot.do_api_request("sendSomethingNew")


async def test_menus_by_scope_and_language(fake: TelegramFake, bot: Bot) -> None:
    await bot.set_my_commands([BotCommand("help", "What I can do")])
    await bot.set_my_commands([BotCommand("hilfe", "Was ich kann")], BotCommandScopeAllGroupChats(), "de")
    assert fake.profile.menu() == {"help": "What I can do"}
    assert fake.profile.menu("all_group_chats", "de") == {"hilfe": "Was ich kann"}
    assert await bot.get_my_commands() == (BotCommand("help", "What I can do"),)
    await bot.delete_my_commands()
    assert fake.profile.menu() == {}
    assert await refused(bot.set_my_commands([BotCommand("Help", "x")])) == "Bot_command_invalid"
    assert await bot.set_my_description("A bot")
    assert (await bot.get_my_description()).description == "A bot"


async def test_reactions_and_facts_about_a_chat(fake: TelegramFake, bot: Bot) -> None:
    ann = fake.user(42, "Ann")
    chat = fake.private(ann)
    asked = fake.say(chat, ann, "hello")
    await bot.set_message_reaction(chat.id, asked, "👀")
    assert chat.messages[asked].reactions == [{"type": "emoji", "emoji": "👀"}]
    assert (await bot.get_chat(chat.id)).first_name == "Ann"
