"""When the bot answers, whose conversation it goes on with, and what becomes of questions while it answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.commanding import said_to
from tests.e2e.discord_side import DiscordSide
from tests.e2e.side import Person, Place, Sent
from tests.e2e.world import Log, World, offers
from tests.e2e.worlds import world_of
from tests.fakes import media
from tests.fakes.faults import Fault
from tests.fakes.openai_script import Script

pytestmark = pytest.mark.fast(20)

HEARD = "(said in the chat before, not to you)"
SLOW = "A sentence that takes a while. " * 10


async def heard(world: World, place: Place, person: Person, text: str, reply_to: str | None = None) -> None:
    """Say something that turns to nobody, and is answered all the same."""
    answered = len(world.prompts())
    await world.answer_after(place, lambda: world.side.say(place, person, text, reply_to))
    assert len(world.prompts()) == answered + 1


# When the bot answers


async def test_every_message_is_answered_where_a_chat_wants_it(world: World) -> None:
    ann, ben, group = world.person("Ann"), world.person("Ben"), world.side.group(hears_all=True)
    said = await said_to(world, group, ann, "/settings reply always")
    assert ("privacy mode" if world.side.name == "telegram" else "Message Content intent") in said.text
    await heard(world, group, ben, "Just talking")
    assert world.roles() == [("user", "Ben: Just talking")]
    await world.restart()
    await said_to(world, group, ann, "/new")
    await heard(world, group, ann, "Still there?")
    assert world.roles() == [("user", "Ann: Still there?")]
    other = world.side.group("Other", hears_all=True)
    world.side.say(other, ann, "Not here")
    await world.ask(other, ann, "But this")
    assert world.roles()[-1][1].endswith("Ann: But this")
    await said_to(world, group, ann, "/settings reply default")
    world.side.say(group, ben, "Just talking")
    await world.ask(group, ben, "Now you")
    assert world.roles()[-1][1] == f"{HEARD}\n> Ben: Just talking\n\nBen: Now you"


async def test_a_wake_word_calls_the_bot(world: World) -> None:
    ann, group = world.person("Ann"), world.side.group(hears_all=True)
    await said_to(world, group, ann, "/settings reply word Jarvis")
    asked = []
    for text in (
        "Jarvis, what is the time?",
        "jarvis: and the day?",
        "What do you think, JARVIS?",
        "Jarvis's idea was good",
        "Jarvis",
    ):
        await heard(world, group, ann, text)
        asked.append(world.roles()[-1][1])
    assert asked == [
        "Ann: what is the time?",
        "Ann: and the day?",
        "Ann: What do you think, JARVIS?",
        "Ann: Jarvis's idea was good",
        "Ann: Jarvis",
    ]
    answered = len(world.prompts())
    world.side.say(group, ann, "Jarvisville is a town, and ajarvis is nothing")
    await world.ask(group, ann, "A mention still does")
    assert len(world.prompts()) == answered + 1
    await said_to(world, group, ann, "/settings reply mention")
    world.side.say(group, ann, "Jarvis, are you there?")
    await world.ask(group, ann, "Not any more")
    assert len(world.prompts()) == answered + 2


async def test_what_says_nothing_gets_no_greeting_where_everything_is_heard(world: World) -> None:
    """A quote of the bot without words is a slip, but a mention without words is a call."""
    ann, group = world.person("Ann"), world.side.group(hears_all=True)
    await said_to(world, group, ann, "/settings reply always")
    world.say(group, ann, "")
    await world.sees(group, "What would you like to know?")
    assert world.prompts() == []


async def test_topics_can_be_left_out(world: World) -> None:
    """What is set in a thread or topic holds there; what is set for the chat holds in all others."""
    ann, group = world.person("Ann"), world.side.group(hears_all=True)
    talk, quiet = (world.side.topic(group, name, ann) for name in ("Talk", "Quiet"))
    await said_to(world, group, ann, "/settings reply always")
    await said_to(world, quiet, ann, "/settings reply mention")
    await heard(world, talk, ann, "Hello")
    world.side.say(quiet, ann, "Just talking")
    await world.ask(quiet, ann, "Now you")
    assert len(world.prompts()) == 2


async def test_with_privacy_mode_telegram_shows_a_bot_nothing(telegram: World) -> None:
    await telegram.start()
    ann, group = telegram.person("Ann"), telegram.side.group()
    said = await said_to(telegram, group, ann, "/settings reply always")
    assert "only when I am an admin of the group, or when privacy mode is off" in said.text
    telegram.side.say(group, ann, "Anybody?")
    await telegram.ask(group, ann, "You")
    assert telegram.roles() == [("user", "Ann: You")]
    said = await said_to(telegram, group, ann, "/settings reply thread")
    assert "I cannot open threads here" in said.text
    assert "When I answer: every message" in (await said_to(telegram, group, ann, "/settings")).text


@pytest.fixture
async def open_telegram(tmp_path: Path, log: Log) -> AsyncIterator[World]:
    """A world in which the bot's privacy mode is off."""
    async with world_of("telegram", tmp_path, log, privacy=False) as world:
        await world.start()
        yield world


