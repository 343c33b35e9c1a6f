"""The bot speaks: texts on request, and answers to those who spoke."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.discord_side import DiscordSide
from tests.e2e.side import Person, Place, Sent
from tests.e2e.telegram_side import TelegramSide
from tests.e2e.world import World
from tests.fakes import media
from tests.fakes.discord_state import Permission
from tests.fakes.openai_media_files import tone
from tests.fakes.openai_media_script import MediaScript
from tests.fakes.openai_rules import FakeModel
from tests.fakes.openai_script import Script
from tests.fakes.screen import SeenFile

pytestmark = [pytest.mark.fast(15), pytest.mark.not_started]

MODELS = {"speech_model": "fake/gpt-4o-mini-tts", "transcription_model": "fake/gpt-transcribe"}
VOICE_NOTE = Sent("voice", media.ogg(), seconds=1)
REFUSED = "could not speak this. Try another text, or another voice with /voice."
CLOSED = "This chat takes neither voice notes nor sound files."


@pytest.fixture
async def speaker(world: World) -> World:
    await world.start(**MODELS)
    return world


def inputs(world: World) -> list[str]:
    """What was to be spoken."""
    return [seen["body"]["input"] for seen in world.model.calls("audio/speech")]


async def spoken(world: World, place: Place, count: int = 1) -> SeenFile:
    """Wait until so many recordings are shown; returns the last one."""
    await world.until(place, lambda: len(world.files(place)) == count)
    return world.files(place)[-1]


async def told(world: World, place: Place, sentence: str) -> None:
    """Wait until the bot has said this, names without their marks."""
    await world.until(place, lambda: sentence in world.text(place).replace("`", ""))


# /speak


async def test_a_text_is_spoken_and_shown(speaker: World) -> None:
    ann, place = speaker.private()
    speaker.side.command(place, ann, "/speak Good **morning**, everybody!")
    file = await spoken(speaker, place)
    assert (file.kind, file.data) == ("voice", tone("opus"))
    words, voice = speaker.shown(place)
    assert words.text == speaker.side.rendered("Good **morning**, everybody!")
    assert voice.text == ""
    assert inputs(speaker) == ["Good morning, everybody!"]
    (asked,) = speaker.model.calls("audio/speech")
    assert (asked["body"]["response_format"], asked["body"]["voice"]) == ("opus", "alloy")
    if isinstance(speaker.side, DiscordSide):
        (sent,) = place.raw.messages[voice.message_id].attachments
        assert 0.4 < sent.upload.duration < 0.7
        assert len(sent.upload.waveform) > 3
        assert max(sent.upload.waveform) > 0
    else:
        assert file.duration == 1, "whole seconds"
    assert speaker.prompts() == [], "nobody was asked anything"


async def test_a_message_is_spoken_by_a_reply_to_it(telegram: World) -> None:
    await telegram.start(**MODELS, speech_voice="onyx")
    ann, ben, group = telegram.person("Ann"), telegram.person("Ben"), telegram.side.group()
    said = telegram.side.say(group, ben, "Words of Ben")
    telegram.side.command(group, ann, "/speak", about=said)
    await spoken(telegram, group)
    assert telegram.shown(group)[0].reply_to is not None
    (answer,) = await telegram.ask(group, ann, "Hello")
    telegram.side.command(group, ann, "/speak", about=answer.message_id)
    await spoken(telegram, group, 2)
    assert inputs(telegram) == ["Words of Ben", answer.text]
    assert {seen["body"]["voice"] for seen in telegram.model.calls("audio/speech")} == {"onyx"}, "the usual one"


async def test_nothing_to_speak(speaker: World) -> None:
    ann, place = speaker.private()
    speaker.side.command(place, ann, "/speak")
    await told(speaker, place, "Say what I should speak: /speak text, or reply to a message with /speak.")
    assert inputs(speaker) == []


async def test_a_provider_that_makes_no_voice_notes(world: World) -> None:
    """One is Ogg/Opus on either platform, whatever the provider makes."""
    name = "gpt-4o-mini-tts"
    world.model.models[name] = FakeModel(name, capability="speech", formats=("mp3",))
    await world.start(**MODELS)
    ann, place = world.private()
    world.side.command(place, ann, "/speak Hello")
    file = await spoken(world, place)
    assert file.kind == "voice"
    assert file.data.startswith(b"OggS")
    assert b"OpusHead" in file.data[:64]
    assert [seen["body"]["response_format"] for seen in world.model.calls("audio/speech")] == ["opus", "mp3"]


FAILURES: dict[str, tuple[Callable[[], MediaScript], str]] = {
    "refused": (lambda: MediaScript.error(400, "This text cannot be spoken."), REFUSED),
    "moderated": (MediaScript.moderated, REFUSED),
    "nothing": (lambda: MediaScript(sound=b""), REFUSED),
    "page": (MediaScript.web_page, REFUSED),
    "no sound": (lambda: MediaScript(sound=media.png()), REFUSED),
    "half an Ogg": (lambda: MediaScript(sound=tone("opus")[:60]), REFUSED),
    "half an MP3": (lambda: MediaScript(sound=b"ID3" + bytes(90)), REFUSED),
    "down": (lambda: MediaScript.error(503, "Overloaded"), "cannot be reached right now"),
    "quota": (MediaScript.out_of_quota, "has no credit left"),
}


async def test_what_is_not_spoken_is_told_in_one_sentence(telegram: World) -> None:
    await telegram.start(**MODELS)
    for name, (make, words) in FAILURES.items():
        ann, place = telegram.private(name)
        telegram.model.media_answers = [make() for _ in range(4)]
        telegram.side.command(place, ann, "/speak Hello")
        await told(telegram, place, words)
        assert len(telegram.shown(place)) == 1, name
        assert len(telegram.text(place)) < 250, name


async def test_without_a_model_for_speech(world: World) -> None:
    await world.start()
    ann, place = world.private()
    for number, line in enumerate(("/speak Hello", "/voice on", "/voice")):
        world.side.command(place, ann, line)
        await world.until(place, lambda at=number: world.text(place).count("has to set SPEECH_MODEL") == at + 1)  # type: ignore[misc]


async def test_a_shutdown_while_something_is_spoken(world: World) -> None:
    await world.start(**MODELS, drain_seconds=1)
    ann, place = world.private()
    world.model.media_answers.append(MediaScript(header_delay=1000, call="audio/speech"))
    world.side.command(place, ann, "/speak Hello")
    await world.model.until(lambda: len(inputs(world)) == 1)
    await world.stop()
    assert world.model.calls("audio/speech")[0]["disconnected"]
    await world.start()
    world.check_shows(await world.ask(place, ann, "Still there?"), "Still there?")


async def test_speech_that_is_stopped(speaker: World) -> None:
    ann, place = speaker.private()
    speaker.model.media_answers.append(MediaScript(header_delay=1000, call="audio/speech"))
    speaker.side.command(place, ann, "/speak Hello")
    await speaker.model.until(lambda: len(inputs(speaker)) == 1)
    speaker.side.command(place, ann, "/stop")
    await speaker.until(place, lambda: speaker.text(place).count("Stopped.") == 2)
    assert speaker.model.calls("audio/speech")[0]["disconnected"]
    assert speaker.files(place) == []


async def test_a_text_longer_than_the_provider_takes(discord: World) -> None:
    """Its beginning is spoken, up to the end of a sentence; all of it can be read."""
    await discord.start(**MODELS)
    ann, place = discord.private()
    discord.side.command(place, ann, "/voice on")
    await told(discord, place, "I answer voice notes with my voice too")
    text = "A sentence that takes its time. " * 200
    discord.model.answers.append(Script.of(text, size=500))
    answer = await discord.answer_after(place, lambda: discord.send(place, ann, VOICE_NOTE))
    await spoken(discord, place)
    assert "".join(shown.text for shown in answer if not shown.files).count("takes its time") == 200
    (said,) = inputs(discord)
    assert text.startswith(said)
    assert said.endswith(".")
    assert 4000 < len(said) <= 4096


# Where the platform does not take them


async def test_somebody_who_takes_no_voice_messages(telegram: World) -> None:
    await telegram.start(**MODELS)
    ann, place = telegram.private()
    assert isinstance(telegram.side, TelegramSide)
    telegram.side.fake.forbid_voice(ann.raw)
    telegram.side.command(place, ann, "/speak Hello")
    file = await spoken(telegram, place)
    assert (file.kind, file.data) == ("document", tone("opus"))
    assert telegram.text(place).strip() == "Hello"


async def test_a_group_on_telegram_without_rights(telegram: World) -> None:
    """A voice note, else a file, else words."""
    await telegram.start(**MODELS)
    ann, some, none = telegram.person("Ann"), telegram.side.group(), telegram.side.group()
    assert isinstance(telegram.side, TelegramSide)
    fake = telegram.side.fake
    fake.forbid(some.raw[0], "voice notes", "music")
    telegram.side.command(some, ann, "/speak Hello")
    assert (await spoken(telegram, some)).kind == "document"
    assert [fake.counted()[call] for call in ("sendVoice", "sendAudio", "sendDocument")] == [1, 1, 0], (
        "Telegram makes a file of it"
    )
    fake.forbid(none.raw[0], "voice notes", "music", "documents")
    telegram.side.command(none, ann, "/speak Hello")
    await told(telegram, none, CLOSED)
    assert "Hello" in telegram.text(none)


async def test_a_channel_on_discord_without_rights(discord: World) -> None:
    """A voice message, else an attachment, else words; by a command and as an answer."""
    await discord.start(**MODELS)
    assert isinstance(discord.side, DiscordSide)
    ann, guild = discord.person("Ann"), discord.side.guild
    silent = Place("group", guild.channel("silent", denied=Permission.SEND_VOICE_MESSAGES))
    discord.side.command(silent, ann, "/speak Hello")
    file = await spoken(discord, silent)
    assert (file.kind, file.name, file.data) == ("audio", "voice.ogg", tone("opus"))
    closed = Place("group", guild.channel("closed", denied=Permission.SEND_VOICE_MESSAGES | Permission.ATTACH_FILES))
    discord.side.command(closed, ann, "/speak Hello")
    await told(discord, closed, CLOSED)
    assert discord.files(closed) == []
    assert "Hello" in discord.text(closed)


async def test_speech_where_the_bot_is_only_installed_by_somebody(discord: World) -> None:
    """There only the webhook may be used, which sends no voice messages."""
    await discord.start(**MODELS)
    assert isinstance(discord.side, DiscordSide)
    fake, ann = discord.side.fake, discord.person("Ann")
    place = Place("group", fake.guild("Elsewhere", has_bot=False).channel("general"))
    fake.command(place.raw, ann.raw, "speak", {"text": "Hello"}, user_install=True)
    assert (await spoken(discord, place)).kind == "audio"
    assert "Hello" in discord.text(place)


# /voice, and voice notes that are answered


async def answered(world: World, place: Place, person: Person, question: str = "What time is it?") -> None:
    """Somebody speaks, and the answer in words is there."""
    world.model.media_answers.append(MediaScript(words=question, call="audio/transcriptions"))
    world.model.answers.append(Script.of("Half past **four**."))
    before = world.answers(place)
    world.send(place, person, VOICE_NOTE)
    await world.until(place, lambda: world.answers(place) > before)


async def test_a_voice_note_is_answered_with_a_voice(speaker: World) -> None:
    ann, place = speaker.private()
    await answered(speaker, place, ann)
    await speaker.ask(place, ann, "Hello")
    assert speaker.files(place) == [], "nobody has asked for a voice yet"

    speaker.side.command(place, ann, "/voice on")
    await told(speaker, place, "I answer voice notes with my voice too: the usual voice. The text comes along.")
    await answered(speaker, place, ann)
    assert (await spoken(speaker, place)).kind == "voice"
    words, voice = speaker.shown(place)[-2:]
    assert words.text == speaker.side.rendered("> What time is it?\n\nHalf past **four**.")
    assert (voice.text, voice.buttons) == ("", ())
    assert inputs(speaker) == ["Half past four."]
    await speaker.ask(place, ann, "Hello")
    assert len(speaker.files(place)) == 1, "who writes reads"

    speaker.side.command(place, ann, "/voice off")
    await told(speaker, place, "I answer voice notes in writing.")
    await answered(speaker, place, ann)
    await speaker.ask(place, ann, "Hello")
    assert len(speaker.files(place)) == 1


async def test_the_voice_of_a_chat(telegram: World) -> None:
    """It is kept, and it is what /speak uses."""
    await telegram.start(**MODELS)
    ann, place = telegram.private()
    telegram.side.command(place, ann, "/voice")
    await told(telegram, place, "I answer voice notes in writing.\n/voice on and /voice off switch it")
    telegram.press(place, ann, "on")
    await told(telegram, place, "the usual voice")
    telegram.side.command(place, ann, "/voice coral")
    await told(telegram, place, "I answer voice notes with my voice too: coral.")
    await telegram.restart()
    await answered(telegram, place, ann)
    await spoken(telegram, place)
    telegram.side.command(place, ann, "/speak Hello")
    await spoken(telegram, place, 2)
    assert [seen["body"]["voice"] for seen in telegram.model.calls("audio/speech")] == ["coral", "coral"]

    telegram.side.command(place, ann, "/voice nobody")
    await told(telegram, place, "nobody")
    await answered(telegram, place, ann)
    await told(telegram, place, REFUSED)
    assert len(telegram.files(place)) == 2


async def test_an_answer_that_failed_is_not_spoken(telegram: World) -> None:
    await telegram.start(**MODELS)
    ann, place = telegram.private()
    telegram.side.command(place, ann, "/voice on")
    await told(telegram, place, "the usual voice")
    telegram.model.answers.append(Script.error(400, "No."))
    await telegram.answer_after(place, lambda: telegram.send(place, ann, VOICE_NOTE))
    await telegram.ask(place, ann, "Hello")
    assert inputs(telegram) == []


async def test_a_voice_note_in_a_group_is_answered_with_a_voice(speaker: World) -> None:
    """By a reply to the bot, since nobody can mention it aloud."""
    ann, ben, group = speaker.person("Ann"), speaker.person("Ben"), speaker.side.group()
    speaker.side.command(group, ann, "/voice on")
    await told(speaker, group, "the usual voice")
    (greeting,) = await speaker.ask(group, ann, "Hello")
    speaker.model.answers.append(Script.of("Half past four."))
    speaker.side.send(group, ben, [VOICE_NOTE], reply_to=greeting.message_id)
    assert (await spoken(speaker, group)).kind == "voice"
    assert inputs(speaker) == ["Half past four."]
