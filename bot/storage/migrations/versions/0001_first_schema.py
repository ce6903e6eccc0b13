"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_audit_channel_id"), "audit", ["channel_id"], unique=False)
    op.create_index(op.f("ix_audit_guild_id"), "audit", ["guild_id"], unique=False)
    op.create_table(
        "conversations",
        sa.Column("channel_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("window_start", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_conversations")),
    )
    op.create_table(
        "personas",
        sa.Column("id", ID, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded_name", sa.Text(), nullable=False),
        sa.Column("instructions", sa.Text(), nullable=False),
        sa.Column("greeting", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("temperature", sa.Float(), nullable=True),
        sa.Column("top_p", sa.Float(), nullable=True),
        sa.Column("reasoning_effort", sa.Text(), nullable=True),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(guild_id IS NULL) <> (user_id IS NULL)", name=op.f("ck_personas_one_library")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personas")),
        sa.UniqueConstraint("guild_id", "folded_name", name=op.f("uq_personas_guild_id_folded_name")),
        sa.UniqueConstraint("user_id", "folded_name", name=op.f("uq_personas_user_id_folded_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "settings",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.CheckConstraint("scope IN ('channel', 'guild', 'person')", name=op.f("ck_settings_scope")),
        sa.PrimaryKeyConstraint("scope", "scope_id", "key", name=op.f("pk_settings")),
    )
    op.create_table(
        "resets",
        sa.Column("id", ID, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["conversations.channel_id"],
            name=op.f("fk_resets_channel_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resets")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_resets_created_at"), "resets", ["created_at"], unique=False)
    op.create_table(
        "runs",
        sa.Column("id", ID, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("trigger_message_id", sa.BigInteger(), nullable=False),
        sa.Column("reply_to_message_id", sa.BigInteger(), nullable=True),
        sa.Column("asker_id", sa.BigInteger(), nullable=False),
        sa.Column("asker_name", sa.Text(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("finish_reason", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("prompt_tokens", sa.Integer(), nullable=True),
        sa.Column("cached_tokens", sa.Integer(), nullable=True),
        sa.Column("completion_tokens", sa.Integer(), nullable=True),
        sa.Column("reasoning_tokens", sa.Integer(), nullable=True),
        sa.Column("window_start", sa.BigInteger(), nullable=True),
        sa.Column("prefix_hash", sa.Text(), nullable=True),
        sa.Column("reset_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "finish_reason IN ('broken', 'content_filter', 'interrupted', 'length', 'refusal', 'stop')",
            name=op.f("ck_runs_finish_reason"),
        ),
        sa.CheckConstraint(
            "status IN ('cancelled', 'cancelling', 'completed', 'expired', 'failed', 'in_progress', 'incomplete', 'queued', 'requires_action')",
            name=op.f("ck_runs_status"),
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["conversations.channel_id"],
            name=op.f("fk_runs_channel_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["reset_id"], ["resets.id"], name=op.f("fk_runs_reset_id_resets"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sa.UniqueConstraint("trigger_message_id", name=op.f("uq_runs_trigger_message_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_runs_asker_id"), "runs", ["asker_id"], unique=False)
    op.create_index("ix_runs_channel_id_id", "runs", ["channel_id", "id"], unique=False)
    op.create_index(
        "ix_runs_open",
        "runs",
        ["channel_id", "id"],
        unique=False,
        sqlite_where=sa.text("status IN ('cancelling', 'in_progress', 'queued', 'requires_action')"),
        postgresql_where=sa.text("status IN ('cancelling', 'in_progress', 'queued', 'requires_action')"),
    )
    op.create_index(
        "ix_runs_reset_id",
        "runs",
        ["reset_id"],
        unique=False,
        sqlite_where=sa.text("reset_id IS NOT NULL"),
        postgresql_where=sa.text("reset_id IS NOT NULL"),
    )
    op.create_index("ix_runs_status_id", "runs", ["status", "id"], unique=False)
    op.create_index(
        "ux_runs_one_active_a_channel",
        "runs",
        ["channel_id"],
        unique=True,
        sqlite_where=sa.text("status IN ('cancelling', 'in_progress', 'requires_action') AND NOT private"),
        postgresql_where=sa.text("status IN ('cancelling', 'in_progress', 'requires_action') AND NOT private"),
    )
    op.create_table(
        "items",
        sa.Column("id", ID, nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("speaker_id", sa.BigInteger(), nullable=True),
        sa.Column("speaker_name", sa.Text(), nullable=True),
        sa.Column("quote_author", sa.Text(), nullable=True),
        sa.Column("quote_text", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("role IN ('assistant', 'user')", name=op.f("ck_items_role")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_items_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_items")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_items_run_id"), "items", ["run_id"], unique=False)
    op.create_index(op.f("ix_items_speaker_id"), "items", ["speaker_id"], unique=False)
    op.create_table(
        "files",
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_files_item_id_items"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item_id", "position", name=op.f("pk_files")),
    )
    op.create_table(
        "messages",
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("page", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_messages_item_id_items"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_messages_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_messages")),
    )
    op.create_index(op.f("ix_messages_item_id"), "messages", ["item_id"], unique=False)
    op.create_index(op.f("ix_messages_run_id"), "messages", ["run_id"], unique=False)
