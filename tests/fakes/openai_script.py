"""Scripted answers for the fake OpenAI-compatible server: what it says, at what pace, and what goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import orjson

UsageAt = Literal[
    "asked",  # as documented: a last chunk without choices, when `stream_options.include_usage` asks for it
    "final",  # the same, unasked
    "with_choices",  # in the chunk that carries the finish_reason
    "x_groq",  # under `x_groq` of that chunk, as Groq sends it
    "none",
]

# Things that providers put in the middle of a stream; use them in `Script.insert`.
COMMENT = b": OPENROUTER PROCESSING\n\n"
BROKEN_JSON = b'data: {"id":"chatcmpl-1","choices":[{"index":0,"del\n\n'
ERROR_EVENT = b'event: error\ndata: {"message":"The engine is overloaded."}\n\n'
ERROR_OBJECT = b'data: {"error":{"message":"Provider returned error","code":502}}\n\n'
NULL_CHOICES = b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","choices":null}\n\n'
EMPTY_CHOICES = b'data: {"id":"chatcmpl-1","choices":[],"prompt_filter_results":[]}\n\n'
DELTA_NULL = b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":null}]}\n\n'
SECOND_CHOICE = b'data: {"id":"chatcmpl-1","choices":[{"index":1,"delta":{"content":"another version"}}]}\n\n'

HTML_PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please sign in.</body></html>"


@dataclass(slots=True)
class Script:
    """One answer. It is used once; with `when` only for a request (its JSON) for which that returns true.

    `pieces` are the texts of the chunks and `pace` the seconds between two of them; the first follows `first_delay`
    seconds after the headers. `insert` maps an index of `pieces` to raw bytes that are written before that piece
    (`len(pieces)`: after the last one). `cut_after`, `stall_after` and `end_after` count pieces: the connection is
    reset, nothing more comes, or the body ends there. `calls` are the names and the JSON arguments of tool calls, which
    follow the text; an answer with some ends with the reason `tool_calls`.
    """

    pieces: Sequence[str] = ()
    calls: Sequence[tuple[str, str]] = ()
    pace: float = 0.0
    first_delay: float = 0.0
    reasoning: Sequence[str] = ()
    reasoning_field: Literal["reasoning_content", "reasoning", "reasoning_details"] = "reasoning_content"
    refusal: bool = False
    content_parts: bool = False
    finish_reason: str | None = "stop"
    usage: Mapping[str, Any] | None = None
    usage_at: UsageAt = "asked"
    done: bool = True
    insert: Mapping[int, bytes] = field(default_factory=dict)
    newline: bytes = b"\n"
    tiny_writes: bool = False
    cut_after: int | None = None
    stall_after: int | None = None
    end_after: int | None = None
    status: int = 200
    body: Any = None
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    header_delay: float = 0.0
    when: Callable[[dict[str, Any]], bool] | None = None

    @property
    def reason(self) -> str | None:
        return "tool_calls" if self.calls and self.finish_reason == "stop" else self.finish_reason

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @classmethod
    def of(cls, text: str, size: int = 4, **fields: Any) -> Self:
        """The text in pieces of `size` characters."""
        return cls([text[start : start + size] for start in range(0, len(text), size)], **fields)

    @classmethod
    def error(cls, status: int, message: str, code: str | None = None, param: str | None = None, **fields: Any) -> Self:
        """OpenAI's error shape."""
        kind = "server_error" if status >= 500 else "invalid_request_error"
        detail = {"message": message, "type": kind, "param": param, "code": code}
        return cls(status=status, body={"error": detail}, **fields)

    @classmethod
    def rate_limited(cls, headers: Mapping[str, str] | None = None, **fields: Any) -> Self:
        message = "Rate limit reached for requests. Please slow down."
        return cls.error(429, message, "rate_limit_exceeded", headers=headers or {}, **fields)

    @classmethod
    def out_of_quota(cls, **fields: Any) -> Self:
        message = "You exceeded your current quota, please check your plan and billing details."
        detail = {"message": message, "type": "insufficient_quota", "param": None, "code": "insufficient_quota"}
        return cls(status=429, body={"error": detail}, **fields)

    @classmethod
    def web_page(cls, **fields: Any) -> Self:
        """A sign-in page with status 200, as captive portals and wrong addresses answer."""
        return cls(body=HTML_PAGE, content_type="text/html", **fields)


class Frames:
    """Turns pieces into the bytes of server-sent events; what repeats is encoded once per answer."""

    def __init__(self, script: Script, answer_id: str, model: str, usage_asked: bool) -> None:
        self._script = script
        base = {"id": answer_id, "object": "chat.completion.chunk", "created": 1_790_000_000, "model": model}
        self._head = b"data: " + orjson.dumps(base)[:-1]
        self._null_usage = b',"usage":null' if usage_asked and script.usage_at == "asked" else b""
        end = script.newline * 2
        self._delta_head = self._head + b',"choices":[{"index":0,"delta":{'
        self._delta_tail = b'},"logprobs":null,"finish_reason":null}]' + self._null_usage + b"}" + end
        self._end = end
        self._key = b'"refusal":' if script.refusal else b'"content":'

    def role(self) -> bytes:
        return self._delta_head + b'"role":"assistant","content":"","refusal":null' + self._delta_tail

    def piece(self, text: str) -> bytes:
        value: Any = [{"type": "text", "text": text}] if self._script.content_parts else text
        return self._delta_head + self._key + orjson.dumps(value) + self._delta_tail

    def reasoning(self, text: str) -> bytes:
        name = self._script.reasoning_field
        value: Any = [{"type": "reasoning.text", "text": text}] if name == "reasoning_details" else text
        return self._delta_head + b'"%s":' % name.encode() + orjson.dumps(value) + self._delta_tail

    def call(self, index: int, call_id: str, name: str, arguments: str) -> bytes:
        """A tool call: first what is called, then its arguments in pieces."""
        begun = {"index": index, "id": call_id, "type": "function", "function": {"name": name, "arguments": ""}}
        frames = self._call(begun)
        for start in range(0, len(arguments), 8):
            frames += self._call({"index": index, "function": {"arguments": arguments[start : start + 8]}})
        return frames

    def _call(self, call: Mapping[str, Any]) -> bytes:
        return self._delta_head + b'"tool_calls":' + orjson.dumps([call]) + self._delta_tail

    def finish(self, usage: Mapping[str, Any]) -> bytes:
        choice = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": self._script.reason}
        frame = self._head + b',"choices":[' + orjson.dumps(choice) + b"]"
        match self._script.usage_at:
            case "with_choices":
                frame += b',"usage":' + orjson.dumps(usage)
            case "x_groq":
                frame += b',"x_groq":' + orjson.dumps({"id": "req_1", "usage": usage})
            case _:
                frame += self._null_usage
        return frame + b"}" + self._end

    def usage(self, usage: Mapping[str, Any]) -> bytes:
        return self._head + b',"choices":[],"usage":' + orjson.dumps(usage) + b"}" + self._end

    def done(self) -> bytes:
        return b"data: [DONE]" + self._end
