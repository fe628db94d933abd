"""The first schema: agents, transcripts, inputs, questions, usage, people."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "agents",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column(
            "token",
            sa.String(length=64),
            nullable=True,
            comment="SHA-256 of the token of the running boot; null when ended",
        ),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("system_prompt", sa.Text(), nullable=False),
        sa.Column("cost_nano_usd", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "cost_usd",
            sa.Float(),
            sa.Computed("cost_nano_usd / 1000000000.0", persisted=False),
            nullable=True,
        ),
        sa.Column("cost_unknown", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("metered", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cache_read_input_tokens", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "cache_creation_input_tokens", sa.BigInteger(), server_default="0", nullable=False
        ),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("state_since", sa.String(length=24), nullable=False),
        sa.Column("desired", sa.String(length=8), nullable=False),
        sa.Column("permissions", sa.Text(), nullable=False, comment="comma-separated"),
        sa.Column("project_id", sa.String(length=36), nullable=True),
        sa.Column("created_by", sa.String(length=255), nullable=True),
        sa.Column("parent_id", sa.String(length=36), nullable=True),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("keep_alive_seconds", sa.Integer(), nullable=True),
        sa.Column("spawn_key", sa.String(length=200), nullable=True),
        sa.Column("boot", sa.Integer(), server_default="0", nullable=False),
        sa.Column("epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_source_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_input", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("applied_input", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("exit_outcome", sa.String(length=16), nullable=True),
        sa.Column("exit_reason", sa.Text(), nullable=True),
        sa.Column("missing_since", sa.String(length=24), nullable=True),
        sa.Column("created_at", sa.String(length=24), nullable=False),
        sa.Column("started_at", sa.String(length=24), nullable=True),
        sa.Column("ended_at", sa.String(length=24), nullable=True),
        sa.Column("deleted_at", sa.String(length=24), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agents")),
        sa.UniqueConstraint("spawn_key", name=op.f("uq_agents_spawn_key")),
    )
    op.create_index("ix_agents_created_at", "agents", ["created_at"], unique=False)
    op.create_index("ix_agents_state", "agents", ["state"], unique=False)
    op.create_index("ix_agents_token", "agents", ["token"], unique=True)
    op.create_table(
        "config",
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_config")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("username", sa.String(length=255), nullable=False),
        sa.Column("username_key", sa.String(length=255), nullable=False, comment="case-folded"),
        sa.Column("password_hash", sa.String(length=100), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("token_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.String(length=24), nullable=False),
        sa.Column("disabled_at", sa.String(length=24), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("username_key", name=op.f("uq_users_username_key")),
    )
    op.create_table(
        "inputs",
        sa.Column("agent_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "id",
            sa.String(length=36),
            nullable=False,
            comment="UUID under which the CLI takes it in once",
        ),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False, comment="JSON"),
        sa.Column("idempotency_key", sa.String(length=200), nullable=True),
        sa.Column("created_by", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.String(length=24), nullable=False),
        sa.Column("applied_at", sa.String(length=24), nullable=True),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_inputs_agent_id_agents")
        ),
        sa.PrimaryKeyConstraint("agent_id", "number", name=op.f("pk_inputs")),
        sa.UniqueConstraint(
            "agent_id", "idempotency_key", name=op.f("uq_inputs_agent_id_idempotency_key")
        ),
    )
    op.create_table(
        "messages",
        sa.Column("agent_id", sa.String(length=36), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "source_seq",
            sa.BigInteger(),
            nullable=True,
            comment="the runner's number; null when the manager wrote it",
        ),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("metadata", sa.Text(), nullable=False, comment="the event as it arrived, JSON"),
        sa.Column("created_at", sa.String(length=24), nullable=False),
        sa.Column(
            "role",
            sa.String(length=16),
            sa.Computed(
                "CASE WHEN type = 'tool_use' THEN 'tool' WHEN json_extract(metadata, '$.msgType') = 'user_input' THEN 'user' ELSE 'assistant' END",
                persisted=False,
            ),
            nullable=True,
        ),
        sa.Column(
            "msg_type",
            sa.String(length=32),
            sa.Computed("coalesce(json_extract(metadata, '$.msgType'), type)", persisted=False),
            nullable=True,
        ),
        sa.Column(
            "text",
            sa.Text(),
            sa.Computed("json_extract(metadata, '$.content')", persisted=False),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_messages_agent_id_agents")
        ),
        sa.PrimaryKeyConstraint("agent_id", "seq", name=op.f("pk_messages")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "questions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("agent_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("questions", sa.Text(), nullable=False, comment="JSON, as asked"),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("answers", sa.Text(), nullable=True, comment="JSON"),
        sa.Column("answered_by", sa.String(length=255), nullable=True),
        sa.Column("asked_at", sa.String(length=24), nullable=False),
        sa.Column("closed_at", sa.String(length=24), nullable=True),
        sa.CheckConstraint(
            "state in ('open','answered','interrupted','expired','ended')",
            name=op.f("ck_questions_state"),
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_questions_agent_id_agents")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questions")),
    )
    op.create_index("ix_questions_agent_id_state", "questions", ["agent_id", "state"], unique=False)
    op.create_table(
        "session_log",
        sa.Column("agent_id", sa.String(length=36), nullable=False),
        sa.Column("source_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subpath", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_session_log_agent_id_agents")
        ),
        sa.PrimaryKeyConstraint("agent_id", "source_seq", name=op.f("pk_session_log")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "usage",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("agent_id", sa.String(length=36), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_read_input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_write_5m_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_write_1h_tokens", sa.BigInteger(), nullable=False),
        sa.Column("web_searches", sa.Integer(), nullable=False),
        sa.Column("cost_nano_usd", sa.BigInteger(), nullable=True, comment="null: no known price"),
        sa.Column(
            "outcome",
            sa.String(length=16),
            nullable=False,
            comment="how far the counts can be trusted",
        ),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("message_id", sa.String(length=100), nullable=True),
        sa.Column("subagent_id", sa.String(length=100), nullable=True),
        sa.Column("started_at", sa.String(length=24), nullable=False),
        sa.Column("first_byte_ms", sa.Integer(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_usage_agent_id_agents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage")),
    )
    op.create_index(
        "ix_usage_agent_id_started_at", "usage", ["agent_id", "started_at"], unique=False
    )
    op.create_index("ix_usage_started_at", "usage", ["started_at"], unique=False)
