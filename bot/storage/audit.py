"""Who changed what, where and when."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.tables import Record, audit


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    id: int
    at: datetime
    guild_id: int | None
    channel_id: int | None
    actor_id: int
    action: str
    details: Mapping[str, Any]


class Audit:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(
        self,
        *,
        at: datetime,
        guild_id: int | None,
        channel_id: int | None,
        actor_id: int,
        action: str,
        details: Mapping[str, object],
    ) -> int:
        """Returns the entry's id. `details` must be JSON."""
        added = await self._connection.execute(
            sa.insert(audit)
            .values(
                at=at,
                guild_id=guild_id,
                channel_id=channel_id,
                actor_id=actor_id,
                action=action,
                details=json.dumps(details, ensure_ascii=False),
            )
            .returning(audit.c.id)
        )
        entry_id: int = added.scalar_one()
        return entry_id

    async def get(self, entry_id: int) -> Entry | None:
        found = await self._entries(audit.c.id == entry_id, limit=1)
        return found[0] if found else None

    async def recent(
        self, *, guild_id: int | None = None, channel_id: int | None = None, limit: int
    ) -> tuple[Entry, ...]:
        """Newest first, of a guild or of a channel."""
        here = audit.c.channel_id == channel_id if channel_id is not None else audit.c.guild_id == guild_id
        return await self._entries(here, limit=limit)

    async def _entries(self, condition: sa.ColumnElement[bool], *, limit: int) -> tuple[Entry, ...]:
        query = sa.select(audit).where(condition).order_by(audit.c.id.desc()).limit(limit)
        return tuple(_entry(row) for row in await self._connection.execute(query))


def _entry(row: Record) -> Entry:
    return Entry(**{**row._mapping, "details": json.loads(row.details)})
