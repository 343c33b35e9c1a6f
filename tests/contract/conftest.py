"""Both databases, each empty at the start of a test."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest

from bot.ports import Store
from bot.storage.database import SqlStore, open_store
from bot.storage.tables import metadata
from tests.fakes.database import empty_database
from tests.fakes.memory import MemoryStore

POSTGRES = "postgresql://postgres@127.0.0.1:5432"


async def _execute(database: str, *statements: str) -> None:
    connection = await asyncpg.connect(f"{POSTGRES}/{database}", timeout=5)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@contextmanager
def _database() -> Iterator[str]:
    """A database of this run's own; skips where no server answers."""
    name = f"parley_test_{secrets.token_hex(6)}"
    try:
        asyncio.run(_execute("postgres", f"CREATE DATABASE {name}"))
    except (OSError, asyncpg.PostgresError) as error:
        pytest.skip(f"no PostgreSQL for tests at 127.0.0.1:5432: {error}")
    yield name
    asyncio.run(_execute("postgres", f"DROP DATABASE {name} WITH (FORCE)"))


async def _make_tables(url: str) -> None:
    async with open_store(url):
        pass


@pytest.fixture(scope="session")
def postgres_database() -> Iterator[str]:
    with _database() as name:
        yield name


@pytest.fixture(scope="session")
def postgres_with_tables() -> Iterator[str]:
    with _database() as name:
        asyncio.run(_make_tables(f"{POSTGRES}/{name}"))
        yield name


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/data/parley.db"


@pytest.fixture
async def postgres_url(postgres_database: str) -> str:
    await _execute(postgres_database, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    return f"{POSTGRES}/{postgres_database}"


@pytest.fixture(params=["sqlite_url", "postgres_url"], ids=["sqlite", "postgres"])
def storage_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture
def sqlite_tables(sqlite_url: str) -> str:
    """The tables are there; what opens a new database is tested in test_storage_opening."""
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    path.parent.mkdir()
    path.write_bytes(empty_database())
    return sqlite_url


@pytest.fixture
async def postgres_tables(postgres_with_tables: str) -> str:
    names = ", ".join(metadata.tables)
    await _execute(postgres_with_tables, f"TRUNCATE {names} RESTART IDENTITY CASCADE")
    return f"{POSTGRES}/{postgres_with_tables}"


@pytest.fixture(params=["sqlite_tables", "postgres_tables"], ids=["sqlite", "postgres"])
def tables_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture
async def store(tables_url: str) -> AsyncIterator[SqlStore]:
    async with open_store(tables_url) as opened:
        yield opened


@pytest.fixture(params=["sqlite_tables", "postgres_tables", None], ids=["sqlite", "postgres", "memory"])
def any_url(request: pytest.FixtureRequest) -> str | None:
    if request.param is None:
        return None
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture
async def any_store(any_url: str | None) -> AsyncIterator[Store]:
    """Also the fake in memory, which must not drift apart from the databases."""
    if any_url is None:
        yield MemoryStore()
        return
    async with open_store(any_url) as opened:
        yield opened
