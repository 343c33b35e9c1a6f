"""What a stream of bytes says, and every way in which it may be no whole answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.events import Finished, ReasoningDelta, ReplyEvent, TextDelta, UsageSeen
from bot.domain.usage import Usage
from bot.errors import BrokenStream, ModelError, OutOfQuota, PromptTooLong, ProviderDown, RateLimited
from bot.llm.decoder import ReplyDecoder

DONE = b"data: [DONE]\n\n"


def raw(text: str) -> bytes:
    """A chunk whose text is given as JSON has it, escapes and all."""
    return b'data: {"choices":[{"index":0,"delta":{"content":"' + text.encode() + b'"}}]}\n\n'


def event(value: object, name: str = "") -> bytes:
    return (f"event: {name}\n".encode() if name else b"") + b"data: " + orjson.dumps(value) + b"\n\n"


def chunk(finish: str | None = None, **delta: Any) -> bytes:
    return event({"id": "1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def say(text: str) -> bytes:
    return chunk(content=text)


STOP = chunk(finish="stop")


def decode(*reads: bytes) -> tuple[list[ReplyEvent], ModelError | None]:
    """The events, neighbouring deltas joined, and the failure."""
    decoder = ReplyDecoder("test/model")
    events = [event for read in reads for event in decoder.feed(read)] + decoder.close()
    return joined(events), decoder.failure


def joined(events: Sequence[ReplyEvent]) -> list[ReplyEvent]:
    result: list[ReplyEvent] = []
    for one in events:
        last = result[-1] if result else None
        if isinstance(one, TextDelta) and isinstance(last, TextDelta):
            result[-1] = TextDelta(last.text + one.text)
        elif isinstance(one, ReasoningDelta) and isinstance(last, ReasoningDelta):
            result[-1] = ReasoningDelta(last.text + one.text)
        else:
            result.append(one)
    return result


HELLO: list[ReplyEvent] = [TextDelta("Hello"), Finished("stop")]
USAGE = {
    "prompt_tokens": 9,
    "completion_tokens": 5,
    "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 2},
}
SEEN = UsageSeen(Usage(9, 5, 4, 2, 3))

WHOLE: dict[str, tuple[bytes, list[ReplyEvent]]] = {
    "plain": (say("Hel") + say("lo") + STOP + DONE, HELLO),
    "no [DONE]": (say("Hello") + STOP, HELLO),
    "[DONE] without its blank line": (say("Hello") + STOP + b"data: [DONE]", HELLO),
    "finish_reason with the last words": (chunk(finish="stop", content="Hello") + DONE, HELLO),
    "empty finish_reason until the end": (chunk(finish="", content="Hello") + STOP + DONE, HELLO),
    "unknown finish_reason": (say("Hello") + chunk(finish="eos") + DONE, HELLO),
    "cut by length": (say("Hello") + chunk(finish="length") + DONE, [TextDelta("Hello"), Finished("length")]),
    "cut by length, as Mistral says": (say("a") + chunk(finish="model_length"), [TextDelta("a"), Finished("length")]),
    "filtered": (say("Hi") + chunk(finish="content_filter") + DONE, [TextDelta("Hi"), Finished("content_filter")]),
    "tools without a call": (chunk(finish="tool_calls", tool_calls=[{"id": None}]) + DONE, [Finished("stop")]),
    "nothing said": (STOP + DONE, [Finished("stop")]),
    "refusal": (chunk(refusal="I can't.") + STOP + DONE, [TextDelta("I can't."), Finished("stop")]),
    "content null": (chunk(content=None) + say("Hello") + STOP + DONE, HELLO),
    "parts": (chunk(content=[{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]) + STOP + DONE, HELLO),
    "parts of other kinds": (chunk(content=[{"type": "image_url"}, "Hello", 5, None]) + STOP + DONE, HELLO),
    "thinking parts": (
        chunk(content=[{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]) + say("Hello") + STOP,
        [ReasoningDelta("hm"), *HELLO],
    ),
    "reasoning_content": (chunk(reasoning_content="hm", content=None) + say("Hello") + STOP + DONE,
                          [ReasoningDelta("hm"), *HELLO]),
    "reasoning in two spellings": (
        chunk(reasoning="hm", reasoning_details=[{"type": "reasoning.text", "text": "hm"}]) + say("Hello") + STOP,
        [ReasoningDelta("hm"), *HELLO],
    ),
    "reasoning_details alone": (
        chunk(reasoning_details=[{"type": "reasoning.summary", "summary": "hm"}, {"type": "reasoning.encrypted"}])
        + say("Hello") + STOP,
        [ReasoningDelta("hm"), *HELLO],
    ),
    "think tags": (say("<thi") + say("nk>hm</think>\nHello") + STOP + DONE, [ReasoningDelta("hm"), *HELLO]),
    "think tags later on": (say("Use <think>") + STOP + DONE, [TextDelta("Use <think>"), Finished("stop")]),
    "ends while a tag might begin": (say("<th") + STOP + DONE, [TextDelta("<th"), Finished("stop")]),
    "usage without choices": (say("Hello") + STOP + event({"choices": [], "usage": USAGE}) + DONE,
                              [TextDelta("Hello"), SEEN, Finished("stop")]),
    "usage with choices": (
        say("Hello") + event({"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": USAGE}) + DONE,
        [TextDelta("Hello"), SEEN, Finished("stop")],
    ),
    "usage in every chunk": (
        event({"choices": [{"delta": {"content": "Hello"}}], "usage": {"prompt_tokens": 9, "completion_tokens": 1}})
        + event({"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": USAGE}),
        [TextDelta("Hello"), SEEN, Finished("stop")],
    ),
    "usage before the end": (
        event({"choices": [], "usage": USAGE}) + say("Hello") + STOP + DONE,
        [TextDelta("Hello"), SEEN, Finished("stop")],
    ),
    "usage of Groq": (say("Hello") + event({"choices": [{"delta": {}, "finish_reason": "stop"}],
                                            "x_groq": {"usage": {"prompt_tokens": 3, "completion_tokens": 1}}}),
                      [TextDelta("Hello"), UsageSeen(Usage(3, 1)), Finished("stop")]),
    "usage of DeepSeek": (
        say("Hello") + STOP
        + event({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 1, "prompt_cache_hit_tokens": 8}}),
        [TextDelta("Hello"), UsageSeen(Usage(9, 1, 8)), Finished("stop")],
    ),
    "usage that makes no sense": (say("Hello") + STOP + event({"choices": [], "usage": {"prompt_tokens": "many"}}),
                                  [TextDelta("Hello"), UsageSeen(Usage()), Finished("stop")]),
    "empty choices": (event({"choices": [], "prompt_filter_results": []}) + say("Hello") + STOP + DONE, HELLO),
    "choices null": (say("Hel") + event({"choices": None}) + say("lo") + STOP + DONE, HELLO),
    "delta null": (event({"choices": [{"index": 0, "delta": None}]}) + say("Hello") + STOP + DONE, HELLO),
    "strange choices": (event({"choices": [None, 7, "x"]}) + event({"choices": "x"}) + say("Hello") + STOP, HELLO),
    "a second choice": (event({"choices": [{"index": 1, "delta": {"content": "No"}}]}) + say("Hello") + STOP, HELLO),
    "pings": (event({"type": "ping"}, "ping") + b": hi\n\ndata:\n\ndata: null\n\n" + say("Hello") + STOP, HELLO),
    "after the end": (say("Hello") + STOP + DONE + say("more") + b"data: {\n\n", HELLO),
    "byte order mark": (b"\xef\xbb\xbf" + say("Hello") + STOP + DONE, HELLO),
    "CRLF": ((say("Hello") + STOP + DONE).replace(b"\n", b"\r\n"), HELLO),
    "CR": ((say("Hello") + STOP + DONE).replace(b"\n", b"\r"), HELLO),
    "data on several lines": (b'data: {"choices":[{"delta":\ndata: {"content":"Hello"}}]}\n\n' + STOP + DONE, HELLO),
    "not streamed": (
        orjson.dumps({"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}], "usage": USAGE}),
        [TextDelta("Hello"), SEEN, Finished("stop")],
    ),
    "an emoji in two halves": (raw(r"a \ud83d") + raw(r"\ude42 b") + STOP, [TextDelta("a 🙂 b"), Finished("stop")]),
    "halves alone": (raw(r"\ude42 a \ud83d") + say("b") + raw(r"\ud83d") + STOP,
                     [TextDelta("\ufffd a \ufffdb"), Finished("stop")]),
    "beyond ASCII": (say("日本 é ") + say("🙂👩‍👧") + STOP + DONE, [TextDelta("日本 é 🙂👩‍👧"), Finished("stop")]),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_whole_answers(name: str) -> None:
    stream, events = WHOLE[name]
    assert decode(stream) == (events, None)
    assert decode(*(bytes([byte]) for byte in stream)) == (events, None)


TEXT = [TextDelta("Hello")]
DEEP = b'data: {"choices": ' + b"[" * 5000 + b"]" * 5000 + b"}\n\n"

BROKEN: dict[str, tuple[bytes, list[TextDelta], type[ModelError], str]] = {
    "no end": (say("Hello"), TEXT, BrokenStream, "broke off"),
    "[DONE] without finish_reason": (say("Hello") + DONE, TEXT, BrokenStream, "broke off"),
    "nothing at all": (b"", [], BrokenStream, "nothing"),
    "only [DONE]": (DONE, [], BrokenStream, "nothing"),
    "only comments": (b": OPENROUTER PROCESSING\n\n" * 3, [], BrokenStream, "nothing"),
    "plain words": (b"Service Unavailable", [], BrokenStream, "nothing"),
    "a web page": (b"\n\n<!DOCTYPE html><html>Sign in</html>", [], BrokenStream, "web page"),
    "broken JSON": (say("Hello") + b'data: {"choices":[{"de\n\n' + say("x"), TEXT, BrokenStream, "not readable"),
    "a broken last line": (say("Hello") + b'data: {"choices":[{"de', TEXT, BrokenStream, "not readable"),
    "an error nested deeply": (
        say("Hello") + b'data: {"error":' + b"[" * 900 + b"1" + b"]" * 900 + b"}\n\n", TEXT, BrokenStream, "",
    ),
    "nested without end": (say("Hello") + DEEP + STOP, TEXT, BrokenStream, "not readable"),
    "a JSON error": (b'{"error": {"message": "Boom", "type": "server_error"}}', [], ProviderDown, "Boom"),
    "a JSON error with a code": (b'{"error": {"message": "Wait", "code": 429}}', [], RateLimited, "Wait"),
    "a JSON error without end": (b'{"error": {"message": "Boom', [], BrokenStream, "not readable"),
    "JSON of something else": (b'{"hello": "world"}', [], BrokenStream, "nothing"),
    "a list": (b"[]", [], BrokenStream, "nothing"),
    "event: error": (
        say("Hello") + event({"message": "The engine is overloaded."}, "error") + STOP, TEXT, ProviderDown, "engine",
    ),
    "event: error with a word": (say("Hello") + event("Boom", "error"), TEXT, BrokenStream, "Boom"),
    "error object": (say("Hello") + event({"error": {"message": "Bad", "code": 502}}), TEXT, ProviderDown, "Bad"),
    "error of OpenRouter": (
        say("Hello") + event({"error": {"code": "server_error", "message": "Gone"},
                              "choices": [{"delta": {"content": ""}, "finish_reason": "error"}]}),
        TEXT, ProviderDown, "Gone",
    ),
    "error of vLLM": (event({"object": "error", "message": "maximum context length is 8 tokens", "code": 400}),
                      [], PromptTooLong, "maximum"),
    "quota in the stream": (
        event({"error": {"message": "No", "type": "insufficient_quota"}}), [], OutOfQuota, "No",
    ),
    "finish_reason error": (say("Hello") + chunk(finish="error") + DONE, TEXT, BrokenStream, "provider broke"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_broken_answers_keep_their_text(name: str) -> None:
    stream, events, error, detail = BROKEN[name]
    for reads in ([stream], [stream[i : i + 1] for i in range(len(stream))]):
        seen, failure = decode(*reads)
        assert seen == events
        assert type(failure) is error
        assert failure.model == "test/model"
        assert detail in failure.detail


def test_an_endless_line_fails() -> None:
    decoder = ReplyDecoder("test/model")
    reads = 0
    while not decoder.done:
        decoder.feed(b"data: " if reads == 0 else b"x" * 65536)
        reads += 1
    assert decoder.failure is not None
    assert reads < 100


def test_a_long_answer_in_one_chunk_passes() -> None:
    text = "word " * 200_000
    assert decode(say(text) + STOP + DONE) == ([TextDelta(text), Finished("stop")], None)


@given(st.lists(st.text(min_size=1), max_size=8), st.sampled_from([b"\n", b"\r\n", b"\r"]), st.data())
def test_any_split_gives_the_same(pieces: list[str], newline: bytes, data: st.DataObject) -> None:
    stream = b"".join([*map(say, pieces), STOP, DONE]).replace(b"\n", newline)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=30)))
    reads = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    seen, failure = decode(*reads)
    assert failure is None
    assert (seen, failure) == decode(stream)
    text = "".join(one.text for one in seen if isinstance(one, TextDelta))
    said = "".join(pieces)
    if not said.lstrip().startswith("<think"):
        assert text == said


@given(st.binary(max_size=300) | st.lists(st.sampled_from([v[0] for v in BROKEN.values()])).map(b"".join))
def test_nothing_that_comes_raises(stream: bytes) -> None:
    _, failure = decode(stream)
    assert failure is None or isinstance(failure, ModelError)
