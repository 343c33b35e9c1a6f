"""Downloads over real sockets, and every way into the own network that must stay shut."""

from __future__ import annotations

import asyncio
import ipaddress
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer
from yarl import URL

from bot.errors import FileTooLarge, FileUnavailable
from bot.media.addresses import is_public, literal
from bot.media.download import Downloader
from tests.fakes.loops import FastLoop

ENDED = web.AppKey("ended", asyncio.Event)
SECRET = "sig=very-secret"


class Names(AbstractResolver):
    """Knows these names; counts how often it is asked."""

    def __init__(self, **names: str) -> None:
        self.names = {name.replace("_", "."): address for name, address in names.items()}
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        if host not in self.names:
            raise OSError("no such name")
        return [
            ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST)
            for address in self.names[host].split()
            for kind in [socket.AF_INET6 if ":" in address else socket.AF_INET]
        ]

    async def close(self) -> None:
        pass


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(bytes(65536))


async def silent(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"some")
    await request.app[ENDED].wait()
    return response


async def lying(request: web.Request) -> web.StreamResponse:
    """Says more than it sends."""
    response = web.StreamResponse(headers={"Content-Length": "100"})
    await response.prepare(request)
    await response.write(b"short")
    assert request.transport is not None
    request.transport.close()
    return response


async def here(request: web.Request) -> web.StreamResponse:
    seen = {name.lower(): value for name, value in request.headers.items()}
    assert seen["accept-encoding"] == "identity"
    assert "cookie" not in seen
    response = web.Response(body=b"the bytes of it")
    response.set_cookie("track", "me")
    return response


async def moved(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": request.query["to"]})


async def packed(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"\x1f\x8b...", headers={"Content-Encoding": "gzip"})


def application() -> web.Application:
    app = web.Application()
    app[ENDED] = asyncio.Event()
    for handler in (endless, silent, lying, here, moved, packed):
        app.router.add_get(f"/{handler.__name__}", handler)
    return app


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    running = TestServer(application(), host="127.0.0.1")
    async with running:
        yield running


def own(server: TestServer) -> str:
    return f"127.0.0.1:{server.port}"


async def test_a_configured_server_may_be_private_and_plain(server: TestServer) -> None:
    async with Downloader([own(server)]) as downloader:
        for _ in range(2):
            assert await downloader.fetch(f"http://{own(server)}/here", 100) == b"the bytes of it"
        assert await downloader.fetch(f"http://{own(server)}/here", 15) == b"the bytes of it"


async def test_a_configured_server_by_name(server: TestServer) -> None:
    names = Names(files_test="127.0.0.1")
    async with Downloader([f"files.test:{server.port}"], resolver=names) as downloader:
        assert await downloader.fetch(f"http://files.test:{server.port}/here", 100) == b"the bytes of it"
        with pytest.raises(FileUnavailable, match=r"files.test: not https"):
            await downloader.fetch("http://files.test:1/here", 100)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    if (openssl := shutil.which("openssl")) is None:
        pytest.skip("needs openssl to make a certificate")
    folder = tmp_path_factory.mktemp("certificate")
    key, made = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=cdn.test", "-addext", "subjectAltName=DNS:cdn.test", "-keyout", str(key), "-out", str(made)],
        check=True, capture_output=True,
    )  # fmt: skip
    return key, made


@pytest.fixture
async def secure(certificate: tuple[Path, Path]) -> AsyncIterator[TestServer]:
    key, made = certificate
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made, key)
    server = TestServer(application(), host="127.0.0.1", scheme="https")
    await server.start_server(ssl=context)
    yield server
    await server.close()


async def test_over_tls(secure: TestServer, certificate: tuple[Path, Path]) -> None:
    address = f"cdn.test:{secure.port}"
    context = ssl.create_default_context(cafile=certificate[1])
    names = Names(cdn_test="127.0.0.1", other_test="127.0.0.1")
    trusted = [address, f"other.test:{secure.port}"]
    async with Downloader(trusted, resolver=names, ssl=context) as downloader:
        assert await downloader.fetch(f"https://{address}/here", 100) == b"the bytes of it"
        with pytest.raises(FileUnavailable, match=r"^other.test: ClientConnectorCertificateError"):
            await downloader.fetch(f"https://other.test:{secure.port}/here", 100)
    async with Downloader([address], resolver=names) as downloader:
        with pytest.raises(FileUnavailable, match=r"^cdn.test: ClientConnectorCertificateError"):
            await downloader.fetch(f"https://{address}/here?{SECRET}", 100)
    async with Downloader(resolver=names, ssl=context) as downloader:
        with pytest.raises(FileUnavailable, match=r"^cdn.test: not a public address"):
            await downloader.fetch(f"https://{address}/here", 100)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fc00::1",
        "ff02::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::",
        "2001:0:7f00:1::1", "2001:db8::1", "::7f00:1", "fec0::1", "fe80::1%eth0",
    ],
)  # fmt: skip
async def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    names = Names(name_test=address, mixed_test=f"8.8.8.8 {address}")
    async with Downloader(resolver=names) as downloader:
        for name in ("name.test", "mixed.test"):
            with pytest.raises(FileUnavailable, match=f"{name}: not a public address"):
                await downloader.fetch(f"https://{name}/a?{SECRET}", 100)
        with pytest.raises(FileUnavailable) as raised:
            await downloader.fetch(f"https://{f'[{address}]' if ':' in address else address}/a?{SECRET}", 100)
        assert SECRET not in str(raised.value)
    assert names.asked == ["name.test", "mixed.test"]


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "2a00:1450:4001::1", "172.32.0.1"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.0.0.1.", "１２７.0.0.1", "0"],
)
async def test_other_spellings_of_addresses(host: str) -> None:
    names = Names()
    async with Downloader(resolver=names) as downloader:
        with pytest.raises(FileUnavailable, match="not a public address"):
            await downloader.fetch(f"https://{host}/", 100)
    assert names.asked == []


