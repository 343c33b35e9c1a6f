"""Which model looks at pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Sees = Callable[[str], bool | None]
"""Whether a model can be shown pictures; None where that is not known."""

Side = Callable[[str], int]
"""The longest side, in pixels, at which a model looks at pictures."""


@dataclass(frozen=True, slots=True)
class Sight:
    """`vision_model` looks at pictures for models that cannot, or are not known to."""

    sees: Sees
    side: Side
    vision_model: str | None = None

    def eyes(self, model: str) -> str | None:
        """The model that is shown the pictures where `model` answers; None when nobody can look at them."""
        if self.sees(model):
            return model
        if self.vision_model is not None:
            return self.vision_model
        return None if self.sees(model) is False else model

    def side_for(self, model: str) -> int:
        """The longest side at which pictures for `model` are worth sending."""
        return self.side(self.eyes(model) or model)
