"""A model that answers: what becomes of its words, its reasoning, and the tools that it asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.conversing import MOST_ROUNDS, Conversing
from bot.conversation.inquiry import Inquiry, Outcome, Reasoning, person_hash
from bot.conversation.reasoning import ReasoningQuote
from bot.conversation.setup import Setup
from bot.conversation.window import Window
from bot.domain.conversations import Exchange, History, Question
from bot.domain.events import (
    Finished,
    FinishReason,
    ReasoningDelta,
    ReplyEvent,
    Started,
    TextDelta,
    ToolCalled,
    UsageSeen,
)
from bot.domain.media import Picture
from bot.domain.personas import Persona, Sampling
from bot.domain.prompts import ChatRequest, PromptMessage, Tool, ToolCall
from bot.domain.text import clean
from bot.domain.usage import Account, Usage
from bot.errors import EmptyAnswer, ModelError, ProviderDown
from bot.replies.gate import Gates
from bot.replies.writer import Reply
from tests.fakes.loops import VirtualLoop
from tests.fakes.memory import MemoryChannel
from tests.unit.conversation.parts import ANN, CHAT, ScriptedChat

pytestmark = pytest.mark.virtual

MODEL = "acme/large"
SETUP = Setup(Persona("teacher", "You teach."), MODEL, Sampling(temperature=0.5))
ACCOUNT = Account(ANN.handle, CHAT.key)
NEW = Picture(b"new", "image/png", 8, 8)
BRUSH = Tool("brush", "Paints.", {"type": "object"})

Script = Sequence[ReplyEvent | ModelError | float]


def says(*texts: str, reason: FinishReason = "stop", usage: Usage | None = None) -> Script:
    seen = [UsageSeen(usage=usage)] if usage is not None else []
    return [Started(model=MODEL), *(TextDelta(text=text) for text in texts), *seen, Finished(reason=reason)]


def calls(*ids: str, text: str = "", reason: FinishReason = "tool_calls") -> Script:
    asked = [ToolCalled(call=ToolCall(each, "brush", "{}")) for each in ids]
    return [Started(model=MODEL), *([TextDelta(text=text)] if text else []), *asked, Finished(reason=reason)]


@dataclass
class Brushes:
    """Tells what became of each call; `outcome` gets a picture with each where it is given."""

    outcome: Outcome | None = None
    used: list[ToolCall] = field(default_factory=list)

    @property
    def tools(self) -> tuple[Tool, ...]:
        return (BRUSH,)

    async def use(self, call: ToolCall) -> str:
        self.used.append(call)
        if self.outcome is not None:
            self.outcome.pictures.append(NEW.ref)
        return f"done {call.id}"


@dataclass
class Asked:
    """What came of a question."""

    models: ScriptedChat
    outcome: Outcome
    reply: Reply
    counted: list[tuple[str, ChatRequest, int]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.outcome.text)


async def ask(
    *scripts: Script,
    toolbox: Brushes | None = None,
    outcome: Outcome | None = None,
    reasoning: Reasoning = "hidden",
    history: Sequence[Exchange] = (),
) -> Asked:
    question = Question("k", ANN.handle, "Ann", "now?")
    inquiry = Inquiry(SETUP, question, ACCOUNT, toolbox=toolbox, reasoning=reasoning)
    asked = Asked(ScriptedChat(list(scripts)), outcome or Outcome(""), Reply(MemoryChannel(CHAT), Gates(), nonce="n"))
    request = inquiry.request(Window(len, 100, group=False), History(tuple(history)))

    def saw(model: str, request: ChatRequest, tokens: int) -> None:
        asked.counted.append((model, request, tokens))

    await Conversing(asked.models, saw, inquiry, asked.reply, asked.outcome).run(request)
    assert asked.models.scripts == []
    if reasoning != "quoted":
        assert asked.reply.text == asked.text
    return asked


# An answer


async def test_a_question_is_asked_and_answered() -> None:
    asked = await ask(says("Hel", "lo", usage=Usage(3, 2)), history=[Exchange("Ann", "asked0", "said")])

    (request,) = asked.models.requests
    assert (request.model, request.sampling, request.person) == (MODEL, SETUP.sampling, person_hash(ANN.handle))
    assert [each.content for each in request.messages] == ["You teach.", "asked0", "said", "now?"]
    assert request.tools == ()
    assert (asked.text, asked.outcome.state, asked.outcome.model) == ("Hello", "complete", MODEL)
    assert asked.outcome.usage == Usage(3, 2)
    assert (request.account, request.work) == (ACCOUNT, "chat")
    assert asked.counted == [(MODEL, request, 3)], "what the provider counts teaches the estimates"


@pytest.mark.parametrize(
    ("reason", "state", "cut", "footer"),
    [("length", "incomplete", True, "length limit"), ("content_filter", "failed", False, "content filter")],
)
async def test_an_answer_that_was_cut_says_so(reason: FinishReason, state: str, cut: bool, footer: str) -> None:
    asked = await ask(says("Hel", reason=reason))

    assert (asked.outcome.state, asked.outcome.cut) == (state, cut)
    assert footer in asked.outcome.footer


async def test_an_answer_without_a_word_is_an_error() -> None:
    with pytest.raises(EmptyAnswer):
        await ask(says(" \n"))


def test_what_is_withheld_is_gone() -> None:
    outcome = Outcome(MODEL, "incomplete", ["Hel", "lo"], Usage(1, 2), "Cut.", [NEW.ref], ["Hm."], cut=True)
    outcome.withhold()
    assert outcome == Outcome(MODEL, "withheld", usage=Usage(1, 2), pictures=[NEW.ref])


# Reasoning


def thinks(*thoughts: str, text: str = "Yes.") -> Script:
    return [Started(model=MODEL), *(ReasoningDelta(text=each) for each in thoughts), TextDelta(text=text),
            Finished(reason="stop")]  # fmt: skip


@pytest.mark.parametrize(
    ("reasoning", "kept", "shown"),
    [("hidden", "", "Yes."), ("kept", "Hm.\nSo?", "Yes."), ("quoted", "Hm.\nSo?", "> Hm.\n> So?\n\nYes.")],
)
async def test_reasoning_is_shown_as_the_chat_wants_it(reasoning: Reasoning, kept: str, shown: str) -> None:
    asked = await ask(thinks("Hm", ".\nSo?"), reasoning=reasoning)

    assert asked.text == "Yes."
    assert "".join(asked.outcome.reasoning) == kept
    assert asked.reply.text == shown


async def test_each_round_of_reasoning_is_a_paragraph() -> None:
    thinking = ReasoningDelta(text="One.")
    rounds = [[Started(model=MODEL), thinking, *calls("a")[1:]], thinks("Two.")]
    asked = await ask(*rounds, reasoning="quoted", toolbox=Brushes())

    assert "".join(asked.outcome.reasoning) == "One.\n\nTwo."
    assert asked.reply.text == "> One.\n>\n> Two.\n\nYes."


async def test_once_the_answer_has_begun_reasoning_is_only_kept() -> None:
    script = [*thinks("One.")[:-1], ReasoningDelta(text="Two."), TextDelta(text=" Or no."), Finished(reason="stop")]
    asked = await ask(script, reasoning="quoted")

    assert "".join(asked.outcome.reasoning) == "One.Two."
    assert asked.reply.text == "> One.\n\nYes. Or no."


async def test_of_a_try_that_failed_no_reasoning_is_kept() -> None:
    script = [Started(model="acme/other"), ReasoningDelta(text="Lost."), *thinks("Found.")]
    asked = await ask(script, reasoning="quoted")

    assert asked.outcome.reasoning == ["Found."]
    assert asked.reply.text == "> Lost.\n>\n> Found.\n\nYes."


texts = st.lists(st.text(max_size=20), max_size=5)


@given(texts, st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=5))
def test_whatever_is_thought_the_answer_is_untouched(thoughts: list[str], answer: list[str]) -> None:
    said = ["A", *answer]
    script: Script = [Started(model=MODEL), *(ReasoningDelta(text=each) for each in thoughts),
              *(TextDelta(text=each) for each in said), Finished(reason="stop")]  # fmt: skip
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        asked = runner.run(ask(script, reasoning="quoted"))
    quote = ReasoningQuote()
    above = "".join(map(quote.add, thoughts)) + quote.end()

    assert asked.outcome.text == said
    assert asked.reply.text == clean("".join((above, *said)))


# Tools


async def test_a_model_goes_on_with_what_its_tools_told() -> None:
    brushes = Brushes()
    asked = await ask(
        calls("a", "b", text="Let me see."),
        says("Done.", usage=Usage(5, 1)),
        toolbox=brushes,
    )

    assert asked.text == "Let me see.\n\nDone."
    assert [call.id for call in brushes.used] == ["a", "b"]
    first, second = asked.models.requests
    assert first.tools == second.tools == (BRUSH,)
    assert second.messages[: len(first.messages)] == first.messages
    assert second.messages[len(first.messages) :] == (
        PromptMessage("assistant", "Let me see.", calls=tuple(brushes.used)),
        PromptMessage("tool", "done a", call_id="a"),
        PromptMessage("tool", "done b", call_id="b"),
    )
    assert asked.outcome.state == "complete"


async def test_each_round_counts() -> None:
    scripts = [[*calls("a"), UsageSeen(usage=Usage(1, 2))], says("Done.", usage=Usage(10, 20))]
    asked = await ask(*scripts, toolbox=Brushes())

    assert asked.outcome.usage == Usage(11, 22)
    assert asked.text == "Done."


async def test_a_provider_may_call_tools_and_say_stop() -> None:
    assert (await ask(calls("a", reason="stop"), says("Done."), toolbox=Brushes())).text == "Done."


async def test_a_model_that_never_stops_asking_has_to_answer() -> None:
    brushes = Brushes()
    rounds = [calls(str(number)) for number in range(MOST_ROUNDS)]
    asked = await ask(*rounds, says("Enough."), toolbox=brushes)

    assert len(brushes.used) == MOST_ROUNDS
    assert [bool(request.tools) for request in asked.models.requests] == [True] * MOST_ROUNDS + [False]
    assert (asked.text, asked.outcome.state) == ("Enough.", "complete")


async def test_calls_without_a_toolbox_are_left_alone() -> None:
    assert (await ask(calls("a", text="Hm."))).text == "Hm."


async def test_pictures_are_an_answer() -> None:
    outcome = Outcome("")
    asked = await ask(calls("a"), says(), outcome=outcome, toolbox=Brushes(outcome))

    assert asked.text == ""
    assert outcome.said()


async def test_an_answer_that_breaks_off_between_its_tools_is_not_complete() -> None:
    outcome = Outcome("")
    with pytest.raises(ProviderDown):
        await ask(calls("a", text="See:"), [ProviderDown(MODEL)], outcome=outcome, toolbox=Brushes())

    assert outcome.state == "incomplete"
    assert "".join(outcome.text) == "See:\n\n"


def test_a_person_is_told_to_nobody() -> None:
    assert person_hash(ANN.handle) == person_hash(ANN.handle)
    assert ANN.user_id not in person_hash(ANN.handle)
    assert len(person_hash(ANN.handle)) == 32
