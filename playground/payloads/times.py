"""How Discord writes times and missing ids: ISO 8601 with an offset, and null."""

from __future__ import annotations

from datetime import datetime


def time(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="microseconds") if moment else None


def id_or_null(value: int | None) -> str | None:
    return None if value is None else str(value)
