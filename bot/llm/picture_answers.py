"""What image models answer, in one piece or as a stream of events. Pure."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from itertools import islice

from bot.domain.media import Painted, Sketched
from bot.errors import BrokenStream, EmptyAnswer
from bot.llm.bodies import json_body
from bot.llm.chunks import image_usage_of
from bot.llm.sse import ServerEvent, SSEDecoder

PICTURE_BYTES = 50 * 1024 * 1024
"""Bytes that one picture may have."""

ANSWER_BYTES = 128 * 1024 * 1024
"""Bytes that a whole answer may have, and an event of a stream: four PNGs of 3840x2160 in base64 are about 100 MB."""

_BLANK = b"\xef\xbb\xbf \t\r\n"
_NOT_A_STREAM = (b"{", b"[", b"<")
_TOO_LARGE = f"a picture of more than {PICTURE_BYTES // (1024 * 1024)} MB"


@dataclass(frozen=True, slots=True)
class Linked:
    """A finished picture that lies at an address."""

    url: str


class PictureAnswer:
    """Feed it what was read, then close it: it gives the events of a stream, and the whole body of anything else.

    Servers that do not know `stream` answer with JSON all the same. Raises ValueError when it gets too large.
    """

    def __init__(self) -> None:
        self._sse = SSEDecoder(ANSWER_BYTES)
        self._body = bytearray()
        self._begun = False
        self._streams = True

    def feed(self, data: bytes) -> list[ServerEvent]:
        if not self._begun:
            data = data.lstrip(_BLANK)
            self._begun = bool(data)
            self._streams = not data.startswith(_NOT_A_STREAM)
        if self._streams:
            return self._sse.feed(data)
        self._body += data
        if len(self._body) > ANSWER_BYTES:
            raise ValueError(f"an answer of more than {ANSWER_BYTES} bytes")
        return []

    def close(self) -> tuple[list[ServerEvent], bytearray]:
        """The last events of a stream, or the body that came instead of one."""
        return self._sse.close(), self._body


def read_event(model: str, event: ServerEvent) -> Sketched | Painted | None:
    """A picture of a stream (`image_generation.partial_image`, `image_edit.completed`), None for what carries none."""
    if event.data.strip() in (b"", b"[DONE]"):
        return None
    body = json_body(model, event.data, event.name)
    kind, text = body.get("type") or event.name.decode(errors="replace"), body.get("b64_json")
    if not isinstance(kind, str) or not isinstance(text, str):
        return None
    if kind.endswith(".partial_image"):
        return Sketched(_decoded(model, text))
    return Painted(_decoded(model, text), image_usage_of(body)) if kind.endswith(".completed") else None


def read_whole(model: str, data: bytes | bytearray, most: int = 1) -> list[Painted | Linked]:
    """The pictures of an answer that is no stream; at least one, and at most so many: what nobody asked for is neither
    decoded nor fetched. The first tells the usage, if it is at hand."""
    if data.startswith(b"<"):
        raise BrokenStream(model, "a web page came instead of a picture")
    body = json_body(model, data)
    rows = body.get("data")
    if not isinstance(rows, list):
        raise BrokenStream(model, "what came was not a picture")
    found = (picture for row in rows if (picture := _row(model, row)) is not None)
    pictures = list(islice(found, most))
    if not pictures:
        raise EmptyAnswer(model, "no picture came")
    if isinstance(pictures[0], Painted):
        pictures[0] = replace(pictures[0], usage=image_usage_of(body))
    return pictures


def _row(model: str, row: object) -> Painted | Linked | None:
    match row:
        case {"b64_json": str(text)} if text:
            return Painted(_decoded(model, text))
        case {"url": str(url)} if url.startswith("data:"):
            return Painted(_decoded(model, url))
        case {"url": str(url)} if url:
            return Linked(url)
        case _:
            return None


def _decoded(model: str, text: str) -> bytes:
    """The bytes of base64, also where it is a data URI."""
    if text.startswith("data:"):
        text = text.partition(",")[2]
    if len(text) // 4 * 3 > PICTURE_BYTES:
        raise BrokenStream(model, _TOO_LARGE)
    try:
        data = base64.b64decode(text)
    except ValueError:
        raise BrokenStream(model, "a picture was not readable") from None
    if not data:
        raise BrokenStream(model, "a picture was empty")
    return data
