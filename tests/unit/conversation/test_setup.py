"""Who answers, and how: the most specific scope decides, and single parameters stand over a preset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.presets import PRESETS
from bot.conversation.sampling import LONGEST_STOP, PARAMETERS, RANGES, STOP, read, written
from bot.conversation.setup import Setups
from bot.domain.ids import ChatRef, Person, scope_ladder
from bot.domain.personas import Persona, Sampling, Variant
from tests.fakes.memory import MemoryPreferences, MemoryShelf, MemoryStore

CHAT = ChatRef("discord", "1", "42", "group", thread_id="43", server_id="9")
ANN = Person("discord", "7", "Ann")
USER, THREAD, PLACE, SERVER = scope_ladder(CHAT, ANN)
PERSONAS = (
    Persona("assistant", "You help."),
    Persona("teacher", "You teach.", preset="conversational"),
    Persona("poet", "You rhyme.", preset="creative", model="acme/poet"),
)


@dataclass(slots=True)
class CountedPreferences(MemoryPreferences):
    reads: list[Sequence[str]] = field(default_factory=list)

    async def get(self, scopes: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        self.reads.append(scopes)
        return await MemoryPreferences.get(self, scopes)


def setups(scopes: dict[str, dict[str, str]]) -> Setups:
    return Setups(MemoryPreferences(scopes), MemoryShelf(MemoryStore(), PERSONAS), "acme/usual")


async def test_usually_nothing_is_sampled_and_the_default_answers() -> None:
    setup = await setups({}).of(CHAT, ANN)
    assert (setup.persona.name, setup.model, setup.sampling) == ("assistant", "acme/usual", Sampling())
    assert (setup.preset, setup.single) == (None, frozenset())


async def test_each_parameter_comes_from_its_most_specific_scope() -> None:
    setup = await setups(
        {
            SERVER: {"temperature": "0.1", "top_p": "0.1", "max_tokens": "10", "stop": "S"},
            PLACE: {"temperature": "0.2", "top_p": "0.2", "presence_penalty": "-1", "preset": "factual"},
            THREAD: {"temperature": "0.3", "preset": "summary"},
            USER: {"frequency_penalty": "2"},
        }
    ).of(CHAT, ANN)

    assert setup.sampling == Sampling(0.3, 0.2, -1.0, 2.0, 10, ("S",))
    assert (setup.preset, setup.single) == ("summary", frozenset(PARAMETERS))


async def test_a_preset_stands_over_that_of_the_persona_and_below_single_parameters() -> None:
    chosen = {PLACE: {"persona": "teacher"}}
    assert (await setups(chosen).of(CHAT, ANN)).sampling == PRESETS["conversational"]
    chosen[PLACE]["preset"] = "factual"
    assert (await setups(chosen).of(CHAT, ANN)).sampling == PRESETS["factual"]
    chosen[PLACE]["temperature"] = "1.9"
    assert (await setups(chosen).of(CHAT, ANN)).sampling == replace(PRESETS["factual"], temperature=1.9)


@pytest.mark.parametrize("name", ["default", "gone"])
async def test_a_preset_that_is_none_leaves_that_of_the_persona(name: str) -> None:
    assert (await setups({PLACE: {"persona": "teacher", "preset": name}}).of(CHAT, ANN)).preset == "conversational"


async def test_storage_is_asked_once() -> None:
    preferences = CountedPreferences()
    await Setups(preferences, MemoryShelf(MemoryStore(), PERSONAS), "acme/usual").of(CHAT, ANN)
    assert preferences.reads == [(USER, THREAD, PLACE, SERVER)]


async def test_a_variant_of_the_persona_brings_along_its_own() -> None:
    chosen = {PLACE: {"persona": "teacher", "model": "acme/chosen", "preset": "factual", "top_p": "0.5"}}
    poet = await setups(chosen).variant(CHAT, ANN, Variant(persona="poet"))
    assert (poet.persona.name, poet.model, poet.preset) == ("poet", "acme/poet", "creative")
    assert poet.sampling == replace(PRESETS["creative"], top_p=0.5)

    plain = await setups(chosen).variant(CHAT, ANN, Variant(persona="assistant"))
    assert (plain.persona.name, plain.model, plain.preset) == ("assistant", "acme/chosen", "factual")


async def test_a_variant_of_the_model_keeps_everything_else() -> None:
    chosen = {PLACE: {"persona": "poet", "model": "acme/chosen"}}
    usual = await setups(chosen).of(CHAT, ANN)
    other = await setups(chosen).variant(CHAT, ANN, Variant(model="open/other"))
    assert other == replace(usual, model="open/other")


# Values as people write them


@given(st.sampled_from(PARAMETERS), st.text(max_size=30))
def test_whatever_is_typed_is_refused_or_kept_as_it_is_read(name: str, typed: str) -> None:
    value = read(name, typed)
    if value is None:
        return
    again = read(name, written(value))
    assert again is not None
    assert written(again) == written(value)
    assert name != STOP or again == value
    if not isinstance(value, tuple):
        assert RANGES[name].minimum <= value <= RANGES[name].maximum


@given(st.sampled_from(sorted(RANGES)), st.floats(-3, 3))
def test_numbers_are_taken_in_their_range_alone(name: str, number: float) -> None:
    inside = RANGES[name].minimum <= number <= RANGES[name].maximum
    if not RANGES[name].whole:
        assert (read(name, repr(number)) is not None) == inside


def test_texts_that_end_an_answer_are_few_and_short() -> None:
    assert read(STOP, "|".join(["x" * LONGEST_STOP, "b", "c", "d"])) == ("x" * LONGEST_STOP, "b", "c", "d")
    assert read(STOP, "x" * (LONGEST_STOP + 1)) is None
    assert read(STOP, "a|b|c|d|e") is None
