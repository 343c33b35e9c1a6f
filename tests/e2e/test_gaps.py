"""What is said while Discord has nobody to tell it to: the session is lost, or the bot is not running."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from adapters.discord import gaps, history
from bot import clock
from tests.e2e.asked import HEARD
from tests.e2e.discord_side import DiscordSide
from tests.e2e.side import Person, Place, Sent
from tests.e2e.world import World
from tests.fakes.discord_api import DiscordFake
from tests.fakes.discord_state import Intent, Permission
from tests.fakes.faults import Fault, FaultKind
from tests.fakes.media import jpeg

pytestmark = pytest.mark.fast(15)

READ = "GET /channels/{id}/messages"


def side_of(world: World) -> DiscordSide:
    assert isinstance(world.side, DiscordSide)
    return world.side


def fake_of(world: World) -> DiscordFake:
    return side_of(world).fake


def questions(world: World) -> list[str]:
    """What the model was asked, each time the newest."""
    return [prompt[-1]["content"] for prompt in world.prompts()]


def reads(world: World) -> int:
    return sum(call.route == READ for call in fake_of(world).calls)


async def lose_session(world: World) -> None:
    """The bot is away, and comes to a new session when it finds out."""
    await fake_of(world).drop_gateway(resumable=False)


async def talked(world: World, place: Place, person: Person) -> None:
    await world.ask(place, person, "One")


@pytest.fixture
async def started(discord: World) -> World:
    await discord.start()
    return discord


# A session that is lost


async def test_in_a_direct_message(started: World) -> None:
    ann, place = started.private()
    await talked(started, place, ann)
    await lose_session(started)
    started.say(place, ann, "Two")
    started.say(place, ann, "Three")
    await started.until(place, lambda: started.answers(place) == 3)
    assert questions(started) == ["One", "Two", "Three"]
    assert fake_of(started).gateway.identifies == 2


async def test_in_a_channel_whatever_was_said_to_others_comes_along(started: World) -> None:
    place, ann, ben = started.side.group(), started.person("Ann"), started.person("Ben")
    await talked(started, place, ann)
    await lose_session(started)
    robot = fake_of(started).world.add_user("Robot", bot=True)
    started.side.say(place, ben, "Nice weather")
    started.side.say(place, robot_of(robot), started.side.mention("Hello, machine"))
    asked = started.say(place, ann, "Is it?")
    await started.until(place, lambda: started.answers(place) == 2)
    assert questions(started)[1:] == [f"{HEARD}\n> Ben: Nice weather\n\nAnn: Is it?"]
    assert started.answer_to(place, asked)


def robot_of(user: object) -> Person:
    return Person("Robot", "discord:0", user)


async def test_in_a_thread_on_a_message_of_the_bot(started: World) -> None:
    """Nothing there is addressed to it, and Discord does not say whose the thread is."""
    group, ann = started.side.group(), started.person("Ann")
    (answer,) = await started.ask(group, ann, "One")
    thread = side_of(started).thread_on(group, ann, answer.message_id)
    await started.answer_after(thread, lambda: started.side.say(thread, ann, "Two"))
    await started.restart()  # so that it has to be found out again
    await started.stop()
    started.side.say(thread, ann, "Three")
    started.side.say(thread, ann, "Four")
    await started.start()
    await started.until(thread, lambda: started.answers(thread) == 3)
    assert questions(started)[2:] == ["Ann: Three", "Ann: Four"]


async def test_in_a_thread_that_was_archived_meanwhile(started: World) -> None:
    group, ann = started.side.group(), started.person("Ann")
    thread = side_of(started).thread_on(group, ann, (await started.ask(group, ann, "One"))[0].message_id)
    await started.answer_after(thread, lambda: started.side.say(thread, ann, "Two"))
    await lose_session(started)
    started.side.say(thread, ann, "Three")
    thread.raw.archived = True
    await started.until(thread, lambda: started.answers(thread) == 2)
    assert questions(started)[2:] == ["Ann: Three"]


async def test_files_come_along(started: World) -> None:
    ann, place = started.private()
    await talked(started, place, ann)
    await lose_session(started)
    started.send(place, ann, Sent("photo", jpeg()), Sent("photo", jpeg()), text="What is it?")
    await started.until(place, lambda: started.answers(place) == 2)
    assert (started.asked().words, len(started.asked().pictures)) == ("What is it?", 2)


async def test_a_message_that_was_changed_is_heard_as_it_is_now_and_one_that_was_deleted_is_not(started: World) -> None:
    ann, place = started.private()
    await talked(started, place, ann)
    await lose_session(started)
    gone, changed = started.say(place, ann, "Nothing"), started.say(place, ann, "Tow")
    started.side.delete(place, gone)
    started.side.edit(place, ann, changed, "Two")
    await started.until(place, lambda: started.answers(place) == 2)
    assert questions(started) == ["One", "Two"]


async def test_what_is_told_live_waits_for_what_was_missed(started: World) -> None:
    ann, place = started.private()
    await talked(started, place, ann)
    fake_of(started).faults.add(Fault("stall_after", READ, seconds=6))
    await lose_session(started)
    started.say(place, ann, "Two")
    await fake_of(started).called(READ)
    three = started.say(place, ann, "Three")
    started.side.edit(place, ann, three, "Three!")
    await started.until(place, lambda: started.answers(place) >= 3)
    await started.until(place, lambda: "Three!" in started.text(place))
    assert questions(started)[:2] == ["One", "Two"]
    assert started.answers(place) == 3


async def test_other_places_do_not_wait(started: World) -> None:
    ann, place = started.private()
    await talked(started, place, ann)
    fake_of(started).faults.add(Fault("stall_before", READ, seconds=15))
    await lose_session(started)
    started.say(place, ann, "Two")
    await fake_of(started).ready(60)
    ben, other = started.private("Ben")
    await started.ask(other, ben, "Hello")
    assert questions(started) == ["One", "Hello"]
    await started.until(place, lambda: started.answers(place) == 2)


async def test_a_session_that_is_resumed_asks_for_nothing(started: World) -> None:
    ann, place = started.private()
    await talked(started, place, ann)
    await fake_of(started).drop_gateway(resumable=True)
    await started.ask(place, ann, "Two")
    assert (reads(started), fake_of(started).gateway.resumes) == (0, 1)
    assert len(questions(started)) == 2


async def test_a_session_that_is_lost_again_before_all_is_read(started: World) -> None:
    ann, place = started.private()
    await talked(started, place, ann)
    fake_of(started).faults.add(Fault("stall_before", READ, seconds=8))
    await lose_session(started)
    started.say(place, ann, "Two")
    await fake_of(started).ready(60)
    started.say(place, ann, "Three")
    await started.pass_time(4)
    await lose_session(started)
    started.say(place, ann, "Four")
    await fake_of(started).ready(60)
    started.say(place, ann, "Five")
    await started.until(place, lambda: started.answers(place) == 5)
    assert questions(started) == ["One", "Two", "Three", "Four", "Five"]


async def test_discord_goes_away_and_forgets_the_session(started: World) -> None:
    started.expect_error("Attempting a reconnect")
    ann, place = started.private()
    await talked(started, place, ann)
    await fake_of(started).stop_listening()
    fake_of(started).gateway.sessions.clear()
    started.say(place, ann, "Two")
    await started.pass_time(5)
    await fake_of(started).start_listening()
    await started.until(place, lambda: started.answers(place) == 2)
    assert questions(started) == ["One", "Two"]


async def test_a_new_client_has_the_same_account(started: World) -> None:
    """The text of messages was switched off in the developer portal, so that the client in use cannot come back."""
    started.expect_error("switch on Message Content Intent")
    ann, place = started.private()
    await talked(started, place, ann)
    fake_of(started).gateway.granted = Intent.NONE
    await lose_session(started)
    started.say(place, ann, "Two")
    await started.until(place, lambda: started.answers(place) == 2)
    assert questions(started) == ["One", "Two"]


# Bounds


async def test_no_more_is_read_than_can_be_answered(started: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "PAGE", 2)
    monkeypatch.setattr(history, "PAGES", 2)
    ann, place = started.private()
    await talked(started, place, ann)
    await lose_session(started)
    for number in range(2, 8):
        started.say(place, ann, str(number))
    await started.until(place, lambda: started.answers(place) == 5)
    await started.ask(place, ann, "Go on")
    assert questions(started) == ["One", "2", "3", "4", "5", "Go on"]
    assert reads(started) == 2


async def test_what_was_said_long_ago_is_left_alone(started: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, place = started.private()
    await talked(started, place, ann)
    await started.stop()
    started.say(place, ann, "Two")
    now = clock.utc_now
    monkeypatch.setattr(clock, "utc_now", lambda: now() + gaps.OLDEST + timedelta(minutes=1))
    await started.start()
    await started.ask(place, ann, "Three")
    assert (questions(started), reads(started)) == (["One", "Three"], 1)


async def test_a_place_where_the_bot_never_talked_is_not_read(started: World) -> None:
    ann, group = started.person("Ann"), started.side.group()
    started.side.say(group, ann, "To the others")
    ben, place = started.private("Ben")
    await talked(started, place, ben)
    await lose_session(started)
    await started.ask(place, ben, "Two")
    assert [call.parameters["channel"] for call in fake_of(started).calls if call.route == READ] == [place.raw.id]


# Reading fails


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("status", {"status": 503, "times": 2}),
        ("flood", {"seconds": 5}),
        ("drop_before", {"times": 3}),
        ("garbage", {}),
    ],
)
async def test_reading_that_fails_is_tried_again(started: World, kind: FaultKind, fields: dict[str, int]) -> None:
    ann, place = started.private()
    await talked(started, place, ann)
    fake_of(started).faults.add(Fault(kind, READ, **fields))  # type: ignore[arg-type]
    await lose_session(started)
    started.say(place, ann, "Two")
    await started.until(place, lambda: started.answers(place) == 2, 120)
    assert questions(started) == ["One", "Two"]


@pytest.mark.fast(30)
async def test_reading_that_fails_for_long_holds_up_nobody(started: World) -> None:
    ann, place = started.private()
    await talked(started, place, ann)
    fake_of(started).faults.add(Fault("status", READ, status=500, times=100))
    await lose_session(started)
    started.say(place, ann, "Two")
    await fake_of(started).ready(60)
    await started.ask(place, ann, "Three")
    fake_of(started).faults.faults.clear()
    await started.until(place, lambda: started.answers(place) == 3, 300)
    assert questions(started) == ["One", "Three", "Two"]


async def test_a_channel_that_is_closed_to_the_bot_is_forgotten(started: World) -> None:
    place, ann = started.side.group(), started.person("Ann")
    await talked(started, place, ann)
    await lose_session(started)
    place.raw.denied = Permission.VIEW_CHANNEL
    await fake_of(started).called(READ, answered=True)
    other = started.side.group("other")
    await started.ask(other, ann, "Hello")
    await lose_session(started)
    started.say(other, ann, "Again")
    await started.until(other, lambda: started.answers(other) == 2)
    assert [call.status for call in fake_of(started).calls if call.route == READ] == [403, 200]
    assert not [line for line in started.log.lines if "lost" in line]


async def test_a_channel_that_is_gone_is_forgotten(started: World) -> None:
    place, ann = started.side.group(), started.person("Ann")
    await talked(started, place, ann)
    await started.stop()
    fake_of(started).remove_channel(place.raw)
    await started.start()
    await fake_of(started).called(READ, answered=True)
    other = started.side.group("other")
    await started.ask(other, ann, "Hello")
    await started.stop()
    started.say(other, ann, "Again")
    await started.start()
    await started.until(other, lambda: started.answers(other) == 2)
    assert [call.status for call in fake_of(started).calls if call.route == READ] == [404, 200]


async def test_a_history_that_the_bot_may_not_read_is_empty(started: World) -> None:
    place, ann = started.side.group(), started.person("Ann")
    await talked(started, place, ann)
    place.raw.denied = Permission.READ_MESSAGE_HISTORY
    await lose_session(started)
    started.say(place, ann, "Two")
    await fake_of(started).ready(60)
    await started.ask(place, ann, "Three")
    assert questions(started)[1:] == ["Ann: Three"]


# A bot that is not running


async def test_who_may_use_the_bot_by_a_role_may_do_so_while_it_is_away(discord: World) -> None:
    place, ann, ben = discord.side.group(), discord.person("Ann"), discord.person("Ben")
    role = side_of(discord).guild.role("Friends", ann.raw)
    await discord.start(allowed=(f"discord:{role.id}",))
    await talked(discord, place, ann)
    await discord.stop()
    discord.say(place, ann, "Two")
    discord.say(place, ben, "Me too")
    await discord.start()
    await discord.until(place, lambda: discord.answers(place) == 2)
    await discord.ask(place, ann, "Three")
    assert questions(discord)[1:] == ["Ann: Two", "Ann: Three"]


async def test_a_bot_that_kept_no_account_asks_for_nothing(discord: World) -> None:
    """What a former version heard, it answered, and nobody knows."""
    await discord.start()
    ann, place = discord.private()
    await talked(discord, place, ann)
    await discord.stop()
    discord.execute("DELETE FROM notes WHERE name LIKE 'discord:places:%'")
    discord.say(place, ann, "Two")
    await discord.start()
    await discord.ask(place, ann, "Three")
    assert (questions(discord), reads(discord)) == (["One", "Three"], 0)


async def test_what_was_answered_before_a_crash_is_not_answered_again(discord: World) -> None:
    """The note of a place is some seconds old then, and what it does not know is read once more."""
    await discord.start()
    place, ann = discord.side.group(), discord.person("Ann")
    bare = discord.say(place, ann, "")
    await discord.until(place, lambda: discord.shown(place))
    notice = discord.text(place)
    await discord.ask(place, ann, "One")
    await discord.stop()
    as_it_was = json.dumps([[int(place.raw.id), int(place.raw.guild.id), int(bare), int(bare) - 1]])
    discord.execute(f"UPDATE notes SET value = '{as_it_was}' WHERE name LIKE 'discord:places:%'")
    discord.say(place, ann, "Two")
    await discord.start()
    await discord.until(place, lambda: discord.answers(place) == 2)
    await discord.ask(place, ann, "Three")
    assert questions(discord) == ["Ann: One", "Ann: Two", "Ann: Three"]
    assert discord.text(place).count(notice) == 1
