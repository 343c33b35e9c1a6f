"""Every step of the migrations, up and down, over rows of every age; new steps are found by themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage.address import driver_url
from bot.storage.database import open_store
from bot.storage.engines import make_engines
from bot.storage.migrate import alembic_config
from bot.storage.tables import metadata
from tests.contract.samples import ROWS, add_rows, differences, snapshot, tables


@pytest.fixture
async def migrator(storage_url: str) -> AsyncIterator[AsyncEngine]:
    """Connections to a database without tables."""
    if storage_url.startswith("sqlite"):
        Path(storage_url.removeprefix("sqlite:///")).parent.mkdir()
    engines = make_engines(driver_url(storage_url))
    yield engines.migrator
    await engines.close()


def revisions(connection: Connection) -> list[str]:
    """From the oldest to the newest."""
    script = ScriptDirectory.from_config(alembic_config(connection))
    return [step.revision for step in script.walk_revisions()][::-1]


def up(connection: Connection, revision: str) -> None:
    command.upgrade(alembic_config(connection), revision)


def down(connection: Connection, revision: str) -> None:
    command.downgrade(alembic_config(connection), revision)


def grow(connection: Connection) -> list[str]:
    """A database that came from its first revision to the newest and was used in each; the revisions."""
    steps = revisions(connection)
    for number, revision in enumerate(steps):
        before = snapshot(connection)
        up(connection, revision)
        assert differences(before, snapshot(connection)) == [], f"on the way up to {revision}"
        add_rows(connection, number * ROWS + 1)
    return steps


async def test_every_step_up_keeps_every_row(migrator: AsyncEngine) -> None:
    async with migrator.begin() as connection:
        steps = await connection.run_sync(grow)
        assert len(steps) >= 3
        rows = await connection.run_sync(snapshot)
        assert rows.keys() == metadata.tables.keys()
        assert len(rows["messages"]) == ROWS * len(steps)


async def test_every_step_down_keeps_what_the_older_tables_can_hold(migrator: AsyncEngine) -> None:
    """And from each of them it goes up again."""

    def go(connection: Connection) -> None:
        steps = grow(connection)
        newest = snapshot(connection)
        for revision in reversed(steps):
            down(connection, revision)
            older = snapshot(connection)
            assert all(older.values())
            assert differences(newest, older) == [], f"on the way down to {revision}"
            up(connection, "head")
            assert differences(older, snapshot(connection)) == [], f"up again from {revision}"
            down(connection, revision)
            assert snapshot(connection) == older
        down(connection, "base")
        assert tables(connection) == []

    async with migrator.begin() as connection:
        await connection.run_sync(go)


async def test_tables_that_went_down_and_up_are_those_of_the_code(migrator: AsyncEngine) -> None:
    def go(connection: Connection) -> list[object]:
        for revision in reversed(grow(connection)):
            down(connection, revision)
            up(connection, "head")
        return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))

    async with migrator.begin() as connection:
        assert await connection.run_sync(go) == []


async def test_an_id_is_not_given_out_again_after_the_way_down_and_up(storage_url: str) -> None:
    """Buttons carry the ids of messages for as long as they stand."""
    async with open_store(storage_url) as store:
        first = await store.conversations.start_new("chat")
        async with store.notes.engines.writing() as connection:
            await connection.execute(text("DELETE FROM conversations"))
            await connection.run_sync(lambda sync: down(sync, revisions(sync)[0]))
    async with open_store(storage_url) as store:
        assert await store.conversations.start_new("chat") > first
