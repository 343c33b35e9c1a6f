"""For what runs where nobody counts."""

from __future__ import annotations

from bot.domain.observed import TurnSeen
from bot.domain.platform import CallKind
from bot.domain.usage import Spending


class Silence:
    """A `bot.ports.Observer` that notes nothing."""

    def turned(self, turn: TurnSeen) -> None: ...

    def called(self, platform: str, kind: CallKind, error: Exception | None) -> None: ...

    def repeated(self, platform: str, *, found: bool) -> None: ...

    def failed(self, error: Exception) -> None: ...

    def spent(self, spending: Spending) -> None: ...
