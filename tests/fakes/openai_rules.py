"""The rules that the fake OpenAI-compatible server enforces, as OpenAI documents them for chat completions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Capability = Literal["chat", "image", "transcription", "speech", "moderation"]

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

_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")

ROLES = frozenset({"developer", "system", "user", "assistant", "tool", "function"})


@dataclass(frozen=True, slots=True)
class FakeModel:
    """A model that the fake offers. `context` is its window in tokens; `refuses` are parameters that it refuses.

    `reasoning` models refuse `max_tokens` and sampling parameters; a model that is `old_fashioned` knows only
    `max_tokens`, as many compatible servers do.

    A model without `vision` refuses pictures, one without `tools` functions; one whose `tools_need` is "no reasoning"
    takes them only with `reasoning_effort: none`, as OpenAI's do here from gpt-5.4 on.

    A model serves the calls of its `capability` alone. Image models called gpt-image-* keep the rules of OpenAI's;
    others answer with addresses unless they are asked for base64. Those that do not `stream` ignore that they are asked
    to. `formats` are those that a speech model makes (empty: all).
    """

    name: str
    reasoning: bool = False
    old_fashioned: bool = False
    context: int = 128_000
    refuses: frozenset[str] = frozenset()
    capability: Capability = "chat"
    vision: bool = True
    tools: bool = True
    tools_need: Literal["nothing", "no reasoning"] = "nothing"
    streams: bool = True
    formats: tuple[str, ...] = ()


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


def check_model(name: object, models: Mapping[str, FakeModel], capability: Capability = "chat") -> FakeModel:
    if not isinstance(name, str):
        raise Refused(400, "you must provide a model parameter")
    if name not in models:
        raise Refused(404, f"The model `{name}` does not exist or you do not have access to it.", "model_not_found")
    if models[name].capability != capability:
        message = f"This is not a {capability} model and thus not supported in this endpoint."
        raise Refused(404, message, None, "model")
    return models[name]


def check_request(body: Mapping[str, Any], model: FakeModel) -> None:
    for name in body:
        if name not in PARAMETERS:
            raise Refused(400, f"Unknown parameter: '{name}'.", "unknown_parameter", name)
    check_messages(body.get("messages"), model)
    check_tool_messages(body["messages"])
    check_tools(body, model)
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


def check_messages(messages: object, model: FakeModel) -> None:
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
                _check_part(part, message["role"], model, f"{where}.content")
        elif not isinstance(content, str):
            raise Refused(400, f"Invalid type for '{where}.content'.", "invalid_type", f"{where}.content")


def _check_part(part: object, role: str, model: FakeModel, where: str) -> None:
    match part:
        case {"type": "text", "text": str()}:
            return
        case {"type": "image_url", "image_url": {"url": str(url)}} if role == "user":
            if not model.vision:
                message = "Invalid content type. image_url is only supported by certain models."
                raise Refused(400, message, None, where)
            if not url.startswith(("http://", "https://", "data:image/")):
                raise Refused(400, "Invalid image URL.", "invalid_image_url", where)
        case _:
            raise Refused(400, f"Invalid content part at '{where}'.", "invalid_value", where)


def check_tool_messages(messages: list[dict[str, Any]]) -> None:
    """Every call is answered right after the message that makes it, and nothing else is."""
    waiting: list[str] = []
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        if message["role"] == "tool":
            if message.get("tool_call_id") not in waiting:
                words = "messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
                raise Refused(400, f"Invalid parameter: {words}", None, f"{where}.role")
            waiting.remove(message["tool_call_id"])
            continue
        _check_answered(waiting, where)
        for call in message.get("tool_calls") or ():
            match call:
                case {"id": str(call_id), "type": "function", "function": {"name": str(), "arguments": str()}}:
                    waiting.append(call_id)
                case _:
                    raise Refused(400, f"Invalid value at '{where}.tool_calls'.", "invalid_value", where)
    _check_answered(waiting, "messages")


def _check_answered(waiting: list[str], where: str) -> None:
    if waiting:
        words = (
            "must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not"
        )
        message = f"An assistant message with 'tool_calls' {words} have response messages: {', '.join(waiting)}"
        raise Refused(400, message, None, where)


def check_tools(body: Mapping[str, Any], model: FakeModel) -> None:
    tools = body.get("tools")
    if tools is None:
        if body.get("tool_choice") is not None:
            raise Refused(400, "'tool_choice' is only allowed when 'tools' are specified.", None, "tool_choice")
        return
    if not model.tools:
        raise Refused(400, "tools is not supported in this model.", "unsupported_parameter", "tools")
    if model.tools_need == "no reasoning" and body.get("reasoning_effort") != "none":
        message = f"Function tools with reasoning_effort are not supported for {model.name} in /v1/chat/completions. "
        raise Refused(400, message + "Please use /v1/responses instead.", None, "reasoning_effort")
    if not isinstance(tools, list) or not 1 <= len(tools) <= 128:
        raise Refused(400, "Invalid 'tools': expected an array of 1 to 128.", "empty_array", "tools")
    for index, tool in enumerate(tools):
        match tool:
            case {"type": "function", "function": {"name": str(name)} as function} if _TOOL_NAME.fullmatch(name):
                if isinstance(function.get("parameters", {}), dict):
                    continue
        raise Refused(400, f"Invalid value at 'tools[{index}]'.", "invalid_value", f"tools[{index}]")


def prompt_tokens(body: Mapping[str, Any]) -> int:
    """About four bytes of text a token; pictures count 85, as OpenAI's low detail does."""
    tokens = 0
    for message in body.get("messages") or ():
        content = message.get("content") or ""
        for part in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            tokens += len(part["text"].encode()) // 4 if part["type"] == "text" else 85
        tokens += 4
    return tokens
