"""Personas: who the model is in a chat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PersonaKind = Literal["instructional", "behavioural", "contextual", "restrictive"]


@dataclass(frozen=True, slots=True)
class Sampling:
    """Sampling parameters; None leaves the choice to the model."""

    temperature: float | None = None
    top_p: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Variant:
    """Who answers instead of the chat's persona and model; None leaves what the chat has."""

    persona: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Persona:
    """A named system prompt. `author` is the handle of the person who wrote it, None for the operator's."""

    name: str
    prompt: str
    description: str = ""
    kind: PersonaKind = "instructional"
    model: str | None = None
    preset: str | None = None
    author: str | None = None
