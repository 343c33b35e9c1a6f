"""Conversations, preferences, personas and notes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_row_id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", _row_id, nullable=False),
        sa.Column("chat_key", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
        sa.UniqueConstraint("chat_key", "number", name="uq_conversations_chat_key_number"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "messages",
        sa.Column("id", _row_id, nullable=False),
        sa.Column("conversation_id", _row_id, nullable=False),
        sa.Column("parent_id", _row_id),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key", sa.Text),
        sa.Column("author_id", sa.Text),
        sa.Column("author_name", sa.Text),
        sa.Column("message_id", sa.Text),
        sa.Column("state", sa.Text),
        sa.Column("model", sa.Text),
        sa.Column("persona", sa.Text),
        sa.Column("message_ids", sa.JSON),
        sa.Column("prompt_tokens", sa.Integer),
        sa.Column("completion_tokens", sa.Integer),
        sa.Column("cached_tokens", sa.Integer),
        sa.Column("reasoning_tokens", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint("key", name="uq_messages_key"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_messages_conversation_id_conversations"
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["messages.id"], name="fk_messages_parent_id_messages"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_messages_conversation_id_id", "messages", ["conversation_id", "id"])
    op.create_index("ix_messages_conversation_id_message_id", "messages", ["conversation_id", "message_id"])
    op.create_index("ix_messages_parent_id_id", "messages", ["parent_id", "id"])
    op.create_table(
        "preferences",
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("scope", "name", name="pk_preferences"),
    )
    op.create_table(
        "personas",
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("prompt", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("model", sa.Text),
        sa.Column("preset", sa.Text),
        sa.Column("author", sa.Text),
        sa.PrimaryKeyConstraint("scope", "name", name="pk_personas"),
    )
    op.create_table(
        "notes",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_notes"),
    )


def downgrade() -> None:
    for table in ("notes", "personas", "preferences", "messages", "conversations"):
        op.drop_table(table)
