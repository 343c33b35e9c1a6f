"""One question to a model: the request that fits, and what the model makes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from bot.conversation.setup import Setup
from bot.conversation.window import Estimate, Window
from bot.domain.conversations import AnswerState, Exchange, Question
from bot.domain.events import Finished, ReasoningDelta, Started, TextDelta, UsageSeen
from bot.domain.ids import Person
from bot.domain.prompts import ChatRequest
from bot.domain.usage import Usage
from bot.errors import EmptyAnswer, PromptTooLong
from bot.ports import ChatModel
from bot.replies import notices
from bot.replies.writer import Reply

SHORTER = (1.0, 0.5, 0.2, 0.0)
"""Shares of the history budget that are tried in turn when the model finds the request too long."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What is asked: `tokens` is how much of the history may go along, `group` whether authors are named."""

    setup: Setup
    question: Question
    person: Person
    group: bool
    history: Sequence[Exchange] = ()
    tokens: int = 0


@dataclass(slots=True)
class Outcome:
    """What the model made of the question, as far as it got. `footer` is what the bot adds on screen, never stored."""

    model: str
    state: AnswerState = "incomplete"
    text: list[str] = field(default_factory=list)
    usage: Usage | None = None
    footer: str = ""

    def said(self) -> bool:
        """Whether there is anything to see."""
        return any(piece.strip() for piece in self.text)


async def inquire(models: ChatModel, estimate: Estimate, inquiry: Inquiry, reply: Reply, outcome: Outcome) -> None:
    """Let the model answer into the reply, with less history where it finds the request too long; raises ModelError."""
    for share in SHORTER:
        tokens = int(inquiry.tokens * share)
        try:
            await _read(models, _request(inquiry, estimate, tokens), reply, outcome, inquiry.person.locale)
        except PromptTooLong:
            if tokens == 0 or outcome.text:
                raise
        else:
            return


def _request(inquiry: Inquiry, estimate: Estimate, tokens: int) -> ChatRequest:
    window = Window(estimate, tokens, inquiry.group)
    return ChatRequest(
        model=inquiry.setup.model,
        messages=window.messages(inquiry.setup.persona, inquiry.history, inquiry.question),
        sampling=inquiry.setup.sampling,
        person=hashlib.sha256(inquiry.person.handle.encode()).hexdigest()[:32],
    )


async def _read(models: ChatModel, request: ChatRequest, reply: Reply, outcome: Outcome, locale: str | None) -> None:
    async with aclosing(models.stream(request)) as events:
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
    if not outcome.said() and not outcome.footer:
        raise EmptyAnswer(outcome.model)


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
