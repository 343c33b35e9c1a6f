"""Tool calls in the stream, in all the ways in which servers cut and number them."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.events import Finished, ReplyEvent, TextDelta, ToolCalled, UsageSeen
from bot.domain.prompts import ToolCall
from bot.domain.usage import Usage
from bot.errors import BrokenStream
from bot.llm.decoder import ReplyDecoder
from bot.llm.tool_calls import MAX_ARGUMENTS, MAX_CALLS

CAT = '{"prompt":"a cat"}'
DOG = '{"prompt":"a dog"}'
LEFT_OUT = object()


def event(value: object) -> bytes:
    return b"data: " + orjson.dumps(value) + b"\n\n"


def chunk(*calls: object, finish: str | None = None, text: str | None = None) -> bytes:
    delta: dict[str, Any] = {"content": text} | ({"tool_calls": list(calls)} if calls else {})
    return event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def piece(index: object = LEFT_OUT, id: object = LEFT_OUT, name: object = LEFT_OUT, args: object = LEFT_OUT) -> object:  # noqa: A002
    function = {"name": name, "arguments": args}
    outer = {
        "index": index,
        "id": id,
        "type": "function",
        "function": {k: v for k, v in function.items() if v is not LEFT_OUT},
    }
    return {key: value for key, value in outer.items() if value is not LEFT_OUT}


def decode(*reads: bytes) -> tuple[list[ReplyEvent], ReplyDecoder]:
    decoder = ReplyDecoder("test/model")
    return [one for read in reads for one in decoder.feed(read)] + decoder.close(), decoder


def calls_of(*reads: bytes) -> list[ToolCall]:
    """The calls of a stream that ends with `tool_calls`."""
    events, decoder = decode(*reads, chunk(finish="tool_calls"), b"data: [DONE]\n\n")
    assert decoder.failure is None
    assert events[-1] == Finished("tool_calls")
    return [one.call for one in events if isinstance(one, ToolCalled)]


PAINT = ToolCall("a", "paint", CAT)
BOTH = [PAINT, ToolCall("b", "paint", DOG)]

STREAMS: dict[str, tuple[bytes, list[ToolCall]]] = {
    "as OpenAI sends it": (
        chunk(piece(0, "a", "paint", "")) + chunk(piece(0, args=CAT[:5])) + chunk(piece(0, args=CAT[5:])),
        [PAINT],
    ),
    "two, one after the other": (
        chunk(piece(0, "a", "paint", ""))
        + chunk(piece(0, args=CAT))
        + chunk(piece(1, "b", "paint", ""))
        + chunk(piece(1, args=DOG)),
        BOTH,
    ),
    "two in turns": (
        chunk(piece(0, "a", "paint", ""), piece(1, "b", "paint", ""))
        + chunk(piece(1, args=DOG[:3]), piece(0, args=CAT[:4]))
        + chunk(piece(0, args=CAT[4:]))
        + chunk(piece(1, args=DOG[3:])),
        BOTH,
    ),
    "two whole in one chunk without index": (
        chunk(piece(LEFT_OUT, "a", "paint", CAT), piece(None, "b", "paint", DOG)),
        BOTH,
    ),
    "two whole in two chunks without index": (
        chunk(piece(None, "a", "paint", CAT)) + chunk(piece(None, "b", "paint", DOG)),
        BOTH,
    ),
    "two whole with the same index": (chunk(piece(0, "a", "paint", CAT)) + chunk(piece(0, "b", "paint", DOG)), BOTH),
    "two in pieces without index": (
        chunk(piece(None, "a", "paint", ""))
        + chunk(piece(None, args=CAT[:4]))
        + chunk(piece(None, args=CAT[4:]))
        + chunk(piece(None, "b", "paint", ""))
        + chunk(piece(None, args=DOG)),
        BOTH,
    ),
    "two whole without index and id": (
        chunk(piece(name="paint", args=CAT)) + chunk(piece(name="paint", args=DOG)),
        [ToolCall("call00001", "paint", CAT), ToolCall("call00002", "paint", DOG)],
    ),
    "an index that starts at one": (chunk(piece(1, "a", "paint", "")) + chunk(piece(1, args=CAT)), [PAINT]),
    "begun under one index and continued under another": (
        chunk(piece(0, "a", "paint", CAT)) + chunk(piece(0, "b", "paint", "")) + chunk(piece(1, args=DOG)),
        BOTH,
    ),
    "told apart by id alone": (
        chunk(piece(None, "a", "paint", ""), piece(None, "b", "paint", ""))
        + chunk(piece(None, "b", args=DOG))
        + chunk(piece(None, "a", args=CAT)),
        BOTH,
    ),
    "empty id and name in later pieces": (
        chunk(piece(0, "a", "paint", "")) + chunk(piece(0, "", "", CAT[:2])) + chunk(piece(0, "", "", CAT[2:])),
        [PAINT],
    ),
    "id and name in every piece": (
        chunk(piece(0, "a", "paint", ""))
        + chunk(piece(0, "a", "paint", CAT[:2]))
        + chunk(piece(0, "a", "paint", CAT[2:])),
        [PAINT],
    ),
    "name in every piece without id": (
        chunk(piece(0, name="paint", args=CAT[:2])) + chunk(piece(0, name="paint", args=CAT[2:])),
        [ToolCall("call00001", "paint", CAT)],
    ),
    "another id in every piece": (
        chunk(piece(0, "a", "paint", CAT[:2]))
        + chunk(piece(0, "x", args=CAT[2:5]))
        + chunk(piece(0, "y", args=CAT[5:])),
        [PAINT],
    ),
    "the id before the name": (
        chunk(piece(0, "a")) + chunk(piece(0, name="paint")) + chunk(piece(0, args=CAT)),
        [PAINT],
    ),
    "the name in pieces": (
        chunk(piece(0, "a", "pa")) + chunk(piece(0, name="int", args="")) + chunk(piece(0, args=CAT)),
        [PAINT],
    ),
    "one id for all": (
        chunk(piece(0, "a", "paint", CAT), piece(1, "a", "paint", DOG)),
        [PAINT, ToolCall("call00001", "paint", DOG)],
    ),
    "an id that looks made up": (
        chunk(piece(0, "", "paint", CAT), piece(1, "call00001", "paint", DOG)),
        [ToolCall("call00002", "paint", CAT), ToolCall("call00001", "paint", DOG)],
    ),
    "arguments as an object": (
        chunk(piece(0, "a", "paint", {"prompt": "é", "n": 2})),
        [ToolCall("a", "paint", '{"prompt": "é", "n": 2}')],
    ),
    "no arguments": (chunk(piece(0, "a", "stop", None)), [ToolCall("a", "stop", "")]),
    "without a name": (chunk(piece(0, "a", args=CAT), piece(1, "b", "paint", DOG)), [ToolCall("b", "paint", DOG)]),
    "strange entries": (
        chunk(
            None,
            7,
            "x",
            {"function": "f"},
            {"id": 5, "index": "0", "function": {"name": 1}},
            piece(9, "a", "paint", CAT),
        ),
        [PAINT],
    ),
    "an empty place that is filled later": (
        chunk(piece(0, "a", "paint", CAT[:3]), piece(1))
        + chunk(piece(1, name="paint", args=DOG))
        + chunk(piece(0, args=CAT[3:])),
        [PAINT, ToolCall("call00001", "paint", DOG)],
    ),
    "two without arguments and with the same index": (
        chunk(piece(0, "a", "stop", "")) + chunk(piece(0, "b", "stop", "")),
        [ToolCall("a", "stop", ""), ToolCall("b", "stop", "")],
    ),
    "id and name again after the end": (
        chunk(piece(0, "a", "paint", CAT)) + chunk(piece(0, "a", "paint", "")),
        [PAINT],
    ),
    "an emoji in two halves": (
        chunk(piece(0, "a", "say", '"')).replace(rb"\"", rb"\"\ud83d")
        + chunk(piece(0, args='!"')).replace(b"!", rb"\ude42"),
        [ToolCall("a", "say", '"🙂"')],
    ),
}


@pytest.mark.parametrize("name", STREAMS)
def test_calls_in_all_spellings(name: str) -> None:
    stream, calls = STREAMS[name]
    assert calls_of(stream) == calls
    assert calls_of(*(bytes([byte]) for byte in stream)) == calls


def test_calls_come_after_all_text_and_before_the_end() -> None:
    usage = event({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 1}})
    events, _ = decode(
        chunk(piece(0, "a", "paint", ""), text="I'll"), chunk(piece(0, args=CAT), text=" paint"),
        chunk(text=".<", finish="tool_calls"), usage,
    )  # fmt: skip
    text = "".join(one.text for one in events if isinstance(one, TextDelta))
    assert text == "I'll paint.<"
    assert events[-3:] == [ToolCalled(PAINT), UsageSeen(Usage(9, 1)), Finished("tool_calls")]


@pytest.mark.parametrize("reason", ["stop", "eos", "tool_use", "function_call"])
def test_calls_count_whatever_the_reason(reason: str) -> None:
    events, _ = decode(chunk(piece(0, "a", "paint", CAT), finish=reason))
    assert events == [ToolCalled(PAINT), Finished("tool_calls")]


@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_calls_of_an_answer_that_was_cut_off_do_not(reason: str) -> None:
    events, _ = decode(chunk(piece(0, "a", "paint", CAT), piece(1, "b", "paint", DOG[:5])), chunk(finish=reason))
    assert events == [Finished(reason)]  # type: ignore[arg-type]  # both are reasons


def test_calls_of_a_broken_stream_do_not() -> None:
    events, decoder = decode(chunk(piece(0, "a", "paint", CAT)))
    assert events == []
    assert isinstance(decoder.failure, BrokenStream)


def test_an_answer_that_was_not_streamed() -> None:
    call = {"id": "a", "type": "function", "function": {"name": "paint", "arguments": CAT}}
    body = {"choices": [{"message": {"content": None, "tool_calls": [call]}, "finish_reason": "tool_calls"}]}
    assert decode(orjson.dumps(body))[0] == [ToolCalled(PAINT), Finished("tool_calls")]


def test_no_more_than_sixteen() -> None:
    calls = calls_of(*(chunk(piece(n, f"id{n}", "paint", "")) + chunk(piece(n, args=CAT)) for n in range(40)))
    assert [call.id for call in calls] == [f"id{n}" for n in range(MAX_CALLS)]
    assert {call.arguments for call in calls} == {CAT}


def test_endless_arguments_are_cut() -> None:
    head = chunk(piece(0, "a", "paint", '{"prompt":"'))
    (call,) = calls_of(head, *(chunk(piece(0, args="x" * 9_999)) for _ in range(30)), chunk(piece(0, args='"}')))
    assert len(call.arguments) == MAX_ARGUMENTS
    with pytest.raises(json.JSONDecodeError):
        json.loads(call.arguments)


def test_arguments_nested_deeply_do_not_raise() -> None:
    deep = b'{"a":' * 900 + b"1" + b"}" * 900
    stream = (
        b'data: {"choices":[{"delta":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":'
        + deep
        + b"}}]}}]}\n\n"
    )
    events, _ = decode(stream, chunk(finish="tool_calls"))
    assert isinstance(events[0], ToolCalled)


NAMES = st.sampled_from(["paint", "a", "make_a_picture", "aa"])
ARGUMENTS = st.dictionaries(st.text(max_size=5), st.text(max_size=12) | st.integers(-9, 9), max_size=3).map(json.dumps)


@given(st.lists(st.tuples(NAMES, ARGUMENTS), min_size=1, max_size=5), st.booleans(), st.booleans(), st.data())
def test_any_fragmentation_gives_the_same(
    wanted: list[tuple[str, str]], with_index: bool, in_turns: bool, data: st.DataObject
) -> None:
    streams = [_pieces(data, number, *call, with_index) for number, call in enumerate(wanted)]
    pieces = _merged(data, streams, in_turns and with_index)
    sizes = st.integers(1, 3) if with_index else st.just(1)  # without an index the place in the list is one
    stream = b""
    while pieces:
        size = data.draw(sizes)
        stream += chunk(*pieces[:size])
        del pieces[:size]
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=8)))
    reads = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert calls_of(*reads) == [ToolCall(f"id{number}", *call) for number, call in enumerate(wanted)]


def _pieces(data: st.DataObject, number: int, name: str, arguments: str, with_index: bool) -> list[object]:
    """One call: its first piece has the id and some of the name, the arguments come in any number."""
    nothing = st.sampled_from([None, "", LEFT_OUT])
    index = number if with_index else data.draw(st.sampled_from([None, LEFT_OUT]))
    cut = data.draw(st.integers(1, len(name)))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(arguments)), max_size=4)))
    parts = [arguments[start:end] for start, end in zip([0, *cuts], [*cuts, len(arguments)], strict=True)]
    return [
        piece(index, f"id{number}", name[:cut], ""),
        piece(index, data.draw(nothing), name[cut:], data.draw(nothing)),
        *(piece(index, data.draw(nothing), data.draw(nothing), part) for part in parts),
    ]


def _merged(data: st.DataObject, streams: list[list[object]], in_turns: bool) -> list[object]:
    """The pieces of all calls in one row: calls begin in order, and then come one after the other or in turns."""
    merged: list[object] = []
    begun = 0
    while any(streams):
        ready = [number for number, pieces in enumerate(streams[: begun + 1]) if pieces]
        number = data.draw(st.sampled_from(ready)) if in_turns else ready[0]
        begun = max(begun, number + 1)
        merged.append(streams[number].pop(0))
    return merged
