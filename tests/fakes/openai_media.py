"""How the fake provider answers media calls that kept the rules."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from aiohttp import web

from tests.fakes.openai_media_files import MIMES, picture, picture_kind, tone
from tests.fakes.openai_media_script import MediaCall, MediaScript
from tests.fakes.openai_rules import FakeModel
from tests.fakes.openai_wire import Seen, cut, json_response, until_due, whole_response

_CREATED = 1_790_000_000
_CATEGORIES = ("harassment", "harassment/threatening", "hate", "illicit", "self-harm", "sexual", "violence")
_USAGE = {
    "input_tokens": 10,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 10},
    "output_tokens": 1056,
    "total_tokens": 1066,
}


class MediaAnswers:
    """`words` is what it hears in every recording. Pictures that were answered by address lie under `/files`."""

    def __init__(self) -> None:
        self.words = "Hello from the recording."
        self._files: dict[str, bytes] = {}

    async def answer(
        self, request: web.Request, seen: Seen, call: MediaCall, model: FakeModel, script: MediaScript
    ) -> web.StreamResponse:
        if script.header_delay:
            await asyncio.sleep(script.header_delay)
        if script.body is not None or script.status != 200:
            return whole_response(script)
        fields = seen["body"]
        match call:
            case "audio/transcriptions":
                return await self._transcript(request, script, fields)
            case "audio/speech":
                return await self._speech(request, script, fields)
            case "moderations":
                return await _deliver(
                    request, script, orjson.dumps(_verdict(script, model, fields)), "application/json"
                )
            case _ if fields.get("stream") in (True, "true") and model.streams and not script.ignores_stream:
                return await self._pictures_streamed(request, seen, call, script)
            case _:
                return await self._pictures(request, script, model, fields)

    def file(self, request: web.Request) -> web.Response:
        data = self._files.get(request.match_info["name"])
        if data is None:
            return json_response({"error": {"message": "Not found"}}, 404)
        return web.Response(body=data, content_type=MIMES.get(picture_kind(data) or "", "application/octet-stream"))

    async def _pictures(
        self, request: web.Request, script: MediaScript, model: FakeModel, fields: Mapping[str, Any]
    ) -> web.StreamResponse:
        by_address = not model.name.startswith("gpt-image") and fields.get("response_format") != "b64_json"
        if script.as_url is not None:
            by_address = script.as_url
        pictures = script.pictures if script.pictures is not None else list(_drawn(fields))
        rows = [{"url": self._address(request, data)} if by_address else {"b64_json": _b64(data)} for data in pictures]
        body = {"created": _CREATED, "data": rows, "usage": _USAGE}
        return await _deliver(request, script, orjson.dumps(body), "application/json")

    def _address(self, request: web.Request, data: bytes) -> str:
        name = f"{len(self._files)}.{picture_kind(data) or 'bin'}"
        self._files[name] = data
        return f"{request.url.origin()}/files/{name}"

    async def _pictures_streamed(
        self, request: web.Request, seen: Seen, call: MediaCall, script: MediaScript
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": script.content_type or "text/event-stream"})
        response.headers.update(script.headers)
        await response.prepare(request)
        due = asyncio.get_running_loop().time() + script.first_delay
        events: list[bytes | None] = [*_events(call, script, seen["body"]), None]
        for index, event in enumerate(events):
            if script.cut_after == index:
                await cut(request, response)
            if script.stall_after == index:
                await asyncio.Event().wait()
            if script.end_after == index:
                break
            if index in script.insert:
                await response.write(script.insert[index])
            if event is not None:
                due = await until_due(due, script.pace)
                await response.write(event)
        await response.write_eof()
        return response

    async def _transcript(
        self, request: web.Request, script: MediaScript, fields: Mapping[str, Any]
    ) -> web.StreamResponse:
        words = self.words if script.words is None else script.words
        if script.plain or fields.get("response_format", "json") != "json":
            return await _deliver(request, script, f"{words}\n".encode(), "text/plain")
        body = {"text": words, "usage": {"type": "duration", "seconds": 1}}
        return await _deliver(request, script, orjson.dumps(body), "application/json")

    async def _speech(self, request: web.Request, script: MediaScript, fields: Mapping[str, Any]) -> web.StreamResponse:
        kind = fields.get("response_format") or "mp3"
        sound = tone(kind) if script.sound is None else script.sound
        return await _deliver(request, script, sound, script.content_type or MIMES[kind])


def _verdict(script: MediaScript, model: FakeModel, fields: Mapping[str, Any]) -> dict[str, Any]:
    """One result for each text."""
    categories = dict.fromkeys(_CATEGORIES, False) | dict.fromkeys(script.flags, True)
    result: dict[str, Any] = {"categories": categories, "category_scores": dict.fromkeys(categories, 0.0)}
    if not script.unsaid:
        result["flagged"] = bool(script.flags)
    texts = fields["input"] if isinstance(fields["input"], list) else [fields["input"]]
    return {"id": "modr-1", "model": model.name, "results": [result for _ in texts]}


def _drawn(fields: Mapping[str, Any]) -> Iterator[bytes]:
    """As many pictures as were asked for, of the size and kind that was asked for."""
    width, height = _size(fields)
    for number in range(int(fields.get("n") or 1)):
        yield picture(f"{fields['prompt']} {number}", width, height, fields.get("output_format") or "png")


def _size(fields: Mapping[str, Any]) -> tuple[int, int]:
    size = fields.get("size") or "auto"
    width, _, height = ("1024x1024" if size == "auto" else size).partition("x")
    return int(width), int(height)


def _events(call: MediaCall, script: MediaScript, fields: Mapping[str, Any]) -> Iterator[bytes]:
    name = "image_edit" if call == "images/edits" else "image_generation"
    pictures = script.pictures if script.pictures is not None else list(_drawn(fields))
    for index, data in enumerate(_sketches(script, fields)):
        yield _event(f"{name}.partial_image", data, fields, {"partial_image_index": index})
    for data in pictures:
        yield _event(f"{name}.completed", data, fields, {"usage": _USAGE})


def _sketches(script: MediaScript, fields: Mapping[str, Any]) -> list[bytes]:
    if script.sketches is not None:
        return list(script.sketches)
    asked = int(fields.get("partial_images") or 0)
    kind = fields.get("output_format") or "png"
    return [picture(f"{fields['prompt']} 0", *_size(fields), kind, (n + 1) / (asked + 1)) for n in range(asked)]


def _event(name: str, data: bytes, fields: Mapping[str, Any], more: Mapping[str, Any]) -> bytes:
    body = {
        "type": name,
        "b64_json": _b64(data),
        "background": "auto",
        "created_at": _CREATED,
        "output_format": fields.get("output_format") or "png",
        "quality": fields.get("quality") or "auto",
        "size": fields.get("size") or "auto",
        **more,
    }
    return f"event: {name}\ndata: ".encode() + orjson.dumps(body) + b"\n\n"


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


async def _deliver(request: web.Request, script: MediaScript, data: bytes, mime: str) -> web.StreamResponse:
    """The whole answer, or one half of it where the script says so."""
    response = web.StreamResponse(headers={"Content-Type": script.content_type or mime, **script.headers})
    response.content_length = len(data)
    await response.prepare(request)
    if script.cut_after is None and script.stall_after is None:
        await response.write(data)
        await response.write_eof()
        return response
    await response.write(data[: len(data) // 2])
    if script.cut_after is not None:
        await cut(request, response)
    await asyncio.Event().wait()
    return response
