"""What falls out of the window: when it is summed up, what stands for it meanwhile, and what becomes of it."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation.estimates import Estimates
from bot.conversation.summary_writer import LONGEST, SummaryWriter, longest
from bot.conversation.summing import Summaries
from bot.conversation.window import Window
from bot.domain.conversations import Answer, Exchange, History, Question
from bot.domain.events import Finished, ReplyEvent, TextDelta
from bot.domain.media import PictureRef
from bot.domain.prompts import ChatRequest
from bot.domain.usage import Account
from bot.errors import ProviderDown, StorageError
from tests.fakes.loops import VirtualLoop
from tests.fakes.memory_history import MemoryConversations
from tests.unit.conversation.summarist import MODEL, Summarist

pytestmark = pytest.mark.virtual

ACCOUNT = Account("telegram:42", "telegram:1:100")
TOKENS = 1000
EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "100"))


@dataclass
class Chat:
    """A conversation whose turns have 100 tokens each: ten are a window."""

    model: Summarist = field(default_factory=Summarist)
    store: MemoryConversations = field(default_factory=MemoryConversations)
    on: bool = True
    conversation: int = -1
    asked: int = 0

    def __post_init__(self) -> None:
        writer = SummaryWriter(self.model, Estimates(len)) if self.on else None
        self.summaries = Summaries(self.store, writer)
        self.window = Window(len, TOKENS, group=False)

    async def turn(self, size: int = 92, said: str = "") -> History:
        """Ask and answer; returns what the model was sent."""
        if self.conversation < 0:
            self.conversation = await self.store.start_new("c")
        self.asked += 1
        question = said or f"turn {self.asked} "
        turn = await self.store.add_question(self.conversation, Question(f"k{self.asked}", "a", "Ann", question))
        assert turn is not None
        history = await self.store.before(turn, 1_000_000)
        fitted = await self.summaries.fit(self.window, history, MODEL, ACCOUNT)
        answer = "a" * (size - len(question))
        await self.store.add_answer(turn, Answer(answer, "complete", MODEL, "teacher"))
        self.summaries.ahead(self.window, fitted, self.window.turn(question, answer), MODEL, ACCOUNT)
        await asyncio.sleep(0.01)
        return fitted

    async def turns(self, count: int) -> History:
        for _ in range(count):
            history = await self.turn()
        return history

    async def let_go(self) -> None:
        self.model.free.set()
        await asyncio.sleep(0.01)
        self.model.free.clear()

    @property
    def recorded(self) -> list[str]:
        return list(self.store.summaries.values())


def numbers(history: History) -> list[int]:
    return [int(each.question.split()[1]) for each in history.exchanges]


async def test_a_summary_is_begun_ahead_and_taken_when_the_window_is_full() -> None:
    chat = Chat()
    await chat.turns(7)
    assert chat.model.requests == []
    await chat.turn()
    assert len(chat.model.requests) == 1
    await chat.let_go()
    assert numbers(await chat.turns(3)) == list(range(1, 11)), "as long as all fits, all goes along"
    assert chat.recorded == []

    cut = await chat.turn()
    assert (cut.summary, numbers(cut)) == ("sum 1", list(range(7, 12)))
    assert chat.recorded == ["sum 1"]
    assert len(chat.model.requests) == 1
    later = await chat.turn()
    assert (later.summary, numbers(later)) == ("sum 1", list(range(7, 13)))


async def test_a_summary_that_comes_late_takes_its_place() -> None:
    chat = Chat()
    await chat.turns(11)
    cut = await chat.turn()
    assert (cut.summary, numbers(cut)) == ("", list(range(7, 12)))
    assert chat.recorded == [""]

    await chat.let_go()
    assert chat.recorded == ["sum 1"]
    later = await chat.turn()
    assert (later.summary, numbers(later)) == ("sum 1", list(range(7, 13)))
    assert len(chat.model.requests) == 1


async def test_nobody_waits_and_nothing_is_lost_however_late_it_comes() -> None:
    chat = Chat()
    await chat.turns(30)
    assert len(chat.model.requests) == 1, "one job for a conversation"
    for _ in range(10):
        await chat.let_go()

    *older, newest = chat.recorded
    assert older[0] == "sum 1"
    assert newest == f"sum {len(chat.model.requests)}"
    told = [chat.model.told(number) for number in range(len(chat.model.requests))]
    assert "(none)" in told[0]
    assert all(f"Notes so far:\nsum {number}\n" in each for number, each in enumerate(told) if number)
    history = await chat.turn()
    assert history.summary == newest
    summed = [number for number in range(1, 32) if any(f"turn {number} " in each for each in told)]
    assert summed + numbers(history) == list(range(1, 31)), "every turn is in a summary or in the window"


async def test_a_long_message_cuts_more_than_was_summed_up() -> None:
    """The rest is summed up behind what is there already."""
    chat = Chat()
    await chat.turns(8)
    await chat.let_go()
    await chat.turn(size=892)
    cut = await chat.turn()

    assert (cut.summary, numbers(cut)) == ("sum 1", [9])
    assert "Notes so far:\nsum 1\n" in chat.model.told()
    assert "turn 6 " not in chat.model.told(), "that is in the text before"
    assert "turn 7 " in chat.model.told()
    await chat.let_go()
    assert chat.recorded == ["sum 2"]


async def test_a_branch_that_left_what_was_summed_up_does_not_get_it() -> None:
    chat = Chat()
    await chat.turns(8)
    await chat.let_go()
    first = chat.store.rows[1]
    assert isinstance(first.said, Question)
    await chat.store.choose(2, leaf=False)
    await chat.turns(10)
    cut = await chat.turn()

    assert 8 not in numbers(cut)
    assert cut.summary == ""
    await chat.let_go()
    assert "turn 2 " not in chat.model.told()


async def test_what_is_being_summed_up_for_another_branch_is_given_up() -> None:
    chat = Chat()
    await chat.turns(8)
    await chat.store.choose(2, leaf=False)
    cut = await chat.turns(11)

    assert (numbers(cut), cut.summary) == (list(range(14, 19)), "")
    assert len(asyncio.all_tasks()) == 2, "the job of the other branch has ended"
    await chat.let_go()
    assert chat.recorded == ["sum 2"]
    assert "turn 2 " not in chat.model.told()
    assert "turn 13 " in chat.model.told()


async def test_what_is_forgotten_does_not_come_back() -> None:
    chat = Chat()
    await chat.turns(8)
    await chat.let_go()
    await chat.store.drop(1)
    await chat.turns(5)
    await chat.let_go()

    assert "sum 1" not in chat.recorded
    assert "turn 1 " not in chat.model.told()


async def test_forgetting_ends_what_is_on_its_way() -> None:
    chat = Chat()
    await chat.turns(12)
    await chat.summaries.forget()
    await chat.let_go()
    assert chat.recorded == [""]

    ready = Chat()
    await ready.turns(8)
    await ready.let_go()
    await ready.summaries.forget()
    assert (await ready.turns(4)).summary == ""


async def test_without_summaries_blocks_fall_out_all_the_same() -> None:
    chat = Chat(on=False)
    assert numbers(await chat.turns(12)) == list(range(7, 12))
    assert numbers(await chat.turns(1)) == list(range(7, 13))
    assert (chat.recorded, chat.model.requests) == ([""], [])


@pytest.mark.parametrize("tokens", [100, 199])
async def test_where_there_is_no_room_for_a_summary_none_is_written(tokens: int) -> None:
    chat = Chat()
    chat.window = replace(chat.window, tokens=tokens)
    await chat.turns(5)
    assert chat.model.requests == []
    assert chat.recorded


async def test_a_model_that_fails_is_asked_again_at_the_cut_alone() -> None:
    chat = Chat()
    chat.model.errors = [ProviderDown(MODEL), ProviderDown(MODEL)]
    await chat.turns(8)
    await chat.let_go()
    await chat.turns(3)
    assert len(chat.model.requests) == 1
    await chat.turn()
    assert len(chat.model.requests) == 2
    await chat.let_go()
    assert chat.recorded == [""]
    await chat.turn()
    assert len(chat.model.requests) == 2


async def test_what_a_filter_withheld_is_no_summary() -> None:
    chat = Chat()
    chat.model.reason = "content_filter"
    await chat.turns(12)
    await chat.let_go()
    assert chat.recorded == [""]


async def test_a_failing_database_is_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(MemoryConversations):
        async def summarise(self, end: int, text: str) -> None:
            raise StorageError("on purpose")

    chat = Chat(store=Broken())
    with caplog.at_level(logging.WARNING):
        cut = await chat.turns(12)
    assert len(cut.exchanges) == 5
    assert "on purpose" in caplog.text
    await chat.summaries.close()


async def test_closing_ends_what_is_on_its_way() -> None:
    chat = Chat()
    await chat.turns(12)
    assert len(asyncio.all_tasks()) == 2
    await chat.summaries.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert chat.recorded == [""]


# What the model is asked


async def written(exchanges: Sequence[Exchange], tokens: int = TOKENS, former: str = "") -> tuple[str, ChatRequest]:
    model = Summarist()
    model.free.set()
    window = Window(len, tokens, group=True)
    text = await SummaryWriter(model, Estimates(len)).write(former, exchanges, window, MODEL, ACCOUNT)
    return text, model.requests[0]


async def test_who_said_what_is_told() -> None:
    ref = PictureRef("d", 8, 8)
    turns = [
        Exchange("Ann", "Hi", "Hello"),
        Exchange("Ben", "Look", "Nice", (ref,), (ref,)),
        Exchange("Cleo", "Lost", None),
    ]
    text, request = await written(turns, former="Ann likes tea.")

    assert text == "sum 1"
    assert (request.model, request.account, request.work) == (MODEL, ACCOUNT, "summary")
    assert request.messages[1].content == (
        "Notes so far:\nAnn likes tea.\n\nMessages:\n"
        "Ann: Hi\nAssistant: Hello\n"
        "Ben (with a picture): Look\nAssistant (with a picture that it made): Nice\n"
        "Cleo: Lost"
    )
    assert "at most 187 words" in str(request.messages[0].content)


@pytest.mark.parametrize("tokens", [200, 1000, 5000])
async def test_a_window_full_is_read_the_newest(tokens: int) -> None:
    turns = [Exchange("Ann", f"turn {number} ", "x" * 90, end=number) for number in range(100)]
    _, request = await written(turns, tokens)

    told = str(request.messages[1].content)
    assert "turn 99 " in told
    assert "turn 1 " not in told
    assert tokens // 2 < len(told) <= tokens + 100


async def test_one_endless_message_is_cut() -> None:
    _, request = await written([Exchange("Ann", "x" * 10_000, "y")])
    assert len(str(request.messages[1].content)) <= TOKENS + 100


@pytest.mark.parametrize(("tokens", "room"), [(0, 0), (400, 100), (1600, LONGEST), (100_000, LONGEST)])
async def test_a_summary_is_bounded(tokens: int, room: int) -> None:
    assert longest(tokens) == room

    class Endless(Summarist):
        async def stream(self, request: ChatRequest) -> AsyncGenerator[ReplyEvent, None]:
            yield TextDelta(text="word " * 1000)
            yield Finished(reason="length")

    writer = SummaryWriter(Endless(), Estimates(len))
    text = await writer.write("", [Exchange("Ann", "Hi", "Hello")], Window(len, tokens, True), MODEL, ACCOUNT)
    assert len(text) <= room


# Whatever happens


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(10, 1200), st.booleans(), st.integers(0, 9)),
        max_size=40,
    )
)
def test_whatever_happens_a_window_begins_where_a_cut_was_recorded(steps: list[tuple[int, bool, int]]) -> None:
    """Sizes of turns, whether the model gets on, and what else happens: now and then it fails, people leave for an
    older branch, or what was said first is dropped."""

    async def scenario() -> None:
        chat = Chat()
        before = History()
        for size, lets_go, happens in steps:
            if happens == 0:
                chat.model.errors.append(ProviderDown(MODEL))
            elif happens == 1 and chat.asked > 1:
                await chat.store.choose(max(row.id for row in chat.store.rows.values()) - 2, leaf=False)
                before = History()
            history = await chat.turn(size)
            assert chat.window.used(history) <= TOKENS
            assert chat.window.start(history) == 0
            same = min(len(before.exchanges), len(history.exchanges))
            if history.summary == before.summary and history.exchanges[:same] != before.exchanges[:same]:
                newest = {each.end for each in history.exchanges}
                gone = [each.end for each in before.exchanges if each.end not in newest]
                assert gone[-1] in chat.store.summaries, "what falls out is recorded"
            before = history
            if lets_go:
                await chat.let_go()
            if all(size <= 900 for size, *_ in steps):
                assert len(chat.summaries._jobs) <= 2, "one for each branch that is in use"
        await chat.summaries.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(scenario())
