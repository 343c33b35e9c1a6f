"""Alembic runs this file; the connection, already in a transaction, is handed over by `bot.storage.migrate`."""

from __future__ import annotations

from alembic import context

from bot.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
