"""The built-in demonstration model."""

from __future__ import annotations

import base64
import json
import struct
from contextlib import aclosing

import pytest

from bot import clock
from bot.domain.events import Finished, ReplyEvent, TextDelta, ToolCalled, UsageSeen
from bot.domain.personas import Sampling
from bot.domain.prompts import ChatRequest, ImagePart, PromptMessage, TextPart, Tool, ToolCall
from bot.llm.demo import MODEL, Demo
from bot.llm.image_size import describe

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 640, 480) + b"\x08\x02"
GIF = b"GIF89a" + struct.pack("<HH", 32, 16)
JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    b"\xff\xc4\x00\x04ab\xff\xc2\x00\x11\x08" + struct.pack(">HH", 300, 200) + b"\x03"
)

MAKE = Tool(
    "make_picture", "Makes a picture.", {"properties": {"prompt": {"type": "string"}, "n": {"type": "integer"}}}
)
CHANGE = Tool("change", "", {"properties": {"what": {"type": "string"}, "change": {"type": "boolean"}}})
BARE = Tool("look", "", {"type": "object"})


def uri(data: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def request(*messages: PromptMessage, sampling: Sampling | None = None, tools: tuple[Tool, ...] = ()) -> ChatRequest:
    return ChatRequest(MODEL, messages, sampling or Sampling(), tools=tools)


async def answer(asked: ChatRequest, pace: float = 0.0) -> list[ReplyEvent]:
    async with aclosing(Demo(pace).stream(asked)) as events:
        return [event async for event in events]


async def said(asked: ChatRequest) -> str:
    return "".join(event.text for event in await answer(asked) if isinstance(event, TextDelta))


async def test_it_says_what_it_is_and_repeats() -> None:
    text = await said(request(PromptMessage("user", "Hello\nthere")))
    assert "demonstration, not a real model" in text
    assert "> Hello\n> there" in text
    assert "earlier" not in text


async def test_it_follows_the_persona_and_the_history() -> None:
    system = PromptMessage("system", "Be brief. You are a patient teacher, and kind.")
    turns = [PromptMessage("user", "One"), PromptMessage("assistant", "1"), PromptMessage("user", "Two")]
    text = await said(request(system, *turns))
    assert "told to be a patient teacher." in text
    assert "> Two" in text
    assert "1 earlier question." in text


async def test_it_sees_how_large_pictures_are() -> None:
    parts = (TextPart("text", "See"), ImagePart("image", uri(PNG)), ImagePart("image", uri(JPEG)))
    text = await said(request(PromptMessage("user", parts)))
    assert "a picture of 640 by 480 pixels, and one of 200 by 300 pixels." in text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (PNG, "640 by 480 pixels"),
        (GIF, "32 by 16 pixels"),
        (JPEG, "200 by 300 pixels"),
        (b"RIFF12345678", "12 bytes"),
        (PNG[:18], "18 bytes"),
        (JPEG[:12], "12 bytes"),
        (b"", "0 bytes"),
    ],
)
def test_picture_sizes(data: bytes, text: str) -> None:
    assert describe(uri(data)) == text


def test_a_broken_data_uri() -> None:
    assert describe("data:image/png;base64,!!!") == "2 bytes"
    assert describe("") == "0 bytes"


@pytest.mark.parametrize("length", [0, 1, 2, 7, 100, 999, 9000])
async def test_long_answers_have_the_length_that_was_asked_for(length: int) -> None:
    text = await said(request(PromptMessage("user", f"please write long {length}")))
    assert len(text) == length
    assert text.count("```") % 2 == 0
    if length == 9000:
        assert all(mark in text for mark in ("## Part 1", "1. The", "| Platform |", "> What", "**bold**", "```python"))


async def test_usage_is_an_estimate() -> None:
    *_, usage, finished = await answer(request(PromptMessage("user", "Hello")))
    assert isinstance(usage, UsageSeen)
    assert usage.usage.prompt_tokens > 0
    assert usage.usage.completion_tokens > 20
    assert finished == Finished("stop")


async def test_the_length_limit_cuts() -> None:
    events = await answer(request(PromptMessage("user", "Hello"), sampling=Sampling(max_tokens=5)))
    assert sum(isinstance(event, TextDelta) for event in events) == 5
    assert events[-1] == Finished("length")


@pytest.mark.virtual
async def test_it_writes_at_a_readable_pace() -> None:
    start = clock.now()
    events = await answer(request(PromptMessage("user", "Hello")), pace=0.1)
    words = sum(isinstance(event, TextDelta) for event in events)
    assert clock.now() - start == pytest.approx(0.1 * words)


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("draw a cat", "a cat"),
        ("Please draw me a picture of a cat, asleep.", "a cat, asleep."),
        ("Can you paint the sea?", "the sea?"),
        ("Hello!\n  Now make a picture of a cat\nThanks", "a cat"),
        ("create an image with two dogs", "two dogs"),
        ("show me photos of Berlin", "Berlin"),
    ],
)
async def test_it_calls_the_tool_when_a_picture_is_wanted(text: str, prompt: str) -> None:
    called, usage, finished = await answer(request(PromptMessage("user", text), tools=(MAKE, BARE)))
    assert isinstance(called, ToolCalled)
    assert (called.call.id, called.call.name) == ("demo00001", "make_picture")
    assert json.loads(called.call.arguments) == {"prompt": prompt}
    assert isinstance(usage, UsageSeen)
    assert finished == Finished("tool_calls")


@pytest.mark.parametrize(
    ("text", "tools"),
    [
        ("draw a cat", ()),
        ("draw a cat", (BARE,)),
        ("make it blue", (MAKE,)),
        ("What do you draw from this?", (MAKE,)),
        ("I like this picture of a cat", (MAKE,)),
        ("long 300", (MAKE,)),
        ("", (MAKE,)),
    ],
)
async def test_it_answers_in_words_otherwise(text: str, tools: tuple[Tool, ...]) -> None:
    events = await answer(request(PromptMessage("user", text), tools=tools))
    assert not any(isinstance(event, ToolCalled) for event in events)
    assert events[-1] == Finished("stop")


async def test_it_changes_a_picture_with_a_tool_that_can() -> None:
    first, *_ = await answer(request(PromptMessage("user", "Make it blue, please"), tools=(CHANGE,)))
    assert isinstance(first, ToolCalled)
    assert json.loads(first.call.arguments) == {"what": "Make it blue, please", "change": True}


async def test_it_says_what_the_tool_answered() -> None:
    asked = PromptMessage("user", "draw a cat")
    called = PromptMessage("assistant", "", (ToolCall("demo00001", "make_picture", "{}"),))
    done = PromptMessage("tool", "The picture\nis shown.", call_id="demo00001")
    text = await said(request(asked, called, done, tools=(MAKE,)))
    assert text == "The demonstration used the tool `make_picture`, which answered: The picture is shown."
    wordy = PromptMessage("tool", "Draw a cat: done.", call_id="demo00001")
    assert "Draw a cat: done." in await said(request(asked, called, wordy, tools=(MAKE,)))
    again, *_ = await answer(request(asked, called, done, PromptMessage("assistant", "Done."), asked, tools=(MAKE,)))
    assert isinstance(again, ToolCalled)
    assert again.call.id == "demo00002"


async def test_it_says_that_it_draws_where_it_can() -> None:
    hello = PromptMessage("user", "Hello")
    assert "draw a lighthouse" in await said(request(hello, tools=(MAKE,)))
    assert "draw a lighthouse" not in await said(request(hello))
