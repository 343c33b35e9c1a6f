"""Downloads from addresses that strangers, models or providers named, without becoming a door into the own network."""

from __future__ import annotations

import asyncio
import ssl as tls
from collections.abc import Collection
from ipaddress import ip_address
from socket import AddressFamily

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from bot.errors import FileTooLarge, FileUnavailable
from bot.media.addresses import is_public, literal

_SECONDS = 30.0
_REDIRECTS = 3
_PIECE = 64 * 1024
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "Parley"}
_MOVED = (301, 302, 303, 307, 308)


class _PublicResolver(AbstractResolver):
    """Gives the connection only addresses that were checked, so that a name cannot mean another one a moment later."""

    def __init__(self, inner: AbstractResolver, trusted: Collection[tuple[str, int]]) -> None:
        self._inner = inner
        self._trusted = trusted

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AddressFamily.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if not found:
            raise OSError(f"{host} has no address")
        if (host, port) not in self._trusted and not all(is_public(ip_address(each["host"])) for each in found):
            raise _NotPublicError
        return found

    async def close(self) -> None:
        await self._inner.close()


class _NotPublicError(OSError):
    """What aiohttp expects of a resolver that fails is an OSError."""


class Downloader:
    """Enter it before use; connections live no longer than one request.

    `trusted` are `host:port` of servers that the operator configured: they may be private and speak plain HTTP.
    `resolver` and `ssl` replace the system's.
    """

    def __init__(
        self,
        trusted: Collection[str] = (),
        *,
        resolver: AbstractResolver | None = None,
        ssl: tls.SSLContext | None = None,
    ) -> None:
        self._trusted = frozenset(_host_and_port(each) for each in trusted)
        self._resolver = resolver
        self._ssl = ssl
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Downloader:
        resolver = _PublicResolver(self._resolver or ThreadedResolver(), self._trusted)
        connector = aiohttp.TCPConnector(
            resolver=resolver, use_dns_cache=False, force_close=True, ssl=True if self._ssl is None else self._ssl
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_HEADERS,
            trust_env=False,
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None),
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def fetch(self, url: str, limit: int) -> bytes:
        """What is there, at most `limit` bytes. Raises FileTooLarge and FileUnavailable, which name the host alone."""
        if self._session is None:
            raise RuntimeError("enter the downloader before using it")
        try:
            at = URL(url)
        except ValueError:
            raise FileUnavailable("not an address") from None
        try:
            async with asyncio.timeout(_SECONDS):
                for _ in range(_REDIRECTS + 1):
                    found = await self._get(self._session, at, limit)
                    if isinstance(found, bytes):
                        return found
                    at = found
        except TimeoutError:
            raise FileUnavailable(f"{at.host}: took too long") from None
        raise FileUnavailable(f"{at.host}: too many redirects")

    async def _get(self, session: aiohttp.ClientSession, url: URL, limit: int) -> bytes | URL:
        """The bytes, or where to go on."""
        self._check(url)
        try:
            async with session.get(url, allow_redirects=False) as response:
                if response.status in _MOVED:
                    return _next(url, response.headers.get("Location", ""))
                if response.status != 200:
                    raise FileUnavailable(f"{url.host}: status {response.status}")
                if response.headers.get("Content-Encoding", "identity").lower() != "identity":
                    raise FileUnavailable(f"{url.host}: compressed, although that was not asked for")
                return await _body(response, limit)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if isinstance(error, TimeoutError):
                raise
            # No `from error`: the errors of aiohttp may quote the whole address.
            raise FileUnavailable(f"{url.host}: {_reason(error)}") from None

    def _check(self, url: URL) -> None:
        """Everything that can be known before the name is resolved."""
        host, port = url.host, url.port
        if not host or port is None:
            raise FileUnavailable("not an address of the web")
        if url.user is not None or url.password is not None:
            raise FileUnavailable(f"{host}: an address with credentials")
        if (host, port) in self._trusted and url.scheme in ("http", "https"):
            return
        if url.scheme != "https":
            raise FileUnavailable(f"{host}: not https")
        address = literal(host)
        if address is None and _looks_numeric(host):  # aiohttp would connect to it without asking the resolver
            raise FileUnavailable(f"{host}: not an address of the web")
        if address is not None and not is_public(address):
            raise FileUnavailable(f"{host}: not a public address")


def _looks_numeric(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


async def _body(response: aiohttp.ClientResponse, limit: int) -> bytes:
    if (response.content_length or 0) > limit:
        raise FileTooLarge(limit)
    body = bytearray()
    async for piece in response.content.iter_chunked(_PIECE):
        body += piece
        if len(body) > limit:
            raise FileTooLarge(limit)
    return bytes(body)


def _next(url: URL, location: str) -> URL:
    try:
        return url.join(URL(location))
    except ValueError:
        raise FileUnavailable(f"{url.host}: redirected to no address") from None


def _reason(error: BaseException) -> str:
    refused = isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, _NotPublicError)
    return "not a public address" if refused else type(error).__name__


def _host_and_port(text: str) -> tuple[str, int]:
    url = URL(f"https://{text}")
    if not url.host or url.explicit_port is None:
        raise ValueError(f"{text} is not host:port")
    return url.host, url.explicit_port
