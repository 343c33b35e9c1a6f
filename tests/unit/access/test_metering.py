"""Calls on somebody's account: what is entered, and that budgets hold whatever happens."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.access.budgeting import Budgeting
from bot.access.metering import Estimate, Metered
from bot.access.prices import load_prices
from bot.domain.events import Finished, ReasoningDelta, ReplyEvent, Started, TextDelta, ToolCalled, UsageSeen
from bot.domain.media import (
    ImageEvent,
    ImageRequest,
    Painted,
    Sketched,
    Sound,
    SpeechRequest,
    TranscriptionRequest,
)
from bot.domain.moderation import ModerationRequest, Verdict
from bot.domain.personas import Sampling
from bot.domain.prompts import ChatRequest, ModelInfo, PromptMessage, ToolCall
from bot.domain.usage import Account, Budget, Spending, Usage
from bot.errors import BrokenStream, ModelError, OverBudget, ProviderDown, StorageError
from bot.ports import Ledger
from tests.fakes.loops import VirtualLoop
from tests.fakes.memory_accounts import MemoryBudgets, MemoryLedger
from tests.unit.access.books import ADMIN, ANN, Calendar, dollars, tokens

PRICES = {
    "p/*": {"input": 1000.0, "output": 2000.0, "image": 1.0, "minute": 6.0, "characters": 1e6},
    "free/*": {"input": 0.0, "output": 0.0},
}
ESTIMATE = Estimate(
    prompt=lambda request: sum(len(str(message.content)) for message in request.messages),
    text=lambda _, text: len(text),
    most=lambda _: 50,
)
SOUND = Sound(b"OggS", "voice.ogg", "audio/ogg", 30.0)
T = TypeVar("T")


@dataclass(slots=True)
class Scripted:
    """Models that do what is prepared for them, one step after the other; errors are raised where they stand."""

    events: Sequence[ReplyEvent | ImageEvent | ModelError] = ()
    closed: int = 0
    error: ModelError | None = None
    requests: list[object] = field(default_factory=list)

    def knows(self, model: str) -> bool:
        return model.startswith("p/")

    async def models(self) -> Sequence[ModelInfo]:
        return [ModelInfo("p/m")]

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ReplyEvent, None]:
        async with aclosing(self._play(request)) as events:
            async for event in events:
                yield event

    async def paint(self, request: ImageRequest) -> AsyncGenerator[ImageEvent, None]:
        async with aclosing(self._play(request)) as events:
            async for event in events:
                yield event

    async def transcribe(self, request: TranscriptionRequest) -> str:
        return self._answer(request, "Hello.")

    async def speak(self, request: SpeechRequest) -> Sound:
        return self._answer(request, SOUND)

    async def moderate(self, request: ModerationRequest) -> Verdict:
        return self._answer(request, Verdict(flagged=False))

    def _answer(self, request: object, answer: T) -> T:
        self.requests.append(request)
        if self.error is not None:
            raise self.error
        return answer

    async def _play(self, request: object) -> AsyncGenerator[Any, None]:
        self.requests.append(request)
        try:
            for event in self.events:
                await asyncio.sleep(0)
                if isinstance(event, ModelError):
                    raise event
                yield event
        finally:
            self.closed += 1


def question(account: Account | None = ANN, text: str = "x" * 10, **fields: Any) -> ChatRequest:
    return ChatRequest("p/m", (PromptMessage("user", text),), account=account, **fields)


def answer(*said: str, usage: Usage | None = None, model: str = "p/m", cost: int | None = None) -> list[ReplyEvent]:
    counted = [] if usage is None else [UsageSeen(usage, cost)]
    return [Started(model), *map(TextDelta, said), *counted, Finished("stop")]


@asynccontextmanager
async def metered(
    models: Scripted, *budgets: Budget, ledger: Ledger | None = None
) -> AsyncIterator[tuple[Metered, MemoryLedger, Budgeting]]:
    kept = ledger or MemoryLedger()
    budgeting = Budgeting(kept, MemoryBudgets(), budgets)
    async with Metered(models, load_prices(PRICES), budgeting, ESTIMATE) as made:
        assert isinstance(kept, MemoryLedger)
        yield made, kept, budgeting


async def read(models: Metered, request: ChatRequest, most: int | None = None) -> list[ReplyEvent]:
    """The events of an answer, or the first of them."""
    found = []
    async with aclosing(models.stream(request)) as events:
        async for event in events:
            found.append(event)
            if len(found) == most:
                break
    return found


async def reserved(budgets: Budgeting, account: Account = ANN) -> int:
    return sum(reserved for _, _, reserved in await budgets.remaining(account))


def short(calls: Sequence[Spending]) -> list[tuple[str, str, int, int, int | None]]:
    return [
        (call.work, call.model, call.usage.prompt_tokens, call.usage.completion_tokens, call.cost) for call in calls
    ]


# Chats


async def test_what_the_provider_counted_is_entered(calendar: Calendar) -> None:
    usage = Usage(100, 20, 10, 5)
    script = answer("Hel", "lo.", usage=usage)
    async with metered(Scripted(script), tokens("everyone", 1000)) as (models, ledger, budgets):
        cost = 100 * 1_000_000 + 20 * 2_000_000
        assert await read(models, question(work="summary")) == answer("Hel", "lo.", usage=usage, cost=cost)
        assert ledger.calls == [Spending(calendar.now, ANN, "summary", "p/m", usage, cost=cost)]
        assert await budgets.remaining(ANN) == [(tokens("everyone", 1000), 120, 0)]


async def test_each_call_of_a_conversation_is_a_row() -> None:
    call: list[ReplyEvent] = [
        Started("p/m"),
        ToolCalled(ToolCall("1", "draw", "{}")),
        UsageSeen(Usage(10, 5)),
        Finished("tool_calls"),
    ]
    async with metered(Scripted(call)) as (models, ledger, _):
        await read(models, question())
        await read(models, question())
        assert short(ledger.calls) == [("chat", "p/m", 10, 5, 20_000_000)] * 2


async def test_the_model_that_answered_is_entered() -> None:
    async with metered(Scripted(answer("Hi.", usage=Usage(1, 1), model="free/n"))) as (models, ledger, _):
        await read(models, question())
        assert short(ledger.calls) == [("chat", "free/n", 1, 1, 0)]


async def test_tries_that_used_something_are_rows_of_their_own() -> None:
    tries: list[ReplyEvent] = [
        Started("p/m"),
        ReasoningDelta("hm"),
        UsageSeen(Usage(10, 5)),
        Started("p/m"),
        Started("q/n"),
        *answer("Hi.", usage=Usage(12, 3), model="free/n"),
    ]
    async with metered(Scripted(tries)) as (models, ledger, _):
        await read(models, question())
        assert short(ledger.calls) == [("chat", "p/m", 10, 5, 20_000_000), ("chat", "free/n", 12, 3, 0)]


@pytest.mark.parametrize(("model", "cost"), [("p/m", None), ("free/n", 0), ("q/n", None)])
async def test_what_nobody_counted_is_estimated_and_has_no_cost(model: str, cost: int | None) -> None:
    async with metered(Scripted(answer("Hel", "lo.", model=model)), tokens("everyone", 1000)) as (
        models,
        ledger,
        budgets,
    ):
        await read(models, question())
        assert short(ledger.calls) == [("chat", model, 10, 6, cost)]
        assert [spent for _, spent, _ in await budgets.remaining(ANN)] == [16]


async def test_a_budget_counts_what_an_answer_that_nobody_counted_probably_cost() -> None:
    models_ = Scripted(answer("Hel", "lo.", usage=Usage(100, 20)))
    async with metered(models_, dollars("everyone", 16_000_000)) as (models, ledger, budgets):
        await read(models, question(), most=2)
        assert [spent for _, spent, _ in await budgets.remaining(ANN)] == [10 * 1_000_000 + 3 * 2_000_000]
        assert [call.cost for call in ledger.calls] == [None]
        with pytest.raises(OverBudget):
            await read(models, question())


async def test_a_stopped_answer_is_entered_with_what_was_seen() -> None:
    models_ = Scripted(answer("Hel", "lo.", usage=Usage(100, 20)))
    async with metered(models_, tokens("everyone", 1000)) as (models, ledger, budgets):
        await read(models, question(), most=2)
        assert short(ledger.calls) == [("chat", "p/m", 10, 3, None)]
        assert await reserved(budgets) == 0
    assert models_.closed == 1


async def test_a_broken_answer_is_entered_with_what_was_seen() -> None:
    script: list[ReplyEvent | ModelError] = [Started("p/m"), TextDelta("Hel"), BrokenStream("p/m")]
    async with metered(Scripted(script), tokens("everyone", 1000)) as (models, ledger, budgets):
        with pytest.raises(BrokenStream):
            await read(models, question())
        assert short(ledger.calls) == [("chat", "p/m", 10, 3, None)]
        assert await reserved(budgets) == 0


async def test_a_call_that_never_began_is_not_entered() -> None:
    async with metered(Scripted([ProviderDown("p/m")]), tokens("everyone", 1000)) as (models, ledger, budgets):
        with pytest.raises(ProviderDown):
            await read(models, question())
        assert ledger.calls == []
        assert await reserved(budgets) == 0


async def test_what_is_on_nobodys_account_is_not_entered() -> None:
    async with metered(Scripted(answer("Hi.", usage=Usage(1, 1))), tokens("total", 0)) as (models, ledger, _):
        assert len(await read(models, question(account=None))) == 4
        assert ledger.calls == []
        assert models.knows("p/x")
        assert not models.knows("q/x")
        assert await models.models() == [ModelInfo("p/m")]


@pytest.mark.parametrize(("sampling", "expected"), [(Sampling(), 10 + 50), (Sampling(max_tokens=7), 10 + 7)])
async def test_the_most_that_an_answer_may_use_is_reserved(sampling: Sampling, expected: int) -> None:
    script = answer("Hi.", usage=Usage(1, 1))
    async with metered(Scripted(script), tokens("everyone", 1000), dollars("everyone", 10**12)) as (models, _, budgets):
        async with aclosing(models.stream(question(sampling=sampling))) as events:
            await anext(events)
            in_tokens, in_dollars = (reserved for _, _, reserved in await budgets.remaining(ANN))
            assert in_tokens == expected
            assert in_dollars == 10 * 1_000_000 + (expected - 10) * 2_000_000
        assert await reserved(budgets) == 0


async def test_a_used_up_budget() -> None:
    models_ = Scripted(answer("Hi.", usage=Usage(90, 10)))
    async with metered(models_, tokens("everyone", 100)) as (models, ledger, _):
        await read(models, question())
        for refused in (
            read(models, question()),
            models.transcribe(TranscriptionRequest("p/hear", SOUND, account=ANN)),
            models.speak(SpeechRequest("p/speak", "Hi.", account=ANN)),
        ):
            with pytest.raises(OverBudget):
                await refused
        with pytest.raises(OverBudget):
            await anext(models.paint(ImageRequest("p/paint", "a cat", account=ANN)))
        assert len(models_.requests) == len(ledger.calls) == 1
        assert not (await models.moderate(ModerationRequest("p/judge", "Hi.", ANN))).flagged
        await read(models, question(ADMIN))


# The others


async def test_pictures() -> None:
    script: list[ImageEvent] = [Sketched(b"1"), Painted(b"2"), Painted(b"3"), Painted(b"4")]
    async with metered(Scripted(script), dollars("everyone", 10**12)) as (models, ledger, budgets):
        async with aclosing(models.paint(ImageRequest("p/paint", "a cat", count=3, account=ANN))) as events:
            await anext(events)
            assert await reserved(budgets) == 3 * 10**9
            async for _ in events:
                pass
        async with aclosing(models.paint(ImageRequest("p/paint", "a cat", count=3, account=ANN))) as events:
            async for event in events:
                if isinstance(event, Painted):
                    break
        async with aclosing(models.paint(ImageRequest("p/paint", "a cat", account=ANN))) as events:
            await anext(events)
        async with aclosing(models.paint(ImageRequest("p/paint", "a cat"))) as events:
            assert [event async for event in events] == script
        assert [(call.work, call.images, call.cost) for call in ledger.calls] == [
            ("image", 3, 3 * 10**9),
            ("image", 1, 10**9),
        ]
        assert await reserved(budgets) == 0


async def test_pictures_whose_tokens_are_told() -> None:
    script = [Painted(b"1", Usage(10, 1056, image_tokens=4)), Painted(b"2")]
    prices = {"t/*": {"input": 5.0, "image_input": 8.0, "output": 30.0}}
    ledger = MemoryLedger()
    budgets = Budgeting(ledger, MemoryBudgets(), [tokens("everyone", 10**6), dollars("everyone", 10**12)])
    scripted = Scripted(script)
    async with Metered(scripted, load_prices(prices), budgets, ESTIMATE) as models:
        for number in range(2):
            if number:
                scripted.events = [Painted(b"1"), Painted(b"2")]
            async with aclosing(models.paint(ImageRequest("t/paint", "cats", count=2, account=ANN))) as events:
                await anext(events)
                assert [held for _, _, held in await budgets.remaining(ANN)] == [3200, 3200 * 30_000]
                await anext(events)
    cost = 6 * 5_000 + 4 * 8_000 + 1056 * 30_000
    assert [(call.images, call.usage.completion_tokens, call.cost) for call in ledger.calls] == [
        (2, 1056, cost),
        (2, 0, None),
    ]
    assert [spent for _, spent, _ in await budgets.remaining(ANN)] == [1066, cost + 3200 * 30_000]


async def test_sounds_and_verdicts() -> None:
    async with metered(Scripted(), dollars("everyone", 10**12)) as (models, ledger, budgets):
        assert await models.transcribe(TranscriptionRequest("p/hear", SOUND, account=ANN)) == "Hello."
        await models.transcribe(TranscriptionRequest("p/hear", replace(SOUND, duration=None), account=ANN))
        assert await models.speak(SpeechRequest("p/speak", "Hi.", account=ANN)) == SOUND
        await models.moderate(ModerationRequest("free/judge", "Hi.", ANN))
        await models.transcribe(TranscriptionRequest("p/hear", SOUND))
        await models.speak(SpeechRequest("p/speak", "Hi."))
        await models.moderate(ModerationRequest("free/judge", "Hi."))
        assert [(call.work, call.seconds, call.characters, call.cost) for call in ledger.calls] == [
            ("transcription", 30.0, 0, 3 * 10**9),
            ("transcription", 0.0, 0, None),
            ("speech", 0.0, 3, 3 * 10**9),
            ("moderation", 0.0, 0, 0),
        ]
        assert await reserved(budgets) == 0


async def test_what_failed_is_not_entered() -> None:
    down = ProviderDown("p/m")
    async with metered(Scripted(error=down), dollars("everyone", 10**12)) as (models, ledger, budgets):
        for call in (
            models.transcribe(TranscriptionRequest("p/hear", SOUND, account=ANN)),
            models.speak(SpeechRequest("p/speak", "Hi.", account=ANN)),
            models.moderate(ModerationRequest("free/judge", "Hi.", ANN)),
        ):
            with pytest.raises(ProviderDown):
                await call
        assert ledger.calls == []
        assert await reserved(budgets) == 0


# The ledger


class FailingLedger(MemoryLedger):
    async def add(self, spending: Spending) -> None:
        raise StorageError("disk full")


async def test_a_ledger_that_fails_does_not_hurt_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    script = answer("Hi.", usage=Usage(60, 40))
    async with metered(Scripted(script), tokens("everyone", 100), ledger=FailingLedger()) as (models, _, _budgets):
        assert await read(models, question()) == answer("Hi.", usage=Usage(60, 40), cost=140_000_000)
        assert "missing in the ledger" in caplog.text
        with pytest.raises(OverBudget):  # it was counted all the same
            await read(models, question())


class SlowLedger(MemoryLedger):
    async def add(self, spending: Spending) -> None:
        await asyncio.sleep(1.0)
        await super().add(spending)


@pytest.mark.virtual
async def test_a_cancelled_turn_is_entered_all_the_same() -> None:
    """Also when it is cancelled again while it waits for that, and when the bot ends right then."""
    script = answer("Hel", "lo.")
    async with metered(Scripted(script), tokens("everyone", 1000), ledger=SlowLedger()) as (models, ledger, budgets):

        async def turn() -> None:
            async with aclosing(models.stream(question())) as events:
                async for event in events:
                    if isinstance(event, TextDelta):
                        await asyncio.Event().wait()

        task = asyncio.create_task(turn())
        for _ in range(2):
            await asyncio.sleep(0.5)
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await reserved(budgets) == 0
        assert ledger.calls == []
    assert short(ledger.calls) == [("chat", "p/m", 10, 3, None)]


# Many at once


@dataclass(slots=True)
class Unruly:
    """A model whose answers fail, stall and differ in length, but never exceed what was asked for."""

    chance: random.Random
    running: int = 0
    most_running: int = 0

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ReplyEvent, None]:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await asyncio.sleep(self.chance.random())
            if self.chance.random() < 0.1:
                raise ProviderDown(request.model)
            yield Started(request.model)
            for number in range(self.chance.randint(1, 5)):
                await asyncio.sleep(self.chance.random())
                yield TextDelta("x" * 2)
                if self.chance.random() < 0.05:
                    raise BrokenStream(request.model, str(number))
            if self.chance.random() < 0.8:
                yield UsageSeen(Usage(10, self.chance.randint(1, 10)))
            yield Finished("stop")
        finally:
            self.running -= 1


async def crowd(chance: random.Random, turns: int, *budgets: Budget, one: int) -> list[str]:
    """Many turns at once, of which some are cancelled: nothing is spent beyond a budget by more than `one` call's
    reservation, and in the end nothing is reserved. Returns how the turns ended that were not cancelled."""
    ledger = MemoryLedger()
    budgeting = Budgeting(ledger, MemoryBudgets(), budgets)
    unruly = Unruly(chance)
    people = [Account(f"telegram:{n}", f"telegram:9:{n % 2}") for n in range(3)]
    ended: list[str] = []

    async def turn(models: Metered) -> None:
        await asyncio.sleep(chance.random() * 3)
        request = question(chance.choice(people), sampling=Sampling(max_tokens=10))
        try:
            await read(models, request, most=chance.choice([None, None, 2]))
            ended.append("answered")
        except OverBudget:
            ended.append("refused")
        except ModelError:
            ended.append("failed")

    async with Metered(unruly, load_prices(PRICES), budgeting, ESTIMATE) as models:  # type: ignore[arg-type]  # it chats
        tasks = [asyncio.create_task(turn(models)) for _ in range(turns)]
        for task in tasks:
            if chance.random() < 0.2:
                asyncio.get_running_loop().call_later(chance.random() * 6, task.cancel)
        await asyncio.wait(tasks)
        for account in people:
            for budget, spent, held in await budgeting.remaining(account):
                assert spent < budget.amount + one
                assert held == 0
                entered = [call for call in ledger.calls if budget.subject == "total" or call.account == account]
                if budget.subject != "chats" and budget.unit == "tokens":
                    assert spent == sum(call.usage.prompt_tokens + call.usage.completion_tokens for call in entered)
    assert unruly.running == 0
    return ended


@pytest.mark.virtual
async def test_a_budget_for_50_of_200_turns_at_once() -> None:
    """Each may use 20 tokens."""
    ended = await crowd(random.Random(7), 200, tokens("total", 50 * 20), one=20)
    assert ended.count("answered") > 40
    assert ended.count("refused") > 50
    assert "failed" in ended


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32), st.integers(1, 60), st.integers(1, 400), st.integers(1, 400), st.integers(1, 400))
def test_no_crowd_exceeds_its_budgets(seed: int, turns: int, person: int, chat: int, total: int) -> None:
    limits = (tokens("everyone", person), tokens("chats", chat), tokens("total", total))
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(crowd(random.Random(seed), turns, *limits, one=20))