async def test_without_privacy_mode_groups_are_heard(open_telegram: World) -> None:
    world = open_telegram
    ann, group = world.person("Ann"), world.side.group()
    world.side.say(group, ann, "Just talking")
    await world.ask(group, ann, "Now you")
    assert world.roles() == [("user", f"{HEARD}\n> Ann: Just talking\n\nAnn: Now you")]
    await said_to(world, group, ann, "/settings reply always")
    await heard(world, group, ann, "And now?")


# Threads of questions


@pytest.fixture
async def threads(discord: World) -> tuple[World, DiscordSide, Place]:
    """A channel in which each question opens a thread."""
    await discord.start()
    assert isinstance(discord.side, DiscordSide)
    group = discord.side.group()
    await said_to(discord, group, discord.person("Olga"), "/settings reply thread")
    return discord, discord.side, group


async def in_thread(world: World, side: DiscordSide, group: Place, person: Person, text: str) -> tuple[str, Place]:
    """Ask a question in a channel and wait for the answer in its thread; returns the question's id and the thread."""
    asked = len(world.prompts())
    question = world.say(group, person, text)
    await world.model.until(lambda: len(world.prompts()) > asked)
    thread = side.thread_of(question)
    assert thread is not None
    await world.until(thread, lambda: world.answers(thread))
    return question, thread


async def test_a_question_opens_a_thread_where_talk_goes_on(threads: tuple[World, DiscordSide, Place]) -> None:
    world, side, group = threads
    ann, ben = world.person("Ann"), world.person("Ben")
    said = len(world.shown(group))
    _, thread = await in_thread(world, side, group, ann, "Name a tree " + "and tell me more " * 10)
    assert thread.raw.name.startswith("Name a tree and tell me more")
    assert len(thread.raw.name) <= 60
    await heard(world, thread, ben, "Another one")
    assert [text.partition(" and")[0] for _, text in world.roles()][::2] == ["Ann: Name a tree", "Ben: Another one"]
    await world.restart()
    await heard(world, thread, ann, "And a third")
    assert len(world.roles()) == 5
    _, other = await in_thread(world, side, group, ben, "Name a star")
    assert world.roles() == [("user", "Ben: Name a star")], "another question is another conversation"
    assert other.raw is not thread.raw
    assert len(world.shown(group)) == said, "nothing is answered in the channel"


async def test_a_question_with_a_thread_is_changed_and_deleted(threads: tuple[World, DiscordSide, Place]) -> None:
    world, side, group = threads
    ann = world.person("Ann")
    said = len(world.shown(group))
    question, thread = await in_thread(world, side, group, ann, "Name a tree")
    changed = await world.changed_after(thread, lambda: side.edit(group, ann, question, side.mention("Name a star")))
    assert changed.text == "Ann: Name a star"
    await heard(world, thread, ann, "Another one")
    assert world.roles()[0] == ("user", "Ann: Name a star")
    side.delete(group, question)
    await world.answer_after(thread, lambda: side.say(thread, ann, "And now?"))
    assert [text for role, text in world.roles() if role == "user"] == ["Ann: Another one", "Ann: And now?"]
    assert len(world.shown(group)) == said


