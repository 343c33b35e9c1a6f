"""The rules that the fake OpenAI-compatible server enforces, as OpenAI documents them for chat completions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# https://platform.openai.com/docs/api-reference/chat/create
PARAMETERS = frozenset(
    {
        "audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs", "max_completion_tokens",
        "max_tokens", "messages", "metadata", "modalities", "model", "moderation", "n", "parallel_tool_calls",
        "prediction", "presence_penalty", "prompt_cache_key", "prompt_cache_options", "reasoning_effort",
        "response_format", "safety_identifier", "seed", "service_tier", "stop", "store", "stream", "stream_options",
        "temperature", "tool_choice", "tools", "top_logprobs", "top_p", "user", "verbosity", "web_search_options",
    }
)  # fmt: skip

RANGES = {
    "temperature": (0.0, 2.0),
    "top_p": (0.0, 1.0),
    "presence_penalty": (-2.0, 2.0),
    "frequency_penalty": (-2.0, 2.0),
}

# What reasoning models refuse: https://platform.openai.com/docs/guides/reasoning
REFUSED_BY_REASONING_MODELS = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "stop")

ROLES = frozenset({"developer", "system", "user", "assistant", "tool", "function"})


@dataclass(frozen=True, slots=True)
class FakeModel:
    """A model that the fake offers. `context` is its window in tokens; `refuses` are parameters that it refuses.

    `reasoning` models refuse `max_tokens` and sampling parameters; a model that is `old_fashioned` knows only
    `max_tokens`, as many compatible servers do.
    """

    name: str
    reasoning: bool = False
    old_fashioned: bool = False
    context: int = 128_000
    refuses: frozenset[str] = frozenset()


class Refused(Exception):
    """The server answers with this status and error object."""

    def __init__(self, status: int, message: str, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        kind = "invalid_request_error"
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}


def check_key(given: str | None, key: str) -> None:
    if not given:
        raise Refused(401, "You didn't provide an API key.")
    if given != key:
        raise Refused(401, f"Incorrect API key provided: {given[:4]}****{given[-4:]}.", "invalid_api_key")


def check_json(body: object) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Refused(400, "We could not parse the JSON body of your request.")
    return body


def check_model(name: object, models: Mapping[str, FakeModel]) -> FakeModel:
    if not isinstance(name, str):
        raise Refused(400, "you must provide a model parameter")
    if name not in models:
        raise Refused(404, f"The model `{name}` does not exist or you do not have access to it.", "model_not_found")
    return models[name]


def check_request(body: Mapping[str, Any], model: FakeModel) -> None:
    for name in body:
        if name not in PARAMETERS:
            raise Refused(400, f"Unknown parameter: '{name}'.", "unknown_parameter", name)
    check_messages(body.get("messages"))
    check_parameters(body, model)
    tokens = prompt_tokens(body)
    if tokens > model.context:
        raise Refused(
            400,
            f"This model's maximum context length is {model.context} tokens. However, your messages resulted in "
            f"{tokens} tokens. Please reduce the length of the messages.",
            "context_length_exceeded",
            "messages",
        )


def check_parameters(body: Mapping[str, Any], model: FakeModel) -> None:
    for name in refused_parameters(model):
        if body.get(name) is not None:
            raise _refusal(name)
    for name, (low, high) in RANGES.items():
        value = body.get(name)
        if value is not None and not (isinstance(value, int | float) and low <= value <= high):
            raise Refused(400, f"Invalid '{name}': expected a number from {low} to {high}.", "invalid_value", name)
    for name in ("max_tokens", "max_completion_tokens"):
        value = body.get(name)
        if value is not None and not (isinstance(value, int) and value >= 1):
            raise Refused(400, f"Invalid '{name}': integer below minimum value.", "integer_below_min_value", name)
    if body.get("stream_options") is not None and not body.get("stream"):
        raise Refused(400, "The 'stream_options' parameter is only allowed when 'stream' is enabled.")
    stop = body.get("stop")
    if isinstance(stop, list) and len(stop) > 4:
        raise Refused(400, "Invalid 'stop': array too long.", "array_above_max_length", "stop")


def refused_parameters(model: FakeModel) -> list[str]:
    names = [*model.refuses]
    if model.reasoning:
        names += ["max_tokens", *REFUSED_BY_REASONING_MODELS]
    if model.old_fashioned:
        names += ["max_completion_tokens"]
    return names


def _refusal(name: str) -> Refused:
    if name == "max_tokens":
        hint = " Use 'max_completion_tokens' instead."
        message = f"Unsupported parameter: '{name}' is not supported with this model.{hint}"
    elif name == "max_completion_tokens":
        return Refused(400, f"Unrecognized request argument supplied: {name}")
    else:
        message = f"Unsupported parameter: '{name}' is not supported with this model."
    return Refused(400, message, "unsupported_parameter", name)


def check_messages(messages: object) -> None:
    if not isinstance(messages, list) or not messages:
        raise Refused(400, "Invalid 'messages': expected a non-empty array.", "empty_array", "messages")
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            raise Refused(400, f"Invalid value at '{where}.role'.", "invalid_value", f"{where}.role")
        content = message.get("content")
        if content is None and message.get("tool_calls"):
            continue
        if isinstance(content, list) and content:
            for part in content:
                _check_part(part, message["role"], f"{where}.content")
        elif not isinstance(content, str):
            raise Refused(400, f"Invalid type for '{where}.content'.", "invalid_type", f"{where}.content")


def _check_part(part: object, role: str, where: str) -> None:
    match part:
        case {"type": "text", "text": str()}:
            return
        case {"type": "image_url", "image_url": {"url": str(url)}} if role == "user":
            if not url.startswith(("http://", "https://", "data:image/")):
                raise Refused(400, "Invalid image URL.", "invalid_image_url", where)
        case _:
            raise Refused(400, f"Invalid content part at '{where}'.", "invalid_value", where)


def prompt_tokens(body: Mapping[str, Any]) -> int:
    """About four bytes of text a token; pictures count 85, as OpenAI's low detail does."""
    tokens = 0
    for message in body.get("messages") or ():
        content = message.get("content") or ""
        for part in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            tokens += len(part["text"].encode()) // 4 if part["type"] == "text" else 85
        tokens += 4
    return tokens
