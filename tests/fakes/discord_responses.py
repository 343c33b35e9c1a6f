"""Reading requests and writing responses as Discord does, scripted faults included."""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import Callable
from typing import Any

from aiohttp import BodyPartReader, web

from tests.fakes.discord_routes import UploadPart
from tests.fakes.faults import Fault

_FILE = re.compile(r"files\[(\d+)\]")


async def faulty(fault: Fault, request: web.Request, effect: Callable[[], web.Response]) -> web.Response:
    match fault.kind:
        case "status":
            body = {"message": "scripted", "code": 0} if fault.body is None else fault.body
            return json_response(fault.status, body, {})
        case "flood":
            return flood(fault.seconds, {}, everywhere=False)
        case "garbage":
            text = fault.body if isinstance(fault.body, str) else "<html><body>Sign in to continue</body></html>"
            return web.Response(text=text, content_type="text/html")
        case "drop_before":
            return _cut(request, web.Response())
        case "drop_after":
            return _cut(request, effect())
        case "stall_before":
            await asyncio.sleep(fault.seconds)
            return effect()
        case "stall_after":
            response = effect()
            await asyncio.sleep(fault.seconds)
            return response


def _cut(request: web.Request, response: web.Response) -> web.Response:
    """Close the connection; the response is for the log alone and never arrives."""
    if request.transport is not None:
        request.transport.abort()
    return response


def flood(seconds: float, headers: dict[str, str], *, everywhere: bool) -> web.Response:
    body = {"message": "You are being rate limited.", "retry_after": seconds, "global": everywhere}
    scope = "global" if everywhere else "user"
    return json_response(429, body, headers | {"Retry-After": str(math.ceil(seconds)), "X-RateLimit-Scope": scope})


def json_response(status: int, body: Any, headers: dict[str, str]) -> web.Response:
    """`Via` tells clients that the answer is Discord's own and not Cloudflare's; the content type has no charset."""
    headers = headers | {"Via": "1.1 google"}
    if body is None:
        return web.Response(status=status, headers=headers)
    return web.Response(status=status, headers=headers, body=json.dumps(body).encode(), content_type="application/json")


async def read_body(request: web.Request) -> tuple[Any, tuple[UploadPart, ...]]:
    """The JSON body and the files of a request, which is JSON or a form with the JSON in `payload_json`."""
    if not request.content_type.startswith("multipart/"):
        raw = await request.read()
        return (json.loads(raw) if raw else {}), ()
    payload: Any = {}
    files: list[UploadPart] = []
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        assert isinstance(part, BodyPartReader)
        data = bytes(await part.read())
        if part.name == "payload_json":
            payload = json.loads(data)
        else:
            found = _FILE.fullmatch(part.name or "")
            files.append((found[1] if found else str(len(files)), part.filename or "file", data))
    return payload, tuple(files)
