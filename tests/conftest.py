"""The suite is strict: loopback only, a time limit for each test, and a clock that tests choose by marker."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from tests.fakes.loops import FastLoop, VirtualLoop


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "virtual: run on a clock that moves only by the test's own timers")
    config.addinivalue_line("markers", "fast(speed=10): run on a clock so much faster, for whole programs over sockets")


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    if item.get_closest_marker("virtual"):
        return {"virtual": VirtualLoop}
    if fast := item.get_closest_marker("fast"):
        return {"fast": partial(FastLoop, *fast.args)}
    return {"real": asyncio.SelectorEventLoop}


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anywhere but this machine fails the test that makes it."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not ipaddress.ip_address(address[0]).is_loopback:
            raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
