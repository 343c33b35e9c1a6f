"""One nursery for all tests of a process: its modules are read once."""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.chaos.database import NO_SERVER, ServedDatabase, served_database
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


@pytest.fixture
async def served() -> AsyncIterator[ServedDatabase]:
    async with AsyncExitStack() as stack:
        try:
            database = await stack.enter_async_context(served_database())
        except NO_SERVER as error:
            pytest.skip(f"no PostgreSQL for tests at 127.0.0.1:5432: {error}")
        yield database
