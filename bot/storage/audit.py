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
        row = (await self._connection.execute(sa.select(audit).where(audit.c.id == entry_id))).one_or_none()
        return None if row is None else _entry(row)


def _entry(row: Record) -> Entry:
    return Entry(**{**row._mapping, "details": json.loads(row.details)})
