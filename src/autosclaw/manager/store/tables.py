"""Every table, in the names of the contract (§6) with our additions.

Must not hold queries. `migrations/` builds the same schema; a test compares the two.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# Times are ISO-8601 UTC text of fixed width, so that they sort and are read by other programs.
_TIME = String(24)

agents = Table(
    "agents",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(255), nullable=False),
    Column(
        "token", String(64), comment="SHA-256 of the token of the running boot; null when ended"
    ),
    Column("purpose", Text, nullable=False),
    Column("system_prompt", Text, nullable=False),
    Column("cost_nano_usd", BigInteger, nullable=False, server_default="0"),
    Column("cost_usd", Float, Computed("cost_nano_usd / 1000000000.0", persisted=False)),
    Column("cost_unknown", Boolean, nullable=False, server_default="0"),
    Column("metered", Boolean, nullable=False, server_default="0"),
    Column("input_tokens", BigInteger, nullable=False, server_default="0"),
    Column("output_tokens", BigInteger, nullable=False, server_default="0"),
    Column("cache_read_input_tokens", BigInteger, nullable=False, server_default="0"),
    Column("cache_creation_input_tokens", BigInteger, nullable=False, server_default="0"),
    Column("status", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("state_since", _TIME, nullable=False),
    Column("desired", String(8), nullable=False),
    Column("permissions", Text, nullable=False, comment="comma-separated"),
    Column("project_id", String(36)),
    Column("created_by", String(255)),
    Column("parent_id", String(36)),
    Column("model", String(100), nullable=False),
    Column("keep_alive_seconds", Integer),
    Column("spawn_key", String(200)),
    Column("boot", Integer, nullable=False, server_default="0"),
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("last_seq", BigInteger, nullable=False, server_default="0"),
    Column("last_source_seq", BigInteger, nullable=False, server_default="0"),
    Column("last_input", BigInteger, nullable=False, server_default="0"),
    Column("applied_input", BigInteger, nullable=False, server_default="0"),
    Column("exit_outcome", String(16)),
    Column("exit_reason", Text),
    Column("missing_since", _TIME),
    Column("created_at", _TIME, nullable=False),
    Column("started_at", _TIME),
    Column("ended_at", _TIME),
    Column("deleted_at", _TIME),
    UniqueConstraint("spawn_key"),
    Index("ix_agents_token", "token", unique=True),
    Index("ix_agents_state", "state"),
    Index("ix_agents_created_at", "created_at"),
)

messages = Table(
    "messages",
    metadata,
    Column("agent_id", String(36), ForeignKey("agents.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("source_seq", BigInteger, comment="the runner's number; null when the manager wrote it"),
    Column("type", String(32), nullable=False),
    Column("metadata", Text, nullable=False, comment="the event as it arrived, JSON"),
    Column("created_at", _TIME, nullable=False),
    Column(
        "role",
        String(16),
        Computed(
            "CASE WHEN type = 'tool_use' THEN 'tool'"
            " WHEN json_extract(metadata, '$.msgType') = 'user_input' THEN 'user'"
            " ELSE 'assistant' END",
            persisted=False,
        ),
    ),
    Column(
        "msg_type",
        String(32),
        Computed("coalesce(json_extract(metadata, '$.msgType'), type)", persisted=False),
    ),
    Column("text", Text, Computed("json_extract(metadata, '$.content')", persisted=False)),
    sqlite_with_rowid=False,
)

session_log = Table(
    "session_log",
    metadata,
    Column("agent_id", String(36), ForeignKey("agents.id"), primary_key=True),
    Column("source_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("subpath", Text, nullable=False),
    Column("text", Text, nullable=False),
    sqlite_with_rowid=False,
)

inputs = Table(
    "inputs",
    metadata,
    Column("agent_id", String(36), ForeignKey("agents.id"), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("id", String(36), nullable=False, comment="UUID under which the CLI takes it in once"),
    Column("kind", String(16), nullable=False),
    Column("payload", Text, nullable=False, comment="JSON"),
    Column("idempotency_key", String(200)),
    Column("created_by", String(255)),
    Column("created_at", _TIME, nullable=False),
    Column("applied_at", _TIME),
    UniqueConstraint("agent_id", "idempotency_key"),
)

questions = Table(
    "questions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("agent_id", String(36), ForeignKey("agents.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("questions", Text, nullable=False, comment="JSON, as asked"),
    Column("state", String(16), nullable=False),
    Column("answers", Text, comment="JSON"),
    Column("answered_by", String(255)),
    Column("asked_at", _TIME, nullable=False),
    Column("closed_at", _TIME),
    CheckConstraint("state in ('open','answered','interrupted','expired','ended')", name="state"),
    Index("ix_questions_agent_id_state", "agent_id", "state"),
)

usage = Table(
    "usage",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("agent_id", String(36), ForeignKey("agents.id"), nullable=False),
    Column("model", String(100), nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cache_read_input_tokens", BigInteger, nullable=False),
    Column("cache_write_5m_tokens", BigInteger, nullable=False),
    Column("cache_write_1h_tokens", BigInteger, nullable=False),
    Column("web_searches", Integer, nullable=False),
    Column("cost_nano_usd", BigInteger, comment="null: no known price"),
    Column("outcome", String(16), nullable=False, comment="how far the counts can be trusted"),
    Column("http_status", Integer),
    Column("message_id", String(100)),
    Column("subagent_id", String(100)),
    Column("started_at", _TIME, nullable=False),
    Column("first_byte_ms", Integer),
    Column("duration_ms", Integer),
    Index("ix_usage_agent_id_started_at", "agent_id", "started_at"),
    Index("ix_usage_started_at", "started_at"),
)

users = Table(
    "users",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("username", String(255), nullable=False),
    Column("username_key", String(255), nullable=False, unique=True, comment="case-folded"),
    Column("password_hash", String(100), nullable=False),
    Column("role", String(16), nullable=False),
    Column("token_version", Integer, nullable=False, server_default="0"),
    Column("created_at", _TIME, nullable=False),
    Column("disabled_at", _TIME),
)

config = Table(
    "config",
    metadata,
    Column("key", String(100), primary_key=True),
    Column("value", Text, nullable=False),
)

__all__ = [
    "agents",
    "config",
    "inputs",
    "messages",
    "metadata",
    "questions",
    "session_log",
    "usage",
    "users",
]
