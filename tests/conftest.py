"""The suite is strict: loopback only, a time limit for each test, and a clock that tests choose by marker."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from functools import cache, partial
from typing import Any

import aiosqlite
import pytest

from tests.fakes.loops import FastLoop, ScaledLoop, VirtualLoop


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "virtual: run on a clock that moves only by the test's own timers")
    config.addinivalue_line("markers", "fast(speed=10): wait so much shorter, for whole programs over sockets")
    config.addinivalue_line("markers", "scaled(speed): run on a clock so much faster, which other processes share")


def pytest_collection_finish(session: pytest.Session) -> None:
    """The modules and tests stay to the end: looking through them for garbage would take a tenth of the time."""
    gc.freeze()


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    if item.get_closest_marker("virtual"):
        return {"virtual": VirtualLoop}
    if fast := item.get_closest_marker("fast"):
        return {"fast": partial(FastLoop, *fast.args)}
    if scaled := item.get_closest_marker("scaled"):
        return {"scaled": partial(ScaledLoop, *scaled.args)}
    return {"real": asyncio.SelectorEventLoop}


@pytest.fixture(scope="session", autouse=True)
def one_tls_context() -> Iterator[None]:
    """Every client makes a TLS context, which reads all certificates of the machine in 30 ms; here hardly any speaks
    TLS, so that those made alike can be one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
        yield


@pytest.fixture(scope="session", autouse=True)
def clocks_wait_for_sqlite() -> Iterator[None]:
    """A clock that runs fast takes no notice of how long a disk takes, whose threads asyncio does not know."""
    execute = aiosqlite.Connection._execute

    async def watched(self: aiosqlite.Connection, *args: Any, **kwargs: Any) -> Any:
        loop = asyncio.get_running_loop()
        with loop.thread_at_work() if isinstance(loop, FastLoop) else nullcontext():
            return await execute(self, *args, **kwargs)  # type: ignore[no-untyped-call]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aiosqlite.Connection, "_execute", watched)
        yield


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anywhere but this machine fails the test that makes it."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not ipaddress.ip_address(address[0]).is_loopback:
            raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def no_heart_beats_on() -> Iterator[None]:
    """A client of discord.py that is closed between its gateway's greeting and its login leaves a thread which would
    wake up in a later test, whose loop is another one."""
    yield
    for thread in threading.enumerate():
        if thread.name.startswith("keep-alive-handler"):
            thread.stop()  # type: ignore[attr-defined]  # not imported here: most tests need no discord.py
