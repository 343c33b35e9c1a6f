"""Presets and single parameters are shown, set, checked and taken back."""

from __future__ import annotations

import pytest

from bot.conversation.presets import PRESETS
from bot.conversation.sampling import PARAMETERS
from bot.domain.ids import ChatRef, settings_scope
from bot.domain.personas import Persona, Sampling
from tests.unit.commands.conftest import ANN, CHAT, Desk

SCOPE = settings_scope(CHAT)


def stored(desk: Desk, name: str) -> str | None:
    return desk.store.preferences.scopes.get(SCOPE, {}).get(name)


async def sampling(desk: Desk) -> Sampling:
    return (await desk.services.setups.of(desk.chat, ANN)).sampling


async def labels(desk: Desk, line: str) -> list[str]:
    reply = await desk.run(line)
    assert reply is not None
    return [button.label for button in reply.buttons]


# Presets


async def test_alone_all_presets_are_offered_and_the_one_in_use_is_marked(desk: Desk) -> None:
    assert (await desk.say("/preset")).startswith("No preset is set here: each model uses its own values.\n")
    await desk.run("/preset factual")
    said = await desk.say("/preset")

    assert said.startswith("The preset here is `factual`.\n")
    assert "- `creative` – lively and surprising (temperature 1.2, top_p 0.9, presence_penalty 0.5" in said
    assert await labels(desk, "/preset") == [
        "creative", "technical", "conversational", "✓ factual", "brainstorm", "summary", "default"
    ]  # fmt: skip
    assert (await desk.buttons("/preset"))[0] == "run /preset creative"


@pytest.mark.parametrize("name", PRESETS)
async def test_a_preset_is_set(desk: Desk, name: str) -> None:
    assert await desk.say(f"/preset {name.upper()}") == f"From now on the preset here is `{name}`."
    assert await sampling(desk) == PRESETS[name]


async def test_default_goes_back(desk: Desk) -> None:
    await desk.run("/preset creative")

    assert await desk.say("/preset default") == (
        "The preset is taken back. No preset is set here: each model uses its own values."
    )
    assert stored(desk, "preset") is None
    assert await sampling(desk) == Sampling()


async def test_default_goes_back_to_that_of_the_persona(desk: Desk) -> None:
    await desk.store.personas.save(SCOPE, Persona("clerk", "You file.", preset="summary"))
    await desk.run("/persona use clerk")
    assert await sampling(desk) == PRESETS["summary"]
    await desk.run("/preset creative")
    assert await sampling(desk) == PRESETS["creative"]

    assert "The preset here is `summary`." in await desk.say("/preset default")


async def test_a_model_without_sampling_keeps_the_preset_for_others(desk: Desk) -> None:
    desk.models.names.append("acme/gpt-6-luna")
    await desk.run("/model acme/gpt-6-luna")

    assert "takes no" not in await desk.say("/preset")
    said = await desk.say("/preset creative")
    assert said.endswith("\n`acme/gpt-6-luna` takes no temperature and the like; the preset is kept for other models.")
    assert stored(desk, "preset") == "creative"


# Single parameters


async def test_alone_all_parameters_are_shown_with_where_they_come_from(desk: Desk) -> None:
    await desk.run("/preset technical")
    await desk.run("/set temperature 0.7")
    await desk.run("/set stop END | THE END")

    assert await desk.say("/set") == (
        "How answers are made here:\n"
        "- `temperature`: `0.7` (set by itself)\n"
        "- `top_p`: `0.8` (preset technical)\n"
        "- `max_tokens`: the model's own\n"
        "- `presence_penalty`: `0` (preset technical)\n"
        "- `frequency_penalty`: `0.2` (preset technical)\n"
        "- `stop`: `END|THE END` (set by itself)\n"
        "\n"
        "Change one with `/set temperature 0.7`, go back with `/set temperature default`. "
        "`/preset` sets several at once."
    )
    assert await sampling(desk) == Sampling(0.7, 0.8, 0.0, 0.2, None, ("END", "THE END"))


