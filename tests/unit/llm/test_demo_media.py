"""The pictures, the hearing and the voice of the demonstration."""

from __future__ import annotations

import subprocess
import sys
from contextlib import aclosing
from io import BytesIO
from itertools import pairwise

import av
import pytest
from PIL import Image, ImageStat

from bot import clock
from bot.domain.media import (
    ImageEvent,
    ImageRequest,
    Painted,
    Picture,
    Sketched,
    Sound,
    SpeechRequest,
    TranscriptionRequest,
)
from bot.errors import FormatRefused, RequestRefused
from bot.llm.demo import HEARING, PICTURE, VOICE, Demo
from bot.llm.profiles import image_abilities
from bot.ports import ImageModel, SpeechModel, Transcriber

SMALL = "96x64"


async def paint(prompt: str = "a cat", size: str | None = SMALL, count: int = 1, *given: Picture) -> list[ImageEvent]:
    demo: ImageModel = Demo(0)
    async with aclosing(demo.paint(ImageRequest(PICTURE, prompt, size, count=count, pictures=given))) as events:
        return [event async for event in events]


def opened(event: ImageEvent) -> Image.Image:
    image = Image.open(BytesIO(event.data))
    image.load()
    return image


def picture(color: str = "red", size: tuple[int, int] = (90, 60)) -> Picture:
    file = BytesIO()
    Image.new("RGB", size, color).save(file, "PNG")
    return Picture(file.getvalue(), "image/png", *size)


def sky(image: Image.Image) -> list[float]:
    """How red, green and blue the upper third is."""
    return ImageStat.Stat(image.convert("RGB").crop((0, 0, image.width, image.height // 3))).mean


async def test_two_sketches_and_then_the_pictures() -> None:
    events = await paint(count=3)
    assert [event.kind for event in events] == ["sketched", "sketched", "painted", "painted", "painted"]
    assert {opened(event).size for event in events} == {(96, 64)}
    assert {opened(event).format for event in events if isinstance(event, Painted)} == {"PNG"}
    assert len({event.data for event in events}) == 5


async def test_the_prompt_decides_what_is_seen() -> None:
    assert await paint("a cat") == await paint("a cat")
    assert await paint("a cat") != await paint("a dog")


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        (None, (768, 768)),
        ("auto", (768, 768)),
        ("64x128", (64, 128)),
        ("2048x1024", (1024, 512)),
        ("99999x1", (1024, 64)),
        ("0x0", (64, 64)),
    ],
)
async def test_sizes(asked: str | None, size: tuple[int, int]) -> None:
    assert opened((await paint(size=asked))[-1]).size == size


async def test_sizes_that_it_offers() -> None:
    abilities = image_abilities(PICTURE)
    for size in (abilities.sizes[-1], abilities.larger[0]):
        width, height = map(int, size.split("x"))
        assert opened((await paint(size=size))[-1]).size == (width, height)


@pytest.mark.parametrize("size", ["large", "", "12x", "12X13", "-1x5", "1e3x5"])
async def test_a_size_that_is_none(size: str) -> None:
    with pytest.raises(RequestRefused, match="WIDTHxHEIGHT") as caught:
        await paint(size=size)
    assert caught.value.model == PICTURE


async def test_a_picture_is_changed() -> None:
    (_, _, changed) = await paint("make it blue", None, 1, picture("red"), picture("green"))
    image = opened(changed)
    assert image.size == (90, 64)
    red, green, blue = sky(image)
    assert red > blue > 1.5 * green
    red, green, blue = sky(opened((await paint("make it green", None, 1, picture("red")))[-1]))
    assert red > green > 1.5 * blue


async def test_a_picture_that_cannot_be_read() -> None:
    with pytest.raises(FormatRefused):
        await paint("blue", None, 1, Picture(b"\x89PNG\r\n\x1a\nno", "image/png", 1, 1))


@pytest.mark.parametrize(
    "prompt", ["", " ", "x" * 9_000, "日本 🙂 кот", "Grüße, Zoë", "\ud83d", "a\nb\tc\x00", "word " * 500]
)
async def test_any_prompt_is_drawn(prompt: str) -> None:
    assert opened((await paint(prompt))[-1]).size == (96, 64)


@pytest.mark.fast(50)
async def test_sketches_come_at_a_pace_that_can_be_seen() -> None:
    async with aclosing(Demo(0.03).paint(ImageRequest(PICTURE, "a cat", SMALL))) as events:
        seen = [(type(event), clock.now()) async for event in events]
    assert [kind for kind, _ in seen] == [Sketched, Sketched, Painted]
    assert all(later - earlier > 1 for (_, earlier), (_, later) in pairwise(seen))


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (3.2, "This is a demonstration: a recording of 3 seconds, named voice.ogg."),
        (1.0, "This is a demonstration: a recording of 1 second, named voice.ogg."),
        (None, "This is a demonstration: a recording, named voice.ogg."),
    ],
)
async def test_it_hears_how_long_a_recording_is(duration: float | None, text: str) -> None:
    demo: Transcriber = Demo(0)
    sound = Sound(b"OggS", "voice.ogg", "audio/ogg", duration)
    assert await demo.transcribe(TranscriptionRequest(HEARING, sound)) == text


@pytest.mark.parametrize(("length", "seconds"), [(0, 1.0), (60, 4.0), (5_000, 8.0)])
async def test_it_plays_a_melody(length: int, seconds: float) -> None:
    demo: SpeechModel = Demo(0)
    sound = await demo.speak(SpeechRequest(VOICE, "x" * length))
    assert (sound.name, sound.mime, sound.duration) == ("voice.ogg", "audio/ogg", seconds)
    with av.open(BytesIO(sound.data), "r") as container:
        assert container.format.name == "ogg"
        stream = container.streams.audio[0]
        assert (stream.codec_context.name, stream.codec_context.channels) == ("opus", 1)
        frames = list(container.decode(stream))
    assert sum(frame.samples / frame.sample_rate for frame in frames) == pytest.approx(seconds, abs=0.05)
    loudness = max(abs(value) for value in memoryview(bytes(frames[5].planes[0])).cast("f"))
    assert 0.05 < loudness < 1


async def test_the_text_and_the_voice_decide_the_melody() -> None:
    speak = Demo(0).speak
    one, same, other, voice = [
        (await speak(request)).data
        for request in (
            SpeechRequest(VOICE, "Hello"),
            SpeechRequest(VOICE, "Hello"),
            SpeechRequest(VOICE, "There"),
            SpeechRequest(VOICE, "Hello", "ash"),
        )
    ]
    assert len({one, other, voice}) == 3
    assert len(one) == len(same)


def test_what_draws_and_plays_is_loaded_when_it_is_used() -> None:
    code = "import sys, bot.llm.demo; print({'av', 'PIL'} & set(sys.modules), 'bot.llm.demo' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set() True\n"
