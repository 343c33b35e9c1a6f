"""Personas that can be used: those that ship, the operator's, and those that people wrote."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from bot.conversation.presets import PRESETS
from bot.domain.ids import ChatRef, Person, scope_ladder
from bot.domain.personas import Persona, PersonaKind
from bot.errors import SettingsError
from bot.ports import Personas

MOST_COMBINED = 3
"""How many personas one name may combine: each prompt is sent with every request."""

_SHIPPED = Path(__file__).with_name("personas.toml")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_CHOICES = {"kind": get_args(PersonaKind), "preset": tuple(PRESETS)}
_FIELDS = ("prompt", "description", "kind", "model", "preset")

_TOGETHER = (
    "You combine the roles below in every answer. Where they contradict each other, the earlier role decides, "
    "but a caution or limit that any of them sets always holds."
)


def load_personas(extra_file: Path | None) -> dict[str, Persona]:
    """The personas that ship, and those of the operator's file, which replace shipped ones of the same name.

    Raises SettingsError that names the entry and what is wrong with it.
    """
    personas = _read(_SHIPPED)
    if extra_file is not None:
        personas |= _read(extra_file)
    return personas


def combine(*personas: Persona) -> Persona:
    """One persona `a+b` out of several: prompts under headings; model and preset of the first that has one."""
    first, *_ = personas
    restrictive = any(persona.kind == "restrictive" for persona in personas)
    return Persona(
        name="+".join(persona.name for persona in personas),
        prompt="\n\n".join([_TOGETHER, *(f"# {persona.name}\n\n{persona.prompt}" for persona in personas)]),
        description=" / ".join(persona.description for persona in personas if persona.description),
        kind="restrictive" if restrictive else first.kind,
        model=next((persona.model for persona in personas if persona.model), None),
        preset=next((persona.preset for persona in personas if persona.preset), None),
    )


class PersonaBook:
    """Finds personas by name. A name of `built_in` always means that one, so that nobody can pass for it."""

    def __init__(self, built_in: Mapping[str, Persona], stored: Personas) -> None:
        self._built_in = built_in
        self._stored = stored

    async def available(self, chat: ChatRef, person: Person) -> Sequence[Persona]:
        """All that can be used here, sorted by name."""
        personas = await self._all(chat, person)
        return [personas[name] for name in sorted(personas)]

    async def find(self, chat: ChatRef, person: Person, name: str) -> Persona | None:
        """One by name in any case, or a combination such as `teacher+engineer`; None when a part of it is unknown."""
        names = list(dict.fromkeys(_normal(part) for part in name.split("+")))
        if len(names) > MOST_COMBINED:
            return None
        known = self._built_in
        if any(part not in known for part in names):
            known = await self._all(chat, person)
        found = [known[part] for part in names if part in known]
        if len(found) < len(names):
            return None
        return found[0] if len(found) == 1 else combine(*found)

    async def _all(self, chat: ChatRef, person: Person) -> Mapping[str, Persona]:
        written = await self._stored.list(scope_ladder(chat, person))
        return {persona.name: persona for persona in written} | dict(self._built_in)


def _normal(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _read(path: Path) -> dict[str, Persona]:
    try:
        with path.open("rb") as file:
            entries = tomllib.load(file)
    except OSError as error:
        raise _refused(path, f"cannot be read ({error.strerror})") from error
    except ValueError as error:  # not TOML, or not UTF-8
        raise _refused(path, f"is not valid TOML: {error}") from error
    return {name: _persona(path, name, entry) for name, entry in entries.items()}


def _persona(path: Path, name: str, entry: Any) -> Persona:
    problem = _problem(name, entry)
    if problem is not None:
        raise _refused(path, f"[{name}] {problem}")
    return Persona(name, **{field: value.strip() for field, value in entry.items()})


def _problem(name: str, entry: Any) -> str | None:
    """What is wrong with an entry of a file, and how it should be."""
    if _NAME.fullmatch(name) is None:
        return "is not a name: lower-case letters, digits and hyphens, at most 32, such as [sea-captain]"
    if not isinstance(entry, dict):
        return 'is not a section; write [captain] and below it prompt = "You are ..."'
    for field, value in entry.items():
        if field not in _FIELDS:
            return f"has the unknown field {field}; there are {', '.join(_FIELDS)}"
        if not isinstance(value, str) or not value.strip():
            return f'has a {field} that is no text; write {field} = "..."'
        if field in _CHOICES and value.strip() not in _CHOICES[field]:
            return f"has the unknown {field} {value!r}; there are {', '.join(_CHOICES[field])}"
        if field == "model" and "/" not in value:
            return f'has the model {value!r}, which names no provider; write model = "openai/{value}"'
    return None if "prompt" in entry else 'has no prompt; write prompt = "You are ..."'


def _refused(path: Path, problem: str) -> SettingsError:
    return SettingsError("PERSONAS_FILE", f"{path}: {problem}.", "data/personas.toml")
