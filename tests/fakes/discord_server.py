"""The HTTP side of the fake: routes, authorization, rate limits, scripted faults, and the log of calls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.fakes.discord_errors import ApiError, refusal, unauthorized
from tests.fakes.discord_limits import Limiter
from tests.fakes.discord_responses import faulty, flood, json_response, read_body
from tests.fakes.discord_routes import Asked, Call, Route
from tests.fakes.faults import FaultPlan

Json = dict[str, Any]

API = "/api/v10"

Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Server:
    """Listens on 127.0.0.1. `port` is chosen at the first start and kept over later ones.

    A request passes, in this order: the token, the rate limits, a scripted fault, its handler.
    """

    token: str
    limiter: Limiter
    faults: FaultPlan
    port: int = 0
    calls: list[Call] = field(default_factory=list)
    floods: int = 0
    _routes: list[Route] = field(default_factory=list)
    _gateway: Serve | None = None
    _files: dict[str, Serve] = field(default_factory=dict)
    _runner: web.AppRunner | None = None
    _sockets: set[asyncio.Transport] = field(default_factory=set)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, routes: list[Route]) -> None:
        self._routes.extend(routes)

    def add_cdn(self, path: str, serve: Serve) -> None:
        """Files lie beside the API and need no token."""
        self._files[path] = serve

    def add_gateway(self, serve: Serve) -> None:
        self._gateway = serve

    async def start(self) -> None:
        app = web.Application(client_max_size=100 * 1024 * 1024)
        app.router.add_get("/gateway", self._serve_gateway)
        for route in self._routes:
            app.router.add_route(route.method, API + route.path, self._endpoint(route))
        for path, serve in self._files.items():
            app.router.add_get(path, self._file_server(serve))
        app.router.add_route("*", "/{anything:.*}", self._serve_unknown)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Refuse connections and cut those that there are."""
        runner, self._runner = self._runner, None
        if runner is not None:
            for transport in list(self._sockets):
                transport.abort()
            await runner.cleanup()

    async def until(self, seen: Callable[[list[Call]], object]) -> None:
        """Wait until the calls look as asked."""
        while not seen(self.calls):
            self._changed.clear()
            await self._changed.wait()

    def _note(self, call: Call) -> None:
        self.calls.append(call)
        self._changed.set()

    def _endpoint(self, route: Route) -> Serve:
        async def endpoint(request: web.Request) -> web.StreamResponse:
            return await self._serve(route, request)

        return endpoint

    async def _serve(self, route: Route, request: web.Request) -> web.Response:
        call = Call(route.name, dict(request.match_info), None, _now())
        self._note(call)
        try:
            call.body, files = await read_body(request)
        except ValueError:
            return self._refuse(call, refusal(50109))
        if isinstance(call.body, dict):
            call.parameters |= call.body
        if not route.tokenless and request.headers.get("Authorization") != f"Bot {self.token}":
            return self._refuse(call, unauthorized())
        asked = Asked(request.match_info, request.query, call.body, files)
        return self._logged(call, await self._answer(route, request, asked, call.parameters))

    async def _answer(self, route: Route, request: web.Request, asked: Asked, parameters: Json) -> web.Response:
        place = asked.path.get(route.major, "")
        verdict = self.limiter.take(route.group, place, _now(), datetime.now(UTC).timestamp(), exempt=route.tokenless)
        if not verdict.allowed:
            self.floods += 1
            return flood(verdict.retry_after, verdict.headers, everywhere=verdict.everywhere)
        fault = self.faults.next(route.name, parameters)
        if fault is None:
            return _take_effect(route, asked, verdict.headers)
        if fault.kind == "flood" and route.group is not None:
            self.limiter.block(route.group, place, _now() + fault.seconds)
        return await faulty(fault, request, lambda: _take_effect(route, asked, verdict.headers))

    async def _serve_gateway(self, request: web.Request) -> web.StreamResponse:
        assert self._gateway is not None
        assert request.transport is not None
        call = Call("gateway", dict(request.query), None, _now(), 101)
        self._note(call)
        fault = self.faults.next("gateway", call.parameters)
        if fault is not None and fault.kind.startswith("stall"):
            await asyncio.sleep(fault.seconds)
        elif fault is not None:
            return self._logged(call, await faulty(fault, request, web.Response))
        self._sockets.add(request.transport)
        try:
            return await self._gateway(request)
        finally:
            self._sockets.discard(request.transport)

    def _file_server(self, serve: Serve) -> Serve:
        async def served(request: web.Request) -> web.StreamResponse:
            return await self._serve_file(request, serve)

        return served

    async def _serve_file(self, request: web.Request, serve: Serve) -> web.StreamResponse:
        """Logged, and named in faults, as `GET /attachments`."""
        folder = request.path.split("/")[1]
        call = Call(f"GET /{folder}", dict(request.match_info), None, _now())
        self._note(call)
        fault = self.faults.next(call.route, call.parameters)
        if fault is not None and fault.kind == "stall_before":
            await asyncio.sleep(fault.seconds)
        elif fault is not None:
            return self._logged(call, await faulty(fault, request, web.Response))
        response = await serve(request)
        call.status = response.status
        return response

    async def _serve_unknown(self, request: web.Request) -> web.Response:
        call = Call(f"{request.method} {request.path}", {}, None, _now())
        self._note(call)
        return self._refuse(call, refusal(0))

    def _refuse(self, call: Call, error: ApiError) -> web.Response:
        return self._logged(call, json_response(error.status, error.body, {}))

    def _logged(self, call: Call, response: web.Response) -> web.Response:
        call.status = response.status
        self._changed.set()
        if response.status in (401, 403, 429):
            self.limiter.invalid(_now())
        return response


def _take_effect(route: Route, asked: Asked, headers: dict[str, str]) -> web.Response:
    try:
        answer = route.handler(asked)
    except ApiError as error:
        return json_response(error.status, error.body, headers)
    return json_response(answer.status, answer.body, headers)


def _now() -> float:
    return asyncio.get_running_loop().time()
