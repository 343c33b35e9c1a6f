"""Reads the parts of a chat completion chunk, in all the spellings that providers use. Pure."""

from __future__ import annotations

from typing import Any

from bot.domain.events import FinishReason
from bot.domain.usage import Usage

_MOST_TOKENS = 100_000_000
"""A count above this is none: no model takes or makes as much in one call, and sums of such numbers fit no column."""

# Whatever is not listed (eos, end_turn, ...) is a plain end. model_length: Mistral; max_tokens: Anthropic and Cohere
# behind compatible servers; safety and recitation: Gemini; function_call: OpenAI before tools.
_REASONS: dict[str, FinishReason] = {
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "content_filter": "content_filter",
    "content_filtered": "content_filter",
    "safety": "content_filter",
    "prohibited_content": "content_filter",
    "recitation": "content_filter",
    "tool_calls": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
}


def finish_reason(value: str) -> FinishReason:
    return _REASONS.get(value.lower(), "stop")


def first_choice(chunk: dict[str, Any]) -> dict[str, Any] | None:
    """The choice with index 0; further versions of the answer are left out."""
    choices = chunk.get("choices")
    if not isinstance(choices, list):
        return None
    return next((c for c in choices if isinstance(c, dict) and not c.get("index")), None)


def content_of(delta: dict[str, Any]) -> tuple[str, str]:
    """The text and the reasoning in a delta or a whole message.

    Reasoning: `reasoning_content` (DeepSeek, vLLM), `reasoning` and `reasoning_details` (OpenRouter, which sends the
    same words in both), or parts of type `thinking` in the content (Mistral).
    """
    content = delta.get("content")
    if isinstance(content, str):
        text, thought = content, ""
    else:
        text, thought = _from_parts(content)
    refusal = delta.get("refusal")
    if isinstance(refusal, str):
        text += refusal
    return text, _reasoning(delta) or thought


def _from_parts(content: object) -> tuple[str, str]:
    text, thought = "", ""
    for part in content if isinstance(content, list) else ():
        match part:
            case {"thinking": str(words)}:
                thought += words
            case {"thinking": list() as inner}:
                thought += "".join(map(_part_text, inner))
            case _:
                text += _part_text(part)
    return text, thought


def _part_text(part: object) -> str:
    match part:
        case str(text) | {"text": str(text)} | {"refusal": str(text)}:
            return text
        case _:
            return ""


def _reasoning(delta: dict[str, Any]) -> str:
    for name in ("reasoning_content", "reasoning"):
        value = delta.get(name)
        if isinstance(value, str) and value:
            return value
    details = delta.get("reasoning_details")
    if not isinstance(details, list):
        return ""
    pieces = [d.get("text") or d.get("summary") for d in details if isinstance(d, dict)]
    return "".join(piece for piece in pieces if isinstance(piece, str))


def usage_of(chunk: dict[str, Any]) -> Usage | None:
    """Where a chunk carries usage (Groq: under `x_groq`), with or without choices."""
    groq = chunk.get("x_groq")
    usage = chunk.get("usage") or (groq.get("usage") if isinstance(groq, dict) else None)
    if not isinstance(usage, dict):
        return None
    cached = _number(usage.get("prompt_tokens_details"), "cached_tokens") or _number(usage, "prompt_cache_hit_tokens")
    return Usage(
        prompt_tokens=_number(usage, "prompt_tokens"),
        completion_tokens=_number(usage, "completion_tokens"),
        cached_tokens=cached,
        reasoning_tokens=_number(usage.get("completion_tokens_details"), "reasoning_tokens"),
        written_tokens=_number(usage.get("prompt_tokens_details"), "cache_write_tokens"),
    )


def image_usage_of(body: dict[str, Any]) -> Usage | None:
    """Where the answer of an image endpoint carries usage: all of its pictures together."""
    usage = body.get("usage")
    if not isinstance(usage, dict):
        return None
    found = Usage(
        prompt_tokens=_number(usage, "input_tokens"),
        completion_tokens=_number(usage, "output_tokens"),
        image_tokens=_number(usage.get("input_tokens_details"), "image_tokens"),
    )
    return found if found != Usage() else None


def _number(values: object, name: str) -> int:
    value = values.get(name) if isinstance(values, dict) else None
    return value if isinstance(value, int) and 0 < value <= _MOST_TOKENS else 0


def error_of(event_name: bytes, chunk: dict[str, Any]) -> object:
    """The error that a chunk reports instead of saying something, or None.

    OpenAI and OpenRouter put an `error` object in; others send an event named `error`, or vLLM's `object: error`.
    """
    error = chunk.get("error")
    if error:
        return error
    if event_name == b"error" or chunk.get("object") == "error":
        return chunk
    return None
