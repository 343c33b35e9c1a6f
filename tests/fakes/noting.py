"""An observer that notes what it hears, one word for each."""

from __future__ import annotations

from bot.domain.observed import TurnSeen
from bot.domain.platform import CallKind
from bot.domain.usage import Spending


class Noting:
    """Implements `bot.ports.Observer`."""

    def __init__(self) -> None:
        self.turns: list[TurnSeen] = []
        self.calls: list[str] = []
        self.repeats: list[bool] = []
        self.failures: list[str] = []
        self.spendings: list[Spending] = []

    def turned(self, turn: TurnSeen) -> None:
        self.turns.append(turn)

    def called(self, platform: str, kind: CallKind, error: Exception | None) -> None:
        self.calls.append(f"{kind} {'ok' if error is None else type(error).__name__}")

    def repeated(self, platform: str, *, found: bool) -> None:
        self.repeats.append(found)

    def failed(self, error: Exception) -> None:
        self.failures.append(type(error).__name__)

    def spent(self, spending: Spending) -> None:
        self.spendings.append(spending)
