"""How models are named."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelName:
    """`provider/model`; the model's own name may contain slashes (`openrouter/anthropic/claude-3-haiku`)."""

    provider: str
    model: str

    @classmethod
    def parse(cls, text: str) -> ModelName:
        """Raises ValueError when a part is missing."""
        provider, _, model = text.strip().partition("/")
        if not provider or not model:
            raise ValueError(f"{text!r} is not of the form provider/model")
        return cls(provider, model)

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}"
