"""One turn, start to end: the question is stored, the model answers, the answer grows on screen and is stored."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot import clock
from bot.conversation.inquiry import Inquiry, Outcome, inquire
from bot.conversation.setup import Setup, Setups
from bot.conversation.window import CHARACTERS_PER_TOKEN, Estimate, with_attachments, with_quote
from bot.domain.conversations import Answer, Exchange, Question, Turn
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import Message
from bot.domain.platform import Button
from bot.errors import ModelError
from bot.ports import Channel, ChatModel, Store
from bot.replies import notices
from bot.replies.gate import Gates
from bot.replies.splitter import fence_after
from bot.replies.writer import Delivery, Reply

log = logging.getLogger(__name__)

Budget = Callable[[str], int]

STORE_WITHIN = 2.0
"""Seconds that a finished answer waits for its messages before it is stored without all of their ids."""

LAST_FLUSH = 5.0
"""Seconds that an answer which a shutdown interrupts has to say so and be stored."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question on its way: `turn` is its row, None for one that is not kept."""

    turn: int | None
    chat: ChatRef
    inquiry: Inquiry


@dataclass(slots=True)
class _Running:
    """The model call that is running in a chat."""

    turn: int | None
    task: asyncio.Task[None]
    stopped: bool = False


class Turns:
    """Answers questions; one at a time for each chat, which the lanes see to.

    `budget` tells how many tokens of history a request to a model may carry, and `most_history` is the most it tells.
    """

    def __init__(
        self,
        store: Store,
        models: ChatModel,
        setups: Setups,
        gates: Gates,
        *,
        estimate: Estimate,
        budget: Budget,
        most_history: int,
    ) -> None:
        self._store = store
        self._models = models
        self._setups = setups
        self._gates = gates
        self._estimate = estimate
        self._budget = budget
        self._characters = most_history * CHARACTERS_PER_TOKEN
        self._running: dict[str, _Running] = {}

    async def answer(self, message: Message, channel: Channel) -> None:
        """Answer a message; one that was answered before, as its key tells, is left alone."""
        question = question_of(message)
        chat, person = message.chat, message.author
        conversation = await self._store.conversations.current(chat.key)
        turn = await self._store.conversations.add_question(conversation, question)
        if turn is None:
            log.info("%s was answered before", message.key)
            return
        setup = await self._setups.of(chat, person)
        history = await self._store.conversations.before(turn, self._characters)
        await self._run(Asked(turn, chat, self._inquiry(chat, person, question, setup, history)), channel)

    async def answer_again(
        self, turn: Turn, chat: ChatRef, person: Person, channel: Channel, model: str | None
    ) -> None:
        """Give a turn another answer, from another model if one is named."""
        setup = await self._setups.of(chat, person)
        if model is not None:
            setup = replace(setup, model=model)
        history = await self._store.conversations.before(turn.id, self._characters)
        await self._run(Asked(turn.id, chat, self._inquiry(chat, person, turn.question, setup, history)), channel)

    async def answer_once(self, question: Question, chat: ChatRef, person: Person, channel: Channel) -> None:
        """Answer without history, and keep nothing."""
        setup = await self._setups.of(chat, person)
        await self._run(Asked(None, chat, self._inquiry(chat, person, question, setup, ())), channel)

    def stop(self, chat: ChatRef, turn: int | None = None) -> bool:
        """Stop the chat's running answer, or only this turn's; what it has said stays. False when it is not running."""
        running = self._running.get(chat.key)
        if running is None or running.task.done() or turn not in (None, running.turn):
            return False
        running.stopped = True
        return running.task.cancel()

    def _inquiry(
        self, chat: ChatRef, person: Person, question: Question, setup: Setup, history: Sequence[Exchange]
    ) -> Inquiry:
        tokens = self._budget(setup.model) if history else 0
        return Inquiry(setup, question, person, chat.kind == "group", history, tokens)

    async def _run(self, asked: Asked, channel: Channel) -> None:
        started = clock.now()
        question, locale = asked.inquiry.question, asked.inquiry.person.locale
        reply = Reply(
            channel,
            self._gates,
            nonce=secrets.token_hex(8),
            reply_to=question.message_id if asked.inquiry.group else None,
            buttons=(Button(notices.STOP.say(locale), f"stop {asked.turn or 0}"),),
        )
        outcome = Outcome(asked.inquiry.setup.model)
        inquiry = asyncio.create_task(inquire(self._models, self._estimate, asked.inquiry, reply, outcome))
        delivery = asyncio.create_task(reply.deliver(), name=f"reply {asked.turn}")
        try:
            interrupted = not await self._ask(asked, inquiry, outcome)
            self._close(asked, reply, outcome)
            await _see_through(self._conclude(asked, reply, outcome, delivery), hurry=interrupted)
        finally:
            await _end(delivery)
            seconds = clock.now() - started
            chat, state, model = asked.chat.key, outcome.state, outcome.model
            log.info("turn %s in %s: %s by %s in %.2f s", asked.turn, chat, state, model, seconds)

    async def _ask(self, asked: Asked, inquiry: asyncio.Task[None], outcome: Outcome) -> bool:
        """Wait for the model's answer; the outcome says how it ended. False when the bot is shutting down."""
        running = _Running(asked.turn, inquiry)
        self._running[asked.chat.key] = running
        locale = asked.inquiry.person.locale
        try:
            await running.task
        except asyncio.CancelledError:
            if not running.stopped or _being_cancelled():
                outcome.footer = notices.INTERRUPTED.say(locale)
                return False
            outcome.state = "stopped"
            outcome.footer = "" if outcome.said() else notices.ANSWER_STOPPED.say(locale)
        except ModelError as error:
            log.info("turn %s: %r", asked.turn, error)
            outcome.state = "failed"
            outcome.footer = notices.for_model_error(error, locale)
        except Exception:
            # Whatever it was, the person gets a sentence and the log the rest.
            log.exception("turn %s failed", asked.turn)
            outcome.state = "failed"
            outcome.footer = notices.UNKNOWN_FAILURE.say(locale)
        finally:
            del self._running[asked.chat.key]
        return True

    def _close(self, asked: Asked, reply: Reply, outcome: Outcome) -> None:
        """Nothing more comes: the last words, and the buttons of a finished answer."""
        if outcome.footer:
            reply.feed(_below(reply.text, outcome.footer))
        label = notices.RETRY.say(asked.inquiry.person.locale)
        reply.finish((Button(label, f"retry {asked.turn}"),) if asked.turn is not None else ())

    async def _conclude(self, asked: Asked, reply: Reply, outcome: Outcome, delivery: asyncio.Task[Delivery]) -> None:
        """Store the answer, and wait until all of it is on screen; one path for every ending."""
        await asyncio.wait([delivery], timeout=STORE_WITHIN)
        if asked.turn is not None:
            await self._store.conversations.add_answer(asked.turn, self._stored(asked, reply, outcome))
        if not (await delivery).complete:
            log.warning("turn %s: not all of the answer could be shown", asked.turn)

    def _stored(self, asked: Asked, reply: Reply, outcome: Outcome) -> Answer:
        return Answer(
            text="".join(outcome.text),
            state=outcome.state,
            model=outcome.model,
            persona=asked.inquiry.setup.persona.name,
            usage=outcome.usage,
            message_ids=reply.delivery().message_ids,
        )


def question_of(message: Message) -> Question:
    """What a message asks the model."""
    return Question(
        key=message.key,
        author_id=message.author.handle,
        author_name=message.author.name,
        text=with_attachments(with_quote(message.text, message.quote), message.attachments),
        message_id=message.message_id,
    )


def _below(text: str, footer: str) -> str:
    """The footer as a paragraph of its own, outside of a code fence that the answer left open."""
    if not text.strip():
        return footer
    fence = fence_after(text)
    closed = f"\n{fence[: len(fence) - len(fence.lstrip(fence[0]))]}" if fence else ""
    return f"{closed}\n\n{footer}"


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _see_through(work: Coroutine[Any, Any, None], *, hurry: bool) -> None:
    """Let `work` come to its end; when the bot shuts down, it has `LAST_FLUSH` seconds for that."""
    task = asyncio.create_task(work)
    try:
        if not hurry:
            await asyncio.shield(task)
    except asyncio.CancelledError:
        hurry = True
    finally:
        if hurry:
            await asyncio.wait([task], timeout=LAST_FLUSH)
        await _end(task)
    if hurry:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("an interrupted answer could not be brought to its end", exc_info=error)
        raise asyncio.CancelledError


async def _end(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait([task])