async def test_a_question_with_a_thread_is_changed_after_a_restart(threads: tuple[World, DiscordSide, Place]) -> None:
    world, side, group = threads
    ann = world.person("Ann")
    said = len(world.shown(group))
    question, thread = await in_thread(world, side, group, ann, "Name a tree")
    other, second = await in_thread(world, side, group, ann, "Name a fish")
    await world.restart()
    changed = await world.changed_after(thread, lambda: side.edit(group, ann, question, side.mention("Name a star")))
    assert changed.text == "Ann: Name a star"
    side.delete(group, other)
    await world.answer_after(second, lambda: side.say(second, ann, "And now?"))
    assert world.roles() == [("user", "Ann: And now?")]
    assert len(world.shown(group)) == said


async def test_where_no_thread_can_be_opened_the_channel_is_answered(threads: tuple[World, DiscordSide, Place]) -> None:
    world, side, group = threads
    ann = world.person("Ann")
    side.fake.faults.add(Fault("status", "POST /channels/{id}/messages/{id}/threads", status=403, times=1))
    world.check_shows(await world.ask(group, ann, "Name a tree"), "Ann: Name a tree")
    await in_thread(world, side, group, ann, "Name a star")


# What others said before


@pytest.mark.not_started
async def test_what_was_said_before_comes_along_once(world: World) -> None:
    ann, ben, carl, group = *(world.person(name) for name in ("Ann", "Ben", "Carl")), world.side.group(hears_all=True)
    await world.start(group_context=3, allowed=(ann.handle, ben.handle))
    for number in range(5):
        world.side.say(group, ben, f"Remark {number}")
    world.side.say(group, carl, "I am not allowed")
    quoted = world.side.say(group, ann, "The quoted one")
    await world.ask(group, ann, "What do you think?", reply_to=quoted)
    ((_, asked),) = world.roles()
    assert asked.startswith(f"{HEARD}\n> Ben: Remark 3\n> Ben: Remark 4\n\nAnn: (in reply to Ann)\n> The quoted one")
    assert asked.count("The quoted one") == 1
    assert "not allowed" not in asked
    topic = world.side.topic(group, "Elsewhere", ann)
    world.side.say(topic, ben, "In another place")
    await world.ask(group, ben, "And you?")
    assert HEARD not in "".join(users(world)), "neither again, nor from elsewhere, nor stored"
    world.side.say(group, ben, "Before the restart")
    await said_to(world, group, ben, "/settings")  # by now it was heard
    await world.restart()
    await world.ask(group, ben, "Well?")
    assert HEARD not in world.roles()[-1][1]


async def test_what_was_taken_back_does_not_come_along(world: World) -> None:
    ann, ben, group = world.person("Ann"), world.person("Ben"), world.side.group(hears_all=True)
    world.side.say(group, ann, "By Ann")
    said = world.side.say(group, ben, "By Ben")
    world.side.delete(group, said)
    await world.ask(group, ann, "Well?")
    bens = "" if world.side.name == "discord" else "> Ben: By Ben\n"  # Telegram tells bots nothing of it
    assert world.roles() == [("user", f"{HEARD}\n> Ann: By Ann\n{bens}\nAnn: Well?")]
    world.side.say(group, ann, "By Ann again")
    world.side.say(group, ben, "By Ben again")
    world.side.command(group, ben, "/forget me")
    await world.until(group, lambda: any(offers(shown, "Delete") for shown in world.shown(group)))
    world.press(group, ben, "Delete")
    await world.sees(group, "I have forgotten you")
    await world.ask(group, ann, "And now?")
    assert world.roles()[-1] == ("user", f"{HEARD}\n> Ann: By Ann again\n\nAnn: And now?")


# Whose conversation


def users(world: World) -> list[str]:
    """What people said, as the last request has it."""
    return [text for role, text in world.roles() if role == "user"]


