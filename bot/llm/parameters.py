"""The body of a chat request, and what is left out of it after a provider refused a parameter. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from bot.domain.prompts import ChatRequest, ImagePart, Part, PromptMessage, TextPart, Tool, ToolCall
from bot.llm.profiles import Profile
from bot.llm.providers import Quirks
from bot.llm.tool_calls import is_object

Options = Mapping[str, Mapping[str, Any]]
"""Extra request parameters by `provider/model` or by provider; null removes one."""

_REFUSES = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unknown|unexpected|not permitted|extra_forbidden|extra inputs|not allowed"
    r"|only the default|not accept|deprecated",
    re.IGNORECASE,
)
# How providers say that a model has no tools, beside naming the parameter. OpenRouter: "No endpoints found that support
# tool use"; Groq, DeepInfra: "Tool calling is not supported"; Mistral, Gemini: "Function calling is not enabled";
# DeepSeek: "does not support Function Calling"; vLLM: "requires --enable-auto-tool-choice"; llama.cpp: "--jinja".
_NO_TOOLS = re.compile(
    r"endpoints found that support tool|requires --(?:enable-auto-tool-choice|jinja)"
    r"|\b(?:tool|function)[ _-](?:use|call(?:s|ing)?)\b[^.]{0,40}\bnot (?:support|enabl|available|allow)"
    r"|not support\w* (?:\w+ ){0,2}(?:tool|function)[ _-](?:use|call)",
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
    if request.tools and profile.tools and "tools" not in refused:
        wanted["tools"] = [_tool_json(tool) for tool in request.tools]
        if profile.tools_without_reasoning:
            wanted["reasoning_effort"] = "none"
    return {name: value for name, value in wanted.items() if value is not None and name not in refused}


def _tool_json(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


def extra_body(own: Mapping[str, Any], options: Options, provider: str, model: str) -> dict[str, Any]:
    """Our parameters with the operator's on top, the model's over the provider's."""
    merged = {**own, **options.get(provider, {}), **options.get(f"{provider}/{model}", {})}
    return {name: value for name, value in merged.items() if value is not None}


def refused_parameter(words: str, param: str | None, sent: Collection[str]) -> str | None:
    """Which of the parameters that were sent an error refuses altogether; a refused value is the person's to change."""
    refuses = _REFUSES.search(words) is not None
    if refuses and param in sent:
        return param
    if "tools" in sent and _NO_TOOLS.search(words):
        return "tools"
    return next((name for name in sent if _names(words, name)), None) if refuses else None


def _names(words: str, name: str) -> bool:
    quoted = rf"['\"`]{name}['\"`]"
    return re.search(quoted if name in _EVERYDAY_WORDS else rf"\b{name}\b", words, re.IGNORECASE) is not None


def message_json(message: PromptMessage) -> dict[str, Any]:
    written: dict[str, Any] = {"role": message.role, "content": _content_json(message.content)}
    if message.calls:
        written["content"] = written["content"] or None
        written["tool_calls"] = [_call_json(call) for call in message.calls]
    if message.call_id is not None:
        written["tool_call_id"] = message.call_id
    return written


def _content_json(content: str | tuple[Part, ...]) -> str | list[dict[str, Any]]:
    return content if isinstance(content, str) else [_part_json(part) for part in content]


def _call_json(call: ToolCall) -> dict[str, Any]:
    # Servers that fill a template (vLLM, Ollama, those before Claude and Gemini) refuse a history whose JSON is broken.
    arguments = call.arguments if is_object(call.arguments) else "{}"
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _part_json(part: Part) -> dict[str, Any]:
    match part:
        case TextPart(text=text):
            return {"type": "text", "text": text}
        case ImagePart(data_uri=uri):
            return {"type": "image_url", "image_url": {"url": uri}}
