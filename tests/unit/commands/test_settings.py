"""All settings in one message: shown, led on from, changed and shown again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.commands.settings import SETTINGS
from bot.commands.spec import Reply
from bot.conversation.manners import Manner
from bot.domain.ids import ChatRef, settings_scope
from bot.domain.personas import Persona
from bot.domain.platform import Button
from tests.unit.commands.conftest import ANN, CHAT, Desk

NAMES = SETTINGS.options[0].choices
PRIVATE = replace(CHAT, kind="private")
DISCORD = ChatRef("discord", "1", "100", "group", server_id="9")


async def reply_to(desk: Desk, line: str) -> Reply:
    reply = await desk.run(line)
    assert reply is not None
    return reply


def manner(desk: Desk) -> Manner:
    manners = desk.services.manners
    return manners.of(desk.chat)


def move_to(desk: Desk, chat: ChatRef, *, threads: bool = False) -> None:
    desk.chat = desk.channel.chat = chat
    desk.channel.limits = replace(desk.channel.limits, threads=threads)


async def test_everything_is_shown_in_one_message(desk: Desk) -> None:
    reply = await reply_to(desk, "/settings")

    assert reply.text == (
        "**Settings of this chat**\n"
        "- Persona: `assistant`\n"
        "- Model: `acme/large-1`\n"
        "- Preset: the model's own values\n"
        "- Conversations: one for each thread\n"
        "- When I answer: when mentioned\n"
        "- While I answer: questions wait\n"
        "- Reasoning: hidden\n"
        "- Voice: in writing\n"
        "\n"
        "Press what you want to change, or send its name, for example `/settings busy`."
    )
    assert [button.data for button in reply.buttons] == [f"run /settings {name}" for name in NAMES]
    assert reply.in_place


async def test_what_is_set_is_shown(desk: Desk) -> None:
    for line in (
        "/persona use teacher",
        "/model open/tiny",
        "/preset creative",
        "/set temperature 0.5",
        "/voice nova",
        "/settings scope person",
        "/settings reply word Hey Jarvis",
        "/settings busy merge",
        "/settings reasoning on",
    ):
        await desk.run(line)

    assert (await reply_to(desk, "/settings")).text.splitlines()[1:-1] == [
        "- Persona: `teacher`",
        "- Model: `open/tiny`",
        "- Preset: `creative`, temperature `0.5`",
        "- Conversations: one for each person",
        "- When I answer: when mentioned, and at the word `Hey Jarvis`",
        "- While I answer: questions are merged",
        "- Reasoning: shown",
        "- Voice: `nova`",
        "",
    ]
    assert manner(desk) == Manner("word", "Hey Jarvis", "person", "merge", reasoning=True)


@pytest.mark.parametrize("name", NAMES)
async def test_each_button_leads_to_choices_and_back(desk: Desk, name: str) -> None:
    reply = await reply_to(desk, f"/settings {name}")

    assert reply.in_place
    *choices, back = reply.buttons
    assert (back.label, back.data) == ("Back", "run /settings")
    assert len(choices) >= 2
    assert all(button.data.split(" ", 1)[1].startswith(f"/settings {name}") for button in choices)
    assert reply.text


@pytest.mark.parametrize("name", NAMES)
async def test_every_choice_can_be_pressed_and_leads_back_to_the_settings(desk: Desk, name: str) -> None:
    move_to(desk, DISCORD, threads=True)
    for button in (await reply_to(desk, f"/settings {name}")).buttons[:-1]:
        line = button.data.removeprefix("ask " if button.asks else "run ")
        words = {"/settings model": " open/tiny", "/settings reply word": " Jarvis", "/settings voice": " nova"}
        reply = await reply_to(desk, line + (words[line] if button.asks else ""))

        assert "**Settings of this chat**" in reply.text
        assert reply.in_place
        marked = [each.label for each in (await reply_to(desk, f"/settings {name}")).buttons if "✓" in each.label]
        if "default" not in line and not button.asks:
            assert marked == [f"✓ {button.label.removeprefix('✓ ')}"]


@pytest.mark.parametrize("name", NAMES)
async def test_default_takes_a_setting_back(desk: Desk, name: str) -> None:
    before = (await reply_to(desk, "/settings")).text
    values = {"persona": "teacher", "model": "open/tiny", "preset": "creative", "voice": "nova", "scope": "shared"}
    await desk.run(f"/settings {name} {values.get(name, {'reply': 'always', 'busy': 'merge'}.get(name, 'on'))}")
    assert (await reply_to(desk, "/settings")).text != before

    assert (await reply_to(desk, f"/settings {name} default")).text == before
    assert not any(desk.store.preferences.scopes.values())


async def test_buttons_stay_within_what_the_platforms_take(desk: Desk) -> None:
    scope = settings_scope(CHAT)
    for number in range(40):
        await desk.store.personas.save(scope, Persona(f"p{number}", "x", author=ANN.handle))
    desk.models.names[:] = [f"acme/{'x' * number}" for number in range(20)] + ["acme/" + "y" * 60]

    for name in NAMES:
        offered = (await reply_to(desk, f"/settings {name}")).buttons
        assert len(offered) <= 25
        assert offered[-1].data == "run /settings"
        assert all(len(button.data.encode()) <= 60 for button in offered)


async def test_a_few_models_are_offered_and_many_are_asked_for(desk: Desk) -> None:
    offered = (await reply_to(desk, "/settings model")).buttons
    assert [button.label for button in offered] == [
        "✓ acme/large-1", "acme/small-1", "open/acme/large-1", "open/large-1", "open/tiny", "default",
        "Another model", "Back",
    ]  # fmt: skip
    desk.models.names[:] = [f"acme/m{number}" for number in range(21)]

    offered = (await reply_to(desk, "/settings model")).buttons
    assert [button.data for button in offered] == [
        "run /settings model default", "ask /settings model", "run /settings"
    ]  # fmt: skip


async def test_choices_say_what_they_do_and_how_they_are_typed(desk: Desk) -> None:
    assert await desk.say("/settings scope") == (
        "Who shares a conversation with me?\n"
        "- `thread` – **one for each thread**: every thread or topic has its own, and so has the chat outside of them\n"
        "- `shared` – **one for all threads**: what is said in one thread or topic is known in all of them\n"
        "- `person` – **one for each person**: everybody has their own, and what others asked me is no part of it\n"
        "\n"
        "Choose, or send `/settings scope person`."
    )


async def test_what_is_unknown_is_said_and_asked_for_again(desk: Desk) -> None:
    assert (await reply_to(desk, "/settings persona techer")).buttons[0].data == "run /settings persona teacher"
    assert (await reply_to(desk, "/settings model lrge-1")).buttons[0].data.startswith("run /settings model ")
    preset = await reply_to(desk, "/settings preset lively")
    assert preset.text.startswith("Preset cannot be `lively`.\nHow should answers be written?")
    for name in ("scope", "reply", "busy", "reasoning"):
        reply = await reply_to(desk, f"/settings {name} sometimes")
        assert "cannot be `sometimes`." in reply.text
        assert reply.buttons[0].data.startswith(f"run /settings {name} ")
    assert not any(desk.store.preferences.scopes.values())


async def test_a_setting_that_goes_on_behind_its_value_is_refused(desk: Desk) -> None:
    assert "cannot be `always maybe`." in (await reply_to(desk, "/settings reply always maybe")).text
    assert manner(desk) == Manner()


async def test_an_unchecked_model_is_said_above_the_settings(desk: Desk) -> None:
    reply = await reply_to(desk, "/settings model silent/anything")

    assert reply.text.startswith("From now on `silent/anything` answers here. Its provider did not send")
    assert "\n\n**Settings of this chat**\n" in reply.text


async def test_a_model_that_takes_no_preset_is_said(desk: Desk) -> None:
    desk.models.names.append("acme/gpt-6-luna")
    await desk.run("/preset creative")

    assert "takes no temperature and the like" in (await reply_to(desk, "/settings model acme/gpt-6-luna")).text


# A wake word


async def test_a_wake_word_is_asked_for(desk: Desk) -> None:
    word = next(button for button in (await reply_to(desk, "/settings reply")).buttons if "word" in button.data)
    assert word == Button("at a wake word", "ask /settings reply word", asks=True)

    reply = await reply_to(desk, "/settings reply word")
    assert reply.text == "Which word should call me? Send it with `/settings reply word Jarvis`."
    assert reply.buttons[0] == Button("The wake word", "ask /settings reply word", asks=True)
    assert manner(desk) == Manner()


@pytest.mark.parametrize("word", ["Jarvis", "Ёлка", "hey  there\nJarvis", "R2-D2", "x" * 32])
async def test_a_wake_word_is_set(desk: Desk, word: str) -> None:
    await desk.run(f"/settings reply WORD {word}")

    assert manner(desk) == Manner(reply="word", word=" ".join(word.split()))


@pytest.mark.parametrize("word", ["?", "-x", "one two three four", "x" * 33, "a | b", "@bot"])
async def test_what_is_no_wake_word_is_refused(desk: Desk, word: str) -> None:
    assert "cannot be a wake word" in (await reply_to(desk, f"/settings reply word {word}")).text
    assert manner(desk) == Manner()


# What depends on the place


async def test_threads_are_opened_only_where_they_can_be(desk: Desk) -> None:
    assert "run /settings reply thread" not in await desk.buttons("/settings reply")
    said = (await reply_to(desk, "/settings reply thread")).text
    assert said == "I cannot open threads here: that works in the channels of a Discord server."
    assert manner(desk) == Manner()

    move_to(desk, DISCORD, threads=True)
    assert "run /settings reply thread" in await desk.buttons("/settings reply")
    await desk.run("/settings reply thread")
    assert manner(desk).reply == "thread"


async def test_in_a_private_chat_every_message_is_answered_anyway(desk: Desk) -> None:
    move_to(desk, PRIVATE)

    assert "- When I answer: every message\n" in (await reply_to(desk, "/settings")).text
    for line in ("/settings reply", "/settings reply word Jarvis", "/settings reply always"):
        reply = await reply_to(desk, line)
        assert reply.text == "In a private chat I answer every message."
        assert [button.data for button in reply.buttons] == ["run /settings"]
    assert manner(desk) == Manner()


async def test_in_a_private_chat_there_is_nobody_else(desk: Desk) -> None:
    move_to(desk, PRIVATE)

    assert await desk.buttons("/settings scope") == [
        "run /settings scope thread", "run /settings scope shared", "run /settings"
    ]  # fmt: skip
    assert (await reply_to(desk, "/settings scope person")).text == "In a private chat there is nobody but you."


@pytest.mark.parametrize("line", ["/settings reply always", "/settings reply word Jarvis"])
@pytest.mark.parametrize(
    ("platform", "says"), [("telegram", "privacy mode"), ("discord", "Message Content intent"), ("console", "**")]
)
async def test_what_it_takes_to_see_all_messages_is_said(desk: Desk, platform: str, says: str, line: str) -> None:
    move_to(desk, replace(CHAT, platform=platform))

    first = (await reply_to(desk, line)).text.splitlines()[0]
    assert says in first


async def test_a_thread_has_settings_of_its_own(desk: Desk) -> None:
    await desk.run("/settings busy merge")
    move_to(desk, replace(CHAT, thread_id="7"))
    assert "While I answer: questions are merged" in (await reply_to(desk, "/settings")).text
    assert (await reply_to(desk, "/settings busy reject")).text.startswith("**Settings of this thread**")
    assert manner(desk).busy == "reject"

    move_to(desk, CHAT)
    assert manner(desk).busy == "merge"


async def test_without_a_speech_model_nothing_is_said_of_voices(desk: Desk) -> None:
    desk.voice.speaks = False

    assert "Voice" not in (await reply_to(desk, "/settings")).text
    assert "SPEECH_MODEL" in (await reply_to(desk, "/settings voice")).text
    assert "SPEECH_MODEL" in (await reply_to(desk, "/settings voice on")).text
    assert not any(desk.store.preferences.scopes.values())
