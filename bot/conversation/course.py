"""The course of a turn: the work on its answer can be stopped, and ends in one way, on screen and in the store."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable
from dataclasses import dataclass, field

from bot import clock
from bot.conversation.inquiry import Outcome
from bot.conversation.running import Ending, Running, end, see_through
from bot.domain.conversations import Answer
from bot.domain.ids import ChatRef, Person
from bot.domain.platform import Button
from bot.errors import ModelError
from bot.ports import Channel, Conversations
from bot.replies import failures, notices
from bot.replies.gate import Gates
from bot.replies.splitter import fence_after
from bot.replies.writer import Delivery, Reply

log = logging.getLogger(__name__)

STORE_WITHIN = 2.0
"""Seconds that a finished answer waits for its messages before it is stored without all of their ids."""


@dataclass(slots=True)
class Course:
    """A turn on its way: `turn` is its row, None before there is one and for a question that is not kept.

    `spoken`: the person spoke the question.
    """

    chat: ChatRef
    person: Person
    channel: Channel
    reply: Reply
    outcome: Outcome = field(default_factory=lambda: Outcome(""))
    persona: str = ""
    turn: int | None = None
    spoken: bool = False


class Courses:
    """Begins courses and sees them through."""

    def __init__(self, conversations: Conversations, gates: Gates, running: Running) -> None:
        self._conversations = conversations
        self._gates = gates
        self._running = running

    def begin(self, chat: ChatRef, person: Person, channel: Channel, message_id: str | None) -> Course:
        """A course whose reply names this message where several people write."""
        reply = Reply(
            channel,
            self._gates,
            nonce=secrets.token_hex(8),
            reply_to=message_id if chat.kind == "group" else None,
            buttons=(Button(notices.STOP.say(person.locale), "stop 0"),),
        )
        return Course(chat, person, channel, reply)

    def name(self, course: Course, turn: int) -> None:
        """The turn has a row, by which it can be stopped."""
        course.turn = turn
        self._running.name(course.chat, turn)
        course.reply.offer((Button(notices.STOP.say(course.person.locale), f"stop {turn}"),))

    async def run(self, course: Course, work: Awaitable[None]) -> None:
        """Let the work on the answer run to whatever end it takes."""
        started = clock.now()
        outcome = course.outcome
        answering = asyncio.ensure_future(work)
        delivery = asyncio.create_task(course.reply.deliver(), name=f"reply in {course.chat.key}")
        try:
            ending = await self._running.see_to_end(course.chat, answering)
            self._judge(course, ending)
            self._close(course)
            await see_through(self._conclude(course, delivery), hurry=ending.kind == "interrupted")
        finally:
            await end(delivery)
            seconds = clock.now() - started
            chat, state, model = course.chat.key, outcome.state, outcome.model
            log.info("turn %s in %s: %s by %s in %.2f s", course.turn, chat, state, model, seconds)

    def _judge(self, course: Course, ending: Ending) -> None:
        """How the answer ended, and the sentence that people read about it."""
        outcome, locale = course.outcome, course.person.locale
        match ending.kind, ending.error:
            case "interrupted", _:
                outcome.footer = notices.INTERRUPTED.say(locale)
            case "stopped", _:
                outcome.state = "stopped"
                outcome.footer = "" if outcome.said() else notices.ANSWER_STOPPED.say(locale)
            case "failed", ModelError() as error:
                log.info("turn %s: %r", course.turn, error)
                outcome.state = "failed"
                outcome.footer = failures.for_model_error(error, locale)
            case "failed", error:
                # Whatever it was, the person gets a sentence and the log the rest.
                log.error("turn %s failed", course.turn, exc_info=error)
                outcome.state = "failed"
                failure = notices.MESSAGE_FAILED if course.turn is None else notices.UNKNOWN_FAILURE
                outcome.footer = failure.say(locale)

    def _close(self, course: Course) -> None:
        """Nothing more comes: the last words, and the buttons of a finished answer."""
        if course.outcome.footer:
            course.reply.feed(_below(course.reply.text, course.outcome.footer))
        label = notices.RETRY.say(course.person.locale)
        course.reply.finish((Button(label, f"retry {course.turn}"),) if course.turn is not None else ())

    async def _conclude(self, course: Course, delivery: asyncio.Task[Delivery]) -> None:
        """Store the answer, and wait until all of it is on screen; one path for every ending."""
        await asyncio.wait([delivery], timeout=STORE_WITHIN)
        if course.turn is not None:
            await self._conversations.add_answer(course.turn, _answer_of(course))
        if not (await delivery).complete:
            log.warning("turn %s: not all of the answer could be shown", course.turn)


def _answer_of(course: Course) -> Answer:
    outcome = course.outcome
    return Answer(
        text="".join(outcome.text),
        state=outcome.state,
        model=outcome.model,
        persona=course.persona,
        usage=outcome.usage,
        message_ids=course.reply.delivery().message_ids,
        pictures=tuple(outcome.pictures),
    )


def _below(text: str, footer: str) -> str:
    """The footer as a paragraph of its own, outside of a code fence that the answer left open."""
    if not text.strip():
        return footer
    fence = fence_after(text)
    closed = f"\n{fence[: len(fence) - len(fence.lstrip(fence[0]))]}" if fence else ""
    return f"{closed}\n\n{footer}"
