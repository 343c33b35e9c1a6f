"""One nursery for all tests of a process: its modules are read once."""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.chaos.process import Nursery, nursery, nursery_process


@pytest.fixture(scope="session")
def control() -> Iterator[socket.socket]:
    with nursery_process() as control:
        yield control


@pytest.fixture
async def bots(control: socket.socket, tmp_path: Path) -> AsyncIterator[Nursery]:
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # the fakes', sorry for every client that dies
    async with nursery(control, tmp_path) as bots:
        yield bots
