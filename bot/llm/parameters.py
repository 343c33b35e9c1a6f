"""The body of a chat request, and what is left out of it after a provider refused a parameter. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from bot.domain.prompts import ChatRequest, ImagePart, PromptMessage, TextPart
from bot.llm.profiles import Profile
from bot.llm.providers import Quirks

Options = Mapping[str, Mapping[str, Any]]
"""Extra request parameters by `provider/model` or by provider; null removes one."""

_REFUSES = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unknown|unexpected|not permitted|extra_forbidden|extra inputs|not allowed"
    r"|only the default|not accept|deprecated",
    re.IGNORECASE,
)
_LENGTH = ("max_tokens", "max_completion_tokens")
_EVERYDAY_WORDS = frozenset({"stop", "user"})


def parameters(request: ChatRequest, quirks: Quirks, profile: Profile, refused: Collection[str]) -> dict[str, Any]:
    """The optional parameters of a request; `refused` are those that this model refused before."""
    wanted: dict[str, Any] = {}
    if quirks.stream_options:
        wanted["stream_options"] = {"include_usage": True}
    if quirks.person is not None:
        wanted[quirks.person] = request.person
    sampling = request.sampling
    if profile.sampling:
        wanted |= {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "presence_penalty": sampling.presence_penalty,
            "frequency_penalty": sampling.frequency_penalty,
            "stop": list(sampling.stop) or None,
        }
    if sampling.max_tokens is not None:
        length = min(sampling.max_tokens, profile.max_output or sampling.max_tokens)
        spelling = next((name for name in (quirks.length, *_LENGTH) if name not in refused), None)
        if spelling is not None:
            wanted[spelling] = length
    return {name: value for name, value in wanted.items() if value is not None and name not in refused}


def extra_body(own: Mapping[str, Any], options: Options, provider: str, model: str) -> dict[str, Any]:
    """Our parameters with the operator's on top, the model's over the provider's."""
    merged = {**own, **options.get(provider, {}), **options.get(f"{provider}/{model}", {})}
    return {name: value for name, value in merged.items() if value is not None}


def refused_parameter(words: str, param: str | None, sent: Collection[str]) -> str | None:
    """Which of the parameters that were sent an error refuses altogether; a refused value is the person's to change."""
    if not _REFUSES.search(words):
        return None
    if param in sent:
        return param
    return next((name for name in sent if _names(words, name)), None)


def _names(words: str, name: str) -> bool:
    quoted = rf"['\"`]{name}['\"`]"
    return re.search(quoted if name in _EVERYDAY_WORDS else rf"\b{name}\b", words) is not None


def message_json(message: PromptMessage) -> dict[str, Any]:
    if isinstance(message.content, str):
        return {"role": message.role, "content": message.content}
    return {"role": message.role, "content": [_part_json(part) for part in message.content]}


def _part_json(part: TextPart | ImagePart) -> dict[str, Any]:
    match part:
        case TextPart(text=text):
            return {"type": "text", "text": text}
        case ImagePart(data_uri=uri):
            return {"type": "image_url", "image_url": {"url": uri}}
