"""The built-in models: need no key and no network, and say plainly that they are a demonstration."""

from __future__ import annotations

import asyncio
import importlib
import re
from collections.abc import AsyncGenerator, Callable
from typing import Any, cast

from bot import clock
from bot.domain.events import Finished, ReplyEvent, TextDelta, ToolCalled, UsageSeen
from bot.domain.media import ImageEvent, ImageRequest, Painted, Sketched, Sound, SpeechRequest, TranscriptionRequest
from bot.domain.moderation import ModerationRequest, Verdict
from bot.domain.prompts import ChatRequest, ModelInfo
from bot.domain.usage import Usage
from bot.errors import FormatRefused, RequestRefused
from bot.llm.demo_answer import answer, wanted_call, words_of
from bot.llm.tokens import estimate_tokens

PROVIDER = "demo"
MODEL = f"{PROVIDER}/echo"
PICTURE = f"{PROVIDER}/picture"
HEARING = f"{PROVIDER}/hearing"
VOICE = f"{PROVIDER}/voice"
JUDGE = f"{PROVIDER}/judge"
MODELS = {"image": PICTURE, "transcription": HEARING, "speech": VOICE, "moderation": JUDGE}

FORBIDDEN = "scoundrel"
"""The one word that the demonstration's moderation flags."""

_WORD = re.compile(r"\s*+\S++\s*+|\s++")
_SKETCH = 40  # words that could be said while a sketch is made


class Demo:
    """Implements `bot.ports.ChatModel.stream`, `ImageModel`, `Transcriber`, `SpeechModel` and `Moderator`.

    Streams word by word; `pace` is the seconds between two words.
    """

    info = ModelInfo(MODEL, context=16_000)

    def __init__(self, pace: float = 0.03) -> None:
        self._pace = pace

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ReplyEvent, None]:
        prompt = sum(estimate_tokens(words_of(message)) for message in request.messages)
        call = wanted_call(request)
        if call is not None:
            yield ToolCalled(call)
            yield UsageSeen(Usage(prompt, estimate_tokens(call.arguments)))
            yield Finished("tool_calls")
            return
        words = _WORD.findall(answer(request))
        length = request.sampling.max_tokens or len(words)
        for word in words[:length]:
            yield TextDelta(word)
            await clock.sleep(self._pace)
        yield UsageSeen(Usage(prompt, estimate_tokens("".join(words[:length]))))
        yield Finished("stop" if length >= len(words) else "length")

    async def paint(self, request: ImageRequest) -> AsyncGenerator[ImageEvent, None]:
        try:
            paintings = await asyncio.to_thread(_call, "bot.llm.demo_picture", "paint", request)
        except ValueError as error:
            raise RequestRefused(request.model, str(error)) from None
        except OSError:
            raise FormatRefused(request.model, "the picture to change cannot be read") from None
        for sketch in paintings.sketches:
            await clock.sleep(self._pace * _SKETCH)
            yield Sketched(sketch)
        await clock.sleep(self._pace * _SKETCH)
        for finished in paintings.finished:
            yield Painted(finished)

    async def transcribe(self, request: TranscriptionRequest) -> str:
        await clock.sleep(self._pace * _SKETCH)
        length = ""
        if request.sound.duration is not None:
            seconds = round(request.sound.duration)
            length = f" of {seconds} second{'' if seconds == 1 else 's'}"
        return f"This is a demonstration: a recording{length}, named {request.sound.name}."

    async def moderate(self, request: ModerationRequest) -> Verdict:
        flagged = FORBIDDEN in request.text.lower()
        return Verdict(flagged, ("harassment",) if flagged else ())

    async def speak(self, request: SpeechRequest) -> Sound:
        return cast("Sound", await asyncio.to_thread(_call, "bot.llm.demo_melody", "speak", request))


def _call(module: str, name: str, request: object) -> Any:
    """Call a function of a module that is loaded only now: Pillow and PyAV take 0.1 s, which a start without the
    demonstration does not have to wait for."""
    return cast("Callable[[object], Any]", getattr(importlib.import_module(module), name))(request)
