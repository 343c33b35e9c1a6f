"""One turn, start to end: the question is stored, the model answers, the answer grows on screen and is stored."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from bot import clock
from bot.conversation.setup import Setup, Setups
from bot.conversation.window import CHARACTERS_PER_TOKEN, Estimate, Window, with_quote
from bot.domain.conversations import Answer, AnswerState, Question, Turn
from bot.domain.events import Finished, ReasoningDelta, Started, TextDelta, UsageSeen
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import Message
from bot.domain.platform import Button
from bot.domain.prompts import ChatRequest
from bot.domain.usage import Usage
from bot.errors import EmptyAnswer, ModelError, PromptTooLong
from bot.ports import Channel, ChatModel, Store
from bot.replies import notices
from bot.replies.gate import Gates
from bot.replies.splitter import fence_after
from bot.replies.writer import Delivery, Reply

log = logging.getLogger(__name__)

Budget = Callable[[str], int]
"""How many tokens of history a request to this model may carry."""

STORE_WITHIN = 2.0
"""Seconds that a finished answer waits for its messages before it is stored without all of their ids."""

LAST_FLUSH = 5.0
"""Seconds that an answer which a shutdown interrupts has to say so and be stored."""

SHORTER = (1.0, 0.5, 0.2, 0.0)
"""Shares of the history budget that are tried in turn when the model finds the request too long."""


@dataclass(slots=True)
class Outcome:
    """What the model made of the question, as far as it got. `footer` is what the bot adds on screen, never stored."""

    model: str
    state: AnswerState = "incomplete"
    text: list[str] = field(default_factory=list)
    usage: Usage | None = None
    footer: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question on its way: `turn` is its row, None for one that is not kept."""

    turn: int | None
    chat: ChatRef
    person: Person
    question: Question
    setup: Setup
    tokens: int


@dataclass(slots=True)
class _Running:
    """The model call that is running in a chat."""

    turn: int | None
    task: asyncio.Task[None]
    stopped: bool = False


