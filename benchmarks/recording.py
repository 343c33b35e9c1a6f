"""A real conversation and what was on screen when: the bot as a process of its own, in front of the fake Telegram and a
scripted model."""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from PIL import Image

from benchmarks.bubbles import Look, Note, Photo
from benchmarks.drawing import Frame
from benchmarks.lettering import Span, Style
from benchmarks.process import running
from bot.domain.media import Sound
from bot.media.workshop import Workshop
from tests.fakes.openai_api import OpenAIFake
from tests.fakes.screen import Screen, SeenFile, Shown, Version
from tests.fakes.telegram_api import TelegramFake

ENTITIES: Mapping[str, Style] = {"bold": "bold", "code": "code", "pre": "block", "blockquote": "quote"}

WIDE, QUALITY = 900, 68
SKETCH_WIDE, SKETCH_QUALITY = 320, 60
"""Pixels and JPEG quality of the drawings' photos. Sketches are seen for a moment, and are blurred already."""


class Chat:
    """A person's private chat with the bot."""

    def __init__(self, fake: TelegramFake) -> None:
        self.fake = fake
        self.person = fake.user(7, "Ann")
        self.place = fake.private(self.person)
        self._asked = 0.0

    @property
    def screen(self) -> Screen:
        return self.fake.screen(self.place)

    def say(self, words: str) -> None:
        self.fake.say(self.place, self.person, words)

    def send(self, kind: Literal["photo", "voice"], data: bytes, words: str = "", seconds: int | None = None) -> None:
        self.fake.send_file(self.place, self.person, kind, data, caption=words, duration=seconds)

    async def frames(self, act: Callable[[], object], done: Callable[[Sequence[Shown]], bool]) -> tuple[Frame, ...]:
        """What the bot showed after something was done, until `done` is true of its new messages."""
        before = len(self.screen.by_bot())
        self._asked = asked = asyncio.get_running_loop().time()
        act()
        await self.screen.until(lambda screen: done(screen.by_bot()[before:]))
        async with Workshop() as workshop:
            return await _frames(self.screen.by_bot()[before:], asked, workshop)

    def typing_before(self, frames: Sequence[Frame]) -> bool:
        """Whether the typing sign was there between the question and the first of these frames."""
        return any(0 <= at - self._asked < frames[0].at for at in self.screen.typing)


@asynccontextmanager
async def chatting(model: OpenAIFake, settings: Mapping[str, str]) -> AsyncIterator[Chat]:
    """The bot at work with this model."""
    with tempfile.TemporaryDirectory() as folder:
        async with model, TelegramFake() as fake:
            platform = {"TELEGRAM_TOKEN": fake.token, "TELEGRAM_API_URL": fake.url}
            async with running({**platform, **settings}, model, Path(folder) / "picture.db"):
                await fake.until_called("getUpdates")
                yield Chat(fake)
                assert fake.floods == 0


def shrunk(data: bytes, wide: int = WIDE, quality: int = QUALITY) -> Photo:
    """A picture as the drawing carries it."""
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    size = (wide, round(picture.height * wide / picture.width))
    buffer = io.BytesIO()
    picture.resize(size, Image.Resampling.LANCZOS).save(buffer, "JPEG", quality=quality, optimize=True)
    return Photo(buffer.getvalue(), *size)


async def note_of(data: bytes, workshop: Workshop) -> Note:
    """A voice note as it is drawn, from its sound."""
    return Note(*await workshop.waveform(Sound(data, "voice.ogg", "audio/ogg")))


async def _frames(messages: Sequence[Shown], asked: float, workshop: Workshop) -> tuple[Frame, ...]:
    changes = sorted((version.at, number) for number, shown in enumerate(messages) for version in shown.versions)
    frames: list[Frame] = []
    edits = 0
    for at, changed in changes:
        versions = [_at(shown, at) for shown in messages]
        there = [version for version in versions if version is not None]
        last = at == changes[-1][0]
        looks = [await _look(version, workshop, last=last) for version in there]
        first = messages[changed].versions[0].at == at
        edits += not first
        if not frames or frames[-1].looks != tuple(looks):  # what a button does may change without being seen
            frames.append(Frame(at - asked, tuple(looks), _told(looks[changed], first, edits)))
    return tuple(frames)


def _at(shown: Shown, at: float) -> Version | None:
    return next((version for version in reversed(shown.versions) if version.at <= at), None)


async def _look(version: Version, workshop: Workshop, *, last: bool) -> Look:
    buttons = tuple(label for label, _ in version.buttons)
    photo, note = None, None
    for file in version.files:
        if file.kind == "image":
            photo = _photo(file, last=last)
        else:
            note = await note_of(file.data, workshop)
    return Look(version.text, _spans(version), buttons, photo, note)


def _photo(file: SeenFile, *, last: bool) -> Photo:
    return shrunk(file.data) if last else shrunk(file.data, SKETCH_WIDE, SKETCH_QUALITY)


def _told(look: Look, first: bool, edits: int) -> str:
    """What the line at the bottom says of a change."""
    done = "sent" if first else f"edit {edits}"
    if look.note is not None:
        return f"{done}: a voice note"
    return done if look.photo is not None else f"{done} · {len(look.text)} characters"


def _spans(version: Version) -> tuple[Span, ...]:
    """The formatting. Telegram counts UTF-16 units, which for these texts are their characters."""
    assert all(ord(character) < 0x10000 for character in version.text)
    return tuple(
        Span(entity["offset"], entity["offset"] + entity["length"], ENTITIES[entity["type"]])
        for entity in version.raw["entities"]
        if entity["type"] in ENTITIES
    )
