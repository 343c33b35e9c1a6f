"""Recordings that people send: heard and answered as their words, or written down, or why not."""

from __future__ import annotations

import pytest

from tests.e2e.side import Person, Place, Sent
from tests.e2e.world import World
from tests.fakes import media
from tests.fakes.openai_media_script import MediaCall, MediaScript
from tests.fakes.openai_script import Script
from tests.fakes.openai_wire import Upload

pytestmark = [pytest.mark.fast(10), pytest.mark.not_started]

HEARING = "fake/gpt-transcribe"
CALL: MediaCall = "audio/transcriptions"
WORDS = "Hello from the recording."


def voice(seconds: int = 1) -> Sent:
    return Sent("voice", media.ogg(), seconds=seconds)


async def send(world: World, place: Place, person: Person, *files: Sent, text: str = "") -> str:
    """Send files in a private chat and wait for the answer; returns what it shows, without marks around names."""
    answer = await world.answer_after(place, lambda: world.send(place, person, *files, text=text))
    return "\n".join(shown.text for shown in answer).replace("`", "")


async def told(world: World, place: Place, sentence: str) -> None:
    """Wait until the bot has said this, names without their marks."""
    await world.until(place, lambda: sentence in world.text(place).replace("`", ""))


def uploads(world: World) -> list[Upload]:
    return [seen["files"][0] for seen in world.model.calls(CALL)]


# Spoken to the bot


async def test_a_voice_note_is_shown_and_answered_as_words(world: World) -> None:
    await world.start(transcription_model=HEARING)
    ann, place = world.private()
    world.model.media.words = "  Good *morning*,\nParley. "
    answer = await world.answer_after(place, lambda: world.send(place, ann, voice()))
    world.check_shows(answer, "> Good *morning*,\n> Parley.\n\nGood *morning*,\nParley.")
    assert world.roles() == [("user", "Good *morning*,\nParley.")]
    (sent,) = uploads(world)
    assert (sent.name, sent.mime, sent.data) == ("voice.ogg", "audio/ogg", media.ogg())
    assert "language" not in world.model.calls(CALL)[0]["body"]
    await world.restart(show_transcripts=False, transcription_language="de", transcription_prompt="Parley, Köpenick")
    world.check_shows(
        await world.answer_after(place, lambda: world.send(place, ann, voice())), "Good *morning*,\nParley."
    )
    fields = world.model.calls(CALL)[1]["body"]
    assert (fields["language"], fields["prompt"]) == ("de", "Parley, Köpenick")
    assert fields["model"] == "gpt-transcribe"
    assert [text for _, text in world.roles()] == ["Good *morning*,\nParley."] * 3


async def test_a_round_video_is_heard_like_a_voice_note(world: World) -> None:
    await world.start(transcription_model=HEARING)
    ann, place = world.private()
    await send(world, place, ann, Sent("round video", media.mp4(), seconds=1))
    assert world.roles() == [("user", WORDS)]
    assert (uploads(world)[0].name, uploads(world)[0].mime) == ("video.mp4", "video/mp4")


async def test_a_recording_with_a_question_is_told_apart_from_it(world: World) -> None:
    await world.start(transcription_model=HEARING)
    ann, place = world.private()
    lecture = Sent("audio", media.mp3(), 'The "first"\nlecture.mp3', "audio/mpeg", 1)
    answer = await send(world, place, ann, lecture, text="What is it about?")
    question = f"What is it about?\n\n<recording name=\"The 'first' lecture.mp3\">\n{WORDS}\n</recording>"
    assert world.roles() == [("user", question)]
    assert not answer.startswith(">")
    assert uploads(world)[0].name == "audio.mp3"
    await send(world, place, ann, lecture)
    assert world.roles()[-1] == ("user", WORDS)


async def test_a_voice_note_in_a_quoted_message(world: World) -> None:
    await world.start(transcription_model=HEARING)
    place, ann, ben = world.side.group(), world.person("Ann"), world.person("Ben")
    said = world.side.send(place, ben, [voice()])
    await world.ask(place, ann, "What does he say?", reply_to=said)
    told = "(in reply to Ben's message, whose files came along)"
    heard = world.asked().words
    assert heard.startswith(f"Ann: {told}\n\nWhat does he say?\n\n<recording name=")
    assert heard.endswith(f">\n{WORDS}\n</recording>")


async def test_a_voice_note_that_answers_the_bot_in_a_group(world: World) -> None:
    await world.start(transcription_model=HEARING)
    place, ann = world.side.group(), world.person("Ann")
    (shown,) = await world.ask(place, ann, "Name a tree")
    question = world.side.send(place, ann, [voice()], reply_to=shown.message_id)
    await world.until(place, lambda: world.answers(place) == 2)
    assert world.asked().words.startswith("Ann: (in reply to your own message)")
    assert world.asked().words.endswith(f"\n\n{WORDS}")
    assert world.shown(place)[-1].reply_to == question


