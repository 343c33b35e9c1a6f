"""What arrived and is not answered yet, and replies that are on their way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
WAITING = sa.text("event IS NOT NULL")
WRITTEN = sa.text("author IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("chat", sa.JSON, nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("author", sa.Text),
        sa.Column("event", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
        sa.UniqueConstraint("key", name="uq_inbox_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_inbox_arrived_at", "inbox", ["arrived_at"])
    op.create_index("ix_inbox_waiting", "inbox", ["id"], sqlite_where=WAITING, postgresql_where=WAITING)
    op.create_index("ix_inbox_place", "inbox", ["place"])
    op.create_index("ix_inbox_author", "inbox", ["author"], sqlite_where=WRITTEN, postgresql_where=WRITTEN)
    op.create_table(
        "outbox",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("event_key", sa.Text),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("chat", sa.JSON, nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reply", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("nonce", name="uq_outbox_nonce"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_event_key", "outbox", ["event_key"])
    op.create_index("ix_outbox_place", "outbox", ["place"])


def downgrade() -> None:
    for table in ("outbox", "inbox"):
        op.drop_table(table)
