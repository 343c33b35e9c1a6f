"""The one HTTP server of the process: pages that tell machines how the bot is, and hooks where platforms call it.

Everything that an outsider may send is bounded: the size of a request, the time that it takes, and what is read of one
that nobody vouches for. Nothing that comes in is logged.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson
from aiohttp import web

from bot.errors import SettingsError
from bot.ports import Hook
from bot.telemetry.health import Health

log = logging.getLogger(__name__)

LARGEST_BODY = 1024 * 1024
"""Bytes. Telegram's server writes an update into 64 KiB (telegram-bot-api, `add_update_impl`)."""
READ_SECONDS = 10.0
"""For a body, which comes from a proxy beside this machine or from the platform's own servers."""
KEEP_ALIVE = 75.0
"""How long a connection may be silent, and its first request may take to come. Longer than nginx keeps one (60 s),
which would else use a connection in the moment in which it is closed here."""
COME_AGAIN = "2"
"""Seconds, in `Retry-After`, for whoever comes while the bot starts or ends. Telegram counts them; without them it
waits longer after each failure, up to two minutes."""
LAST_ANSWERS = 2.0
"""Seconds that requests get at the end."""


@dataclass(frozen=True, slots=True)
class Page:
    """An answer to GET."""

    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    status: int = 200


Source = Callable[[], Awaitable[Page]]
"""Makes a page anew for each request."""


class HttpServer:
    """Serves pages by GET and hooks by POST; every other path is not found.

    It may listen before the hooks are there: what is posted until then is asked to come again.
    """

    def __init__(self, pages: Mapping[str, Source]) -> None:
        self._pages = dict(pages)
        self._hooks: Mapping[str, Hook] | None = None
        self.port = 0

    def open_hooks(self, hooks: Mapping[str, Hook]) -> None:
        """Serve these from now on."""
        self._hooks = dict(hooks)

    @asynccontextmanager
    async def listening(self, host: str, port: int) -> AsyncIterator[None]:
        """Serve at this address (port 0: a free one, see `port`). Raises SettingsError where it cannot be used."""
        application = web.Application(client_max_size=LARGEST_BODY)
        application.router.add_route("*", "/{path:.*}", self._serve)
        runner = web.AppRunner(
            application,
            access_log=None,
            keepalive_timeout=KEEP_ALIVE,
            lingering_time=LAST_ANSWERS,
            shutdown_timeout=LAST_ANSWERS,
        )
        await runner.setup()
        try:
            await _listen(runner, host, port)
            self.port = runner.addresses[0][1]
            log.info("HTTP: listening on %s, port %d", host, self.port)
            yield
        finally:
            await runner.cleanup()

    async def _serve(self, request: web.Request) -> web.Response:
        try:
            return await self._answer(request)
        except web.HTTPException:
            raise
        except Exception:
            # Whatever went wrong with one request, the others must go on; the caller is told nothing of it.
            log.exception("HTTP: %s failed", request.method)
            return web.Response(status=500)

    async def _answer(self, request: web.Request) -> web.Response:
        if (source := self._pages.get(request.path)) is not None:
            if request.method not in ("GET", "HEAD"):
                raise web.HTTPMethodNotAllowed(request.method, ("GET", "HEAD"))
            page = await source()
            headers = {"Content-Type": page.content_type, "Cache-Control": "no-store"}
            return web.Response(body=page.body, status=page.status, headers=headers)
        if self._hooks is None and request.method == "POST":
            return _come_again()
        if (hook := (self._hooks or {}).get(request.path)) is None:
            raise web.HTTPNotFound
        if request.method != "POST":
            raise web.HTTPMethodNotAllowed(request.method, ("POST",))
        return await _call(hook, request)


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise _unusable(host, port, error) from error


async def _call(hook: Hook, request: web.Request) -> web.Response:
    if not hook.admits(request.headers):
        return web.Response(status=403)
    try:
        async with asyncio.timeout(READ_SECONDS):
            body = await request.read()
    except TimeoutError:
        return web.Response(status=408)
    except (web.RequestPayloadError, ConnectionError):
        return web.Response(status=400)  # it broke off, or is not packed as it says
    status = await hook.take(body)
    return _come_again() if status == 503 else web.Response(status=status)


def _come_again() -> web.Response:
    return web.Response(status=503, headers={"Retry-After": COME_AGAIN})


def pages_of(health: Health, metrics: Callable[[], tuple[bytes, str]]) -> dict[str, Source]:
    """`/healthz`: the process and its event loop are alive; `/readyz`: every part of the bot works; `/metrics`: what
    `metrics` makes, with its content type."""

    async def alive() -> Page:
        return Page(b"alive\n")

    async def ready() -> Page:
        report = await health.report()
        return Page(orjson.dumps(report.as_json()), "application/json", 200 if report.ready else 503)

    async def numbers() -> Page:
        body, content_type = metrics()
        return Page(body, content_type)

    return {"/healthz": alive, "/readyz": ready, "/metrics": numbers}


def _unusable(host: str, port: int, error: OSError) -> SettingsError:
    match error.errno:
        case errno.EADDRINUSE:
            return SettingsError("PORT", f"{port} on {host} is taken by another program.", str(port + 1))
        case errno.EACCES | errno.EPERM:
            return SettingsError("PORT", f"this program may not listen on {port}; those from 1024 on are free.", "8080")
        case _:
            return SettingsError("HOST", f"{host} is no address of this machine.", "127.0.0.1")
