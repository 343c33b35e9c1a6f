"""/settings, /preset, /set and prompts by form: what is chosen takes effect, and stays."""

from __future__ import annotations

import pytest

from tests.e2e.commanding import labels, press_in, said_to
from tests.e2e.discord_side import DiscordSide
from tests.e2e.side import Person, Place, Sent
from tests.e2e.world import World
from tests.fakes import media
from tests.fakes.openai_rules import FakeModel

pytestmark = pytest.mark.fast(30)

SAMPLING = {
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "max_tokens",
    "max_completion_tokens",
    "stop",
}

PRESETS = {
    "creative": (1.2, 0.9, 0.5, 0.3),
    "technical": (0.3, 0.8, 0.0, 0.2),
    "conversational": (0.8, 0.95, 0.6, 0.4),
    "factual": (0.2, 0.7, 0.0, 0.0),
    "brainstorm": (1.5, 0.95, 0.8, 0.5),
    "summary": (0.4, 0.85, 0.2, 0.1),
}
"""Temperature, top_p, presence and frequency penalty, as users are told."""


def sampling(world: World) -> dict[str, object]:
    """The sampling parameters of the last request."""
    return {name: value for name, value in world.model.bodies[-1].items() if name in SAMPLING}


def preset(name: str) -> dict[str, object]:
    return dict(zip(("temperature", "top_p", "presence_penalty", "frequency_penalty"), PRESETS[name], strict=True))


async def test_everything_is_changed_in_one_message(world: World) -> None:
    ann, group = world.person("Ann"), world.side.group()
    shown = await said_to(world, group, ann, "/settings")
    assert shown.text.startswith(world.side.rendered("**Settings of this chat**"))
    overview = ["Persona", "Model", "Preset", "Conversations", "When I answer", "While I answer", "Reasoning"]
    assert labels(shown) == overview, "the voice is left out where nothing can speak"
    await press_in(world, group, ann, shown, "While I answer", "What should I do with a question")
    assert labels(shown)[-1] == "Back"
    assert "✓ questions wait" in labels(shown)
    await press_in(world, group, ann, shown, "questions are merged", "While I answer: questions are merged")
    await press_in(world, group, ann, shown, "Conversations", "Who shares a conversation")
    await press_in(world, group, ann, shown, "Back", "Conversations: one for each thread")
    await press_in(world, group, ann, shown, "When I answer", "When should I answer?")
    await press_in(world, group, ann, shown, "every message", "When I answer: every message")
    await press_in(world, group, ann, shown, "Preset", "How should answers be written?")
    await press_in(world, group, ann, shown, "factual", world.side.rendered("Preset: `factual`"))
    await press_in(world, group, ann, shown, "Persona", "Who should answer here?")
    await press_in(world, group, ann, shown, "engineer", world.side.rendered("Persona: `engineer`"))
    await press_in(world, group, ann, shown, "Model", "Which model should answer here?")
    await press_in(world, group, ann, shown, "fake/other-model", world.side.rendered("Model: `fake/other-model`"))
    assert world.shown(group) == [shown]

    await world.restart()
    await press_in(world, group, ann, shown, "Reasoning", "Should I show what they thought?")
    await press_in(world, group, ann, shown, "shown", "Reasoning: shown")
    assert world.shown(group) == [shown]
    await said_to(world, group, ann, "/new")
    again = await said_to(world, group, ann, "/settings")
    assert again.text == shown.text
    for words in ("questions are merged", "every message", "one for each thread"):
        assert words in again.text


async def test_the_wake_word_is_written_and_the_message_goes_on(world: World) -> None:
    ann, group = world.person("Ann"), world.side.group(hears_all=True)
    shown = await said_to(world, group, ann, "/settings reply")
    await world.fill_in(group, ann, "at a wake word", "Jarvis")
    await world.sees(group, world.side.rendered("When I answer: when mentioned, and at the word `Jarvis`"))
    assert world.side.name == "telegram" or world.shown(group) == [shown], "a form leaves nothing else behind"