async def test_of_a_long_voice_note_the_beginning_is_shown(telegram: World) -> None:
    await telegram.start(transcription_model=HEARING)
    ann, place = telegram.private()
    words = telegram.model.media.words = "And so on. " * 200 + "The end."
    telegram.model.respond = lambda _: Script.of("I see.")
    (shown,) = await telegram.answer_after(place, lambda: telegram.send(place, ann, voice()))
    assert telegram.roles() == [("user", words)]
    assert shown.text.startswith("And so on. And")
    assert shown.text.endswith("…\n\nI see.")
    assert len(shown.text) < 1100


# What cannot be heard


async def test_without_a_model_for_recordings(world: World) -> None:
    await world.start()
    ann, place = world.private()
    world.send(place, ann, voice())
    await told(world, place, "has to set TRANSCRIPTION_MODEL")
    world.side.command(place, ann, "/transcribe", file=voice())
    await world.until(place, lambda: world.text(place).count("has to set TRANSCRIPTION_MODEL") == 2)
    assert world.prompts() == []
    assert world.model.requests == []


async def test_a_recording_in_which_nobody_speaks(world: World) -> None:
    await world.start(transcription_model=HEARING)
    ann, place = world.private()
    world.model.media.words = " "
    world.send(place, ann, voice())
    await told(world, place, "I could not make out any words in ")
    assert world.prompts() == []
    answer = await send(world, place, ann, Sent("audio", media.mp3(), "sea.mp3", "audio/mpeg"), text="What is it?")
    assert answer.startswith("I could not make out any words in sea.mp3.")
    assert world.asked().words.startswith("What is it?")


async def test_a_format_that_the_provider_refuses_is_sent_as_another(world: World) -> None:
    await world.start(transcription_model=HEARING)
    ann, place = world.private()
    world.model.media_answers += [MediaScript.unreadable_sound() for _ in range(3)]
    world.send(place, ann, voice())
    await told(world, place, "format")
    assert world.prompts() == []
    await send(world, place, ann, voice())
    assert world.roles() == [("user", WORDS)]
    assert [(sent.name, sent.mime) for sent in uploads(world)] == [
        ("voice.ogg", "audio/ogg"),
        ("audio.mp3", "audio/mpeg"),
        ("voice.ogg", "audio/ogg"),
        ("audio.mp3", "audio/mpeg"),
    ]


async def test_a_provider_that_cannot_hear_now(world: World) -> None:
    await world.start(transcription_model=HEARING)
    ann, place = world.private()
    down = MediaScript.error(503, "The server is overloaded.", call=CALL)
    world.model.media_answers += [down] * 10
    world.send(place, ann, voice())
    await told(world, place, "fake/gpt-transcribe cannot be reached right now.")
    assert world.prompts() == []
    world.model.media_answers.clear()
    await send(world, place, ann, voice())
    assert world.roles() == [("user", WORDS)]


async def test_a_recording_that_is_too_long_for_the_provider(world: World) -> None:
    """The provider's words name its limit."""
    await world.start(transcription_model=HEARING)
    ann, place = world.private()
    for status, words in (
        (400, "audio duration 1612 seconds is longer than 1500 seconds which is the maximum for this model"),
        (413, "Maximum content size limit (26214400) exceeded (26214401 bytes read)"),
    ):
        world.model.media_answers.append(MediaScript.error(status, words))
        world.send(place, ann, voice(1612))
        await told(world, place, words)
    assert "question" not in world.text(place)
    assert world.prompts() == []


async def test_videos_are_not_watched(world: World) -> None:
    await world.start(transcription_model=HEARING)
    ann, place = world.private()
    film = Sent("video", media.mp4(), "holidays.mp4", "video/mp4", 1)
    answer = await send(world, place, ann, film, text="Where is that?")
    assert answer.startswith("I cannot watch holidays.mp4.")
    assert world.asked().words.startswith("Where is that?\n\n(not all that came along could be opened: I cannot watch")
    world.send(place, ann, film)
    await world.until(place, lambda: world.text(place).count("I cannot watch") == 3)
    assert len(world.prompts()) == 1
    assert world.model.calls(CALL) == []


# Order


async def test_what_comes_after_a_voice_note_is_answered_after_it(world: World) -> None:
    """Recordings are heard side by side, as soon as they come; the turns keep their order."""
    await world.start(transcription_model=HEARING)
    ann, place = world.private()
    world.model.media_answers.append(MediaScript(words="First.", header_delay=12))
    world.send(place, ann, voice())
    await world.model.until(lambda: len(world.model.calls(CALL)) == 1)
    world.model.media_answers.append(MediaScript(words="Second."))
    world.send(place, ann, voice())
    world.say(place, ann, "Third.")
    await world.model.until(lambda: [seen["finished"] for seen in world.model.calls(CALL)[1:]] == [True])
    assert not world.model.calls(CALL)[0]["finished"]
    await world.until(place, lambda: world.screen(place).typing)
    assert world.prompts() == []
    await world.until(place, lambda: world.answers(place) == 3)
    assert [text for role, text in world.roles() if role == "user"] == ["First.", "Second.", "Third."]
    assert [shown.text.split()[-1] for shown in world.shown(place)] == ["First.", "Second.", "Third."]


