"""One question to a model: the request that fits, and what the model makes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Protocol

from bot.conversation.setup import Setup
from bot.conversation.window import Estimate, Pictures, Window
from bot.domain.conversations import AnswerState, Exchange, Question
from bot.domain.events import Finished, ReasoningDelta, Started, TextDelta, ToolCalled, UsageSeen
from bot.domain.ids import Person
from bot.domain.media import PictureRef
from bot.domain.prompts import ChatRequest, PromptMessage, Tool, ToolCall
from bot.domain.usage import Usage
from bot.errors import CannotSee, EmptyAnswer, PromptTooLong
from bot.ports import ChatModel
from bot.replies import notices
from bot.replies.writer import Reply

SHORTER = (1.0, 0.5, 0.2, 0.0)
"""Shares of the history budget that are tried in turn when the model finds the request too long."""

MOST_ROUNDS = 4
"""How often a model may ask for tools before it has to answer with what it has."""


class Toolbox(Protocol):
    """What the model may ask for in one turn."""

    @property
    def tools(self) -> tuple[Tool, ...]: ...

    async def use(self, call: ToolCall) -> str:
        """Do what a call asks for; returns what the model is told of it, also of a failure."""
        ...


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What is asked: `tokens` is how much of the history may go along, `group` whether authors are named.

    `pictures` are those of the question and of the history that are at hand, by digest.
    """

    setup: Setup
    question: Question
    person: Person
    group: bool
    history: Sequence[Exchange] = ()
    tokens: int = 0
    pictures: Pictures = field(default_factory=dict)
    toolbox: Toolbox | None = None


@dataclass(slots=True)
class Outcome:
    """What the model made of the question, as far as it got. `footer` is what the bot adds on screen, never stored.

    `pictures` are those that its tools made.
    """

    model: str
    state: AnswerState = "incomplete"
    text: list[str] = field(default_factory=list)
    usage: Usage | None = None
    footer: str = ""
    pictures: list[PictureRef] = field(default_factory=list)

    def said(self) -> bool:
        """Whether there is anything to see."""
        return any(piece.strip() for piece in self.text) or bool(self.pictures)


async def inquire(models: ChatModel, estimate: Estimate, inquiry: Inquiry, reply: Reply, outcome: Outcome) -> None:
    """Let the model answer into the reply, with less history where it finds the request too long, and without the
    pictures of the history where it cannot see them; raises ModelError."""
    shares = iter(SHORTER)
    tokens = int(inquiry.tokens * next(shares))
    while True:
        try:
            await _converse(models, _request(inquiry, estimate, tokens), inquiry, reply, outcome)
        except PromptTooLong:
            if tokens == 0 or outcome.said():
                raise
            tokens = int(inquiry.tokens * next(shares))
        except CannotSee:
            asked_about = any(ref.digest in inquiry.pictures for ref in inquiry.question.pictures)
            if not inquiry.pictures or asked_about or outcome.said():
                raise
            inquiry = replace(inquiry, pictures={})
        else:
            return


def _request(inquiry: Inquiry, estimate: Estimate, tokens: int) -> ChatRequest:
    window = Window(estimate, tokens, inquiry.group, inquiry.pictures)
    return ChatRequest(
        model=inquiry.setup.model,
        messages=window.messages(inquiry.setup.persona, inquiry.history, inquiry.question),
        sampling=inquiry.setup.sampling,
        person=person_hash(inquiry.person),
        tools=() if inquiry.toolbox is None else inquiry.toolbox.tools,
    )


def person_hash(person: Person) -> str:
    """A stable name for a person that tells a provider nothing about who it is."""
    return hashlib.sha256(person.handle.encode()).hexdigest()[:32]


async def _converse(models: ChatModel, request: ChatRequest, inquiry: Inquiry, reply: Reply, outcome: Outcome) -> None:
    """Let the model speak until it asks for no more tools."""
    locale = inquiry.person.locale
    for _ in range(MOST_ROUNDS):
        said, calls = await _read(models, request, reply, outcome, locale)
        if not calls or inquiry.toolbox is None:
            break
        outcome.state = "incomplete"  # the model has more to say
        if said.strip():
            outcome.text.append("\n\n")
            reply.feed("\n\n")
        results = [PromptMessage("tool", await inquiry.toolbox.use(call), call_id=call.id) for call in calls]
        asked = PromptMessage("assistant", said, calls=tuple(calls))
        request = replace(request, messages=(*request.messages, asked, *results))
    else:
        await _read(models, replace(request, tools=()), reply, outcome, locale)
    if not outcome.said() and not outcome.footer:
        raise EmptyAnswer(outcome.model)


async def _read(
    models: ChatModel, request: ChatRequest, reply: Reply, outcome: Outcome, locale: str | None
) -> tuple[str, list[ToolCall]]:
    """What the model said this time, and the tools that it asks for."""
    said: list[str] = []
    calls: list[ToolCall] = []
    try:
        async with aclosing(models.stream(request)) as events:
            async for event in events:
                match event:
                    case Started():
                        outcome.model = event.model
                    case TextDelta():
                        said.append(event.text)
                        outcome.text.append(event.text)
                        reply.feed(event.text)
                    case ReasoningDelta():
                        pass  # never part of the answer
                    case ToolCalled():
                        calls.append(event.call)
                    case UsageSeen():
                        outcome.usage = (outcome.usage or Usage()) + event.usage
                    case Finished():
                        _finish(event, outcome, locale)
    except EmptyAnswer:
        if not outcome.said():
            raise
        outcome.state = "complete"  # a picture can be all that the model has to say
    return "".join(said), calls


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