async def test_who_answers_and_how_takes_effect(world: World) -> None:
    ann, place = world.private()
    await world.ask(place, ann, "One")
    usual, model = world.system(), world.model.bodies[-1]["model"]
    for line in ("/settings persona engineer", "/settings model fake/other-model", "/settings preset creative"):
        await said_to(world, place, ann, line)
    for _ in range(2):
        await world.ask(place, ann, "Two")
        assert world.system() != usual
        assert world.model.bodies[-1]["model"] == "other-model"
        assert sampling(world) == preset("creative")
        await world.restart()
        await said_to(world, place, ann, "/new")
    for line in ("/settings persona default", "/settings model default", "/settings preset default"):
        await said_to(world, place, ann, line)
    await world.ask(place, ann, "Three")
    assert (world.system(), world.model.bodies[-1]["model"], sampling(world)) == (usual, model, {})


@pytest.mark.not_started
async def test_the_voice_is_a_setting_where_something_speaks(world: World) -> None:
    await world.start(transcription_model="fake/gpt-transcribe", speech_model="fake/gpt-4o-mini-tts")
    ann, place = world.private()
    note = Sent("voice", media.ogg(), seconds=1)
    shown = await said_to(world, place, ann, "/settings")
    assert "Voice: in writing" in shown.text
    await press_in(world, place, ann, shown, "Voice", "Should I answer voice notes with my voice?")
    await press_in(world, place, ann, shown, "spoken too", "Voice: spoken too")
    world.side.send(place, ann, [note])
    await world.until(place, lambda: world.files(place))
    assert len(world.model.calls("audio/speech")) == 1
    await said_to(world, place, ann, "/settings voice off")
    await world.answer_after(place, lambda: world.side.send(place, ann, [note]))
    await world.ask(place, ann, "Next")
    assert len(world.model.calls("audio/speech")) == 1


async def test_what_cannot_be_set(world: World) -> None:
    """What is wrong, and the choices again, which still work."""
    ann, group = world.person("Ann"), world.side.group()
    shown = await said_to(world, group, ann, "/settings busy sometimes")
    assert shown.text.startswith(world.side.rendered("While I answer cannot be `sometimes`."))
    await press_in(world, group, ann, shown, "questions are refused", "While I answer: questions are refused")
    for line, words in (
        ("/settings persona teachr", "There is no persona `teachr`. Did you mean `teacher`?"),
        ("/settings model fake/tset-model", "Did you mean"),
        ("/settings preset wild", "Preset cannot be `wild`."),
        ("/settings voice on", "I cannot speak here"),
        ("/settings reply word a.b", "`a.b` cannot be a wake word"),
        ("/settings reply always ever", "When I answer cannot be `always ever`."),
    ):
        said = await said_to(world, group, ann, line)
        assert world.side.rendered(words).strip() in said.text
        assert labels(said)[-1] == "Back"
    overview = (await said_to(world, group, ann, "/settings")).text
    assert "When I answer: when mentioned" in overview
    assert world.side.rendered("Persona: `assistant`") in overview


async def test_a_setting_that_does_not_exist(telegram: World) -> None:
    await telegram.start()
    ann, place = telegram.private()
    said = await said_to(telegram, place, ann, "/settings colour blue")
    assert "name must be one of persona, model, preset," in said.text
    assert "Usage: /settings [name] [value]" in said.text
    said = await said_to(telegram, place, ann, "/settings buzy merge")
    assert "name must be one of busy, not buzy" in said.text


async def test_slash_commands_offer_the_choices_that_there_are(discord: World) -> None:
    await discord.start()
    assert isinstance(discord.side, DiscordSide)
    choices = {
        (command["name"], option["name"]): [choice["value"] for choice in option.get("choices", ())]
        for command in discord.side.fake.commands.registered[""].values()
        for option in command.get("options", ())
    }
    names = ["persona", "model", "preset", "scope", "reply", "busy", "reasoning", "voice"]
    assert choices["settings", "name"] == names
    assert choices["preset", "name"] == [*PRESETS, "default"]
    parameters = ["temperature", "top_p", "max_tokens", "presence_penalty", "frequency_penalty", "stop"]
    assert choices["set", "parameter"] == parameters