async def test_somebody_stops_what_is_being_heard(world: World) -> None:
    await world.start(transcription_model=HEARING)
    ann, place = world.private()
    world.model.media_answers.append(MediaScript(header_delay=1000))
    world.send(place, ann, voice())
    await world.model.until(lambda: len(world.model.calls(CALL)) == 1)
    world.side.command(place, ann, "/stop")
    await world.until(place, lambda: world.text(place).count("Stopped.") == 2)  # the command's answer, and the turn
    await world.model.until(lambda: world.model.calls(CALL)[0]["disconnected"])
    await world.ask(place, ann, "Hello")
    assert world.roles() == [("user", "Hello")]


async def test_the_bot_ends_while_a_recording_is_heard(world: World) -> None:
    await world.start(transcription_model=HEARING, drain_seconds=0.5)
    ann, place = world.private()
    world.model.media_answers.append(MediaScript(header_delay=1000))
    world.send(place, ann, voice())
    await world.model.until(lambda: len(world.model.calls(CALL)) == 1)
    await world.stop()
    assert world.shown(place) == []
    world.model.media_answers.clear()
    await world.answer_after(place, world.launch)
    assert world.model.media.words in world.text(place)
    assert len(world.model.calls(CALL)) == 2


# Written down


async def test_a_recording_is_written_down(world: World) -> None:
    await world.start(transcription_model=HEARING)
    place, ann, ben = world.side.group(), world.person("Ann"), world.person("Ben")
    said = world.side.send(place, ben, [voice()])
    world.side.command(place, ann, "/transcribe", about=said)
    await world.sees(place, WORDS)
    assert [shown.text for shown in world.shown(place)] == [WORDS]
    world.model.media.words = "From the film."
    world.side.command(place, ann, "/transcribe", file=Sent("video", media.mp4(), "film.mp4", "video/mp4", 1))
    await world.sees(place, "From the film.")
    assert [sent.name for sent in uploads(world)] == ["voice.ogg", "video.mp4"]
    assert world.prompts() == []


async def test_a_long_recording_is_written_into_a_file(world: World) -> None:
    await world.start(transcription_model=HEARING)
    ann, place = world.private()
    words = "All that was said, ä to z. " * 150
    world.model.media.words = words
    world.side.command(place, ann, "/transcribe", file=Sent("audio", media.mp3(), "talk.mp3", "audio/mpeg", 1))
    await told(world, place, "The text is long, so here it is as a file.")
    (file,) = [file for shown in world.shown(place) for file in shown.files]
    assert (file.kind, file.name) == ("document", "transcript.txt")
    assert file.data.decode() == words.strip()


async def test_nothing_to_write_down(world: World) -> None:
    await world.start(transcription_model=HEARING)
    place, ann = world.side.group(), world.person("Ann")
    world.side.command(place, ann, "/transcribe")
    await told(world, place, "Reply to a voice note or a recording with /transcribe")
    said = world.side.say(place, ann, "Just words")
    world.side.command(place, ann, "/transcribe", about=said)
    await world.until(place, lambda: world.text(place).count("Reply to a voice note") == 2)
    world.side.command(place, ann, "/transcribe", file=Sent("document", b"just text", "notes.txt", "text/plain"))
    await told(world, place, "I cannot open notes.txt.")
    world.model.media.words = ""
    world.side.command(place, ann, "/transcribe", file=Sent("audio", media.mp3(), "sea.mp3", "audio/mpeg", 1))
    await told(world, place, "I could not make out any words in sea.mp3.")
    world.model.media_answers.append(MediaScript.error(401, "Incorrect API key provided.", "invalid_api_key"))
    world.side.command(place, ann, "/transcribe", file=Sent("audio", media.mp3(), "sea.mp3", "audio/mpeg", 1))
    await told(world, place, "The provider refused the bot's key for fake/gpt-transcribe.")
    assert world.prompts() == []


async def test_writing_down_does_not_wait_for_an_answer(world: World) -> None:
    await world.start(transcription_model=HEARING)
    place, ann = world.side.group(), world.person("Ann")
    said = world.side.send(place, ann, [voice()])
    world.model.answers.append(Script.of("Never.", header_delay=1000))
    question = world.say(place, ann, "Think long")
    await world.model.until(lambda: bool(world.model.bodies))
    world.side.command(place, ann, "/transcribe", about=said)
    await world.sees(place, WORDS)
    assert world.model.running == 1
    world.side.command(place, ann, "/stop")
    await world.until(place, lambda: world.answer_to(place, question))
