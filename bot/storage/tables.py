"""The tables. Discord's ids are 64-bit; times are UTC, as microseconds since 1970, which both databases order alike."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.domain.conversation import Role
from bot.domain.run import ACTIVE, FinishReason, RunStatus
from bot.domain.settings import Scope

Record = sa.Row[*tuple[Any, ...]]
"""A row of whatever was selected."""

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Moment(sa.types.TypeDecorator[datetime]):
    """An aware datetime."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:
        return None if value is None else (value - EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else EPOCH + timedelta(microseconds=value)


class Prose(sa.types.TypeDecorator[str]):
    """Text of any origin. What no database takes, NUL and halves of surrogate pairs, is stored as U+FFFD."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        if value is None:
            return None
        return _UNSTORABLE.sub("\ufffd", value)


# SQLite gives out row ids only for a column declared INTEGER; its integers are 64-bit anyway.
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _one_of(column: str, values: Iterable[str]) -> str:
    return f"{column} IN ({', '.join(repr(str(value)) for value in sorted(values))})"


_ACTIVE = _one_of("status", ACTIVE)

conversations = sa.Table(
    "conversations",
    metadata,
    sa.Column("channel_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("parent_id", sa.BigInteger),
    sa.Column("guild_id", sa.BigInteger),
    sa.Column("window_start", sa.BigInteger),
    sa.Column("created_at", Moment, nullable=False),
)

resets = sa.Table(
    "resets",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column(
        "channel_id", sa.BigInteger, sa.ForeignKey("conversations.channel_id", ondelete="CASCADE"), nullable=False
    ),
    sa.Column("actor_id", sa.BigInteger, nullable=False),
    sa.Column("created_at", Moment, nullable=False, index=True),
    sa.Column("undone_at", Moment),
    sa.Column("persona", Prose),
    sqlite_autoincrement=True,
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column(
        "channel_id", sa.BigInteger, sa.ForeignKey("conversations.channel_id", ondelete="CASCADE"), nullable=False
    ),
    sa.Column("trigger_message_id", sa.BigInteger, nullable=False, unique=True),
    sa.Column("reply_to_message_id", sa.BigInteger),
    sa.Column("asker_id", sa.BigInteger, nullable=False, index=True),
    sa.Column("asker_name", Prose, nullable=False),
    sa.Column("private", sa.Boolean, nullable=False),
    sa.Column("status", Prose, nullable=False),
    sa.Column("locale", Prose),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("lease_owner", Prose),
    sa.Column("lease_until", Moment),
    sa.Column("model", Prose),
    sa.Column("finish_reason", Prose),
    sa.Column("error", Prose),
    sa.Column("prompt_tokens", sa.Integer),
    sa.Column("cached_tokens", sa.Integer),
    sa.Column("completion_tokens", sa.Integer),
    sa.Column("reasoning_tokens", sa.Integer),
    sa.Column("window_start", sa.BigInteger),
    sa.Column("prefix_hash", Prose),
    sa.Column("reset_id", sa.BigInteger, sa.ForeignKey("resets.id", ondelete="CASCADE")),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("started_at", Moment),
    sa.Column("ended_at", Moment),
    sa.CheckConstraint(_one_of("status", RunStatus), name="status"),
    sa.CheckConstraint(_one_of("finish_reason", FinishReason), name="finish_reason"),
    sqlite_autoincrement=True,
)
sa.Index(
    "ux_runs_one_active_a_channel",
    runs.c.channel_id,
    unique=True,
    sqlite_where=sa.text(f"{_ACTIVE} AND NOT private"),
    postgresql_where=sa.text(f"{_ACTIVE} AND NOT private"),
)
OPEN = _one_of("status", {*ACTIVE, RunStatus.QUEUED})
"""As SQL: SQLite takes a partial index only for a query that says the same."""
sa.Index("ix_runs_open", runs.c.channel_id, runs.c.id, sqlite_where=sa.text(OPEN), postgresql_where=sa.text(OPEN))
# Without those that were not reset: "reset_id IS NULL" would make SQLite read the runs of every channel.
_RESET = sa.text("reset_id IS NOT NULL")
sa.Index("ix_runs_reset_id", runs.c.reset_id, sqlite_where=_RESET, postgresql_where=_RESET)
sa.Index("ix_runs_status_id", runs.c.status, runs.c.id)
sa.Index("ix_runs_channel_id_id", runs.c.channel_id, runs.c.id)

items = sa.Table(
    "items",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("run_id", sa.BigInteger, sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("role", Prose, nullable=False),
    sa.Column("text", Prose, nullable=False),
    sa.Column("tokens", sa.Integer, nullable=False),
    sa.Column("speaker_id", sa.BigInteger, index=True),
    sa.Column("speaker_name", Prose),
    sa.Column("quote_author", Prose),
    sa.Column("quote_text", Prose),
    sa.Column("created_at", Moment, nullable=False),
    sa.CheckConstraint(_one_of("role", Role), name="role"),
    sqlite_autoincrement=True,
)

files = sa.Table(
    "files",
    metadata,
    sa.Column("item_id", sa.BigInteger, sa.ForeignKey("items.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("filename", Prose, nullable=False),
    sa.Column("media_type", Prose, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
)

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("message_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("channel_id", sa.BigInteger, nullable=False),
    sa.Column("run_id", sa.BigInteger, sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("item_id", sa.BigInteger, sa.ForeignKey("items.id", ondelete="CASCADE"), index=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("page", sa.Boolean, nullable=False),
)

personas = sa.Table(
    "personas",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("guild_id", sa.BigInteger),
    sa.Column("user_id", sa.BigInteger),
    sa.Column("name", Prose, nullable=False),
    sa.Column("folded_name", Prose, nullable=False),
    sa.Column("instructions", Prose, nullable=False),
    sa.Column("greeting", Prose, nullable=False),
    sa.Column("model", Prose),
    sa.Column("temperature", sa.Float),
    sa.Column("top_p", sa.Float),
    sa.Column("reasoning_effort", Prose),
    sa.Column("created_by", sa.BigInteger, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    sa.CheckConstraint("(guild_id IS NULL) <> (user_id IS NULL)", name="one_library"),
    sa.UniqueConstraint("guild_id", "folded_name"),
    sa.UniqueConstraint("user_id", "folded_name"),
    sqlite_autoincrement=True,
)

settings = sa.Table(
    "settings",
    metadata,
    sa.Column("scope", Prose, primary_key=True),
    sa.Column("scope_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("key", Prose, primary_key=True),
    sa.Column("value", Prose, nullable=False),
    sa.CheckConstraint(_one_of("scope", [Scope.PERSON, Scope.CHANNEL, Scope.GUILD]), name="scope"),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("guild_id", sa.BigInteger, index=True),
    sa.Column("channel_id", sa.BigInteger, index=True),
    sa.Column("actor_id", sa.BigInteger, nullable=False),
    sa.Column("action", Prose, nullable=False),
    sa.Column("details", Prose, nullable=False),
    sqlite_autoincrement=True,
)