async def test_a_private_chat_has_no_choice_of_when_and_who(world: World) -> None:
    ann, place = world.private()
    shown = await said_to(world, place, ann, "/settings reply always")
    assert shown.text == "In a private chat I answer every message."
    await press_in(world, place, ann, shown, "Back", "When I answer: every message")
    await said_to(world, place, ann, "/settings scope person")
    assert "nobody but you" in world.text(place)


# Presets and single parameters


async def test_every_preset_reaches_the_model(world: World) -> None:
    ann, place = world.private()
    shown = await said_to(world, place, ann, "/preset")
    assert "No preset is set here" in shown.text
    assert labels(shown) == [*PRESETS, "default"]
    for name in PRESETS:
        said = await said_to(world, place, ann, f"/preset {name}")
        assert said.text.strip() == world.side.rendered(f"From now on the preset here is `{name}`.").strip()
        await world.ask(place, ann, name)
        assert sampling(world) == preset(name)
    world.press(place, ann, "brainstorm")
    await world.until(
        place, lambda: world.text(place).count("brainstorm.") + world.text(place).count("brainstorm`.") == 2
    )
    await world.ask(place, ann, "again")
    assert sampling(world) == preset("brainstorm")
    said = await said_to(world, place, ann, "/preset default")
    assert said.text == "The preset is taken back. No preset is set here: each model uses its own values."
    await world.ask(place, ann, "none")
    assert sampling(world) == {}


async def test_a_wrong_preset_or_parameter_gets_the_usage_line(telegram: World) -> None:
    await telegram.start()
    ann, place = telegram.private()
    said = await said_to(telegram, place, ann, "/preset wild")
    assert "not wild" in said.text
    assert "Usage: /preset [name]" in said.text
    said = await said_to(telegram, place, ann, "/preset brainstrom")
    assert "name must be one of brainstorm, not brainstrom." in said.text
    said = await said_to(telegram, place, ann, "/set top_k 4")
    assert "Usage: /set [temperature|top_p|" in said.text


async def test_single_parameters_reach_the_model(world: World) -> None:
    ann, place = world.private()
    await said_to(world, place, ann, "/preset creative")
    for line in (
        "/set temperature 0.7",
        "/set top_p 1",
        "/set max_tokens 500",
        "/set presence_penalty -2",
        "/set frequency_penalty 2",
        "/set stop END | The end",
    ):
        assert "From now on" in (await said_to(world, place, ann, line)).text
    await world.restart()
    await world.ask(place, ann, "Hello")
    sent = sampling(world)
    length = sent.pop("max_tokens", None) or sent.pop("max_completion_tokens", None)
    assert length == 500
    assert sent == {
        "temperature": 0.7,
        "top_p": 1,
        "presence_penalty": -2,
        "frequency_penalty": 2,
        "stop": ["END", "The end"],
    }
    for line, words in (
        ("/set temperature 2.1", "must be a number from 0 to 2"),
        ("/set temperature warm", "must be a number from 0 to 2"),
        ("/set top_p -0.1", "must be a number from 0 to 1"),
        ("/set max_tokens 0", "must be a whole number from 1 to 1,000,000"),
        ("/set max_tokens 1.5", "must be a whole number"),
        ("/set presence_penalty 3", "from -2 to 2"),
        ("/set stop a|b|c|d|e", "takes up to 4 texts"),
    ):
        assert words in (await said_to(world, place, ann, line)).text
    for name in ("temperature", "max_tokens", "stop", "presence_penalty", "frequency_penalty"):
        assert "Taken back." in (await said_to(world, place, ann, f"/set {name} default")).text
    await world.ask(place, ann, "Hello again")
    assert sampling(world) == preset("creative") | {"top_p": 1}
    overview = await said_to(world, place, ann, "/set")
    assert world.side.rendered("`top_p`: `1` (set by itself)") in overview.text
    assert world.side.rendered("`temperature`: `1.2` (preset creative)") in overview.text


