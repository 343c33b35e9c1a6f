"""A text spoken, by a provider's speech endpoint: one try."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from bot.domain.media import Sound, SpeechRequest
from bot.errors import BrokenStream, EmptyAnswer, FileError
from bot.llm.bodies import json_body, read_body
from bot.llm.endpoint import Attempt, Endpoint
from bot.llm.parameters import refused_parameter
from bot.media.sounds import named

SILENCE = 120.0
"""Seconds without a byte: some servers answer when all of the text has been spoken."""

VOICE = "alloy"
"""The voice where none is asked for: OpenAI's first, which many compatible servers know too."""

# Asked for in this order, and then for whatever the provider makes. Opus is what voice notes are made of.
_FORMATS = ("opus", "mp3")

_MOST = 50 * 1024 * 1024  # bytes; 4096 characters are some five minutes, as WAV 15 MB


async def speak(endpoint: Endpoint, model: str, request: SpeechRequest, silence: float = SILENCE) -> Sound:
    """See `bot.ports.SpeechModel`. The sound is named by the bytes that came, whatever was asked for."""
    name = endpoint.name_of(model)
    attempt = partial(_attempt, endpoint, model, request, silence)
    async with endpoint.opened(model, attempt, _culprit) as response:
        data = await read_body(name, response, _MOST)
    return sound_of(name, data)


def _attempt(
    endpoint: Endpoint, model: str, request: SpeechRequest, silence: float, refused: frozenset[str]
) -> Attempt:
    """The call without what the model refused."""
    kind = next((kind for kind in _FORMATS if kind not in refused), None)
    own = {"response_format": kind} if kind is not None and "response_format" not in refused else {}
    body = endpoint.body(model, own)
    voice = body.pop("voice", VOICE)  # the operator's for this model
    return own, endpoint.client.audio.speech.with_streaming_response.create(
        model=model,
        input=request.text,
        voice=request.voice or voice,
        extra_body=body,
        timeout=endpoint.patient(silence),
    )


def _culprit(words: str, param: str | None, own: Mapping[str, Any]) -> str | None:
    """The format, when it is what was refused."""
    kind = own.get("response_format")
    if kind is None:
        return None
    if param == "response_format" or re.search(rf"\bresponse.?format\b|\b{kind}\b", words, re.IGNORECASE):
        return str(kind)
    return refused_parameter(words, param, own)


def sound_of(model: str, data: bytes) -> Sound:
    """The sound in an answer. Pure."""
    try:
        sound = named(data)
    except FileError:
        if not data.strip():
            raise EmptyAnswer(model, "no sound came") from None
        if data.lstrip().startswith(b"{"):
            json_body(model, data)
        raise BrokenStream(model, "what came was not a sound that can be played") from None
    return replace(sound, name=f"speech.{sound.name.rpartition('.')[2]}")
