"""What operators are told about a turn: numbers and names, never words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.domain.conversations import AnswerState
from bot.domain.usage import NANO, Usage


@dataclass(frozen=True, slots=True)
class TurnSeen:
    """A turn that is over. `turn` is its row, None for one that is not kept; `work` is what was made.

    Times are seconds since the question came, None for what did not happen: until the model was `asked`, until it
    `spoke` its first word, until anything was `shown`, and until it `ended` with all of it on screen. `reason` is the
    name of the error that ended it, `messages` how many show the answer, `cost` is in nano-dollars.
    """

    turn: int | None
    chat: str
    platform: str
    work: Literal["chat", "image"]
    model: str
    outcome: AnswerState
    ended: float
    reason: str = ""
    asked: float | None = None
    spoke: float | None = None
    shown: float | None = None
    messages: int = 0
    usage: Usage | None = None
    cost: int | None = None

    def fields(self) -> dict[str, object]:
        """The same for a log line, without what is not known."""
        usage = self.usage
        known: dict[str, object] = {
            "turn": self.turn,
            "chat": self.chat,
            "platform": self.platform,
            "work": self.work,
            "model": self.model or None,
            "outcome": self.outcome,
            "reason": self.reason or None,
            "seconds": round(self.ended, 2),
            "until_asked": _rounded(self.asked),
            "until_first_word": _rounded(self.spoke),
            "until_first_shown": _rounded(self.shown),
            "prompt_tokens": None if usage is None else usage.prompt_tokens,
            "completion_tokens": None if usage is None else usage.completion_tokens,
            "dollars": None if self.cost is None else self.cost / NANO,
            "messages": self.messages,
        }
        return {name: value for name, value in known.items() if value is not None}


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)
