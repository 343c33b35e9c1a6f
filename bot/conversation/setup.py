"""Who answers in a chat: the persona and the model, from the most specific scope that names one."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.commands.services import PersonaShelf
from bot.conversation.presets import PRESETS
from bot.domain.ids import ChatRef, Person, scope_ladder
from bot.domain.personas import Persona, Sampling
from bot.ports import Preferences

log = logging.getLogger(__name__)

DEFAULT_PERSONA = "assistant"


@dataclass(frozen=True, slots=True)
class Setup:
    """What a turn is answered with; `model` is `provider/model`."""

    persona: Persona
    model: str
    sampling: Sampling


class Setups:
    """Resolves the ladder person, thread, chat, server, default."""

    def __init__(self, preferences: Preferences, personas: PersonaShelf, default_model: str) -> None:
        self._preferences = preferences
        self._personas = personas
        self._default_model = default_model

    async def of(self, chat: ChatRef, person: Person) -> Setup:
        scopes = scope_ladder(chat, person)
        chosen = await self._preferences.get(scopes)
        persona = await self._persona(chat, person, _first(chosen, scopes, "persona") or DEFAULT_PERSONA)
        model = _first(chosen, scopes, "model") or persona.model or self._default_model
        return Setup(persona, model, PRESETS.get(persona.preset or "", Sampling()))

    async def _persona(self, chat: ChatRef, person: Person, name: str) -> Persona:
        persona = await self._personas.find(chat, person, name)
        if persona is None:
            log.info("persona %r of chat %s is gone; the default answers", name, chat.key)
            persona = await self._personas.find(chat, person, DEFAULT_PERSONA)
        return persona or Persona(DEFAULT_PERSONA, "You are a helpful assistant.")


def _first(chosen: Mapping[str, Mapping[str, str]], scopes: Sequence[str], name: str) -> str | None:
    return next((chosen[scope][name] for scope in scopes if name in chosen.get(scope, {})), None)
