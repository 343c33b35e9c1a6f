"""How much of what is sent to a model its provider finds in its cache, over a long conversation.

    python -m benchmarks.window

A conversation of 200 turns of many lengths, always the same, is asked turn by turn as the bot asks it: from a SQLite
database, with cuts and summaries. Providers keep what a request has in common with the one before it, from its
beginning on. The share of that is counted in bytes of the messages' JSON, over all turns ("all") and over those that
were asked once the conversation had become longer than the budget ("long"); and in tokens as OpenAI counts them, which
keeps nothing below 1,024 tokens and then steps of 128 ("OpenAI"; its cookbook, Prompt Caching 201, for models before
gpt-5.6).

Summaries come "soon" (before the next question), "late" (five questions later, so that they replace a text that was
sent already), or are off. Beside it a window that slides: the newest turns that fit. It is at the mercy of the oldest
turn: behind a long one that fell out there is room for some short ones. Bar: at least 85 % with the default budget.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from bot.conversation.estimates import Estimates
from bot.conversation.inquirer import Inquirer
from bot.conversation.inquiry import Inquiry, Outcome
from bot.conversation.personas import load_personas
from bot.conversation.setup import Setup
from bot.conversation.summary_writer import LONGEST, SummaryWriter
from bot.conversation.summing import Summaries
from bot.conversation.window import Window
from bot.domain.conversations import Answer, Exchange, History, Question
from bot.domain.events import Finished, ReplyEvent, Started, TextDelta, UsageSeen
from bot.domain.ids import ChatRef
from bot.domain.personas import Sampling
from bot.domain.prompts import ChatRequest, ModelInfo, PromptMessage
from bot.domain.usage import Account, Usage
from bot.llm.tokens import estimate_tokens
from bot.replies.gate import Gates
from bot.replies.writer import Reply
from bot.storage.database import open_store
from tests.fakes.memory import MemoryChannel

TURNS = 200
BUDGETS = (16_000, 4_000, 2_000)
DEFAULT = 16_000
BAR = 0.85
LATE = 5

CHAT = ChatRef("telegram", "1", "100", "private")
ACCOUNT = Account("telegram:42", CHAT.key)
SETUP = Setup(load_personas(None)["assistant"], "acme/large", Sampling())
WORDS = (
    *("and", "the", "a", "of", "to", "is", "that", "it", "for", "on", "with", "as", "this", "are", "be", "at", "by"),
    *("more", "time", "what", "when", "there", "can", "water", "morning", "answer", "question", "window", "summer"),
    *("machine", "letter", "paper", "number", "house", "city", "music", "reason", "picture", "language"),
)


@dataclass(slots=True)
class Model:
    """Answers with what is prepared, and sums up with as many words as may be, `late` questions after it was asked."""

    late: int
    chance: random.Random
    answer: str = ""
    asked: list[ChatRequest] = field(default_factory=list)
    _waiting: list[tuple[int, asyncio.Event]] = field(default_factory=list)

    def knows(self, _: str) -> bool:
        return True

    async def models(self) -> Sequence[ModelInfo]:
        return []

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ReplyEvent, None]:
        yield Started(model=request.model)
        if request.work == "summary":
            free = asyncio.Event()
            self._waiting.append((len(self.asked) + self.late, free))
            await free.wait()
            yield TextDelta(text=words(self.chance, LONGEST))
        else:
            self.asked.append(request)
            yield TextDelta(text=self.answer)
        prompt = sum(estimate_tokens(str(message.content)) + 4 for message in request.messages)
        yield UsageSeen(usage=Usage(prompt, 100))
        yield Finished(reason="stop")

    async def between(self) -> None:
        """Let those summaries come whose time it is."""
        await asyncio.sleep(0.001)
        for due, free in self._waiting:
            if due <= len(self.asked):
                free.set()
        await asyncio.sleep(0.005)


def words(chance: random.Random, tokens: int) -> str:
    """A text of about so many tokens."""
    said: list[str] = []
    while estimate_tokens(" ".join(said)) < tokens:
        said += chance.choices(WORDS, k=max(1, tokens // 4))
    return " ".join(said)[: int(tokens * 3.6)]


def conversation() -> list[tuple[str, str]]:
    """Short questions and a long one now and then, with answers of a few words to a page."""
    chance = random.Random(1)
    return [
        (
            f"{number}: {words(chance, min(1_200, int(chance.lognormvariate(3.3, 0.9)) + 2))}",
            words(chance, min(1_000, int(chance.lognormvariate(5.0, 0.8)) + 2)),
        )
        for number in range(TURNS)
    ]


async def in_blocks(budget: int, late: int | None, folder: Path) -> tuple[list[Sequence[PromptMessage]], int]:
    """The messages of every request as the bot sends them, and how many cuts there were; `late` None: no summaries."""
    model = Model(late or 0, random.Random(2))
    estimates = Estimates(estimate_tokens)
    async with open_store(f"sqlite:///{folder / f'{budget}-{late}.db'}") as store:
        conversations = store.conversations
        summaries = Summaries(conversations, None if late is None else SummaryWriter(model, estimates))
        inquirer = Inquirer(conversations, model, estimates, summaries, budget=lambda _: budget, most_history=budget)
        current = await conversations.current(CHAT.key)
        for number, (asked, said) in enumerate(conversation()):
            question = Question(str(number), ACCOUNT.person, "Ann", asked)
            turn = await conversations.add_question(current, question)
            if turn is None:
                raise RuntimeError("the question was there already")
            model.answer = said
            inquiry = Inquiry(SETUP, question, ACCOUNT, history=await inquirer.history(turn))
            await inquirer.inquire(inquiry, Reply(MemoryChannel(CHAT), Gates(), nonce="n"), Outcome(""))
            await conversations.add_answer(turn, Answer(said, "complete", SETUP.model, SETUP.persona.name))
            await model.between()
        await summaries.close()
    sent: list[Sequence[PromptMessage]] = [request.messages for request in model.asked]
    return sent, sum(len(now) <= len(before) for before, now in pairwise(sent))


def sliding(budget: int) -> list[Sequence[PromptMessage]]:
    """The same with the newest turns that fit."""
    window = Window(estimate_tokens, budget, group=False)
    exchanges: list[Exchange] = []
    sent: list[Sequence[PromptMessage]] = []
    for asked, said in conversation():
        while window.used(History(tuple(exchanges))) > budget:
            exchanges.pop(0)
        question = Question("k", ACCOUNT.person, "Ann", asked)
        sent.append(window.messages(SETUP.persona, History(tuple(exchanges)), question))
        exchanges.append(Exchange("Ann", asked, said))
    return sent


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of what is sent that the request before it had in common, from 0 to 1."""

    all: float
    long: float
    openai: float


