"""Turns the bytes of a streamed answer into events. Does no I/O, and accepts only what is a whole answer.

The SDK's own stream takes a web page, a JSON error with status 200 and a connection that ends early for the end of an
answer; here each of them is an error that says what it was.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from bot.domain.events import Finished, FinishReason, ReasoningDelta, ReplyEvent, TextDelta, ToolCalled, UsageSeen
from bot.domain.usage import Usage
from bot.errors import BrokenStream, ModelError
from bot.llm.chunks import content_of, error_of, finish_reason, first_choice, usage_of
from bot.llm.errors import from_body
from bot.llm.sse import MAX_EVENT, ServerEvent, SSEDecoder
from bot.llm.thinking import ThinkFilter
from bot.llm.tool_calls import ToolCalls, without_halves

MAX_ANSWER = 2_000_000
"""Characters that a model may say and think in one answer, several times what any can: 128,000 tokens are some 500,000.
All of them are held in memory."""

MAX_STREAM = 256 * 1024 * 1024
"""Bytes of a whole stream. A chunk has some 250 around each token, so that the longest honest answers have about 40 MB;
what never ends has an end here, although none of it is kept."""

_BLANK = b"\xef\xbb\xbf \t\r\n"
_NOT_A_STREAM = (b"{", b"[", b"<")
_ESCAPED_HALF = re.compile(rb"\\u[dD][89a-fA-F]")


class ReplyDecoder:
    """Feed it what was read until `done` or the end, then close it and look at `failure`. Neither raises, so that the
    text before a failure is never lost."""

    def __init__(self, model: str) -> None:
        self.done = False
        """The answer is over; what may still follow carries nothing."""
        self.failure: ModelError | None = None
        """Why this was not a whole answer."""
        self._model = model
        self._sse = SSEDecoder()
        self._think = ThinkFilter()
        self._calls = ToolCalls()
        self._whole: bytearray | None = None
        self._begun = False
        self._chunks = 0
        self._reason: FinishReason | None = None
        self._usage: Usage | None = None
        self._half = ""
        self._read_bytes = 0
        self._characters = 0

    @property
    def finishing(self) -> bool:
        """The text is complete; only its usage may be missing."""
        return self._reason is not None

    def feed(self, data: bytes) -> list[ReplyEvent]:
        if self.done:
            return []
        self._read_bytes += len(data)
        if self._read_bytes > MAX_STREAM:
            return self._fail(f"an answer of more than {MAX_STREAM} bytes")
        if not self._begun:
            data = data.lstrip(_BLANK)
            if not data:
                return []
            self._begun = True
            if data.startswith(_NOT_A_STREAM):
                self._whole = bytearray()
        if self._whole is not None:
            self._whole += data
            return self._fail("what came was not a stream") if len(self._whole) > MAX_EVENT else []
        try:
            events = self._sse.feed(data)
        except ValueError as error:
            return self._fail(str(error))
        return self._read(events)

    def close(self) -> list[ReplyEvent]:
        """The end of the bytes: the last events of the answer."""
        if self.done:
            return []
        if self._whole is not None:
            return self._read_whole(bytes(self._whole))
        return [*self._read(self._sse.close()), *self._finish()]

    def _fail(self, detail: str) -> list[ReplyEvent]:
        return self._failed(BrokenStream(self._model, detail))

    def _failed(self, failure: ModelError) -> list[ReplyEvent]:
        self.done = True
        self.failure = failure
        return [*self._think.close()]

    def _read(self, events: list[ServerEvent]) -> list[ReplyEvent]:
        replies: list[ReplyEvent] = []
        for event in events:
            if self.done:
                break
            data = event.data.strip()
            if data == b"[DONE]":
                replies += self._finish()
            elif data:
                replies += self._one(event.name, data)
        return _joined(replies)

    def _one(self, name: bytes, data: bytes) -> list[ReplyEvent]:
        try:
            return self._chunk(name, self._parse(data))
        except ModelError as failure:
            return self._failed(failure)

    def _parse(self, data: bytes) -> dict[str, Any]:
        try:
            chunk = _loads(data)
        except (ValueError, RecursionError):
            raise BrokenStream(self._model, "a part of the answer was not readable") from None
        return chunk if isinstance(chunk, dict) else {"error": chunk}

    def _chunk(self, name: bytes, chunk: dict[str, Any]) -> list[ReplyEvent]:
        error = error_of(name, chunk)
        if error is not None:
            raise from_body(self._model, error)
        self._usage = usage_of(chunk) or self._usage
        choice = first_choice(chunk)
        if choice is None:
            return []
        self._chunks += 1
        delta = choice.get("delta") or choice.get("message")
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:
            self._end(reason)
        return self._content(delta) if isinstance(delta, dict) else []

    def _content(self, delta: dict[str, Any]) -> list[ReplyEvent]:
        self._calls.feed(delta)
        text, thought = content_of(delta)
        self._characters += len(text) + len(thought)
        if self._characters > MAX_ANSWER:
            raise BrokenStream(self._model, f"an answer of more than {MAX_ANSWER} characters")
        text = self._mended(text)
        events: list[ReplyEvent] = [ReasoningDelta(thought)] if thought else []
        if text:
            events += self._think.feed(text)
        return events

    def _mended(self, text: str) -> str:
        """The text with characters whose halves came in two chunks put together, and lone halves replaced."""
        if not text:
            return ""
        text, self._half = self._half + text, ""
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return without_halves(text)

    def _end(self, reason: str) -> None:
        if reason == "error":
            raise BrokenStream(self._model, "the provider broke the answer off")
        self._reason = finish_reason(reason)

    def _finish(self) -> list[ReplyEvent]:
        if self.done:
            return []
        if self._reason is None:
            return self._fail("the answer broke off" if self._chunks else "nothing that is an answer came")
        self.done = True
        reason, calls = self._outcome(self._reason)
        usage = [UsageSeen(self._usage)] if self._usage is not None else []
        return [*self._think.close(), *calls, *usage, Finished(reason)]

    def _outcome(self, reason: FinishReason) -> tuple[FinishReason, list[ToolCalled]]:
        """How the answer ended, and its tool calls. Calls count whatever the server gives as its reason, except in an
        answer that was cut off: there the last of them may be too."""
        if reason in ("length", "content_filter"):
            return reason, []
        calls = [ToolCalled(call) for call in self._calls.take()]
        return ("tool_calls" if calls else "stop"), calls

    def _read_whole(self, data: bytes) -> list[ReplyEvent]:
        """A body that is no stream: an error, or the whole answer of a server that cannot stream."""
        if data.startswith(b"<"):
            return self._fail("a web page came instead of an answer")
        return _joined([*self._one(b"", data), *self._finish()])


def _loads(data: bytes) -> Any:
    """orjson is quick but refuses a lone half of a surrogate pair, which servers written in JavaScript send when they
    cut a text in the middle of an emoji."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        if _ESCAPED_HALF.search(data) is None:
            raise
        return json.loads(data)


def _joined(events: list[ReplyEvent]) -> list[ReplyEvent]:
    """Neighbouring deltas of one kind as one: what came in one read is shown in one go anyway."""
    joined: list[ReplyEvent] = []
    for event in events:
        match joined[-1] if joined else None, event:
            case TextDelta(text=before), TextDelta(text=text):
                joined[-1] = TextDelta(before + text)
            case ReasoningDelta(text=before), ReasoningDelta(text=text):
                joined[-1] = ReasoningDelta(before + text)
            case _:
                joined.append(event)
    return joined