async def test_without_a_value_one_is_shown(desk: Desk) -> None:
    assert await desk.say("/set max_tokens") == (
        "`max_tokens`: the model's own.\nIt takes a number from 1 to 1,000,000: `/set max_tokens 1000`."
    )
    assert await desk.say("/set stop") == (
        "`stop`: the model's own.\nIt takes up to 4 texts at which an answer ends: `/set stop END|THE END`."
    )


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("temperature 0", "0"),
        ("temperature 2", "2"),
        ("TEMPERATURE 0,7", "0.7"),
        ("top_p 1.0", "1"),
        ("max_tokens 1", "1"),
        ("max_tokens 1000000", "1000000"),
        ("presence_penalty -2", "-2"),
        ("frequency_penalty 1.25", "1.25"),
        ("stop END", "END"),
        ("stop a|b | c |d", "a|b|c|d"),
        ("stop a||a|", "a"),
    ],
)
async def test_a_value_in_its_range_is_set(desk: Desk, line: str, shown: str) -> None:
    name = line.split()[0].lower()
    assert await desk.say(f"/set {line}") == f"From now on `{name}` is `{shown}` here."
    assert stored(desk, name) == shown
    assert getattr(await sampling(desk), name) is not None


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("temperature 2.1", "`temperature` must be a number from 0 to 2, not `2.1`."),
        ("temperature hot", "`temperature` must be a number from 0 to 2, not `hot`."),
        ("temperature nan", "`temperature` must be a number from 0 to 2, not `nan`."),
        ("top_p -0.1", "`top_p` must be a number from 0 to 1, not `-0.1`."),
        ("max_tokens 0", "`max_tokens` must be a whole number from 1 to 1,000,000, not `0`."),
        ("max_tokens 1.5", "`max_tokens` must be a whole number from 1 to 1,000,000, not `1.5`."),
        ("presence_penalty -2.5", "`presence_penalty` must be a number from -2 to 2, not `-2.5`."),
        ("frequency_penalty inf", "`frequency_penalty` must be a number from -2 to 2, not `inf`."),
        (
            "stop a|b|c|d|e",
            "`stop` takes up to 4 texts with | between them, each of at most 100 characters, not `a|b|c|d|e`.",
        ),
        (
            f"stop {'x' * 101}",
            f"`stop` takes up to 4 texts with | between them, each of at most 100 characters, not `{'x' * 39}…`.",
        ),
        ("stop |", "`stop` takes up to 4 texts with | between them, each of at most 100 characters, not `|`."),
    ],
)
async def test_a_value_out_of_range_is_refused(desk: Desk, line: str, says: str) -> None:
    assert await desk.say(f"/set {line}") == says
    assert desk.store.preferences.scopes == {}


async def test_a_number_with_thousands_of_digits_is_refused(desk: Desk) -> None:
    assert "must be a whole number" in await desk.say("/set max_tokens " + "9" * 5000)


@pytest.mark.parametrize("name", PARAMETERS)
async def test_default_takes_a_value_back(desk: Desk, name: str) -> None:
    await desk.run(f"/set {name} 1")

    assert await desk.say(f"/set {name} Default") == f"Taken back. `{name}`: the model's own."
    assert await sampling(desk) == Sampling()


async def test_default_goes_back_to_the_preset(desk: Desk) -> None:
    await desk.run("/preset creative")
    await desk.run("/set temperature 0.1")

    assert await desk.say("/set temperature default") == "Taken back. `temperature`: `1.2` (preset creative)."


async def test_a_parameter_that_the_model_refuses_is_kept_for_others(desk: Desk) -> None:
    desk.models.names.append("acme/gpt-6-luna")
    await desk.run("/model acme/gpt-6-luna")

    refused = "\n`acme/gpt-6-luna` takes no `temperature`; it is kept for other models."
    assert (await desk.say("/set temperature 0.7")).endswith(refused)
    assert refused in await desk.say("/set")
    assert "takes no" not in await desk.say("/set max_tokens 100")
    assert stored(desk, "temperature") == "0.7"


async def test_more_tokens_than_the_model_writes_are_said(desk: Desk) -> None:
    desk.models.names.append("acme/gpt-4o")
    await desk.run("/model acme/gpt-4o")

    assert (await desk.say("/set max_tokens 20000")).endswith(
        "\n`acme/gpt-4o` writes at most 16384 tokens, whatever is set here."
    )
    assert "at most" not in await desk.say("/set max_tokens 16384")


async def test_what_is_set_in_a_thread_holds_there(desk: Desk) -> None:
    await desk.run("/preset creative")
    desk.chat = ChatRef("telegram", "1", "100", "group", thread_id="7")
    assert await sampling(desk) == PRESETS["creative"]
    await desk.run("/preset factual")
    await desk.run("/set top_p 0.5")
    assert (await sampling(desk)).top_p == 0.5

    desk.chat = CHAT
    assert await sampling(desk) == PRESETS["creative"]


async def test_what_cannot_be_read_is_left_to_the_model(desk: Desk) -> None:
    desk.store.preferences.scopes[SCOPE] = {"temperature": "warm", "top_p": "0.5", "preset": "gone", "stop": ""}

    setup = await desk.services.setups.of(CHAT, ANN)
    assert (setup.sampling, setup.preset, setup.single) == (Sampling(top_p=0.5), None, frozenset({"top_p"}))
    assert "`temperature`: the model's own" in await desk.say("/set")