def test_names_are_no_addresses() -> None:
    assert literal("example.com") is None
    assert literal("abcd") is None
    assert literal("127.0.0.1") == ipaddress.ip_address("127.0.0.1")


@pytest.mark.parametrize(
    "url",
    [
        "http://name.test/a", "ftp://name.test/a", "file:///etc/passwd", "data:text/plain,hello", "name.test/a", "",
        "https://", "https:///a", "https://user:word@name.test/a", "https://user@name.test/a", "https://999.1.1.1/",
        "https://[::1/", "https://name.test:99999/", "javascript:alert(1)", "//name.test/a",
    ],
)  # fmt: skip
async def test_addresses_that_are_not_fetched(url: str) -> None:
    names = Names(name_test="8.8.8.8")
    async with Downloader(resolver=names) as downloader:
        with pytest.raises(FileUnavailable):
            await downloader.fetch(url, 100)
    assert names.asked == []


@pytest.mark.parametrize(
    ("to", "detail"),
    [
        ("https://inner.test/a", "inner.test: not a public address"),
        ("https://127.0.0.1/a", "127.0.0.1: not a public address"),
        ("https://[::ffff:10.0.0.1]/a", "not a public address"),
        ("http://outer.test/a", "outer.test: not https"),
        ("https://u:p@outer.test/a", "outer.test: an address with credentials"),
        ("file:///etc/passwd", "not an address of the web"),
        ("https://[::1/a", "redirected to no address"),
    ],
)
async def test_redirects_are_checked_again(server: TestServer, to: str, detail: str) -> None:
    names = Names(inner_test="192.168.1.1", outer_test="8.8.8.8")
    async with Downloader([own(server)], resolver=names) as downloader:
        with pytest.raises(FileUnavailable, match=detail.replace("[", r"\[")) as raised:
            await downloader.fetch(str(URL(f"http://{own(server)}/moved").with_query(to=to)), 100)
    assert "passwd" not in str(raised.value)
    assert names.asked in ([], ["inner.test"])


@pytest.mark.parametrize(("times", "arrives"), [(3, True), (4, False)])
async def test_redirects_are_followed_at_most_three_times(server: TestServer, times: int, arrives: bool) -> None:
    url = URL("/here")
    for _ in range(times):
        url = URL("/moved").with_query(to=str(url))
    async with Downloader([own(server)]) as downloader:
        if arrives:
            assert await downloader.fetch(f"http://{own(server)}{url}", 100) == b"the bytes of it"
        else:
            with pytest.raises(FileUnavailable, match="too many redirects"):
                await downloader.fetch(f"http://{own(server)}{url}", 100)


@pytest.mark.parametrize(("path", "limit"), [("here", 14), ("endless", 1_000_000)])
async def test_more_than_the_limit(server: TestServer, path: str, limit: int) -> None:
    async with Downloader([own(server)]) as downloader:
        with pytest.raises(FileTooLarge) as raised:
            await downloader.fetch(f"http://{own(server)}/{path}", limit)
    assert raised.value.limit == limit


@pytest.mark.parametrize(
    ("path", "detail"),
    [("nowhere", "status 404"), ("lying", "ClientPayloadError"), ("packed", "compressed")],
)
async def test_servers_that_do_not_send_it(server: TestServer, path: str, detail: str) -> None:
    async with Downloader([own(server)]) as downloader:
        with pytest.raises(FileUnavailable, match=f"^127.0.0.1: {detail}") as raised:
            await downloader.fetch(f"http://{own(server)}/{path}?{SECRET}", 1000)
    assert SECRET not in repr(raised.value)
    assert raised.value.__cause__ is None


async def test_nobody_listens() -> None:
    async with Downloader(["127.0.0.1:1"], resolver=Names()) as downloader:
        with pytest.raises(FileUnavailable, match="ClientConnectorError"):
            await downloader.fetch("http://127.0.0.1:1/", 100)
        with pytest.raises(FileUnavailable, match=r"gone.test: ClientConnectorDNSError"):
            await downloader.fetch("https://gone.test/", 100)


def test_a_server_that_falls_silent() -> None:
    """On a loop that runs a hundred times as fast."""

    async def check() -> None:
        app = application()
        server = TestServer(app, host="127.0.0.1")
        async with server:
            async with Downloader([own(server)]) as downloader:
                with pytest.raises(FileUnavailable, match="took too long"):
                    await downloader.fetch(f"http://{own(server)}/silent", 100)
            app[ENDED].set()

    with asyncio.Runner(loop_factory=lambda: FastLoop(100.0)) as runner:
        runner.run(check())


@pytest.mark.parametrize("trusted", ["", "host", "https://host", ":80", "a:b"])
def test_what_is_no_server(trusted: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        Downloader([trusted])


async def test_no_proxy_from_the_environment(server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with Downloader([own(server)]) as downloader:
        assert await downloader.fetch(f"http://{own(server)}/here", 100) == b"the bytes of it"


async def test_out_of_order() -> None:
    with pytest.raises(RuntimeError, match="enter"):
        await Downloader().fetch("https://name.test/", 1)
