"""The built-in model: needs no key and no network, and says plainly that it is a demonstration."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterator

from bot import clock
from bot.domain.events import Finished, ReplyEvent, TextDelta, UsageSeen
from bot.domain.prompts import ChatRequest, ImagePart, ModelInfo, PromptMessage, TextPart
from bot.domain.usage import Usage
from bot.llm.demo_text import long_markdown
from bot.llm.image_size import describe
from bot.llm.tokens import estimate_tokens

PROVIDER = "demo"
MODEL = f"{PROVIDER}/echo"

_LONG = re.compile(r"\blong\s+(\d{1,6})\b", re.IGNORECASE)
_ROLE = re.compile(r"\byou are (?:called |named )?([^.,;:\n]{1,60})", re.IGNORECASE)
_WORD = re.compile(r"\s*\S+\s*")

_INTRODUCTION = "This is Parley's built-in demonstration, not a real model: it only repeats what it gets."
_HINT = (
    "To talk to a real model, set a provider's key, for example `OPENAI_API_KEY`, or start Ollama on this machine. "
    "`long 3000` shows a long answer."
)


class Demo:
    """Streams word by word; `pace` is the seconds between two words."""

    info = ModelInfo(MODEL, context=16_000)

    def __init__(self, pace: float = 0.03) -> None:
        self._pace = pace

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ReplyEvent, None]:
        answer = _answer(request)
        words = _WORD.findall(answer)
        length = request.sampling.max_tokens or len(words)
        for word in words[:length]:
            yield TextDelta(word)
            await clock.sleep(self._pace)
        prompt = sum(estimate_tokens(_text(message)) for message in request.messages)
        yield UsageSeen(Usage(prompt, estimate_tokens("".join(words[:length]))))
        yield Finished("stop" if length >= len(words) else "length")


def _answer(request: ChatRequest) -> str:
    question = next((m for m in reversed(request.messages) if m.role == "user"), PromptMessage("user", ""))
    text = _text(question)
    long = _LONG.search(text)
    if long is not None:
        return long_markdown(int(long.group(1)))
    return "\n\n".join(_paragraphs(request, question, text))


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
    yield _HINT


def _role(request: ChatRequest) -> str | None:
    """Who the system prompt says the model is (`You are a patient teacher, ...`)."""
    prompts = (_text(message) for message in request.messages if message.role == "system")
    found = next((role for prompt in prompts if (role := _ROLE.search(prompt))), None)
    return found.group(1).strip() if found else None


def _text(message: PromptMessage) -> str:
    if isinstance(message.content, str):
        return message.content
    return "\n".join(part.text for part in message.content if isinstance(part, TextPart))
