"""The tables. A change here needs a migration; a contract test compares the two."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    }
)

# SQLite gives out row ids by itself only for a column declared INTEGER, which holds 64 bits there.
RowId = BigInteger().with_variant(Integer, "sqlite")


class PlainText(TypeDecorator[str]):
    """Text that both databases take and give back alike.

    PostgreSQL refuses NUL, and neither driver can encode half of a surrogate pair; each becomes U+FFFD.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        if value is None:
            return None
        return (
            str(value)
            .replace("\0", "\N{REPLACEMENT CHARACTER}")
            .encode("utf-16", "surrogatepass")
            .decode("utf-16", "replace")
        )


conversations = Table(
    "conversations",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("chat_key", PlainText, nullable=False),
    # Counts a chat's conversations, so that two callers cannot both make the first one.
    Column("number", Integer, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    # The row behind which it goes on; nothing while it is empty.
    Column("head_id", RowId),
    UniqueConstraint("chat_key", "number"),
    Index(None, "head_id"),
    sqlite_autoincrement=True,
)

messages = Table(
    "messages",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("conversation_id", RowId, ForeignKey("conversations.id"), nullable=False),
    # A question's parent is the head of the time when it was asked, an answer's parent is its question.
    Column("parent_id", RowId, ForeignKey("messages.id")),
    Column("role", Text, nullable=False),
    Column("text", PlainText, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    # [{"digest", "width", "height"}], or nothing: their bytes are in `pictures`, until they are dropped there.
    Column("pictures", JSON(none_as_null=True)),
    # Questions only.
    Column("key", PlainText, unique=True),
    Column("author_id", PlainText),
    Column("author_name", PlainText),
    Column("message_id", PlainText),
    # Answers only.
    Column("state", Text),
    Column("model", PlainText),
    Column("persona", PlainText),
    Column("message_ids", JSON(none_as_null=True)),
    Column("prompt_tokens", Integer),
    Column("completion_tokens", Integer),
    Column("cached_tokens", Integer),
    Column("reasoning_tokens", Integer),
    Column("reasoning", PlainText),
    Index(None, "conversation_id", "id"),
    Index(None, "conversation_id", "message_id"),
    Index(None, "parent_id", "id"),
    Index(None, "author_id", "id"),
    Index(None, "created_at"),
    # Buttons carry turn ids for as long as their message stands: an id must never be given out twice.
    sqlite_autoincrement=True,
)

pictures = Table(
    "pictures",
    metadata,
    Column("chat_key", PlainText, primary_key=True),
    Column("digest", PlainText, primary_key=True),
    Column("mime", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("kept_at", DateTime(timezone=True), nullable=False),
    # Last: SQLite reads a row from its beginning, and this is as long as hundreds of others.
    Column("data", LargeBinary, nullable=False),
    Index(None, "kept_at"),
)

summaries = Table(
    "summaries",
    metadata,
    # The last row that it stands for.
    Column("message_id", RowId, ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("text", PlainText, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

preferences = Table(
    "preferences",
    metadata,
    Column("scope", PlainText, primary_key=True),
    Column("name", PlainText, primary_key=True),
    Column("value", PlainText, nullable=False),
)

personas = Table(
    "personas",
    metadata,
    Column("scope", PlainText, primary_key=True),
    Column("name", PlainText, primary_key=True),
    Column("prompt", PlainText, nullable=False),
    Column("description", PlainText, nullable=False),
    Column("kind", Text, nullable=False),
    Column("model", PlainText),
    Column("preset", PlainText),
    Column("author", PlainText),
    Index(None, "author"),
)

notes = Table(
    "notes",
    metadata,
    Column("name", PlainText, primary_key=True),
    Column("value", PlainText, nullable=False),
)

ledger = Table(
    "ledger",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    # Nobody's name after the person, or the chat, is forgotten.
    Column("person", PlainText, nullable=False),
    Column("chat_key", PlainText, nullable=False),
    Column("work", Text, nullable=False),
    Column("model", PlainText, nullable=False),
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    Column("cached_tokens", Integer, nullable=False),
    Column("reasoning_tokens", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("images", Integer, nullable=False),
    Column("characters", Integer, nullable=False),
    # Nano-dollars; nothing where the price is not known.
    Column("cost", BigInteger),
    Index(None, "person"),
    Index(None, "chat_key"),
    Index(None, "at"),
)

# The ledger's sums, so that nobody has to add up a million calls.
spent_days = Table(
    "spent_days",
    metadata,
    Column("day", Date, primary_key=True),
    Column("person", PlainText, primary_key=True),
    Column("chat_key", PlainText, primary_key=True),
    Column("model", PlainText, primary_key=True),
    Column("calls", Integer, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    Column("cost", BigInteger, nullable=False),
    Column("unpriced", Integer, nullable=False),
    Index(None, "person", "day"),
    Index(None, "chat_key", "day"),
    # The rows of a month lie together and are read at once.
    sqlite_with_rowid=False,
)

rules = Table(
    "rules",
    metadata,
    Column("subject", PlainText, primary_key=True),
    Column("effect", Text, primary_key=True),
    Column("by", PlainText, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

budgets = Table(
    "budgets",
    metadata,
    Column("subject", PlainText, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
)

# Few events are waiting at any time, and what is done is looked for by its key alone.
_WAITING = text("event IS NOT NULL")
_WRITTEN = text("author IS NOT NULL")

inbox = Table(
    "inbox",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("key", PlainText, nullable=False, unique=True),
    Column("platform", Text, nullable=False),
    # The chat's place (`ChatRef.place`), for forgetting it, and the chat itself.
    Column("place", PlainText, nullable=False),
    Column("chat", JSON, nullable=False),
    Column("arrived_at", DateTime(timezone=True), nullable=False),
    Column("tries", Integer, nullable=False),
    # Nothing any more once it is done.
    Column("author", PlainText),
    Column("event", PlainText),
    Index(None, "arrived_at"),
    Index("ix_inbox_waiting", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
    Index(None, "place"),
    Index("ix_inbox_author", "author", sqlite_where=_WRITTEN, postgresql_where=_WRITTEN),
    sqlite_autoincrement=True,
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("nonce", PlainText, nullable=False, unique=True),
    Column("event_key", PlainText),
    Column("place", PlainText, nullable=False),
    Column("chat", JSON, nullable=False),
    Column("written_at", DateTime(timezone=True), nullable=False),
    Column("reply", PlainText, nullable=False),
    Index(None, "event_key"),
    Index(None, "place"),
    sqlite_autoincrement=True,
)