async def test_everybody_has_a_conversation_of_their_own(world: World) -> None:
    ann, ben, group = world.person("Ann"), world.person("Ben"), world.side.group()
    await said_to(world, group, ann, "/settings scope person")
    await world.ask(group, ann, "I like moss")
    await world.ask(group, ben, "I like fern")
    assert users(world) == ["Ben: I like fern"]
    await world.restart()
    await world.ask(group, ann, "And I?")
    assert users(world) == ["Ann: I like moss", "Ann: And I?"]
    topic = world.side.topic(group, "Plants", ann)
    await world.ask(topic, ann, "Here too?")
    assert users(world) == ["Ann: Here too?"]
    await said_to(world, group, ann, "/new")
    await world.ask(group, ann, "New")
    assert users(world) == ["Ann: New"]
    await world.ask(group, ben, "Old")
    assert users(world) == ["Ben: I like fern", "Ben: Old"]


async def test_all_threads_share_a_conversation(world: World) -> None:
    ann, ben, group = world.person("Ann"), world.person("Ben"), world.side.group()
    first, second = (world.side.topic(group, name, ann) for name in ("One", "Two"))
    await said_to(world, group, ann, "/settings scope shared")
    await world.ask(first, ann, "I like moss")
    await world.ask(second, ben, "I like fern")
    await world.ask(group, ann, "And I?")
    assert users(world) == ["Ann: I like moss", "Ben: I like fern", "Ann: And I?"]
    await world.answer_after(first, lambda: world.say(first, ben, "One more"))
    assert len(users(world)) == 4
    await said_to(world, second, ann, "/new")
    await world.answer_after(first, lambda: world.say(first, ben, "New"))
    assert users(world) == ["Ben: New"]
    await said_to(world, group, ann, "/settings scope default")
    await world.answer_after(first, lambda: world.say(first, ben, "Own"))
    assert users(world) == ["Ben: Own"]


async def test_a_question_in_a_thread_is_deleted_after_a_restart_where_all_share(discord: World) -> None:
    await discord.start()
    ann, group = discord.person("Ann"), discord.side.group()
    await said_to(discord, group, ann, "/settings scope shared")
    thread = discord.side.topic(group, "One", ann)
    question = discord.say(thread, ann, "I like moss")
    await discord.until(thread, lambda: discord.answers(thread) == 1)
    await discord.ask(group, ann, "I like fern")
    await discord.restart()
    discord.side.delete(thread, question)
    await discord.ask(group, ann, "What do I like?")
    assert users(discord) == ["Ann: I like fern", "Ann: What do I like?"]


async def test_buttons_of_an_answer_to_somebody_else(world: World) -> None:
    """Where everybody has a conversation of their own, another's Stop and Retry reach nothing of mine."""
    ann, ben, group = world.person("Ann"), world.person("Ben"), world.side.group()
    await said_to(world, group, ann, "/settings scope person")
    world.model.answers.append(Script.of(SLOW, size=5, pace=0.1))
    asked = asyncio.create_task(world.ask(group, ann, "Talk"))
    await world.sees(group, SLOW[:20])
    world.press(group, ben, "Stop")
    await world.sees(group, "Nothing is running here")
    answer = (await asked)[0]
    world.check_shows([answer], SLOW)
    requests = len(world.prompts())
    retry = next(data for label, data in answer.buttons if label == "Retry")
    world.side.push(group, ben, answer, retry)
    await world.sees(group, "a conversation other than yours")
    assert len(world.prompts()) == requests
    await world.changed_after(group, lambda: world.side.push(group, ann, answer, retry))
    assert users(world) == ["Ann: Talk"]


async def test_a_shared_answer_is_stopped_and_asked_again_by_anybody(world: World) -> None:
    ann, ben, group = world.person("Ann"), world.person("Ben"), world.side.group()
    world.model.answers.append(Script.of(SLOW * 10, size=5, pace=0.1))
    question = world.say(group, ann, "Talk")
    await world.sees(group, SLOW[:20])
    world.press(group, ben, "Stop")
    await world.until(group, lambda: world.answers(group) == 1)
    assert world.answer_to(group, question)[0].text in SLOW * 10
    await world.changed_after(group, lambda: world.press(group, ben, "Retry"))
    assert users(world) == ["Ann: Talk"]


