"""What the demonstration says: it repeats what it gets, and asks for a tool where a picture is wanted. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bot.domain.prompts import ChatRequest, ImagePart, PromptMessage, TextPart, Tool, ToolCall
from bot.llm.demo_text import long_markdown
from bot.llm.image_size import describe

_LONG = re.compile(r"\blong\s+(\d{1,6})\b", re.IGNORECASE)
_ROLE = re.compile(r"\byou are (?:called |named )?([^.,;:\n]{1,60})", re.IGNORECASE)

_ASKED = r"(?im)^[^\w\n]*+(?:(?:please|now|can|could|would|will|you|and|then|also)[^\S\n]++)*+"
_PICTURE = r"(?:picture|image|photo|drawing|painting)s?"
_DRAW = re.compile(rf"{_ASKED}(?:draw|paint|sketch)\s+(?:me\s+)?(?:an?\s+{_PICTURE}\s+of\s+)?(\S.*)")
_MAKE = re.compile(
    rf"{_ASKED}(?:make|create|generate|show)\s+(?:me\s+)?(?:\w+\s+)?{_PICTURE}\s+(?:of|with|showing)\s+(\S.*)"
)
_CHANGE = re.compile(rf"{_ASKED}(make\s+(?:it|this|that)\s+\S.*)")

_INTRODUCTION = "This is Parley's built-in demonstration, not a real model: it only repeats what it gets."
_HINT = (
    "To talk to a real model, set a provider's key, for example `OPENAI_API_KEY`, or start Ollama on this machine. "
    "`long 3000` shows a long answer."
)
_TOOL_HINT = "`draw a lighthouse` shows a picture."
_RESULT = 300  # characters of a tool's result that are repeated


def answer(request: ChatRequest) -> str:
    if request.messages and request.messages[-1].role == "tool":
        return _about(request.messages)
    question = _question(request)
    text = words_of(question)
    long = _LONG.search(text)
    if long is not None:
        return long_markdown(int(long.group(1)))
    return "\n\n".join(_paragraphs(request, question, text))


def wanted_call(request: ChatRequest) -> ToolCall | None:
    """The call of the first tool, if the newest message asks for a picture."""
    if not request.tools or not request.messages or request.messages[-1].role != "user":
        return None
    tool, text = request.tools[0], words_of(request.messages[-1])
    arguments = _arguments(tool, text)
    if arguments is None:
        return None
    number = 1 + sum(len(message.calls) for message in request.messages)
    return ToolCall(f"demo{number:05}", tool.name, json.dumps(arguments, ensure_ascii=False))


def words_of(message: PromptMessage) -> str:
    if isinstance(message.content, str):
        return message.content
    return "\n".join(part.text for part in message.content if isinstance(part, TextPart))


def _arguments(tool: Tool, text: str) -> dict[str, object] | None:
    """The wish as the tool's first text; a tool that can change its last work has a switch named `change`."""
    kinds = _kinds(tool.parameters)
    name = next((name for name, kind in kinds.items() if kind == "string"), None)
    if name is None:
        return None
    wish = _DRAW.search(text) or _MAKE.search(text)
    if wish is not None:
        return {name: wish.group(1).strip()}
    change = _CHANGE.search(text) if kinds.get("change") == "boolean" else None
    return {name: change.group(1).strip(), "change": True} if change is not None else None


def _kinds(schema: Mapping[str, Any]) -> dict[str, object]:
    """The type of each parameter."""
    return {name: value.get("type") for name, value in schema.get("properties", {}).items()}


def _about(messages: tuple[PromptMessage, ...]) -> str:
    result = messages[-1]
    names = {call.id: call.name for message in messages for call in message.calls}
    said = " ".join(words_of(result).split())
    said = said if len(said) <= _RESULT else said[:_RESULT] + "…"
    return f"The demonstration used the tool `{names.get(result.call_id or '', 'unknown')}`, which answered: {said}"


def _question(request: ChatRequest) -> PromptMessage:
    return next((m for m in reversed(request.messages) if m.role == "user"), PromptMessage("user", ""))


def _paragraphs(request: ChatRequest, question: PromptMessage, text: str) -> Iterator[str]:
    role = _role(request)
    yield f"{_INTRODUCTION} It was told to be {role}." if role else _INTRODUCTION
    if text.strip():
        yield "You said:\n\n" + "\n".join(f"> {line}" for line in text.strip().splitlines())
    pictures = [part for part in question.content if isinstance(part, ImagePart)]
    if pictures:
        yield "You showed a picture of " + ", and one of ".join(describe(p.data_uri) for p in pictures) + "."
    earlier = sum(message.role == "user" for message in request.messages) - 1
    if earlier > 0:
        yield f"It remembers {earlier} earlier question{'s' if earlier > 1 else ''}."
    yield f"{_HINT} {_TOOL_HINT}" if request.tools else _HINT


def _role(request: ChatRequest) -> str | None:
    """Who the system prompt says the model is (`You are a patient teacher, ...`)."""
    prompts = (words_of(message) for message in request.messages if message.role == "system")
    found = next((role for prompt in prompts if (role := _ROLE.search(prompt))), None)
    return found.group(1).strip() if found else None
