"""What becomes of an answer when something behind it goes wrong: it is seen whole all the same, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from bot import clock
from bot.access.budgeting import Budgeting
from bot.access.guard import Guard
from bot.conversation.course import Course, Courses
from bot.conversation.running import Running
from bot.domain.conversations import Answer, Question
from bot.domain.moderation import ModerationRequest, Verdict
from bot.domain.outbox import KeptReply
from bot.domain.platform import Limits, Outgoing
from bot.errors import StorageError
from bot.replies.gate import Gates
from bot.replies.outbox import Outbox
from tests.fakes.memory import MemoryChannel, MemoryNotes, MemoryStore
from tests.fakes.memory_history import MemoryConversations
from tests.fakes.memory_mail import MemoryOutbox
from tests.unit.conversation.parts import ACCOUNTS, ANN, CHAT

pytestmark = pytest.mark.virtual


@dataclass(slots=True)
class SlowChannel(MemoryChannel):
    """Each message takes a second."""

    async def send(self, message: Outgoing) -> str:
        await clock.sleep(1)
        return await MemoryChannel.send(self, message)


@dataclass(slots=True)
class Full(MemoryConversations):
    """Takes no answer any more."""

    async def add_answer(self, turn: int, answer: Answer) -> int:
        raise StorageError("on purpose")


@dataclass(slots=True)
class Ill(MemoryConversations):
    """Fails twice; `taken`: the first time the answer was stored all the same."""

    taken: bool = False
    failures: int = 0

    async def add_answer(self, turn: int, answer: Answer) -> int:
        self.failures += 1
        if self.failures > 2:
            return await MemoryConversations.add_answer(self, turn, answer)
        if self.taken and self.failures == 1:
            await MemoryConversations.add_answer(self, turn, answer)
        raise StorageError("on purpose")


@dataclass(slots=True)
class Witness(MemoryConversations):
    """Remembers which pages there were when an answer came."""

    mail: MemoryOutbox = field(default_factory=MemoryOutbox)
    seen: list[KeptReply] = field(default_factory=list)

    async def add_answer(self, turn: int, answer: Answer) -> int:
        self.seen = list(self.mail.rows.values())
        return await MemoryConversations.add_answer(self, turn, answer)


@dataclass(slots=True)
class Slow(MemoryConversations):
    """Takes a minute for each answer."""

    async def add_answer(self, turn: int, answer: Answer) -> int:
        await clock.sleep(60)
        return await MemoryConversations.add_answer(self, turn, answer)


@dataclass(slots=True)
class Judge:
    """Flags what has a bad word."""

    judged: list[str] = field(default_factory=list)

    async def moderate(self, request: ModerationRequest) -> Verdict:
        self.judged.append(request.text)
        return Verdict("bad" in request.text)


async def course_of(
    channel: MemoryChannel,
    conversations: MemoryConversations,
    judge: Judge | None = None,
    *,
    kept: bool = True,
    outbox: Outbox | None = None,
) -> tuple[Courses, Course]:
    """A course whose question is stored, if it is `kept`."""
    guard = Guard(judge or Judge(), None if judge is None else "acme/judge", "answer")
    budgets = Budgeting(MemoryStore().ledger, MemoryStore().budgets)
    courses = Courses(conversations, Gates(), Running(), ACCOUNTS, guard, budgets, most=50, outbox=outbox)
    course = courses.begin(CHAT, ANN, channel, "m1")
    if not kept:
        return courses, course
    turn = await conversations.add_question(
        await conversations.current(CHAT.key), Question("k1", ANN.handle, ANN.name, "?")
    )
    assert turn is not None
    courses.name(course, turn)
    return courses, course


async def test_an_answer_that_cannot_be_stored_is_shown_to_its_end() -> None:
    channel, rows = SlowChannel(CHAT, Limits(text=100, place=())), MemoryOutbox()
    words = " ".join(f"word{number}" for number in range(100))
    async with Outbox(rows, MemoryNotes()) as outbox:
        courses, course = await course_of(channel, Full(), outbox=outbox)
        await courses.run(course, said(course, words))
    assert " ".join(message.source for message in channel.messages.values()) == words
    (kept,) = rows.rows.values()
    assert kept.finished
    assert kept.fate is not None
    assert kept.fate.answer is not None
    assert kept.fate.answer.text == words


@pytest.mark.parametrize("taken", [False, True])
async def test_a_database_that_fails_for_a_while_holds_the_answer_in_the_end_and_once(*, taken: bool) -> None:
    channel, conversations, rows = MemoryChannel(CHAT), Ill(taken=taken), MemoryOutbox()
    async with Outbox(rows, MemoryNotes()) as outbox:
        courses, course = await course_of(channel, conversations, outbox=outbox)
        await courses.run(course, said(course, "All of it."))
    assert course.turn is not None
    (stored,) = await conversations.versions(course.turn)
    assert (stored.text, stored.message_ids) == ("All of it.", tuple(channel.messages))
    assert rows.rows == {}


async def test_an_answer_on_screen_is_on_its_page_until_it_is_stored() -> None:
    channel, conversations, rows = MemoryChannel(CHAT), Slow(), MemoryOutbox()
    async with Outbox(rows, MemoryNotes()) as outbox:
        courses, course = await course_of(channel, conversations, outbox=outbox)
        running = asyncio.create_task(courses.run(course, said(course, "All of it.")))
        await clock.sleep(30)
        assert [message.source for message in channel.messages.values()] == ["All of it."]
        assert len(rows.rows) == 1
        await running
    assert rows.rows == {}


async def test_an_answer_that_is_stored_before_all_of_it_is_shown_still_says_what_it_is() -> None:
    """Another process then finds the row, and tells it by which messages the answer is shown."""
    channel, conversations, rows = SlowChannel(CHAT, Limits(text=20, place=())), MemoryConversations(), MemoryOutbox()
    async with Outbox(rows, MemoryNotes()) as outbox:
        courses, course = await course_of(channel, conversations, outbox=outbox)
        running = asyncio.create_task(courses.run(course, said(course, "word " * 40)))
        await clock.sleep(6)
        assert course.answer is not None
        (kept,) = rows.rows.values()
        assert kept.fate is not None
        assert kept.fate.answer is not None
        await running
    assert rows.rows == {}


async def test_an_answer_is_not_stored_before_its_page_says_how_it_ended() -> None:
    """Else a sudden death between the two would leave a whole answer that the next process takes for half of one."""
    channel, rows = MemoryChannel(CHAT), SlowPages()
    conversations = Witness(mail=rows)
    async with Outbox(rows, MemoryNotes()) as outbox:
        courses, course = await course_of(channel, conversations, outbox=outbox)

        async def work() -> None:
            course.reply.feed("A beginning that is worth a message, ")
            await clock.sleep(10)
            course.reply.feed("and its end.")
            course.outcome.state = "complete"

        await courses.run(course, work())
        (kept,) = conversations.seen
        assert (kept.finished, kept.text) == (True, "A beginning that is worth a message, and its end.")
        assert [part.message_id for part in kept.parts] == list(channel.messages)


class SlowPages(MemoryOutbox):
    """Takes a moment for each page."""

    async def save(self, replies: Sequence[KeptReply]) -> None:
        await clock.sleep(0.3)
        await super().save(replies)


async def said(course: Course, words: str) -> None:
    course.reply.feed(words)
    course.outcome.text.append(words)


@pytest.mark.parametrize("said", ["fine", ""])
async def test_what_the_model_thought_is_moderated_where_it_is_shown(said: str) -> None:
    channel, judge, conversations = MemoryChannel(CHAT), Judge(), MemoryConversations()
    courses, course = await course_of(channel, conversations, judge)

    async def work() -> None:
        course.reply.feed("> bad thoughts\n\n")
        course.outcome.reasoning.append("bad thoughts")
        await clock.sleep(1)
        course.reply.feed(said)
        course.outcome.text.append(said)

    await courses.run(course, work())
    assert judge.judged == [f"bad thoughts\n\n{said}".strip()]
    (message,) = channel.messages.values()
    assert "bad" not in message.source
    assert "withheld" in message.source
    assert course.turn is not None
    (stored,) = [turn.answer for turn in conversations.turns.values()]
    assert stored is not None
    assert (stored.text, stored.reasoning, stored.state) == ("", "", "withheld")


async def test_an_answer_that_the_model_finished_is_whole_when_the_bot_is_told_to_end() -> None:
    channel, conversations = MemoryChannel(CHAT), MemoryConversations()
    courses, course = await course_of(channel, conversations)

    async def work() -> None:
        course.reply.feed("All of it.")
        course.outcome.text.append("All of it.")
        course.outcome.state = "complete"
        await clock.sleep(100)  # something is still entered into a book

    running = asyncio.create_task(courses.run(course, work()))
    await clock.sleep(5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    (message,) = channel.messages.values()
    assert message.source == "All of it."
    (stored,) = [turn.answer for turn in conversations.turns.values()]
    assert stored is not None
    assert (stored.text, stored.state) == ("All of it.", "complete")


@pytest.mark.parametrize(("kept", "compared"), [(True, False), (True, True), (False, False)])
async def test_an_interrupted_answer_names_retry_only_where_it_has_the_button(*, kept: bool, compared: bool) -> None:
    channel = MemoryChannel(CHAT)
    courses, course = await course_of(channel, MemoryConversations(), kept=kept)
    course.compared = compared

    async def work() -> None:
        course.reply.feed("Half of ")
        course.outcome.text.append("Half of ")
        await clock.sleep(10)

    running = asyncio.create_task(courses.run(course, work()))
    await clock.sleep(5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    (message,) = channel.messages.values()
    assert "restarted" in message.source
    assert ("Retry" in message.source) == ("Retry" in [button.label for button in message.buttons])
