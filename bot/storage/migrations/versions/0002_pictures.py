"""Pictures, and which of them belong to a message."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pictures",
        sa.Column("chat_key", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("mime", sa.Text, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("chat_key", "digest", name="pk_pictures"),
    )
    op.create_index("ix_pictures_kept_at", "pictures", ["kept_at"])
    op.add_column("messages", sa.Column("pictures", sa.JSON))


def downgrade() -> None:
    op.drop_column("messages", "pictures")
    op.drop_table("pictures")
