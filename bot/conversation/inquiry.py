"""One question to a model, and what becomes of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Literal, Protocol

from bot.conversation.setup import Setup
from bot.conversation.window import Pictures, Window
from bot.domain.conversations import AnswerState, History, Question
from bot.domain.media import PictureRef
from bot.domain.messages import Heard
from bot.domain.prompts import ChatRequest, Tool, ToolCall
from bot.domain.usage import Account, Usage

Reasoning = Literal["hidden", "quoted", "kept"]
"""hidden: nobody sees what the model thinks; quoted: it stands above the answer and is kept; kept: for a button."""


class Toolbox(Protocol):
    """What the model may ask for in one turn."""

    @property
    def tools(self) -> tuple[Tool, ...]: ...

    async def use(self, call: ToolCall) -> str:
        """Do what a call asks for; returns what the model is told of it, also of a failure."""
        ...


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What is asked: `group` tells whether authors are named, `context` is what others said before.

    `pictures` are those of the question and of the history that are at hand, by digest. `passing`: an answer beside
    the others (another model, a comparison), for which the conversation is not cut.
    """

    setup: Setup
    question: Question
    account: Account
    group: bool = False
    history: History = field(default_factory=History)
    pictures: Pictures = field(default_factory=dict)
    toolbox: Toolbox | None = None
    context: tuple[Heard, ...] = ()
    reasoning: Reasoning = "hidden"
    locale: str | None = None
    passing: bool = False

    def request(self, window: Window, history: History) -> ChatRequest:
        """The request with as much of the history as is given here."""
        return ChatRequest(
            model=self.setup.model,
            messages=window.messages(self.setup.persona, history, self.question, self.context),
            sampling=self.setup.sampling,
            person=person_hash(self.account.person),
            tools=() if self.toolbox is None else self.toolbox.tools,
            account=self.account,
        )


@dataclass(slots=True)
class Outcome:
    """What the model made of the question, as far as it got. `footer` is what the bot adds on screen, never stored.

    `pictures` are those that its tools made. `cut`: the model's length limit ended the answer. `cost` is that of
    `usage`, in nano-dollars. When the model was `asked` and `spoke`, each for the first time, is in seconds on the
    loop's clock.
    """

    model: str
    state: AnswerState = "incomplete"
    text: list[str] = field(default_factory=list)
    usage: Usage | None = None
    footer: str = ""
    pictures: list[PictureRef] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    cut: bool = False
    cost: int | None = None
    asked: float | None = None
    spoke: float | None = None

    def said(self) -> bool:
        """Whether there is anything to see."""
        return any(piece.strip() for piece in self.text) or bool(self.pictures)

    @property
    def ended(self) -> bool:
        """Whether the model has said how it ended."""
        return self.state != "incomplete" or self.cut

    def withhold(self) -> None:
        """None of the words are kept."""
        self.state, self.footer, self.cut = "withheld", "", False
        self.text.clear()
        self.reasoning.clear()


def person_hash(handle: str) -> str:
    """A stable name for a person that tells a provider nothing about who it is."""
    return hashlib.sha256(handle.encode()).hexdigest()[:32]
