"""What only Telegram has: polling, migration, drafts, topics, privacy mode, update ids."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.asked import HEARD
from tests.e2e.side import Place
from tests.e2e.telegram_side import TelegramSide
from tests.e2e.world import Log, World
from tests.e2e.worlds import world_of
from tests.fakes.faults import Fault, FaultKind
from tests.fakes.openai_script import Script
from tests.fakes.telegram_api import BAD_GATEWAY, TelegramFake
from tests.fakes.telegram_entities import utf16_length

pytestmark = pytest.mark.fast(15)

SLOW = "A sentence that takes a while. " * 10


def fake_of(world: World) -> TelegramFake:
    assert isinstance(world.side, TelegramSide)
    return world.side.fake


async def test_the_same_update_twice_is_answered_once(telegram: World) -> None:
    await telegram.start()
    ann, place = telegram.private()
    await telegram.ask(place, ann, "Hello")
    fake = fake_of(telegram)
    fake.redeliver()
    await telegram.ask(place, ann, "Next")
    assert [text for _, text in telegram.roles()] == ["Hello", "Hello", "Next"]
    assert len(telegram.prompts()) == 2
    assert fake.counted()["getUpdates"] < 8, "each update is confirmed once it was taken"


async def test_the_same_command_twice_is_carried_out_once(telegram: World) -> None:
    await telegram.start()
    ann, place = telegram.private()
    telegram.side.command(place, ann, "/new")
    fake_of(telegram).redeliver()
    await telegram.ask(place, ann, "Next")
    assert telegram.text(place).count("New conversation.") == 1


async def test_a_recording_gets_a_sentence_where_nobody_listens(telegram: World) -> None:
    await telegram.start()
    ann, place = telegram.private()
    voice = {"voice": {"file_id": "x", "file_unique_id": "y", "duration": 3, "mime_type": "audio/ogg"}}
    fake_of(telegram).say(place.raw[0], ann.raw, extra=voice)
    await telegram.sees(place, "the person who runs this bot has to set TRANSCRIPTION_MODEL")
    assert telegram.prompts() == []


async def test_telegram_finds_a_message_longer_than_the_bot_thought(telegram: World) -> None:
    """However it counts, the answer is cut again and arrives."""
    await telegram.start()
    ann, place = telegram.private()
    body = {"ok": False, "error_code": 400, "description": "Bad Request: message is too long"}
    for call in ("sendMessage", "editMessageText"):
        fault = Fault("status", call, 99, status=400, body=body, when=lambda sent: len(sent.get("text", "")) > 3000)
        fake_of(telegram).faults.add(fault)
    text = SLOW * 16
    telegram.model.answers.append(Script.of(text, size=200, pace=0.05))
    messages = await telegram.ask(place, ann, "Hello")
    assert len(messages) == 2
    telegram.check_shows(messages, text)


async def test_an_update_that_comes_again_after_a_restart_is_answered_once(telegram: World) -> None:
    await telegram.start()
    ann, place = telegram.private()
    await telegram.ask(place, ann, "Hello")
    fake = fake_of(telegram)
    first = fake.updates[-1]
    await telegram.restart()
    fake.redeliver(first)
    await telegram.ask(place, ann, "Next")
    assert len(telegram.prompts()) == 2
    assert [text for _, text in telegram.roles()] == ["Hello", "Hello", "Next"]


async def test_bots_are_not_answered(telegram: World) -> None:
    await telegram.start()
    fake, place, ann = fake_of(telegram), telegram.side.group(), telegram.person("Ann")
    robot = fake.user(77, "Robot", is_bot=True)
    fake.say(place.raw[0], robot, "@parley_bot hello, machine")
    await telegram.ask(place, ann, "Hello")
    assert telegram.roles() == [("user", "Ann: Hello")]
    assert len(telegram.prompts()) == 1


async def test_a_bot_that_reads_everything_answers_only_what_is_meant_for_it(telegram: World) -> None:
    await telegram.start()
    fake, ann = fake_of(telegram), telegram.person("Ann")
    place = Place("group", (fake.group("Open", bot_is_admin=True), None))
    telegram.side.say(place, ann, "Just talking")
    await telegram.ask(place, ann, "Now you")
    assert telegram.roles() == [("user", f"{HEARD}\n> Ann: Just talking\n\nAnn: Now you")]
    assert len(telegram.prompts()) == 1


async def test_the_mention_is_found_behind_emoji_and_taken_out(telegram: World) -> None:
    await telegram.start()
    place, ann = telegram.side.group(), telegram.person("Ann")
    await telegram.answer_after(place, lambda: telegram.side.say(place, ann, "👩‍👩‍👧‍👦 𝔘 what is @parley_bot doing?"))
    assert telegram.roles() == [("user", "Ann: 👩‍👩‍👧‍👦 𝔘 what is doing?")]


async def test_a_group_that_becomes_a_supergroup_keeps_its_history(telegram: World) -> None:
    await telegram.start()
    fake, ann = fake_of(telegram), telegram.person("Ann")
    old = Place("group", (fake.group("Lab", supergroup=False), None))
    telegram.side.command(old, ann, "/persona use teacher")
    await telegram.sees(old, "teacher answers here")
    await telegram.ask(old, ann, "One")
    new = Place("group", (fake.migrate(old.raw[0], ann.raw), None))
    await telegram.ask(new, ann, "Two")
    assert [text for _, text in telegram.roles()] == ["Ann: One", "Ann: One", "Ann: Two"]
    assert telegram.system(0) == telegram.system(1)


@pytest.mark.not_started
async def test_what_admins_decided_of_a_group_moves_along(telegram: World) -> None:
    root, ann = telegram.person("Root"), telegram.person("Ann")
    await telegram.start(allowed=(), admins=(root.handle,))
    fake = fake_of(telegram)
    old = Place("group", (fake.group("Lab", supergroup=False), None))
    telegram.side.command(old, root, "/allow chat")
    await telegram.sees(old, "may use the bot")
    telegram.side.command(old, root, "/budget chat 1")
    await telegram.ask(old, ann, "One")
    new = Place("group", (fake.migrate(old.raw[0], ann.raw), None))
    await telegram.ask(new, root, "Behind the move")
    telegram.say(new, ann, "Two")
    await telegram.sees(new, "This chat's budget is used up")
    await telegram.restart()
    telegram.say(new, ann, "Three")
    await telegram.until(new, lambda: telegram.text(new).count("This chat's budget is used up") == 2)
    assert len(telegram.prompts()) == 2


async def test_a_group_moves_while_the_answer_grows(telegram: World) -> None:
    await telegram.start()
    fake, ann = fake_of(telegram), telegram.person("Ann")
    old = Place("group", (fake.group("Lab", supergroup=False), None))
    telegram.model.answers.append(Script.of(SLOW, size=10, pace=0.2))
    telegram.say(old, ann, "Hello")
    await telegram.sees(old, SLOW[:20])
    new = Place("group", (fake.migrate(old.raw[0], ann.raw), None))
    await telegram.until(new, lambda: telegram.answers(new) == 1)
    telegram.check_shows(telegram.shown(new), SLOW)
    fake.delete(old.raw[0], int(telegram.shown(old)[0].message_id))  # nobody can change anything there any more


async def test_drafts_grow_and_become_a_message(telegram: World) -> None:
    await telegram.start(telegram_streaming="draft")
    ann, place = telegram.private()
    telegram.model.answers.append(Script.of(SLOW, size=10, pace=0.1))
    (shown,) = await telegram.ask(place, ann, "Hello")
    telegram.check_shows([shown], SLOW)
    drafts = [version.text for _, version in telegram.screen(place).preview_log]
    assert len(drafts) > 3
    assert [len(draft) for draft in drafts] == sorted(len(draft) for draft in drafts)
    assert len(shown.versions) == 1
    assert fake_of(telegram).counted()["editMessageText"] == 0


@pytest.mark.fast(30)
async def test_a_draft_stays_while_the_model_thinks(telegram: World) -> None:
    await telegram.start(telegram_streaming="draft")
    ann, place = telegram.private()
    telegram.model.answers.append(Script([SLOW, "And the end."], pace=34))
    telegram.say(place, ann, "Hello")
    await telegram.until(place, lambda: telegram.screen(place).previews)
    for _ in range(6):
        await telegram.pass_time(5)
        if telegram.answers(place):
            break
        assert telegram.screen(place).previews, "the draft went away in the middle"
    await telegram.until(place, lambda: telegram.answers(place) == 1)
    telegram.check_shows(telegram.shown(place), SLOW + "And the end.")


async def test_drafts_that_are_refused_give_way_to_edits(telegram: World) -> None:
    await telegram.start(telegram_streaming="draft")
    ann, place = telegram.private()
    refusal = {"ok": False, "error_code": 400, "description": "Bad Request: TEXTDRAFT_PEER_INVALID"}
    fake_of(telegram).faults.add(Fault("status", "sendMessageDraft", status=400, body=refusal))
    telegram.model.answers.append(Script.of(SLOW, size=10, pace=0.1))
    (shown,) = await telegram.ask(place, ann, "Hello")
    telegram.check_shows([shown], SLOW)
    assert len(shown.versions) > 2


async def test_formatting_that_telegram_refuses_is_shown_plain(telegram: World) -> None:
    await telegram.start()
    ann, place = telegram.private()
    refusal = {"ok": False, "error_code": 400, "description": "Bad Request: can't parse entities"}
    for call in ("sendMessage", "editMessageText"):
        fault = Fault("status", call, status=400, body=refusal, when=lambda sent: bool(sent.get("entities")), times=99)
        fake_of(telegram).faults.add(fault)
    telegram.model.answers.append(Script.of("Some **bold** words and `code`", size=6))
    (shown,) = await telegram.ask(place, ann, "Hello")
    assert shown.text == "Some **bold** words and `code`"


REFUSALS: dict[str, tuple[FaultKind, dict[str, Any]]] = {
    "401": ("status", {"status": 401, "body": {"ok": False, "error_code": 401, "description": "Unauthorized"}}),
    "404": ("status", {"status": 404, "body": {"ok": False, "error_code": 404, "description": "Not Found"}}),
    "409": ("status", {"status": 409, "body": {"ok": False, "error_code": 409, "description": "Conflict: other poll"}}),
    "429": ("flood", {"seconds": 3}),
    "500": ("status", {"status": 500}),
    "502": ("status", {"status": 502, "body": BAD_GATEWAY}),
    "dropped": ("drop_before", {}),
    "lost": ("drop_after", {}),
    "page": ("garbage", {}),
    "json": ("status", {"status": 200, "body": ["no", "answer"]}),
    "strange update": ("status", {"status": 200, "body": {"ok": True, "result": [{"update_id": 1, "message": 7}]}}),
}


@pytest.mark.parametrize("name", REFUSALS)
async def test_polling_outlives_what_goes_wrong(telegram: World, name: str) -> None:
    for line in ("telegram.request.*invalid JSON", "getting messages", "update 1 could not be taken"):
        telegram.expect_error(line)
    await telegram.start()
    ann, place = telegram.private()
    kind, fields = REFUSALS[name]
    fake_of(telegram).faults.add(Fault(kind, "getUpdates", times=2, **fields))
    await telegram.ask(place, ann, "One")
    await telegram.ask(place, ann, "Two")
    assert [text for _, text in telegram.roles()] == ["One", "One", "Two"]


@pytest.mark.parametrize("call", ["getMe", "getWebhookInfo", "setMyCommands"])
async def test_telegram_is_down_when_the_bot_starts(telegram: World, call: str) -> None:
    telegram.expect_error("telegram.request.*invalid JSON")
    for fault in (Fault("drop_before", call), Fault("status", call, status=502, body=BAD_GATEWAY)):
        fake_of(telegram).faults.add(fault)
    await telegram.start()
    ann, place = telegram.private()
    telegram.check_shows(await telegram.ask(place, ann, "Hello"), "Hello")


async def test_the_bot_can_be_stopped_while_telegram_is_down(telegram: World) -> None:
    fake_of(telegram).faults.add(Fault("drop_before", "getMe", times=1000))
    telegram.launch()
    await fake_of(telegram).until_called("getMe", 2)
    await telegram.stop()


async def test_the_menu_is_sent_only_when_it_changed(telegram: World) -> None:
    await telegram.start()
    fake = fake_of(telegram)
    await fake.until_called("setMyCommands")
    ann, place = telegram.private()
    await telegram.ask(place, ann, "Hello")
    sent = fake.counted()["setMyCommands"]
    await telegram.restart()
    await telegram.ask(place, ann, "Hello")
    assert fake.counted()["setMyCommands"] == sent


async def test_a_webhook_of_an_earlier_life_is_removed(telegram: World) -> None:
    fake = fake_of(telegram)
    fake.state.updates.webhook = "https://example.com/hook"
    await telegram.start()
    ann, place = telegram.private()
    telegram.check_shows(await telegram.ask(place, ann, "Hello"), "Hello")


async def test_somebody_blocks_the_bot_in_the_middle(telegram: World) -> None:
    await telegram.start()
    ann, place = telegram.private()
    telegram.model.answers.append(Script.of(SLOW, size=10, pace=0.2))
    telegram.say(place, ann, "Hello")
    await telegram.sees(place, SLOW[:20])
    fake = fake_of(telegram)
    fake.block(ann.raw)
    await telegram.model.until(lambda: telegram.model.running == 0)
    fake.delete(place.raw[0], int(telegram.shown(place)[0].message_id))
    fake.unblock(ann.raw)
    telegram.check_shows(await telegram.ask(place, ann, "Back"), "Back")


async def test_buttons_are_acknowledged(telegram: World) -> None:
    await telegram.start()
    ann, place = telegram.private()
    (shown,) = await telegram.ask(place, ann, "Hello")
    fake = fake_of(telegram)
    press = partial(fake.press, place.raw[0], ann.raw, int(shown.message_id), shown.buttons[0][1])
    queries: list[str] = []
    await telegram.changed_after(place, lambda: queries.append(press()))
    assert fake.answer_to(queries[0]) is not None


async def test_a_long_answer_in_a_group_stays_within_its_limit(telegram: World) -> None:
    """Twenty calls a minute are all that a group gets; the fake refuses the next, which every test looks for."""
    await telegram.start()
    place, ann = telegram.side.group(), telegram.person("Ann")
    text = "A sentence for everybody in this group. " * 160
    telegram.model.answers.append(Script.of(text, size=20, pace=0.1))
    messages = await telegram.answer_after(place, lambda: telegram.say(place, ann, "Hello"), timeout=120)
    telegram.check_shows(messages, text)
    assert all(utf16_length(shown.text) <= 4096 for shown in messages)


@pytest.mark.fast(3)  # the clock may not outrun what the bot can send in a second
async def test_forty_chats_at_once_stay_within_the_limit_of_the_bot(telegram: World) -> None:
    await telegram.start()
    telegram.model.respond = lambda _: Script.of(SLOW, size=40, pace=0.1)
    chats = [telegram.private(f"Person {number}") for number in range(40)]
    answers = await asyncio.gather(*(telegram.ask(place, person, "Hello") for person, place in chats))
    for answer in answers:
        telegram.check_shows(answer, SLOW)


async def test_topics_of_a_private_chat(telegram: World) -> None:
    await telegram.start()
    ann, place = telegram.private()
    one, two = (telegram.side.topic(place, name, ann) for name in ("One", "Two"))
    for topic, word in ((one, "first"), (two, "second")):
        await telegram.answer_after(topic, partial(telegram.side.say, topic, ann, word))
    assert telegram.roles() == [("user", "second")]
    assert [shown.text for shown in telegram.shown(one)] == ["first"]


async def test_a_private_group_of_the_old_kind(telegram: World) -> None:
    await telegram.start()
    place = Place("group", (fake_of(telegram).group("Old", supergroup=False), None))
    ann = telegram.person("Ann")
    (shown,) = await telegram.ask(place, ann, "Hello")
    assert shown.text == "Ann: Hello"
    assert shown.reply_to is not None


@pytest.mark.fast(30)
async def test_a_token_that_is_refused_is_said_once_in_a_while(tmp_path: Path, log: Log) -> None:
    async with world_of("telegram", tmp_path, log) as world:
        world.expect_error("does not accept the bot's token")
        body = {"ok": False, "error_code": 401, "description": "Unauthorized"}
        fake_of(world).faults.add(Fault("status", "getMe", times=1000, status=401, body=body))
        world.launch()
        await world.pass_time(30)
        assert fake_of(world).counted()["getMe"] < 6
        assert 0 < len(log.errors) < 6
        await world.stop()
