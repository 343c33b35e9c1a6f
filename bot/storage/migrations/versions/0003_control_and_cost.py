"""Where a conversation goes on, summaries, the ledger with its sums, rules and budgets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("conversations", sa.Column("head_id", ROW_ID))
    op.execute(
        "UPDATE conversations SET head_id = "
        "(SELECT max(messages.id) FROM messages WHERE messages.conversation_id = conversations.id)"
    )
    op.add_column("messages", sa.Column("reasoning", sa.Text))
    op.create_index("ix_conversations_head_id", "conversations", ["head_id"])
    op.create_index("ix_personas_author", "personas", ["author"])
    op.create_index("ix_messages_author_id_id", "messages", ["author_id", "id"])
    op.create_index("ix_messages_created_at", "messages", ["created_at"])
    op.create_table(
        "summaries",
        sa.Column("message_id", ROW_ID, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_summaries"),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name="fk_summaries_message_id_messages", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "ledger",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("chat_key", sa.Text, nullable=False),
        sa.Column("work", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("prompt_tokens", sa.Integer, nullable=False),
        sa.Column("completion_tokens", sa.Integer, nullable=False),
        sa.Column("cached_tokens", sa.Integer, nullable=False),
        sa.Column("reasoning_tokens", sa.Integer, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("images", sa.Integer, nullable=False),
        sa.Column("characters", sa.Integer, nullable=False),
        sa.Column("cost", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_ledger"),
    )
    for column in ("person", "chat_key", "at"):
        op.create_index(f"ix_ledger_{column}", "ledger", [column])
    op.create_table(
        "spent_days",
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("chat_key", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.Column("tokens", sa.BigInteger, nullable=False),
        sa.Column("cost", sa.BigInteger, nullable=False),
        sa.Column("unpriced", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("day", "person", "chat_key", "model", name="pk_spent_days"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_spent_days_person_day", "spent_days", ["person", "day"])
    op.create_index("ix_spent_days_chat_key_day", "spent_days", ["chat_key", "day"])
    op.create_table(
        "rules",
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("effect", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject", "effect", name="pk_rules"),
    )
    op.create_table(
        "budgets",
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("subject", "unit", "period", name="pk_budgets"),
    )


def downgrade() -> None:
    for table in ("budgets", "rules", "spent_days", "ledger", "summaries"):
        op.drop_table(table)
    op.drop_index("ix_messages_created_at", "messages")
    op.drop_index("ix_messages_author_id_id", "messages")
    op.drop_index("ix_personas_author", "personas")
    op.drop_index("ix_conversations_head_id", "conversations")
    op.drop_column("messages", "reasoning")
    op.drop_column("conversations", "head_id")
