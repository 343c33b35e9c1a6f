"""A question with its history: requests that get shorter, windows that are learned, pictures that cannot be seen."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from bot.conversation.estimates import MESSAGE_TOKENS, REPLY_SHARE, Estimates
from bot.conversation.inquirer import Inquirer
from bot.conversation.inquiry import Inquiry, Outcome
from bot.conversation.setup import Setup
from bot.conversation.summary_writer import SummaryWriter
from bot.conversation.summing import Summaries
from bot.conversation.window import BEFORE, MEANWHILE
from bot.domain.conversations import Answer, Exchange, History, Question
from bot.domain.events import Finished, ReplyEvent, Started, TextDelta, ToolCalled, UsageSeen
from bot.domain.media import Picture, PictureRef
from bot.domain.messages import Heard
from bot.domain.personas import Persona, Sampling
from bot.domain.prompts import ChatRequest, ImagePart, PromptMessage, Tool, ToolCall
from bot.domain.usage import Account, Usage
from bot.errors import CannotSee, ModelError, PromptTooLong
from bot.replies.gate import Gates
from bot.replies.writer import Reply
from tests.fakes.memory import MemoryChannel
from tests.fakes.memory_history import MemoryConversations
from tests.unit.conversation.parts import ANN, CHAT, ScriptedChat
from tests.unit.conversation.summarist import Summarist

pytestmark = pytest.mark.virtual

MODEL = "acme/large"
ACCOUNT = Account(ANN.handle, CHAT.key)
SETUP = Setup(Persona("teacher", "You teach."), MODEL, Sampling())
OLD, NEW = Picture(b"old", "image/png", 8, 8), Picture(b"new", "image/png", 8, 8)
Script = Sequence[ReplyEvent | ModelError | float]

YES: Script = [Started(model=MODEL), TextDelta(text="Yes."), Finished(reason="stop")]


@dataclass
class Desk:
    """A model, and a conversation of which the turns have 20 tokens each."""

    tokens: int = 1000
    models: ScriptedChat = field(default_factory=lambda: ScriptedChat([]))
    conversations: MemoryConversations = field(default_factory=MemoryConversations)
    estimates: Estimates = field(default_factory=lambda: Estimates(len))
    outcome: Outcome = field(default_factory=lambda: Outcome(""))

    def __post_init__(self) -> None:
        self.summaries = Summaries(self.conversations, None)

    @property
    def inquirer(self) -> Inquirer:
        return Inquirer(
            self.conversations,
            self.models,
            self.estimates,
            self.summaries,
            budget=lambda model: self.tokens,
            most_history=self.tokens,
        )

    async def ask(self, inquiry: Inquiry, *scripts: Script) -> None:
        self.models.scripts += scripts
        reply = Reply(MemoryChannel(CHAT), Gates(), nonce="n")
        await self.inquirer.inquire(inquiry, reply, self.outcome)
        assert self.models.scripts == []

    @property
    def turns(self) -> list[int]:
        """How many turns of history each request held."""
        return [(len(request.messages) - 2) // 2 for request in self.models.requests]


def history(count: int, summary: str = "") -> History:
    return History(tuple(Exchange("Ann", f"ask{n:05}", "said", end=n + 1) for n in range(count)), summary)


def about(
    past: History = History(),  # noqa: B008  # a frozen value
    *pictures: Picture,
    shown: Sequence[PictureRef] = (),
    passing: bool = False,
    context: tuple[Heard, ...] = (),
) -> Inquiry:
    question = Question("k", ANN.handle, "Ann", "now?", pictures=tuple(shown))
    at_hand = {each.ref.digest: each for each in pictures}
    return Inquiry(SETUP, question, ACCOUNT, history=past, pictures=at_hand, context=context, passing=passing)


def shown(message: PromptMessage) -> int:
    return sum(isinstance(part, ImagePart) for part in message.content)


# What goes along


async def test_the_history_goes_along_with_its_summary() -> None:
    desk = Desk()
    await desk.ask(about(history(1, "Ann likes tea."), context=(Heard("Ben", "Hi."),)), YES)

    (request,) = desk.models.requests
    assert [each.content for each in request.messages] == [
        "You teach.",
        f"{BEFORE}\n> Ann likes tea.\n\nask00000",
        "said",
        f"{MEANWHILE}\n> Ben: Hi.\n\nnow?",
    ]
    assert desk.conversations.summaries == {}


async def test_what_does_not_fit_falls_out_for_good() -> None:
    desk = Desk(tokens=200)
    await desk.ask(about(history(11, "Ann likes tea.")), YES)

    assert desk.turns == [3]
    assert desk.conversations.summaries == {8: "Ann likes tea."}


async def test_an_answer_beside_the_others_cuts_nothing() -> None:
    desk = Desk(tokens=200)
    await desk.ask(about(history(11), passing=True), YES)

    assert desk.turns == [5]
    assert desk.conversations.summaries == {}


async def test_without_a_budget_nothing_goes_along_and_nothing_is_cut() -> None:
    desk = Desk(tokens=0)
    await desk.ask(about(history(3, "Ann likes tea.")), YES)

    assert [each.content for each in desk.models.requests[0].messages] == ["You teach.", "now?"]
    assert desk.conversations.summaries == {}


async def test_the_history_is_read_from_the_store() -> None:
    desk = Desk()
    conversation = await desk.conversations.start_new(CHAT.key)
    for number in range(2):
        turn = await desk.conversations.add_question(conversation, Question(str(number), ANN.handle, "Ann", "ask"))
        assert turn is not None
        await desk.conversations.add_answer(turn, Answer("said", "complete", MODEL, "teacher"))

    assert turn is not None
    assert [each.question for each in (await desk.inquirer.history(turn)).exchanges] == ["ask"]


async def test_the_provider_teaches_the_estimates() -> None:
    desk = Desk()
    for _ in range(30):
        await desk.ask(about(history(20)), [*YES[:-1], UsageSeen(usage=Usage(900, 1)), YES[-1]])

    assert desk.estimates.request(desk.models.requests[-1]) == pytest.approx(900, rel=0.05)


# Requests that are too long


async def test_a_request_that_is_too_long_is_made_shorter_once() -> None:
    desk = Desk()
    await desk.ask(about(history(20)), [PromptTooLong(MODEL)], YES)

    assert desk.turns == [20, 5]
    assert desk.conversations.summaries == {15: ""}
    assert "".join(desk.outcome.text) == "Yes."


async def test_it_is_made_as_short_as_the_provider_says() -> None:
    """240 characters of history are said to be 700 tokens; 3 of 4 of the window are for the prompt."""
    desk = Desk()
    await desk.ask(about(history(20)), [PromptTooLong(MODEL, "", 700, 400)], YES)

    estimate, limit = desk.estimates, int(400 * (1 - REPLY_SHARE))
    first, second = desk.models.requests
    assert estimate.request(first) == pytest.approx(700, abs=45), "each text is rounded up"
    assert limit / 4 < estimate.request(second) <= limit
    assert desk.conversations.summaries == {20 - desk.turns[1]: ""}


async def test_what_a_request_has_beside_its_history_stays_as_long_as_it_is() -> None:
    """Of 1,000 tokens 540 are history; with the others there is room for 210 in three quarters of 900."""
    desk = Desk()
    question = Question("k", ANN.handle, "Ann", "x" * 446)
    inquiry = Inquiry(SETUP, question, ACCOUNT, history=history(27))
    await desk.ask(inquiry, [PromptTooLong(MODEL, "", 1004, 900)], YES)

    first, second = desk.models.requests
    assert desk.estimates.request(first) == pytest.approx(1004, abs=1)
    assert desk.estimates.request(second) <= 900 * (1 - REPLY_SHARE)
    assert desk.turns == [27, 5]


async def test_each_turn_falls_out_once() -> None:
    """Cut by the budget first, then by the provider."""
    desk, summarist = Desk(tokens=400), Summarist()
    desk.summaries = Summaries(desk.conversations, SummaryWriter(summarist, desk.estimates))
    await desk.ask(about(history(21)), [PromptTooLong(MODEL)], YES)
    for _ in range(3):
        summarist.free.set()
        await asyncio.sleep(0.01)

    assert desk.turns == [10, 2]
    first, second = [summarist.told(number) for number in range(2)]
    assert "ask00010" in first
    assert "ask00010" not in second
    assert "ask00018" in second
    assert desk.conversations.summaries == {11: "sum 1", 19: "sum 2"}


async def test_what_was_learned_holds_for_the_next_question() -> None:
    desk = Desk()
    await desk.ask(about(history(20)), [PromptTooLong(MODEL, "", 700, 400)], YES)
    desk.outcome = Outcome("")
    await desk.ask(about(history(20)), YES)

    assert desk.estimates.request(desk.models.requests[-1]) <= 400 * (1 - REPLY_SHARE)
    assert 0 < desk.turns[2] <= desk.turns[1]


async def test_a_long_question_leaves_less_room() -> None:
    desk = Desk()
    refused = ChatRequest(MODEL, (PromptMessage("user", "x" * 496),))
    desk.estimates.refused(refused, PromptTooLong(MODEL, "", 500, 400))
    for size in (4, 200, 280, 1000):
        inquiry = Inquiry(SETUP, Question("k", ANN.handle, "Ann", "x" * size), ACCOUNT, history=history(10))
        await desk.ask(inquiry, YES)

    assert desk.turns == sorted(desk.turns, reverse=True)
    assert desk.turns[-1] == 0
    for request in desk.models.requests[:-1]:
        assert desk.estimates.request(request) <= 300
    assert 10 not in desk.conversations.summaries, "a question that fills the window alone cuts nothing"


async def test_too_long_again_is_an_error() -> None:
    desk = Desk()
    with pytest.raises(PromptTooLong):
        await desk.ask(about(history(20)), [PromptTooLong(MODEL)], [PromptTooLong(MODEL)])
    assert desk.turns == [20, 5]


@pytest.mark.parametrize("tokens", [0, 1000])
async def test_a_question_that_is_too_long_itself_is_an_error(tokens: int) -> None:
    desk = Desk(tokens)
    with pytest.raises(PromptTooLong):
        await desk.ask(about(history(3) if tokens == 0 else History()), [PromptTooLong(MODEL, "", 9000, 8000)])


async def test_what_was_said_is_not_said_again() -> None:
    with pytest.raises(PromptTooLong):
        await Desk().ask(about(history(3)), [Started(model=MODEL), TextDelta(text="Hel"), PromptTooLong(MODEL)])


@dataclass
class Brush:
    """Makes a picture."""

    outcome: Outcome
    used: int = 0

    @property
    def tools(self) -> tuple[Tool, ...]:
        return (Tool("brush", "Paints.", {"type": "object"}),)

    async def use(self, call: ToolCall) -> str:
        self.used += 1
        self.outcome.pictures.append(NEW.ref)
        return "done"


@pytest.mark.parametrize("error", [PromptTooLong(MODEL), CannotSee(MODEL)])
async def test_what_tools_made_is_not_made_again(error: ModelError) -> None:
    desk = Desk()
    brush = Brush(desk.outcome)
    called: Script = [
        Started(model=MODEL),
        ToolCalled(call=ToolCall("a", "brush", "{}")),
        Finished(reason="tool_calls"),
    ]
    with pytest.raises(type(error)):
        await desk.ask(replace(about(history(3), OLD), toolbox=brush), called, [error])

    assert brush.used == 1


# Pictures


def pictured(count: int) -> History:
    return History((*history(count).exchanges, Exchange("Ann", "Look!", "Nice.", (OLD.ref,), end=count + 1)))


async def test_pictures_of_the_history_are_left_out_where_they_cannot_be_seen() -> None:
    desk = Desk(tokens=2000)
    await desk.ask(about(pictured(0), OLD), [CannotSee(MODEL)], YES)

    first, second = desk.models.requests
    assert [shown(each) for each in first.messages] == [0, 1, 0, 0]
    assert [each.content for each in second.messages] == [
        "You teach.",
        "Look!\n\n(a picture came along, not shown to you now: 8x8)",
        "Nice.",
        "now?",
    ]
    assert "".join(desk.outcome.text) == "Yes."


async def test_a_picture_that_is_asked_about_cannot_be_left_out() -> None:
    with pytest.raises(CannotSee):
        await Desk().ask(about(History(), NEW, OLD, shown=[NEW.ref]), [CannotSee(MODEL)])


async def test_a_picture_that_is_gone_keeps_no_answer_away() -> None:
    """A question is asked again whose own picture is not kept any more."""
    desk = Desk(tokens=2000)
    await desk.ask(about(pictured(0), OLD, shown=[NEW.ref]), [CannotSee(MODEL)], YES)
    assert "".join(desk.outcome.text) == "Yes."


async def test_without_any_pictures_it_is_an_error() -> None:
    with pytest.raises(CannotSee):
        await Desk().ask(about(), [CannotSee(MODEL)])


async def test_pictures_and_length_are_given_up_together() -> None:
    desk = Desk(tokens=2200)
    await desk.ask(about(pictured(50), OLD), [CannotSee(MODEL)], [PromptTooLong(MODEL)], YES)

    assert [sum(map(shown, request.messages)) for request in desk.models.requests] == [1, 0, 0]
    assert desk.turns[1] == 51
    assert desk.turns[2] <= 51 // 2


def test_the_sizes_that_these_tests_speak_of() -> None:
    (past,) = history(1).exchanges
    assert len(past.question) + len(past.answer or "") + 2 * MESSAGE_TOKENS == 20
