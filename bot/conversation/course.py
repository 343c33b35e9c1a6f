"""The course of a turn: the work on its answer can be stopped, and ends in one way, on screen and in the store."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from bot import clock, receipts
from bot.access.budgeting import Budgeting
from bot.access.guard import Guard
from bot.conversation.accounts import Accounts
from bot.conversation.inquiry import Outcome
from bot.conversation.offers import answer_buttons, pick_button, stop_button
from bot.conversation.running import Ending, Running, end, see_through
from bot.conversation.storing import insistently, store_new
from bot.domain.conversations import Answer
from bot.domain.ids import ChatRef, Person
from bot.domain.observed import TurnSeen
from bot.domain.outbox import Fate
from bot.domain.platform import Button
from bot.domain.usage import Account
from bot.errors import Flagged, ModelError, StorageError
from bot.ports import Channel, Conversations, Observer
from bot.replies import failures, notices
from bot.replies.gate import Gates
from bot.replies.outbox import Outbox
from bot.replies.splitter import below
from bot.replies.writer import Delivery, Reply
from bot.telemetry.silence import Silence

log = logging.getLogger(__name__)

STORE_WITHIN = 2.0
"""Seconds that a finished answer waits for its messages before it is stored without all of their ids."""

KEPT_REASONING = 20_000
"""Characters of what a model thought that are stored, from its beginning."""


@dataclass(slots=True)
class Course:
    """A turn on its way: `turn` is its row, None before there is one and for a question that is not kept.

    `message_id` is the message that asked; the answer takes the place of the messages `takes`. `earlier` is how many
    answers the turn has already. `spoken`: the person spoke the question. `compared`: other answers are written beside
    this one. `handed_on`: nothing of it was seen when the bot was told to end, and it is answered after the next start.
    `came` is when the question did, in seconds on the loop's clock; `error` is what ended it.
    """

    chat: ChatRef
    person: Person
    channel: Channel
    account: Account
    reply: Reply
    message_id: str | None = None
    takes: tuple[str, ...] = ()
    outcome: Outcome = field(default_factory=lambda: Outcome(""))
    persona: str = ""
    turn: int | None = None
    earlier: int = 0
    spoken: bool = False
    compared: bool = False
    answer: int | None = None
    handed_on: bool = False
    work: asyncio.Future[None] | None = None
    came: float = field(default_factory=clock.now)
    error: Exception | None = None

    def seen(self) -> TurnSeen:
        """How it went, once it is over."""
        outcome, came = self.outcome, self.came
        return TurnSeen(
            turn=self.turn,
            chat=self.chat.key,
            platform=self.chat.platform,
            work="chat",
            model=outcome.model,
            outcome=outcome.state,
            reason=type(self.error).__name__ if self.error is not None else "",
            ended=clock.now() - came,
            asked=outcome.asked and outcome.asked - came,
            spoke=outcome.spoke and outcome.spoke - came,
            shown=self.reply.first_shown and self.reply.first_shown - came,
            messages=len(self.reply.delivery().message_ids),
            usage=outcome.usage,
            cost=outcome.cost,
        )


class Courses:
    """Begins courses and sees them through. `most` is how many messages an answer may have before it goes on as a
    file."""

    def __init__(
        self,
        conversations: Conversations,
        gates: Gates,
        running: Running,
        accounts: Accounts,
        guard: Guard,
        budgets: Budgeting,
        *,
        most: int,
        outbox: Outbox | None = None,
        observer: Observer | None = None,
    ) -> None:
        self._conversations = conversations
        self._outbox = outbox
        self._gates = gates
        self._running = running
        self._accounts = accounts
        self._guard = guard
        self._budgets = budgets
        self._most = most
        self._observer = observer or Silence()

    def begin(
        self, chat: ChatRef, person: Person, channel: Channel, message_id: str | None, takes: Sequence[str] = ()
    ) -> Course:
        """A course whose reply names this message where several people write."""
        entry = None if self._outbox is None else self._outbox.entry()
        reply = Reply(
            channel,
            self._gates,
            nonce=secrets.token_hex(8) if entry is None else entry.nonce,
            reply_to=message_id if channel.chat.kind == "group" and not takes else None,
            buttons=(stop_button(0, person.locale),),
            takes=tuple(takes),
            most=self._most,
            locale=person.locale,
            entry=entry,
            fate=lambda: self._fate(course),
        )
        account = self._accounts.of(chat, person)
        course = Course(chat, person, channel, account, reply, message_id, tuple(takes))
        return course

    def account(self, chat: ChatRef, person: Person) -> Account:
        return self._accounts.of(chat, person)

    def name(self, course: Course, turn: int) -> None:
        """The turn has a row, by which it can be stopped."""
        course.turn = turn
        if course.work is not None:
            self._running.name(course.chat, course.work, turn)
        course.reply.offer((stop_button(turn, course.person.locale),))

    async def run(self, course: Course, work: Awaitable[None]) -> None:
        """Let the work on the answer run to whatever end it takes."""
        answering = course.work = asyncio.ensure_future(work)
        delivery = asyncio.create_task(course.reply.deliver(), name=f"reply in {course.chat.key}")
        try:
            ending = await self._running.see_to_end(course.chat, answering, message_id=course.message_id)
            ending = await self._moderated(course, ending)
            self._judge(course, ending)
            self._close(course)
            await see_through(self._conclude(course, delivery), hurry=ending.kind == "interrupted")
        finally:
            await end(delivery)
            seen = course.seen()
            log.info("turn %s", seen.outcome, extra=seen.fields())
            if not course.handed_on:  # the turn is not over
                self._observer.turned(seen)

    async def _moderated(self, course: Course, ending: Ending) -> Ending:
        """The ending, unless moderation refuses what was said until then, or thought where people see that."""
        outcome = course.outcome
        if ending.kind == "interrupted" or not self._guard.looks_at_answers:
            return ending
        words = "\n\n".join(part for part in ("".join(outcome.reasoning), "".join(outcome.text)) if part.strip())
        try:
            await self._guard.check_answer(words, course.account)
        except Flagged as error:
            return Ending("failed", error)
        except asyncio.CancelledError:
            return Ending("interrupted")
        return ending

    def _judge(self, course: Course, ending: Ending) -> None:
        """How the answer ended, and the sentence that people read about it."""
        outcome, locale = course.outcome, course.person.locale
        course.error = ending.error
        match ending.kind, ending.error:
            case "interrupted", _ if self._whole(course):
                pass
            case "interrupted", _ if _comes_again(course):
                course.handed_on = True
            case "interrupted", _:
                footer = _interrupted(course)
                if self._guard.looks_at_answers and outcome.said():  # nobody has time to look at it any more
                    outcome.withhold()
                    outcome.state = "incomplete"
                    course.reply.withdraw(footer)
                else:
                    outcome.footer = footer
            case "stopped", _:
                outcome.state = "stopped"
                outcome.footer = "" if outcome.said() else notices.ANSWER_STOPPED.say(locale)
            case "failed", Flagged(what="answer") as error:
                log.info("turn %s: %r", course.turn, error)
                outcome.withhold()
                course.reply.withdraw(failures.for_model_error(error, locale))
            case "failed", ModelError() as error:
                log.info("turn %s: %r", course.turn, error)
                outcome.state = "failed"
                outcome.footer = failures.for_model_error(error, locale)
            case "failed", error:
                # Whatever it was, the person gets a sentence and the log the rest.
                log.error("turn %s failed", course.turn, exc_info=error)
                outcome.state = "failed"
                if error is not None:
                    self._observer.failed(error)
                failure = notices.MESSAGE_FAILED if course.turn is None else notices.UNKNOWN_FAILURE
                outcome.footer = failure.say(locale)

    def _close(self, course: Course) -> None:
        """Nothing more comes: the last words, and the buttons of a finished answer."""
        if course.handed_on:
            course.reply.abandon()
            return
        locale = course.person.locale
        warning = self._budgets.warning(course.account)
        said = (course.outcome.footer, "" if warning is None else failures.for_warning(warning, locale))
        if footer := "\n\n".join(each for each in said if each):
            course.reply.feed(below(course.reply.text, footer))
        course.reply.finish(_buttons(course))

    async def _conclude(self, course: Course, delivery: asyncio.Task[Delivery]) -> None:
        """Store the answer, and wait until all of it is on screen; one path for every ending."""
        if course.handed_on:
            await asyncio.wait([delivery])
            return
        await asyncio.wait([delivery], timeout=STORE_WITHIN)
        try:
            if course.turn is not None:
                await self._store(course, course.turn, delivery)
        except StorageError:
            # People see the answer, which is what they asked for; its page stays in the outbox.
            log.exception("turn %s is shown and not stored; the next start tries again", course.turn)
            await asyncio.wait([delivery])
            return
        if not (await delivery).complete:
            log.warning("turn %s: not all of the answer could be shown", course.turn)
        course.reply.close()

    async def _store(self, course: Course, turn: int, delivery: asyncio.Task[Delivery]) -> None:
        """Store the answer, and when all of it is shown also by which messages."""
        await course.reply.caught_up()
        answer = _answer_of(course)
        course.answer = await store_new(self._conversations, turn, answer)
        shown = await delivery
        if course.answer is not None and (course.takes or shown.message_ids != answer.message_ids):
            await course.reply.caught_up()
            await insistently(partial(self._conversations.place, course.answer, shown.message_ids))

    def _whole(self, course: Course) -> bool:
        """Whether the answer is all there and may be shown, whatever was still to be done for it."""
        return course.outcome.ended and not self._guard.looks_at_answers

    def _fate(self, course: Course) -> Fate:
        """What becomes of the answer as it is now, if this process does not bring it to its end."""
        outcome = course.outcome
        taken_back = self._guard.looks_at_answers and not course.reply.finished and outcome.said()
        answer = None if course.turn is None else _answer_of(course)
        if answer is not None and taken_back:
            answer = replace(answer, text="", reasoning="")
        return Fate(
            words=outcome.footer if self._whole(course) else _interrupted(course),
            lane=course.chat.key,
            buttons=_buttons(course),
            turn=course.turn,
            answer=answer,
            taken_back=taken_back,
        )


def _comes_again(course: Course) -> bool:
    """Whether the question is asked once more after the next start, as if nothing had been: messages are, of which
    nobody has seen an answer. Who called a command waits for its answer now."""
    receipt = receipts.current()
    return receipt is not None and receipt.returns and not course.reply.seen


def _interrupted(course: Course) -> str:
    retried = course.turn is not None and not course.compared
    return (notices.INTERRUPTED if retried else notices.INTERRUPTED_ALONE).say(course.person.locale)


def _buttons(course: Course) -> tuple[Button, ...]:
    if course.turn is None:
        return ()
    if course.compared:
        return (pick_button(course.turn, course.person.locale),)
    outcome, newest = course.outcome, course.earlier + 1
    seen_apart = bool(outcome.reasoning) and not course.channel.limits.folds
    return answer_buttons(
        course.turn, course.person.locale, number=newest, count=newest, cut=outcome.cut, reasoning=seen_apart
    )


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
        reasoning="".join(outcome.reasoning)[:KEPT_REASONING],
    )
