"""The HTTP side of the fake: routes, authorization, rate limits, scripted faults, and the log of calls."""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import BodyPartReader, web

from tests.fakes.discord_errors import ApiError, refusal, unauthorized
from tests.fakes.discord_limits import Group, Limiter
from tests.fakes.faults import Fault, FaultPlan

Json = dict[str, Any]

API = "/api/v10"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as its handler sees it: the variables of its path, its query, its JSON body, its uploaded files."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    files: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    body: Any = None
    status: int = 200


NOTHING = Answer(None, 204)

Handler = Callable[[Asked], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. `major` is the path's variable that its `group` of limits counts by.

    `tokenless` endpoints carry their secret in the path; `exempt` ones are outside the bot's overall limit.
    """

    method: str
    path: str
    handler: Handler
    group: Group | None = None
    major: str = "channel"
    tokenless: bool = False
    exempt: bool = False

    @property
    def name(self) -> str:
        """As faults and calls name it: `PATCH /channels/{id}/messages/{id}`."""
        return f"{self.method} " + re.sub(r"\{(?!token)\w+\}", "{id}", self.path)


@dataclass(slots=True)
class Call:
    """A request that arrived at `at` (the loop's clock); `parameters` are its path's variables and its JSON body.

    `status` is what it was answered, or None while it is not.
    """

    route: str
    parameters: Json
    body: Any
    at: float
    status: int | None = None


@dataclass(slots=True)
class Server:
    """Listens on 127.0.0.1. `port` is chosen at the first start and kept over later ones."""

    token: str
    limiter: Limiter
    faults: FaultPlan
    port: int = 0
    calls: list[Call] = field(default_factory=list)
    floods: int = 0
    _routes: list[Route] = field(default_factory=list)
    _gateway: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None
    _runner: web.AppRunner | None = None
    _transports: set[asyncio.BaseTransport] = field(default_factory=set)

    def add(self, routes: list[Route]) -> None:
        self._routes.extend(routes)

    def add_gateway(self, serve: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> None:
        self._gateway = serve

    async def start(self) -> None:
        app = web.Application(client_max_size=100 * 1024 * 1024)
        app.router.add_get("/gateway", self._serve_gateway)
        for route in self._routes:
            app.router.add_route(route.method, API + route.path, self._endpoint(route))
        app.router.add_route("*", "/{anything:.*}", _unknown)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Refuse connections and cut those that there are."""
        runner, self._runner = self._runner, None
        if runner is not None:
            for transport in list(self._transports):
                transport.close()
            await runner.cleanup()

    def _endpoint(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def endpoint(request: web.Request) -> web.StreamResponse:
            return await self._serve(route, request)

        return endpoint

    async def _serve(self, route: Route, request: web.Request) -> web.StreamResponse:
        body, files = await _read(request)
        asked = Asked(request.match_info, request.query, body, files)
        parameters = dict(request.match_info) | (body if isinstance(body, dict) else {})
        call = Call(route.name, parameters, body, _now())
        self.calls.append(call)
        response = await self._answer(route, request, asked, call)
        call.status = response.status
        if response.status in (401, 403, 429):
            self.limiter.invalid(_now())
        return response

    async def _answer(self, route: Route, request: web.Request, asked: Asked, call: Call) -> web.Response:
        if not route.tokenless and request.headers.get("Authorization") != f"Bot {self.token}":
            error = unauthorized()
            return _json(error.status, error.body, {})
        place = asked.path.get(route.major, "")
        verdict = self.limiter.take(
            route.group, place, _now(), datetime.now(UTC).timestamp(), exempt=route.exempt or route.tokenless
        )
        if not verdict.allowed:
            self.floods += 1
            return _flood(verdict.retry_after, verdict.headers, everywhere=verdict.everywhere)
        fault = self.faults.next(route.name, call.parameters)
        if fault is None:
            return _take_effect(route, asked, verdict.headers)
        if fault.kind == "flood" and route.group is not None:
            self.limiter.block(route.group, place, _now() + fault.seconds)
        return await _faulty(fault, request, lambda: _take_effect(route, asked, verdict.headers))

    async def _serve_gateway(self, request: web.Request) -> web.StreamResponse:
        assert self._gateway is not None
        call = Call("gateway", dict(request.query), None, _now())
        self.calls.append(call)
        fault = self.faults.next("gateway", call.parameters)
        if fault is not None and not fault.kind.startswith("stall"):
            return await _faulty(fault, request, web.Response)
        if fault is not None:
            await asyncio.sleep(fault.seconds)
        assert request.transport is not None
        self._transports.add(request.transport)
        try:
            return await self._gateway(request)
        finally:
            self._transports.discard(request.transport)


def _take_effect(route: Route, asked: Asked, headers: dict[str, str]) -> web.Response:
    try:
        answer = route.handler(asked)
    except ApiError as error:
        return _json(error.status, error.body, headers)
    return _json(answer.status, answer.body, headers)


async def _faulty(fault: Fault, request: web.Request, effect: Callable[[], web.Response]) -> web.Response:
    match fault.kind:
        case "status":
            body = {"message": "scripted", "code": 0} if fault.body is None else fault.body
            return _json(fault.status, body, {})
        case "flood":
            return _flood(fault.seconds, {}, everywhere=False)
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
        request.transport.close()
    return response


def _flood(seconds: float, headers: dict[str, str], *, everywhere: bool) -> web.Response:
    body = {"message": "You are being rate limited.", "retry_after": seconds, "global": everywhere}
    scope = "global" if everywhere else "user"
    return _json(429, body, headers | {"Retry-After": str(math.ceil(seconds)), "X-RateLimit-Scope": scope})


def _json(status: int, body: Any, headers: dict[str, str]) -> web.Response:
    """`Via` tells clients that the answer is Discord's own and not Cloudflare's; the content type has no charset."""
    headers = headers | {"Via": "1.1 google"}
    if body is None:
        return web.Response(status=status, headers=headers)
    return web.Response(status=status, headers=headers, body=json.dumps(body).encode(), content_type="application/json")


async def _read(request: web.Request) -> tuple[Any, tuple[tuple[str, bytes], ...]]:
    """The JSON body and the files of a request, which is JSON or a form with the JSON in `payload_json`."""
    if not request.content_type.startswith("multipart/"):
        raw = await request.read()
        return (json.loads(raw) if raw else {}), ()
    payload: Any = {}
    files = []
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        assert isinstance(part, BodyPartReader)
        data = bytes(await part.read())
        if part.name == "payload_json":
            payload = json.loads(data)
        else:
            files.append((part.filename or "file", data))
    return payload, tuple(files)


async def _unknown(request: web.Request) -> web.Response:
    error = refusal(0)
    return _json(error.status, error.body, {})


def _now() -> float:
    return asyncio.get_running_loop().time()
