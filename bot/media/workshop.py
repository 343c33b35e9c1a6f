"""From bytes that strangers sent to what a model can take: pictures in threads, everything riskier in processes.

Decoders that keep the interpreter's lock or take much memory are not let into this process, where the loop would stand
still or the memory run out: such pictures are made in the sandbox, too. It costs a tenth of a second more.
"""

from __future__ import annotations

import asyncio
import os
import warnings
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Literal, ParamSpec, TypeVar

from PIL import Image
from PIL.ImageFile import ImageFile

from bot.domain.media import Picture, Sound
from bot.domain.platform import OutgoingFile
from bot.errors import FileUnreadable
from bot.media.documents import Document
from bot.media.drawing import checked, prepared, target_size
from bot.media.kinds import is_pdf, picture_kind, sound_kind
from bot.media.opening import cost, open_picture
from bot.media.sandbox import Job, Result, Sandbox
from bot.media.sounds import NAMES, is_voice_note, named
from bot.media.texts import read_text

P = ParamSpec("P")
T = TypeVar("T")

_MOST_THREADS = 2
_PROCESSES = 2

_MEMORY_HERE = 64_000_000
_WORK_HERE = 40_000_000
_STALLING_PIXELS_HERE = 1_000_000
"""The most that a picture may cost in this process, in bytes and pixels. A photo of 12 megapixels costs 12 MB, because
a JPEG is decoded at half its size; a decoder that keeps the lock takes some 13 ms for a megapixel."""

_PICTURE = Job("bot.media.picture_child", memory=1024, seconds=10, output=80_000_000)
_PDF = Job("bot.media.pdf_child", memory=512, seconds=14, output=16_000_000)
_SOUND = Job("bot.media.sound_child", memory=768, seconds=90, output=26_000_000)

_PDF_SECONDS = 10  # of work, after which the pages so far are enough
_MOST_SECONDS = 2 * 60 * 60
_MOST_SOUND = 25_000_000

_KEPT = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif"}


class Workshop:
    """Everything about files that takes time, never on the loop. Enter it before use; nothing runs after it is left."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._running: set[Future[Any]] = set()
        self._sandbox = Sandbox(_PROCESSES)
        self._large = asyncio.Lock()

    async def __aenter__(self) -> Workshop:
        # Pillow remarks on what it forgives in a file; that is a stranger's doing and nothing to log.
        warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
        warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning, module=r"PIL\.")
        # One processor is left to the loop: a thread that waits for one may hold the interpreter's lock meanwhile.
        threads = max(1, min(_MOST_THREADS, (os.cpu_count() or 1) - 1))
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="media")
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Waits for the threads that work; a thread cannot be cancelled."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        pool.shutdown(wait=False, cancel_futures=True)
        if left := [asyncio.wrap_future(future) for future in self._running if not future.done()]:
            await asyncio.wait(left)
        pool.shutdown()

    async def picture(self, data: bytes, side: int) -> Picture:
        """Upright, at most `side` pixels long and 4 MB large, of animated ones the first frame."""
        made = await self._thread(_picture_here, data, side)
        if made is not None:
            return made
        result = await self._large_picture(data, "prepare", side)
        facts = result.facts
        return Picture(result.payload, facts["mime"], facts["width"], facts["height"])

    async def image_file(self, data: bytes, name: str) -> OutgoingFile:
        """A picture to show, as it is where every client shows its format; `name` is told without an ending."""
        if not await self._thread(_checked_here, data):
            await self._large_picture(data, "check")
        kind = picture_kind(data)
        if kind in _KEPT:
            return OutgoingFile("image", f"{name}.{'jpg' if kind == 'jpeg' else kind}", _KEPT[kind], data)
        result = await self._large_picture(data, "png")
        return OutgoingFile("image", f"{name}.png", "image/png", result.payload)

    async def document(self, data: bytes, name: str | None, mime: str | None, characters: int) -> Document:
        """The first so many characters of a text file or a PDF, by content; what it claims to be is only a hint."""
        if is_pdf(data):
            result = await self._sandbox.run(_PDF, data, characters, _PDF_SECONDS)
            facts = result.facts
            text = result.payload.decode(errors="replace")
            return Document(text, facts["pages"], facts["left_out"], facts["pages_left_out"])
        if data and ((name or "").lower().endswith(".pdf") or mime == "application/pdf"):
            raise FileUnreadable("not the PDF that it claims to be")
        _, _, charset = (mime or "").partition("charset=")
        return await self._thread(read_text, data, characters, charset.strip(' "') or None)

    async def sound(self, data: bytes, duration: float | None) -> Sound:
        """A recording under the name that its bytes deserve."""
        return named(data, duration)

    async def opus(self, sound: Sound) -> Sound:
        """As Ogg/Opus with one channel, which voice notes are; one that is so already stays as it is."""
        if is_voice_note(sound.data):
            return named(sound.data, None)
        return await self._transcoded(sound, "opus")

    async def mp3(self, sound: Sound) -> Sound:
        return await self._transcoded(sound, "mp3")

    async def waveform(self, sound: Sound) -> tuple[float, bytes]:
        """Its duration in seconds, and up to 256 levels from 0 to 255."""
        result = await self._sandbox.run(_SOUND, sound.data, "waveform", _kind(sound), _MOST_SECONDS)
        return result.facts["duration"], result.payload

    async def _transcoded(self, sound: Sound, to: Literal["opus", "mp3"]) -> Sound:
        result = await self._sandbox.run(_SOUND, sound.data, to, _kind(sound), _MOST_SECONDS, _MOST_SOUND)
        name, mime = NAMES["ogg" if to == "opus" else "mp3"]
        return Sound(result.payload, name, mime, result.facts["duration"])

    async def _large_picture(self, data: bytes, *arguments: int | str) -> Result:
        """One at a time, because one may take some hundred megabytes."""
        async with self._large:
            return await self._sandbox.run(_PICTURE, data, *arguments)

    async def _thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._pool is None:
            raise RuntimeError("enter the workshop before using it")
        future = self._pool.submit(work, *args, **kwargs)
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        return await asyncio.wrap_future(future)


def _kind(sound: Sound) -> str:
    kind = sound_kind(sound.data)
    if kind is None:
        raise FileUnreadable("no recording")
    return kind


def _picture_here(data: bytes, side: int) -> Picture | None:
    """None where it would cost too much in this process."""
    picture = open_picture(data)
    return prepared(picture, side) if _is_cheap(picture, data, target_size(picture.size, side)) else None


def _checked_here(data: bytes) -> bool:
    """False where it would cost too much in this process."""
    picture = open_picture(data)
    if not _is_cheap(picture, data, (1, 1)):
        return False
    checked(picture)
    return True


def _is_cheap(picture: ImageFile, data: bytes, target: tuple[int, int]) -> bool:
    price = cost(picture, data, target)
    fits = price.memory <= _MEMORY_HERE and price.work <= _WORK_HERE
    return fits and (not price.stalls or price.work <= _STALLING_PIXELS_HERE)
