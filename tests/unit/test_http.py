"""The HTTP server: what it answers, what it refuses, and that nothing from outside wears it out."""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
import tracemalloc
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import aiohttp
import pytest

from bot import http
from bot.errors import SettingsError
from bot.http import HttpServer, pages_of
from bot.telemetry.health import Health, Part
from tests.fakes.loops import patient


@dataclass
class Door:
    """A hook that knows one password; `status` is its answer, None a failure."""

    status: int | None = 200
    bodies: list[bytes] = field(default_factory=list)

    def admits(self, headers: Mapping[str, str]) -> bool:
        return headers.get("X-Password") == "open"

    async def take(self, body: bytes) -> int:
        self.bodies.append(body)
        if self.status is None:
            raise RuntimeError("a bug")
        return self.status


@dataclass
class Caller:
    """Somebody outside."""

    session: aiohttp.ClientSession
    server: HttpServer

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    async def get(self, path: str, method: str = "GET") -> tuple[int, str]:
        async with self.session.request(method, self.address + path) as response:
            return response.status, await response.text()

    async def post(self, path: str, body: bytes, password: str = "open") -> int:
        async with self.session.post(self.address + path, data=body, headers={"X-Password": password}) as response:
            return response.status

    async def raw(self, data: bytes) -> bytes:
        """What is answered to these bytes until the server hangs up."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        writer.write(data)
        async with asyncio.timeout(patient(200)):
            answer = await reader.read()
        writer.close()
        return answer


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
async def caller(health: Health, door: Door) -> AsyncIterator[Caller]:
    server = HttpServer(pages_of(health, lambda: (b"turns 7\n", "text/x-numbers")))
    server.open_hooks({"/door": door})
    async with server.listening("127.0.0.1", 0), aiohttp.ClientSession() as session:
        yield Caller(session, server)


async def test_alive_from_the_beginning_to_the_end(caller: Caller, health: Health) -> None:
    assert await caller.get("/healthz") == (200, "alive\n")
    assert (await caller.get("/readyz"))[0] == 503
    health.start({})
    assert await caller.get("/readyz") == (200, '{"ready":true,"phase":"serving","parts":{}}')
    health.stop()
    assert await caller.get("/readyz") == (503, '{"ready":false,"phase":"stopping","parts":{}}')
    assert await caller.get("/healthz") == (200, "alive\n")


async def test_one_part_that_is_not_ready_is_enough(caller: Caller, health: Health) -> None:
    async def well() -> Part:
        return Part(ready=True, facts={"seconds": 0.1})

    async def ill() -> Part:
        raise RuntimeError("at /secret/place")

    health.start({"good": well, "bad": ill})
    assert await caller.get("/readyz") == (
        503,
        '{"ready":false,"phase":"serving","parts":{"good":{"ready":true,"seconds":0.1},'
        '"bad":{"ready":false,"problem":"RuntimeError"}}}',
    )


async def test_the_numbers_have_their_own_type(caller: Caller) -> None:
    async with caller.session.get(f"{caller.address}/metrics?any=thing") as response:
        assert (response.status, await response.text()) == (200, "turns 7\n")
        assert response.headers["Content-Type"] == "text/x-numbers"
    async with caller.session.head(f"{caller.address}/metrics") as response:
        assert (response.status, await response.text()) == (200, "")


@pytest.mark.parametrize("path", ["/", "/metrics/", "/door/", "/healthz/x", "/../etc/passwd", "/%2e%2e/door", "//door"])
async def test_unknown_paths_are_not_found(caller: Caller, path: str) -> None:
    assert (await caller.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())).startswith(
        b"HTTP/1.1 404"
    )


async def test_other_methods_are_refused(caller: Caller) -> None:
    assert (await caller.get("/healthz", "POST"))[0] == 405
    assert (await caller.get("/door"))[0] == 405
    assert (await caller.get("/door", "PUT"))[0] == 405


async def test_a_hook_takes_what_is_posted(caller: Caller, door: Door) -> None:
    assert await caller.post("/door", b"hello") == 200
    assert await caller.post("/door", b"x" * http.LARGEST_BODY) == 200
    assert [len(body) for body in door.bodies] == [5, http.LARGEST_BODY]


async def test_nothing_is_read_of_strangers(caller: Caller, door: Door) -> None:
    assert await caller.post("/door", b"hello", password="guessed") == 403
    half = b"POST /door HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nConnection: close\r\n\r\n"
    assert (await caller.raw(half)).startswith(b"HTTP/1.1 403")
    assert door.bodies == []


async def test_a_body_that_is_too_large_is_refused(caller: Caller, door: Door) -> None:
    head = b"POST /door HTTP/1.1\r\nHost: x\r\nX-Password: open\r\nConnection: close\r\nContent-Length: "
    large = http.LARGEST_BODY + 1
    assert (await caller.raw(head + str(large).encode() + b"\r\n\r\n" + bytes(large))).startswith(b"HTTP/1.1 413")
    assert door.bodies == []


async def test_a_small_body_that_unfolds_into_a_large_one_is_refused(caller: Caller, door: Door) -> None:
    packed = gzip.compress(bytes(200 * http.LARGEST_BODY))
    assert len(packed) < http.LARGEST_BODY
    headers = {"X-Password": "open", "Content-Encoding": "gzip"}
    tracemalloc.start()
    async with caller.session.post(f"{caller.address}/door", data=packed, headers=headers) as response:
        assert response.status == 413
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20 * http.LARGEST_BODY
    assert door.bodies == []


async def test_a_body_that_is_not_what_it_says(caller: Caller, door: Door, caplog: pytest.LogCaptureFixture) -> None:
    headers = {"X-Password": "open", "Content-Encoding": "gzip"}
    async with caller.session.post(f"{caller.address}/door", data=b"no gzip", headers=headers) as response:
        assert response.status == 400
    _, writer = await asyncio.open_connection("127.0.0.1", caller.server.port)
    writer.write(b"POST /door HTTP/1.1\r\nHost: x\r\nX-Password: open\r\nContent-Length: 10\r\n\r\nhel")
    await writer.drain()
    writer.transport.abort()
    assert await caller.post("/door", b"the next") == 200
    assert door.bodies == [b"the next"]
    assert "failed" not in caplog.text


@pytest.mark.fast(20)
async def test_a_body_that_does_not_come_is_given_up(caller: Caller, door: Door) -> None:
    half = b"POST /door HTTP/1.1\r\nHost: x\r\nX-Password: open\r\nContent-Length: 10\r\n\r\nhel"
    assert (await caller.raw(half)).startswith(b"HTTP/1.1 408")
    assert door.bodies == []


@pytest.mark.fast(100)
@pytest.mark.parametrize("beginning", [b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Never-En"])
async def test_a_connection_that_says_nothing_is_closed(caller: Caller, beginning: bytes) -> None:
    assert await caller.raw(beginning) == b""


async def test_what_is_no_http_harms_nobody(caller: Caller) -> None:
    assert (await caller.raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 10)).startswith(b"HTTP/1.0 400")
    assert (await caller.raw(b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.0 400")
    assert (await caller.get("/healthz"))[0] == 200


async def test_a_bug_behind_a_hook_is_logged_and_not_shown(
    caller: Caller, door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    door.status = None
    assert await caller.post("/door", b"what somebody wrote") == 500
    assert "a bug" in caplog.text
    assert "what somebody wrote" not in caplog.text
    door.status = 200
    assert await caller.post("/door", b"") == 200


async def test_who_comes_too_early_is_told_when_to_come_again(caller: Caller, door: Door) -> None:
    door.status = 503
    async with caller.session.post(f"{caller.address}/door", headers={"X-Password": "open"}) as response:
        assert (response.status, response.headers["Retry-After"]) == (503, http.COME_AGAIN)


async def test_what_is_posted_before_the_hooks_are_there_is_asked_to_come_again(door: Door) -> None:
    server = HttpServer({})
    async with server.listening("127.0.0.1", 0), aiohttp.ClientSession() as session:
        caller = Caller(session, server)
        assert await caller.post("/door", b"hello") == 503
        assert (await caller.get("/door"))[0] == 404
        server.open_hooks({"/door": door})
        assert await caller.post("/door", b"hello") == 200
        assert await caller.post("/else", b"hello") == 404


async def test_an_address_that_cannot_be_used_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"^PORT: {port} on 127\.0\.0\.1 is taken by another program\."):
            async with HttpServer({}).listening("127.0.0.1", port):
                pass
    with pytest.raises(SettingsError, match=r"^HOST: 192\.0\.2\.1 is no address of this machine\."):
        async with HttpServer({}).listening("192.0.2.1", 8080):
            pass


async def test_an_error_of_the_program_is_not_the_address_s() -> None:
    with pytest.raises(ConnectionResetError):
        async with HttpServer({}).listening("127.0.0.1", 0):
            raise ConnectionResetError


@pytest.mark.fast
async def test_the_end_does_not_wait_for_those_who_hang_on(health: Health, caplog: pytest.LogCaptureFixture) -> None:
    server = HttpServer(pages_of(health, lambda: (b"turns 7\n", "text/x-numbers")))
    loop = asyncio.get_running_loop()
    async with server.listening("127.0.0.1", 0):
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /heal")
        await writer.drain()
        began = loop.time()
    assert loop.time() - began < 20
    writer.close()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
