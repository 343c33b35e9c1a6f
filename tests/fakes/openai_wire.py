"""What the fake provider's parts share: requests as they are recorded, and how answers are put on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import BodyPartReader, web

from tests.fakes.openai_script import Script

Seen = dict[str, Any]
"""A recorded request: `time` (the loop's clock), `path`, `peer` (the client's address), `headers` (lower case), `body`
(the JSON, or the fields of a form), `files` (`Upload`s of a form), `disconnected` (the client left before the end),
`finished` (the answer went out) and `emissions` (time and size of each piece)."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file in one part of a form, with the name and type that the client gave it."""

    part: str
    name: str
    mime: str
    data: bytes = field(repr=False)


class CutByScript(Exception):
    """Leaves the answer unfinished on a connection that is reset."""

    def __init__(self, response: web.StreamResponse) -> None:
        super().__init__()
        self.response = response


def bearer(request: web.Request) -> str | None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key if scheme.lower() == "bearer" else None


async def recorded(request: web.Request) -> Seen:
    body, files = await _content(request)
    return {
        "time": asyncio.get_running_loop().time(),
        "path": request.path,
        "peer": request.transport.get_extra_info("peername") if request.transport is not None else None,
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "body": body,
        "files": files,
        "disconnected": False,
        "finished": False,
        "emissions": [],
    }


async def _content(request: web.Request) -> tuple[Any, list[Upload]]:
    if request.content_type == "multipart/form-data":
        return await _form(request)
    try:
        return orjson.loads(await request.read() or b"null"), []
    except orjson.JSONDecodeError:
        return None, []


async def _form(request: web.Request) -> tuple[dict[str, Any], list[Upload]]:
    """Fields that come more than once, such as `languages[]`, are lists."""
    fields: dict[str, Any] = {}
    files = []
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        name, data = part.name or "", bytes(await part.read(decode=True))
        if part.filename is not None:
            mime = part.headers.get("Content-Type", "application/octet-stream")
            files.append(Upload(name, part.filename, mime, data))
        elif name.endswith("[]"):
            fields.setdefault(name.removesuffix("[]"), []).append(data.decode())
        else:
            fields[name] = data.decode()
    return fields, files


async def until_due(due: float, pace: float) -> float:
    """Sleep until `due` and return when the next piece is due, so that lateness does not add up."""
    late = asyncio.get_running_loop().time() - due
    if late < 0:
        await asyncio.sleep(-late)
    return due + pace


async def cut(request: web.Request, response: web.StreamResponse) -> None:
    """Reset the connection; raises CutByScript."""
    await asyncio.sleep(0.01)  # lets what was written reach the client before the reset
    if request.transport is not None:
        request.transport.abort()
    raise CutByScript(response)


def json_response(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(body=orjson.dumps(value), status=status, headers=headers, content_type="application/json")


def whole_response(script: Script) -> web.Response:
    """What a script has instead of the usual answer."""
    if isinstance(script.body, bytes | str):
        data = script.body if isinstance(script.body, bytes) else script.body.encode()
        kind = script.content_type or "text/plain"
        return web.Response(body=data, status=script.status, headers=script.headers, content_type=kind)
    return json_response(script.body, script.status, script.headers)
