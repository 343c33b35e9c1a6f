"""The model speaks: its words go into the reply, and what it asks its tools for is done."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from bot import clock
from bot.conversation.inquiry import Inquiry, Outcome
from bot.conversation.reasoning import ReasoningQuote
from bot.domain.events import Finished, ReasoningDelta, ReplyEvent, Started, TextDelta, ToolCalled, UsageSeen
from bot.domain.prompts import ChatRequest, PromptMessage, ToolCall
from bot.domain.usage import Usage
from bot.errors import EmptyAnswer
from bot.ports import ChatModel
from bot.replies import notices
from bot.replies.writer import Reply

MOST_ROUNDS = 4
"""How often a model may ask for tools before it has to answer with what it has."""

Saw = Callable[[str, ChatRequest, int], None]
"""Is told how many tokens a model counted for the prompt of a request."""


@dataclass(slots=True)
class Conversing:
    """One try to have an inquiry answered into a reply."""

    models: ChatModel
    saw: Saw
    inquiry: Inquiry
    reply: Reply
    outcome: Outcome

    async def run(self, request: ChatRequest) -> None:
        """Let the model speak until it asks for no more tools; raises ModelError."""
        outcome, toolbox = self.outcome, self.inquiry.toolbox
        quote = ReasoningQuote()
        for _ in range(MOST_ROUNDS):
            said, calls = await self._read(request, quote)
            if not calls or toolbox is None:
                break
            outcome.state, outcome.cut = "incomplete", False  # the model has more to say
            if said.strip():
                outcome.text.append("\n\n")
                self.reply.feed("\n\n")
            results = [PromptMessage("tool", await toolbox.use(call), call_id=call.id) for call in calls]
            asked = PromptMessage("assistant", said, calls=tuple(calls))
            request = replace(request, messages=(*request.messages, asked, *results))
        else:
            await self._read(replace(request, tools=()), quote)
        if not outcome.said() and not outcome.footer:
            raise EmptyAnswer(outcome.model)

    async def _read(self, request: ChatRequest, quote: ReasoningQuote) -> tuple[str, list[ToolCall]]:
        """What the model said this time, and the tools that it asks for."""
        said: list[str] = []
        calls: list[ToolCall] = []
        if self.outcome.reasoning:
            self.outcome.reasoning.append("\n\n")
        thought = len(self.outcome.reasoning)
        if self.outcome.asked is None:
            self.outcome.asked = clock.now()
        try:
            async with aclosing(self.models.stream(request)) as events:
                async for event in events:
                    match event:
                        case Started():
                            del self.outcome.reasoning[thought:]  # of a try that came to nothing
                            quote.pause()
                        case TextDelta():
                            said.append(event.text)
                        case ToolCalled():
                            calls.append(event.call)
                        case UsageSeen():
                            self.saw(self.outcome.model, request, event.usage.prompt_tokens)
                    self._take(event, quote)
        except EmptyAnswer:
            if not self.outcome.said():
                raise
            self.outcome.state = "complete"  # a picture can be all that the model has to say
        return "".join(said), calls

    def _take(self, event: ReplyEvent, quote: ReasoningQuote) -> None:
        """What an event adds to the outcome and to the reply."""
        outcome = self.outcome
        match event:
            case Started():
                outcome.model = event.model
            case TextDelta():
                if outcome.spoke is None:
                    outcome.spoke = clock.now()
                self.reply.feed(quote.end())
                outcome.text.append(event.text)
                self.reply.feed(event.text)
            case ReasoningDelta() if self.inquiry.reasoning != "hidden":
                outcome.reasoning.append(event.text)
                if self.inquiry.reasoning == "quoted":
                    self.reply.feed(quote.add(event.text))
            case UsageSeen():
                outcome.cost = event.cost if outcome.usage is None else _sum(outcome.cost, event.cost)
                outcome.usage = (outcome.usage or Usage()) + event.usage
            case Finished():
                self._finish(event)

    def _finish(self, event: Finished) -> None:
        outcome, locale = self.outcome, self.inquiry.locale
        match event.reason:
            case "stop" | "tool_calls":
                outcome.state = "complete"
            case "length":
                outcome.state, outcome.cut = "incomplete", True
                outcome.footer = notices.ANSWER_CUT.say(locale)
            case "content_filter":
                outcome.state = "failed"
                outcome.footer = notices.CONTENT_FILTERED.say(locale)


def _sum(one: int | None, other: int | None) -> int | None:
    """Of costs, of which one may not be known."""
    return None if one is None or other is None else one + other
