"""Who answers in a chat, and how: persona, model and sampling, from the most specific scope that names one."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from bot.conversation.presets import PRESETS
from bot.conversation.sampling import single
from bot.domain.ids import ChatRef, Person, scope_ladder
from bot.domain.personas import Persona, Sampling, Variant
from bot.ports import Preferences

log = logging.getLogger(__name__)

DEFAULT_PERSONA = "assistant"


@dataclass(frozen=True, slots=True)
class Setup:
    """What a turn is answered with; `model` is `provider/model`.

    `sampling` is that of the preset, if there is one, with the parameters `single` that were set one by one.
    """

    persona: Persona
    model: str
    sampling: Sampling
    preset: str | None = None
    single: frozenset[str] = frozenset()


class PersonaFinder(Protocol):
    async def find(self, chat: ChatRef, person: Person, name: str) -> Persona | None:
        """A persona by name, or a combination such as `teacher+engineer`."""
        ...


class Setups:
    """Resolves the ladder person, thread, chat, server, default."""

    def __init__(self, preferences: Preferences, personas: PersonaFinder, default_model: str) -> None:
        self._preferences = preferences
        self._personas = personas
        self._default_model = default_model

    async def of(self, chat: ChatRef, person: Person) -> Setup:
        chosen = await self._chosen(chat, person)
        return self._setup(await self._persona(chat, person, chosen.get("persona", DEFAULT_PERSONA)), chosen)

    async def variant(self, chat: ChatRef, person: Person, variant: Variant) -> Setup:
        """What answers here when somebody else is asked: another persona with its own model and preset, or another
        model."""
        chosen = await self._chosen(chat, person)
        persona = await self._persona(chat, person, variant.persona or chosen.get("persona", DEFAULT_PERSONA))
        if variant.persona is not None:
            own = {"model": persona.model, "preset": persona.preset}
            chosen |= {name: value for name, value in own.items() if value is not None}
        if variant.model is not None:
            chosen["model"] = variant.model
        return self._setup(persona, chosen)

    async def _chosen(self, chat: ChatRef, person: Person) -> dict[str, str]:
        """What holds here: of each name the value of the most specific scope that has one."""
        scopes = scope_ladder(chat, person)
        found = await self._preferences.get(scopes)
        chosen: dict[str, str] = {}
        for scope in reversed(scopes):
            chosen |= found.get(scope, {})
        return chosen

    def _setup(self, persona: Persona, chosen: Mapping[str, str]) -> Setup:
        model = chosen.get("model") or persona.model or self._default_model
        preset = next((name for name in (chosen.get("preset"), persona.preset) if name in PRESETS), None)
        own = single(chosen)
        sampling = replace(Sampling() if preset is None else PRESETS[preset], **own)
        return Setup(persona, model, sampling, preset, frozenset(own))

    async def _persona(self, chat: ChatRef, person: Person, name: str) -> Persona:
        persona = await self._personas.find(chat, person, name)
        if persona is None:
            log.info("persona %r of chat %s is gone; the default answers", name, chat.key)
            persona = await self._personas.find(chat, person, DEFAULT_PERSONA)
        return persona or Persona(DEFAULT_PERSONA, "You are a helpful assistant.")