async def test_models_that_take_no_sampling_or_write_less(world: World) -> None:
    """They get what they take, people read why, and the settings stay for other models."""
    world.model.models |= {
        "gpt-5-mini": FakeModel("gpt-5-mini", reasoning=True),
        "gpt-4o": FakeModel("gpt-4o"),
    }
    ann, place = world.private()
    await said_to(world, place, ann, "/set max_tokens 20000")
    await said_to(world, place, ann, "/model fake/gpt-5-mini")
    assert "takes no temperature and the like" in (await said_to(world, place, ann, "/preset creative")).text
    assert "it is kept for other models" in (await said_to(world, place, ann, "/set temperature 0.5")).text
    await world.ask(place, ann, "Hello")
    assert sampling(world) == {"max_completion_tokens": 20_000}
    await said_to(world, place, ann, "/model fake/gpt-4o")
    assert "writes at most 16384 tokens" in (await said_to(world, place, ann, "/set")).text
    await world.ask(place, ann, "Hello")
    sent = sampling(world)
    assert 16_384 in (sent.pop("max_tokens", None), sent.pop("max_completion_tokens", None))
    assert sent == preset("creative") | {"temperature": 0.5}


# Prompts by form

LONG_PROMPT = ('You are a pirate. "Arr", you say, & you never = lie.\n\nSecond paragraph: be <kind>, *really*. ' * 40)[
    :3000
]


async def write_persona(world: World, place: Place, person: Person, name: str, prompt: str) -> None:
    said = await said_to(world, place, person, f"/persona create {name}")
    assert labels(said) == ["Write the prompt"]
    await world.fill_in(place, person, "Write the prompt", prompt)


async def test_a_long_prompt_is_written_in_a_form(world: World) -> None:
    ann, place = world.private()
    await write_persona(world, place, ann, "pirate", LONG_PROMPT)
    await world.sees(place, "is ready")
    await said_to(world, place, ann, "/persona use pirate")
    await world.ask(place, ann, "Ahoy")
    assert world.system() == LONG_PROMPT.strip()
    said = await said_to(world, place, ann, "/persona edit pirate")
    assert labels(said) == ["Write the prompt"]
    await world.fill_in(place, ann, "Write the prompt", "description=short is what you say.")
    await world.sees(place, "is changed")
    await world.ask(place, ann, "Ahoy")
    assert world.system() == "description=short is what you say."


async def test_a_form_that_nobody_fills_in(world: World) -> None:
    """What is said instead is an ordinary question, and the form can be opened again."""
    ann, place = world.private()
    said = await said_to(world, place, ann, "/persona create pirate")
    world.press(place, ann, "Write the prompt")
    if not isinstance(world.side, DiscordSide):
        await world.sees(place, "Answer this message with the text")
    world.check_shows((await world.ask(place, ann, "Never mind"))[-1:], "Never mind")
    assert world.roles() == [("user", "Never mind")]
    await world.fill_in(place, ann, "Write the prompt", "You are a pirate.")
    await world.sees(place, "is ready")
    assert said.text


async def test_a_prompt_by_form_in_a_group(world: World) -> None:
    ann, ben, group = world.person("Ann"), world.person("Ben"), world.side.group()
    await write_persona(world, group, ann, "pirate", "You are a pirate.")
    await world.sees(group, "is ready")
    await said_to(world, group, ben, "/persona use pirate")
    await world.ask(group, ben, "Ahoy")
    assert "You are a pirate." in world.system()
    said = await said_to(world, group, ben, "/persona edit pirate")
    assert "Only the person who wrote" in said.text