async def test_pictures_belong_to_the_conversation_they_were_sent_in(world: World) -> None:
    ann, ben, group = world.person("Ann"), world.person("Ben"), world.side.group()
    await said_to(world, group, ann, "/settings scope person")
    photo = Sent("photo", media.jpeg(300, 200), "beach.jpg")
    await world.answer_after(group, lambda: world.send(group, ann, photo, text="Look"))
    await world.ask(group, ben, "What is in the picture?")
    assert world.pictured() == [0]
    await world.ask(group, ann, "What is in it?")
    assert world.pictured() == [1, 0, 0]


# While an answer is being written


async def begin(world: World, policy: str) -> tuple[Person, Place]:
    """A long answer is on its way in a chat with this policy."""
    ann, place = world.private()
    await said_to(world, place, ann, f"/settings busy {policy}")
    world.model.answers.append(Script.of(SLOW, size=5, pace=0.1))
    world.say(place, ann, "First")
    await world.sees(place, SLOW[:20])
    return ann, place


async def finished(world: World, place: Place, count: int) -> list[str]:
    await world.until(place, lambda: world.answers(place) == count)
    return [shown.text.strip() for shown in world.shown(place) if offers(shown, "Retry")]


async def test_questions_wait(world: World) -> None:
    ann, place = await begin(world, "queue")
    for text in ("Second", "Third"):
        world.say(place, ann, text)
    assert await finished(world, place, 3) == [SLOW.strip(), "Second", "Third"]


async def test_a_question_interrupts(world: World) -> None:
    ann, place = await begin(world, "interrupt")
    world.say(place, ann, "Second")
    first, second = await finished(world, place, 2)
    assert SLOW.startswith(first)
    assert first != SLOW.strip()
    assert second == "Second"
    assert [role for role, _ in world.roles()] == ["user", "assistant", "user"]


async def test_a_question_that_is_not_taken_interrupts_nothing(world: World) -> None:
    ann, ben, group = world.person("Ann"), world.person("Ben"), world.side.group()
    await world.restart(turns_per_person=1)
    await said_to(world, group, ann, "/settings busy interrupt")
    world.model.respond = lambda _: Script.of(SLOW * 3, size=5, pace=0.1)
    bens = world.side.private(ben)
    world.say(bens, ben, "Elsewhere")
    await world.sees(bens, SLOW[:20])
    world.say(group, ann, "First")
    await world.sees(group, SLOW[:20])
    world.say(group, ben, "Second")
    await world.sees(group, "Let one end first")
    assert await finished(world, group, 1) == [(SLOW * 3).strip()]
    assert await finished(world, bens, 1) == [(SLOW * 3).strip()]


async def test_questions_are_merged(world: World) -> None:
    ann, place = await begin(world, "merge")
    for text in ("Second", "Third", "Fourth"):
        world.say(place, ann, text)
    assert await finished(world, place, 2) == [SLOW.strip(), "Second\n\nThird\n\nFourth"]
    assert users(world) == ["First", "Second\n\nThird\n\nFourth"]


async def test_questions_of_others_are_not_merged_with_mine(world: World) -> None:
    ann, ben, group = world.person("Ann"), world.person("Ben"), world.side.group()
    await said_to(world, group, ann, "/settings busy merge")
    world.model.answers.append(Script.of(SLOW, size=5, pace=0.1))
    world.say(group, ann, "First")
    await world.sees(group, SLOW[:20])
    for person, text in ((ann, "Second"), (ben, "Other"), (ann, "Third")):
        world.say(group, person, text)
    answers = await finished(world, group, 3)
    assert answers[1:] == ["Ann: Second\n\nThird", "Ben: Other"]


async def test_questions_are_refused(world: World) -> None:
    ann, place = await begin(world, "reject")
    world.say(place, ann, "Second")
    await world.sees(place, "I am still answering here.")
    assert await finished(world, place, 1) == [SLOW.strip()]
    await world.pass_time(2)  # the answer is shown a little before it is stored
    world.check_shows((await world.ask(place, ann, "Third"))[-1:], "Third")
    assert users(world) == ["First", "Third"]
