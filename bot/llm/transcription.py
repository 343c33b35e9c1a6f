"""What is said in a recording, by a provider's transcription endpoint: one try."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from bot.domain.media import TranscriptionRequest
from bot.errors import BrokenStream
from bot.llm.bodies import json_body, read_body
from bot.llm.endpoint import Attempt, Endpoint
from bot.llm.parameters import refused_parameter

SILENCE = 120.0
"""Seconds without a byte: providers answer when all of the recording has been heard."""

_MOST = 4 * 1024 * 1024  # bytes of a transcript; an hour of speech has some 60,000
_LANGUAGE = re.compile(r"\blanguage\b", re.IGNORECASE)
_WEB_PAGE = re.compile(rb"\s*<(!doctype|html|\?xml)", re.IGNORECASE)


async def transcribe(endpoint: Endpoint, model: str, request: TranscriptionRequest, silence: float = SILENCE) -> str:
    """See `bot.ports.Transcriber`. Raises FormatRefused for a recording that the provider cannot read."""
    name = endpoint.name_of(model)
    attempt = partial(_attempt, endpoint, model, request, silence)
    async with endpoint.opened(model, attempt, _culprit) as response:
        data = await read_body(name, response, _MOST)
    return words_of(name, data)


def _attempt(
    endpoint: Endpoint, model: str, request: TranscriptionRequest, silence: float, refused: frozenset[str]
) -> Attempt:
    """The call without what the model refused."""
    sound, language = request.sound, request.language
    wanted = {
        "response_format": "json",
        "language": None if f"language={language}" in refused else language,
        "prompt": request.prompt,
    }
    own = {name: value for name, value in wanted.items() if value and name not in refused}
    return own, endpoint.client.audio.transcriptions.with_streaming_response.create(
        model=model,
        file=(sound.name, sound.data, sound.mime),
        extra_body=endpoint.body(model, own),
        timeout=endpoint.patient(silence),
    )


def _culprit(words: str, param: str | None, own: Mapping[str, Any]) -> str | None:
    """A language that the model does not know is left out too: it is only a hint."""
    found = refused_parameter(words, param, own)
    if found is None and "language" in own and (param == "language" or _LANGUAGE.search(words)):
        return f"language={own['language']}"
    return found


def words_of(model: str, data: bytes) -> str:
    """The transcript in an answer, which is an object or, from servers that know no JSON here, plain text. Pure."""
    if data.lstrip().startswith(b"{"):
        text = json_body(model, data).get("text")
        if not isinstance(text, str):
            raise BrokenStream(model, "what came was not a transcript")
        return text.strip()
    if _WEB_PAGE.match(data):
        raise BrokenStream(model, "a web page came instead of a transcript")
    try:
        return data.decode().strip()
    except UnicodeDecodeError:
        raise BrokenStream(model, "what came was not a transcript") from None
