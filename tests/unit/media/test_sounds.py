"""Recordings: what they are, how long, and as what they can be sent."""

from __future__ import annotations

import io
import struct

import av
import pytest

from bot.domain.media import Sound
from bot.errors import FileTooLarge, FileUnreadable, FileUnsupported
from bot.media import sound_child
from bot.media.sounds import NAMES, is_voice_note, named
from bot.media.workshop import Workshop
from tests.fakes import media

FORMS = ("ogg", "mp3", "wav", "flac", "m4a", "mp4", "webm")


@pytest.mark.parametrize(
    ("data", "name", "mime"),
    [
        (media.ogg(), "voice.ogg", "audio/ogg"),
        (media.mp3(), "audio.mp3", "audio/mpeg"),
        (b"\xff\xfb\x90\x64" + bytes(400), "audio.mp3", "audio/mpeg"),
        (b"\xff\xf3\x44\xc4" + bytes(400), "audio.mp3", "audio/mpeg"),
        (b"\xff\xf1\x50\x80" + bytes(400), "audio.aac", "audio/aac"),
        (media.wav(), "audio.wav", "audio/wav"),
        (media.flac(), "audio.flac", "audio/flac"),
        (media.m4a(), "audio.m4a", "audio/mp4"),
        (media.mp4(), "video.mp4", "video/mp4"),
        (media.webm(), "audio.webm", "audio/webm"),
    ],
    ids=["ogg", "mp3 with a tag", "mp3", "mp3 of 24 kHz", "aac", "wav", "flac", "m4a", "mp4", "webm"],
)
def test_named_from_its_bytes(data: bytes, name: str, mime: str) -> None:
    sound = named(data, 3.0)
    assert (sound.name, sound.mime, sound.duration, sound.data) == (name, mime, 3.0, data)


@pytest.mark.parametrize(
    "data",
    [media.png(), media.webp(), media.avif(), media.jpeg(), "\ufeffHi".encode("utf-16-le"), b"\xff\xff\xff\xff", b"x"],
    ids=["png", "webp", "avif", "jpeg", "utf-16", "ones", "a byte"],
)
def test_what_is_no_recording(data: bytes) -> None:
    with pytest.raises(FileUnsupported):
        named(data)


def test_an_empty_one() -> None:
    with pytest.raises(FileUnreadable):
        named(b"")


@pytest.mark.parametrize("seconds", [0.5, 1.0, 2.35])
def test_durations_that_the_bytes_tell(seconds: float) -> None:
    assert named(media.ogg(seconds)).duration == pytest.approx(seconds, abs=0.03)
    assert named(media.wav(seconds)).duration == pytest.approx(seconds)
    assert named(media.mp3(seconds)).duration is None


def test_a_wave_whose_length_was_left_open() -> None:
    data = media.wav(1.0)
    at = data.index(b"data") + 4
    assert named(data[:at] + b"\xff\xff\xff\xff" + data[at + 4 :]).duration == pytest.approx(1.0)


def test_headers_that_are_broken_tell_no_duration() -> None:
    data = media.ogg()
    assert named(b"OggS").duration is None
    assert named(data.replace(b"OpusHead", b"OpusTail")).duration is None
    assert named(b"RIFF\0\0\0\0WAVE").duration is None
    assert named(b"RIFF\0\0\0\0WAVEfmt " + struct.pack("<I", 16) + bytes(16) + b"data" + bytes(4)).duration is None


@pytest.mark.parametrize("form", FORMS)
def test_every_form_becomes_a_voice_note(form: str) -> None:
    facts, made = sound_child.work(getattr(media, form)(), ["opus", form, "60", "100000"])
    assert facts["duration"] == pytest.approx(1.0, abs=0.05)
    assert is_voice_note(made)
    with av.open(io.BytesIO(made)) as opened:
        stream = opened.streams.audio[0]
        assert (stream.codec_context.name, stream.channels, stream.rate) == ("opus", 1, 48000)


async def test_for_those_who_show_voice_notes(workshop: Workshop) -> None:
    made = await workshop.opus(await workshop.sound(media.mp4(), None))
    assert (made.name, made.mime) == ("voice.ogg", "audio/ogg")
    assert made.duration == pytest.approx(1.0, abs=0.05)
    assert named(made.data).duration == pytest.approx(1.0, abs=0.05)


async def test_a_voice_note_stays_as_it_is(workshop: Workshop) -> None:
    sound = await workshop.sound(media.ogg(), 1.0)
    assert (await workshop.opus(sound)).data is sound.data


async def test_for_those_who_refuse_ogg(workshop: Workshop) -> None:
    made = await workshop.mp3(await workshop.sound(media.ogg(2.0), None))
    assert (made.name, made.mime) == ("audio.mp3", "audio/mpeg")
    assert made.duration == pytest.approx(2.0, abs=0.1)
    with av.open(io.BytesIO(made.data)) as opened:
        assert opened.streams.audio[0].codec_context.name.startswith("mp3")


@pytest.mark.parametrize("form", FORMS)
def test_a_waveform_shows_what_is_loud(form: str) -> None:
    """The tone's second half has a quarter of the loudness of the first."""
    facts, levels = sound_child.work(getattr(media, form)(), ["waveform", form, "60"])
    assert facts["duration"] == pytest.approx(1.0, abs=0.05)
    assert 40 <= len(levels) <= 256
    assert max(levels) == 255
    assert sum(levels[5:20]) / 15 == pytest.approx(250, abs=10)
    assert sum(levels[-20:-8]) / 12 == pytest.approx(63, abs=6)


async def test_a_long_waveform_has_256_levels(workshop: Workshop) -> None:
    seconds, levels = await workshop.waveform(await workshop.sound(media.wav(20.0, 8000), None))
    assert seconds == pytest.approx(20.0, abs=0.01)
    assert len(levels) == 256


@pytest.mark.parametrize(
    "data",
    [media.silent_film(), b"OggS" + bytes(500), media.m4a()[:200], media.webm()[:60], b"ID3\x04" + bytes(300)],
    ids=["silent film", "zeros", "half an m4a", "half a webm", "a tag alone"],
)
async def test_nothing_to_hear(workshop: Workshop, data: bytes) -> None:
    with pytest.raises(FileUnreadable):
        await workshop.waveform(Sound(data, "voice.ogg", "audio/ogg"))


async def test_what_no_ear_ever_heard(workshop: Workshop) -> None:
    with pytest.raises(FileUnreadable):
        await workshop.opus(Sound(b"#EXTM3U\nhttp://127.0.0.1/secret", "list.m3u8", "audio/mpeg"))


def test_nothing_is_guessed() -> None:
    """FFmpeg would find out by itself that this is a wave, or a list of other files."""
    with pytest.raises(av.error.FFmpegError):
        sound_child.work(media.wav(), ["waveform", "ogg", "60"])


def test_too_long_and_too_large() -> None:
    with pytest.raises(FileTooLarge):
        sound_child.work(media.wav(3.0), ["waveform", "wav", "2"])
    with pytest.raises(FileTooLarge):
        sound_child.work(media.wav(3.0), ["mp3", "wav", "60", "2000"])


def test_the_kinds_that_are_named_are_the_kinds_that_can_be_opened() -> None:
    assert sound_child._DEMUXERS.keys() == NAMES.keys()