def shares(sent: Sequence[Sequence[PromptMessage]], budget: int) -> Shares:
    texts = [json.dumps([[message.role, message.content] for message in messages]) for messages in sent]
    common = [0, *(in_common(*pair) for pair in pairwise(texts))]
    tokens = [estimate_tokens(text) for text in texts]
    kept = [_openai(estimate_tokens(text[:length])) for text, length in zip(texts, common, strict=True)]
    said, long = 0, TURNS
    for number, (asked, answer) in enumerate(conversation()):
        said += estimate_tokens(asked) + estimate_tokens(answer)
        if said > budget:
            long = min(long, number + 1)
    return Shares(
        sum(common) / sum(map(len, texts)),
        sum(common[long:]) / sum(map(len, texts[long:])),
        sum(kept) / sum(tokens),
    )


def in_common(before: str, now: str) -> int:
    """The length of the beginning that two texts share."""
    low, high = 0, min(len(before), len(now))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if before[:middle] == now[:middle] else (low, middle - 1)
    return low


def _openai(tokens: int) -> int:
    return 0 if tokens < 1024 else 1024 + (tokens - 1024) // 128 * 128


async def main() -> int:
    print(f"{'tokens':>7}  {'window':<8}{'summaries':<11}{'cuts':>5}{'all':>8}{'long':>8}{'OpenAI':>8}")
    worst = 1.0
    with tempfile.TemporaryDirectory() as folder:
        for budget in BUDGETS:
            for name, late in (("soon", 0), ("late", LATE), ("off", None)):
                sent, cuts = await in_blocks(budget, late, Path(folder))
                found = shares(sent, budget)
                _print(budget, "blocks", name, str(cuts), found)
                if budget == DEFAULT:
                    worst = min(worst, found.all, found.long, found.openai)
            _print(budget, "slides", "", "", shares(sliding(budget), budget))
    print(f"bar: {BAR:.0%} with {DEFAULT} tokens: {'kept' if worst >= BAR else 'MISSED'}")
    return 0 if worst >= BAR else 1


def _print(budget: int, window: str, summaries: str, cuts: str, found: Shares) -> None:
    percent = "".join(f"{share:>8.1%}" for share in (found.all, found.long, found.openai))
    print(f"{budget:>7}  {window:<8}{summaries:<11}{cuts:>5}{percent}")


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