class Turns:
    """Answers questions; one at a time for each chat, which the lanes see to."""

    def __init__(
        self, store: Store, models: ChatModel, setups: Setups, gates: Gates, *, estimate: Estimate, budget: Budget
    ) -> None:
        self._store = store
        self._models = models
        self._setups = setups
        self._gates = gates
        self._estimate = estimate
        self._budget = budget
        self._running: dict[str, _Running] = {}

    async def answer(self, message: Message, channel: Channel) -> None:
        """Answer a message; one that was answered before, as its key tells, is left alone."""
        question = Question(
            key=message.key,
            author_id=message.author.handle,
            author_name=message.author.name,
            text=with_quote(message.text, message.quote),
            message_id=message.message_id,
        )
        conversation = await self._store.conversations.current(message.chat.key)
        turn = await self._store.conversations.add_question(conversation, question)
        if turn is None:
            log.info("%s was answered before", message.key)
            return
        await self._run(turn, message.chat, message.author, question, channel)

    async def answer_again(
        self, turn: Turn, chat: ChatRef, person: Person, channel: Channel, model: str | None
    ) -> None:
        """Give a turn another answer, from another model if one is named."""
        await self._run(turn.id, chat, person, turn.question, channel, model=model)

    async def answer_once(self, question: Question, chat: ChatRef, person: Person, channel: Channel) -> None:
        """Answer without history, and keep nothing."""
        await self._run(None, chat, person, question, channel)

    def stop(self, chat: ChatRef, turn: int | None = None) -> bool:
        """Stop the chat's running answer, or only this turn's; what it has said stays. False when it is not running."""
        running = self._running.get(chat.key)
        if running is None or running.task.done() or turn not in (None, running.turn):
            return False
        running.stopped = True
        return running.task.cancel()

    async def _run(
        self,
        turn: int | None,
        chat: ChatRef,
        person: Person,
        question: Question,
        channel: Channel,
        *,
        model: str | None = None,
    ) -> None:
        started = clock.now()
        setup = await self._setups.of(chat, person)
        if model is not None:
            setup = Setup(setup.persona, model, setup.sampling)
        asked = Asked(turn, chat, person, question, setup, self._budget(setup.model) if turn is not None else 0)
        reply = Reply(
            channel,
            self._gates,
            nonce=secrets.token_hex(8),
            reply_to=question.message_id if chat.kind == "group" else None,
            buttons=(Button(notices.STOP.say(person.locale), f"stop {turn or 0}"),),
        )
        outcome = Outcome(setup.model)
        delivery = asyncio.create_task(reply.deliver(), name=f"reply {turn}")
        try:
            interrupted = not await self._ask(asked, reply, outcome)
            self._close(asked, reply, outcome)
            await _see_through(self._conclude(asked, reply, outcome, delivery), hurry=interrupted)
        finally:
            await _end(delivery)
        log.info(
            "turn %s in %s: %s by %s in %.2f s", turn, chat.key, outcome.state, outcome.model, clock.now() - started
        )

    async def _ask(self, asked: Asked, reply: Reply, outcome: Outcome) -> bool:
        """Let the model answer into the reply; the outcome says how it ended. False when the bot is shutting down."""
        running = _Running(asked.turn, asyncio.create_task(self._stream(asked, reply, outcome)))
        self._running[asked.chat.key] = running
        locale = asked.person.locale
        try:
            await running.task
        except asyncio.CancelledError:
            if not running.stopped or _being_cancelled():
                outcome.footer = notices.INTERRUPTED.say(locale)
                return False
            outcome.state = "stopped"
            outcome.footer = "" if outcome.text else notices.ANSWER_STOPPED.say(locale)
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

    async def _stream(self, asked: Asked, reply: Reply, outcome: Outcome) -> None:
        """Ask with as much history as allowed, and with less where the model finds that too long."""
        for share in SHORTER:
            request = await self._request(asked, int(asked.tokens * share))
            try:
                await self._read(request, reply, outcome, asked.person.locale)
            except PromptTooLong:
                if share == SHORTER[-1] or asked.tokens == 0 or outcome.text:
                    raise
            else:
                return

    async def _request(self, asked: Asked, tokens: int) -> ChatRequest:
        history = []
        if asked.turn is not None and tokens > 0:
            history = list(await self._store.conversations.before(asked.turn, tokens * CHARACTERS_PER_TOKEN))
        window = Window(self._estimate, tokens, asked.chat.kind == "group")
        return ChatRequest(
            model=asked.setup.model,
            messages=window.messages(asked.setup.persona, history, asked.question),
            sampling=asked.setup.sampling,
            person=hashlib.sha256(asked.person.handle.encode()).hexdigest()[:32],
        )

    async def _read(self, request: ChatRequest, reply: Reply, outcome: Outcome, locale: str | None) -> None:
        async with aclosing(self._models.stream(request)) as events:
            async for event in events:
                match event:
                    case Started():
                        outcome.model = event.model
                    case TextDelta():
                        outcome.text.append(event.text)
                        reply.feed(event.text)
                    case ReasoningDelta():
                        pass  # never part of the answer
                    case UsageSeen():
                        outcome.usage = event.usage
                    case Finished():
                        _finish(event, outcome, locale)
        if not "".join(outcome.text).strip() and not outcome.footer:
            raise EmptyAnswer(outcome.model)

    def _close(self, asked: Asked, reply: Reply, outcome: Outcome) -> None:
        """Nothing more comes: the last words, and the buttons of a finished answer."""
        if outcome.footer:
            reply.feed(_below(reply.text, outcome.footer))
        label = notices.RETRY.say(asked.person.locale)
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
            persona=asked.setup.persona.name,
            usage=outcome.usage,
            message_ids=reply.delivery().message_ids,
        )


def _finish(event: Finished, outcome: Outcome, locale: str | None) -> None:
    match event.reason:
        case "stop" | "tool_calls":
            outcome.state = "complete"
        case "length":
            outcome.state = "incomplete"
            outcome.footer = notices.ANSWER_CUT.say(locale)
        case "content_filter":
            outcome.state = "failed"
            outcome.footer = notices.CONTENT_FILTERED.say(locale)


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
        raise asyncio.CancelledError


async def _end(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait([task])
