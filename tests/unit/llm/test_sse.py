"""Server-sent events, however the network cuts them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.llm.sse import ServerEvent, SSEDecoder


def decode(*reads: bytes) -> list[ServerEvent]:
    decoder = SSEDecoder()
    events = [event for read in reads for event in decoder.feed(read)]
    return events + decoder.close()


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\ndata: b\n\n", [ServerEvent(b"a"), ServerEvent(b"b")]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", [ServerEvent(b"a"), ServerEvent(b"b")]),
        (b"data: a\r\rdata: b\r\r", [ServerEvent(b"a"), ServerEvent(b"b")]),
        (b"data:a\n\n", [ServerEvent(b"a")]),
        (b"data:  a\n\n", [ServerEvent(b" a")]),
        (b"data: a\ndata: b\n\n", [ServerEvent(b"a\nb")]),
        (b"data: a\r\ndata: b\r\n\r\n", [ServerEvent(b"a\nb")]),
        (b"data\n\n", [ServerEvent(b"")]),
        (b"event: error\ndata: a\n\ndata: b\n\n", [ServerEvent(b"a", b"error"), ServerEvent(b"b")]),
        (b": a comment\n\nid: 1\nretry: 5\ndata: a\n\n", [ServerEvent(b"a")]),
        (b"event: nothing\n\n", []),
        (b"data: a\n\ndata: last", [ServerEvent(b"a"), ServerEvent(b"last")]),
        (b"data: a\n", [ServerEvent(b"a")]),
        (b"", []),
    ],
)
def test_streams(stream: bytes, events: list[ServerEvent]) -> None:
    assert decode(stream) == events
    assert decode(*(bytes([byte]) for byte in stream)) == events


LINES = st.sampled_from(
    [b"data: x", b"data:", b"event: e", b": c", b"", b"", b"id: 1", "data: \u00e9\U0001f600".encode()]
)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


@given(st.lists(st.tuples(LINES, ENDS)), st.data())
def test_any_split_gives_the_same_events(lines: list[tuple[bytes, bytes]], data: st.DataObject) -> None:
    stream = b"".join(line + end for line, end in lines)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)))))
    reads = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert decode(*reads) == decode(stream)


def test_an_event_without_end_is_refused() -> None:
    decoder = SSEDecoder(max_event=1000)
    for _ in range(1000):
        decoder.feed(b"x")
    with pytest.raises(ValueError, match="more than 1000 bytes"):
        decoder.feed(b"x")


def test_many_events_do_not_count_together() -> None:
    decoder = SSEDecoder(max_event=1000)
    assert sum(len(decoder.feed(b"data: 0123456789\n\n")) for _ in range(500)) == 500
