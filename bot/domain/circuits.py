"""How a model stands whose calls fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CircuitState = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class CircuitView:
    """open: calls fail at once, for `wait` more seconds; half_open: one call finds out whether the model is back, or
    the next one will; closed: it is called, and failed `failures` times in a row lately. `reason` is the name of the
    error that opened it, "" when it is closed.
    """

    state: CircuitState
    failures: int = 0
    wait: float = 0.0
    reason: str = ""
