"""One question to a model: requests that get shorter, pictures that it cannot see, and tools that it asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from bot.conversation.inquiry import MOST_ROUNDS, Inquiry, Outcome, inquire, person_hash
from bot.conversation.setup import Setup
from bot.domain.conversations import Exchange, Question
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
from bot.domain.media import Picture, PictureRef
from bot.domain.personas import Persona, Sampling
from bot.domain.prompts import ImagePart, PromptMessage, Tool, ToolCall
from bot.domain.usage import Usage
from bot.errors import CannotSee, EmptyAnswer, ModelError, PromptTooLong, ProviderDown
from bot.replies.gate import Gates
from bot.replies.writer import Reply
from tests.fakes.memory import MemoryChannel
from tests.unit.conversation.parts import ANN, CHAT, ScriptedChat

pytestmark = pytest.mark.virtual

MODEL = "acme/large"
SETUP = Setup(Persona("teacher", "You teach."), MODEL, Sampling(temperature=0.5))
OLD, NEW = Picture(b"old", "image/png", 8, 8), Picture(b"new", "image/png", 8, 8)
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

    @property
    def text(self) -> str:
        return "".join(self.outcome.text)


def question(*pictures: PictureRef) -> Question:
    return Question("k", "telegram:42", "Ann", "now?", pictures=pictures)


def about(
    *history: Exchange,
    asked: Question | None = None,
    tokens: int = 100,
    pictures: Sequence[Picture] = (),
    toolbox: Brushes | None = None,
) -> Inquiry:
    at_hand = {each.ref.digest: each for each in pictures}
    return Inquiry(SETUP, asked or question(), ANN, False, history, tokens, at_hand, toolbox)


async def ask(inquiry: Inquiry, *scripts: Script, outcome: Outcome | None = None) -> Asked:
    """Ask, with the error of the model left to the caller; `asked` keeps what came until then."""
    asked = Asked(ScriptedChat(list(scripts)), outcome or Outcome(""), Reply(MemoryChannel(CHAT), Gates(), nonce="n"))
    await inquire(asked.models, len, inquiry, asked.reply, asked.outcome)
    assert asked.models.scripts == []
    assert asked.reply.text == asked.text
    return asked


def past(count: int) -> list[Exchange]:
    """Exchanges of ten tokens."""
    return [Exchange("Ann", f"asked{number}", "said") for number in range(count)]


def shown(message: PromptMessage) -> int:
    return sum(isinstance(part, ImagePart) for part in message.content)


# An answer


async def test_a_question_is_asked_and_answered() -> None:
    asked = await ask(about(*past(1)), [*says("Hel", "lo", usage=Usage(3, 2)), ReasoningDelta(text="hm")])

    (request,) = asked.models.requests
    assert (request.model, request.sampling, request.person) == (MODEL, SETUP.sampling, person_hash(ANN))
    assert [each.content for each in request.messages] == ["You teach.", "asked0", "said", "now?"]
    assert request.tools == ()
    assert (asked.text, asked.outcome.state, asked.outcome.model) == ("Hello", "complete", MODEL)
    assert asked.outcome.usage == Usage(3, 2)


@pytest.mark.parametrize(
    ("reason", "state", "footer"),
    [("length", "incomplete", "length limit"), ("content_filter", "failed", "content filter")],
)
async def test_an_answer_that_was_cut_says_so(reason: FinishReason, state: str, footer: str) -> None:
    asked = await ask(about(), says("Hel", reason=reason))

    assert asked.outcome.state == state
    assert footer in asked.outcome.footer


async def test_an_answer_without_a_word_is_an_error() -> None:
    with pytest.raises(EmptyAnswer):
        await ask(about(), says(" \n"))


# Requests that are too long


async def test_a_request_that_is_too_long_is_made_shorter() -> None:
    too_long = [PromptTooLong(MODEL)]
    asked = await ask(about(*past(10)), too_long, too_long, too_long, says("Short."))

    assert [(len(request.messages) - 2) // 2 for request in asked.models.requests] == [10, 5, 2, 0]
    assert asked.text == "Short."


async def test_a_question_that_is_too_long_itself_is_given_up() -> None:
    models = ScriptedChat([[PromptTooLong(MODEL)]] * 5)
    with pytest.raises(PromptTooLong):
        await inquire(models, len, about(*past(10)), Reply(MemoryChannel(CHAT), Gates(), nonce="n"), Outcome(""))
    assert len(models.requests) == 4

    with pytest.raises(PromptTooLong):
        await ask(about(tokens=0), [PromptTooLong(MODEL)])


async def test_what_was_said_is_not_said_again() -> None:
    with pytest.raises(PromptTooLong):
        await ask(about(*past(3)), [Started(model=MODEL), TextDelta(text="Hel"), PromptTooLong(MODEL)])


# Pictures


async def test_pictures_of_the_history_are_left_out_where_they_cannot_be_seen() -> None:
    seen = Exchange("Ann", "Look!", "Nice.", (OLD.ref,))
    asked = await ask(about(seen, pictures=[OLD], tokens=2000), [CannotSee(MODEL)], says("Yes."))

    first, second = asked.models.requests
    assert [shown(each) for each in first.messages] == [0, 1, 0, 0]
    assert [each.content for each in second.messages] == [
        "You teach.",
        "Look!\n\n(a picture came along, not shown to you now: 8x8)",
        "Nice.",
        "now?",
    ]
    assert asked.text == "Yes."


async def test_a_picture_that_is_asked_about_cannot_be_left_out() -> None:
    with pytest.raises(CannotSee):
        await ask(about(asked=question(NEW.ref), pictures=[NEW, OLD]), [CannotSee(MODEL)])


async def test_a_picture_that_is_gone_keeps_no_answer_away() -> None:
    """A question is asked again whose own picture is not kept any more."""
    seen = Exchange("Ann", "Look!", "Nice.", (OLD.ref,))
    asked = await ask(
        about(seen, asked=question(NEW.ref), pictures=[OLD], tokens=2000), [CannotSee(MODEL)], says("Yes.")
    )

    assert asked.text == "Yes."


async def test_without_any_pictures_it_is_an_error() -> None:
    with pytest.raises(CannotSee):
        await ask(about(), [CannotSee(MODEL)])


async def test_pictures_and_length_are_given_up_together() -> None:
    history = [*past(9), Exchange("Ann", "Look!", "Nice.", (OLD.ref,))]
    scripts: list[Script] = [[PromptTooLong(MODEL)], [CannotSee(MODEL)], [PromptTooLong(MODEL)], says("Yes.")]
    asked = await ask(about(*history, pictures=[OLD], tokens=2200), *scripts)

    assert [sum(map(shown, request.messages)) for request in asked.models.requests] == [1, 1, 0, 0]


# Tools


async def test_a_model_goes_on_with_what_its_tools_told() -> None:
    brushes = Brushes()
    asked = await ask(
        about(toolbox=brushes),
        calls("a", "b", text="Let me see."),
        says("Done.", usage=Usage(5, 1)),
        outcome=Outcome(""),
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
    asked = await ask(about(toolbox=Brushes()), *scripts)

    assert asked.outcome.usage == Usage(11, 22)
    assert asked.text == "Done."


async def test_a_provider_may_call_tools_and_say_stop() -> None:
    assert (await ask(about(toolbox=Brushes()), calls("a", reason="stop"), says("Done."))).text == "Done."


async def test_a_model_that_never_stops_asking_has_to_answer() -> None:
    brushes = Brushes()
    rounds = [calls(str(number)) for number in range(MOST_ROUNDS)]
    asked = await ask(about(toolbox=brushes), *rounds, says("Enough."))

    assert len(brushes.used) == MOST_ROUNDS
    assert [bool(request.tools) for request in asked.models.requests] == [True] * MOST_ROUNDS + [False]
    assert (asked.text, asked.outcome.state) == ("Enough.", "complete")


async def test_calls_without_a_toolbox_are_left_alone() -> None:
    assert (await ask(about(), calls("a", text="Hm."))).text == "Hm."


async def test_pictures_are_an_answer() -> None:
    outcome = Outcome("")
    asked = await ask(about(toolbox=Brushes(outcome)), calls("a"), says(), outcome=outcome)

    assert asked.text == ""
    assert outcome.said()


async def test_an_answer_that_breaks_off_between_its_tools_is_not_complete() -> None:
    outcome = Outcome("")
    with pytest.raises(ProviderDown):
        await ask(about(toolbox=Brushes()), calls("a", text="See:"), [ProviderDown(MODEL)], outcome=outcome)

    assert outcome.state == "incomplete"
    assert "".join(outcome.text) == "See:\n\n"


@pytest.mark.parametrize("error", [PromptTooLong(MODEL), CannotSee(MODEL)])
async def test_what_tools_made_is_not_made_again(error: ModelError) -> None:
    outcome = Outcome("")
    brushes = Brushes(outcome)
    with pytest.raises(type(error)):
        await ask(about(*past(3), pictures=[OLD], toolbox=brushes), calls("a"), [error], outcome=outcome)

    assert len(brushes.used) == 1


def test_a_person_is_told_to_nobody() -> None:
    assert person_hash(ANN) == person_hash(ANN)
    assert ANN.user_id not in person_hash(ANN)
    assert len(person_hash(ANN)) == 32
