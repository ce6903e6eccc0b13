"""Runs: the queue, the leases, the pages.

A claim locks queued runs, passing over those that another is locking, and takes them. That only one run of a
conversation is active is the business of the partial unique index: a claim that meets it is refused by the database,
whoever else claims at the same time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.conversation import Place, Speaker
from bot.domain.run import ACTIVE, FinishReason, Page, Run, RunStatus
from bot.domain.usage import Usage
from bot.storage.tables import OPEN, Record, conversations, items, messages, runs

_ACTIVE = [status.value for status in ACTIVE]

# What every message needs is built once: SQLAlchemy takes longer to build a statement than SQLite to execute it.
_OPEN = sa.literal_column(OPEN, sa.Boolean)
_ADD = sa.insert(runs).returning(runs.c.id)
_SELECT = sa.select(runs, conversations.c.parent_id, conversations.c.guild_id).join(conversations).order_by(runs.c.id)
_UNENDED = _SELECT.where(runs.c.channel_id == sa.bindparam("channel_id"), _OPEN, ~runs.c.private)
_SEEN = sa.select(
    sa.or_(
        sa.exists().where(runs.c.trigger_message_id == sa.bindparam("message_id")),
        sa.exists().where(messages.c.message_id == sa.bindparam("message_id")),
    )
)
_ADD_PAGE = sa.insert(messages)
_FINISH = (
    sa.update(runs)
    .where(
        runs.c.id == sa.bindparam("of_run"),
        runs.c.lease_owner == sa.bindparam("owner"),
        runs.c.status.in_(sa.bindparam("held", expanding=True)),
    )
    .returning(runs.c.private)
)


def _claim() -> sa.UpdateBase:
    """Of each conversation that has no active run, the run that waits longest; and all private ones."""
    queued, busy = runs.alias("queued"), runs.alias("busy")
    blocked = sa.exists().where(
        busy.c.channel_id == queued.c.channel_id,
        sa.literal_column(f"busy.{OPEN}", sa.Boolean),
        ~busy.c.private,
        sa.or_(busy.c.status != RunStatus.QUEUED, busy.c.id < queued.c.id),
    )
    startable = (
        sa.select(queued.c.id)
        .where(queued.c.status == RunStatus.QUEUED, sa.or_(queued.c.private, ~blocked))
        .order_by(queued.c.id)
        .limit(sa.bindparam("places"))
        .with_for_update(skip_locked=True)
        .cte("startable")
    )
    return (
        sa.update(runs)
        .where(runs.c.id.in_(sa.select(startable.c.id)))
        .values(status=RunStatus.IN_PROGRESS, attempts=runs.c.attempts + 1)
        .returning(runs.c.id)
    )


_CLAIM = _claim()


class Runs:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(
        self,
        *,
        place: Place,
        asker: Speaker,
        trigger_message_id: int,
        reply_to_message_id: int | None,
        locale: str | None,
        private: bool,
        now: datetime,
    ) -> Run:
        """The conversation must exist."""
        values = {
            "channel_id": place.channel_id,
            "trigger_message_id": trigger_message_id,
            "reply_to_message_id": reply_to_message_id,
            "asker_id": asker.user_id,
            "asker_name": asker.name,
            "private": private,
            "status": RunStatus.QUEUED,
            "locale": locale,
            "attempts": 0,
            "created_at": now,
        }
        added = await self._connection.execute(_ADD, values)
        return Run(
            run_id=added.scalar_one(),
            place=place,
            asker=asker,
            trigger_message_id=trigger_message_id,
            reply_to_message_id=reply_to_message_id,
            status=RunStatus.QUEUED,
            locale=locale,
            created_at=now,
            private=private,
        )

    async def get(self, run_id: int) -> Run | None:
        found = await self._select(runs.c.id == run_id)
        return found[0] if found else None

    async def seen(self, message_id: int) -> bool:
        """Whether it started a run or belongs to one."""
        return bool(await self._connection.scalar(_SEEN, {"message_id": message_id}))

    async def unended(self, channel_id: int) -> tuple[Run, ...]:
        """Queued and active, oldest first, without the private ones."""
        return _runs(await self._connection.execute(_UNENDED, {"channel_id": channel_id}))

    async def private_open(self, asker_id: int) -> int:
        """Private runs of a person, in any channel, that have not ended."""
        query = sa.select(sa.func.count()).select_from(runs).where(runs.c.asker_id == asker_id, runs.c.private, _OPEN)
        return await self._connection.scalar(query) or 0

    async def join(self, run_id: int, reply_to_message_id: int) -> bool:
        """A further message of the same turn: the answer goes below the newest. False if the run has begun."""
        joined = await self._connection.execute(
            sa.update(runs)
            .where(runs.c.id == run_id, runs.c.status == RunStatus.QUEUED)
            .values(reply_to_message_id=reply_to_message_id)
        )
        return joined.rowcount == 1

    async def claim(self, owner: str, *, places: int, now: datetime, lease_until: datetime) -> tuple[Run, ...]:
        """At most so many of the oldest runs that may start: none of their conversation is active or waits longer.

        To be alone in its transaction, which the database may refuse where others claim too: see `Conflict`.
        """
        lease = {"lease_owner": owner, "lease_until": lease_until, "started_at": now}
        claimed = (await self._connection.execute(_CLAIM, {"places": places, **lease})).scalars().all()
        return await self._select(runs.c.id.in_(claimed)) if claimed else ()

    async def extend(self, owner: str, run_ids: Collection[int], lease_until: datetime) -> frozenset[int]:
        """Returns those of the runs that the owner still holds."""
        extended = await self._connection.execute(
            sa.update(runs)
            .where(runs.c.id.in_(run_ids), runs.c.lease_owner == owner, runs.c.status.in_(_ACTIVE))
            .values(lease_until=lease_until)
            .returning(runs.c.id)
        )
        return frozenset(extended.scalars())

    async def cancelling(self, owner: str) -> tuple[int, ...]:
        query = sa.select(runs.c.id).where(runs.c.lease_owner == owner, runs.c.status == RunStatus.CANCELLING)
        return tuple((await self._connection.execute(query)).scalars())

    async def finish(
        self,
        run_id: int,
        *,
        owner: str,
        status: RunStatus,
        now: datetime,
        finish_reason: FinishReason | None = None,
        usage: Usage | None = None,
        model: str | None = None,
        window_start: int | None = None,
        prefix_hash: str | None = None,
        error: str | None = None,
    ) -> bool:
        """False if the run is not the owner's any more. One told to cancel ends as cancelled, whatever came."""
        values = {
            "status": status,
            "finish_reason": finish_reason,
            "window_start": window_start,
            "prefix_hash": prefix_hash,
            "error": error,
        }
        end = {"ended_at": now, **_consumed(usage, model)}
        if await self._finish(run_id, owner, [RunStatus.IN_PROGRESS, RunStatus.REQUIRES_ACTION], {**values, **end}):
            return True
        cancelled = {"status": RunStatus.CANCELLED, **end}
        return await self._finish(run_id, owner, [RunStatus.CANCELLING], cancelled) and status is RunStatus.CANCELLED

    async def _finish(self, run_id: int, owner: str, held: Sequence[str], values: Mapping[str, Any]) -> bool:
        whose = {"of_run": run_id, "owner": owner, "held": held}
        ended = await self._connection.execute(_FINISH, {**whose, **values})
        return await self._forget_private(run_id, ended.scalar_one_or_none())

    async def release(self, run_id: int, *, owner: str) -> bool:
        """Back into the queue, as if it had not been claimed."""
        held = sa.and_(runs.c.lease_owner == owner, runs.c.status == RunStatus.IN_PROGRESS)
        return await self._requeue(run_id, held, attempts=runs.c.attempts - 1)

    async def lapsed(self, now: datetime, *, but: Collection[int] = ()) -> tuple[Run, ...]:
        """Active runs whose owner is presumed dead; `but` are runs of which the caller knows better."""
        return await self._select(runs.c.status.in_(_ACTIVE), runs.c.lease_until <= now, runs.c.id.not_in(but))

    async def lapse_all(self, now: datetime) -> None:
        """For a database that one process uses at a time: whoever held a lease is gone."""
        await self._connection.execute(sa.update(runs).where(runs.c.status.in_(_ACTIVE)).values(lease_until=now))

    async def recover(
        self,
        run_id: int,
        *,
        status: RunStatus,
        now: datetime,
        finish_reason: FinishReason | None = None,
        error: str | None = None,
    ) -> bool:
        """Ends a lapsed run."""
        values = {"status": status, "ended_at": now, "finish_reason": finish_reason, "error": error}
        lapsed = sa.and_(runs.c.status.in_(_ACTIVE), runs.c.lease_until <= now)
        return await self._ended(lapsed, run_id, values)

    async def requeue(self, run_id: int, now: datetime) -> bool:
        """Queues a lapsed run again."""
        return await self._requeue(run_id, sa.and_(runs.c.status == RunStatus.IN_PROGRESS, runs.c.lease_until <= now))

    async def add_page(self, run_id: int, page: Page, channel_id: int) -> None:
        of = {"channel_id": channel_id, "run_id": run_id, "page": True}
        await self._connection.execute(_ADD_PAGE, {"message_id": page.message_id, "position": page.position, **of})

    async def pages(self, run_id: int) -> tuple[Page, ...]:
        query = (
            sa.select(messages.c.position, messages.c.message_id)
            .where(messages.c.run_id == run_id, messages.c.page)
            .order_by(messages.c.position)
        )
        rows = await self._connection.execute(query)
        return tuple(Page(position=row.position, message_id=row.message_id) for row in rows)

    async def expire(self, before: datetime, now: datetime) -> tuple[Run, ...]:
        """Ends the runs that were queued earlier and have not begun; returns them."""
        old = sa.and_(runs.c.status == RunStatus.QUEUED, runs.c.created_at < before)
        end = {"status": RunStatus.EXPIRED, "ended_at": now}
        # One that another process claims meanwhile is no longer queued, and does not end here.
        return tuple([run for run in await self._select(old) if await self._ended(old, run.run_id, end)])

    async def _ended(self, condition: sa.ColumnElement[bool], run_id: int, values: Mapping[str, Any]) -> bool:
        ended = await self._connection.execute(
            sa.update(runs).where(runs.c.id == run_id, condition).values(**values).returning(runs.c.private)
        )
        return await self._forget_private(run_id, ended.scalar_one_or_none())

    async def _forget_private(self, run_id: int, private: bool | None) -> bool:
        """A private run leaves what it consumed, not what was said. None: no run has ended."""
        if private:
            await self._connection.execute(sa.delete(messages).where(messages.c.run_id == run_id))
            await self._connection.execute(sa.delete(items).where(items.c.run_id == run_id))
        return private is not None

    async def _requeue(self, run_id: int, condition: sa.ColumnElement[bool], **more: Any) -> bool:
        values = {"status": RunStatus.QUEUED, "lease_owner": None, "lease_until": None, "started_at": None, **more}
        requeued = await self._connection.execute(
            sa.update(runs).where(runs.c.id == run_id, condition).values(**values)
        )
        return requeued.rowcount == 1

    async def _select(self, *conditions: sa.ColumnElement[bool]) -> tuple[Run, ...]:
        """Oldest first."""
        return _runs(await self._connection.execute(_SELECT.where(*conditions)))


def _consumed(usage: Usage | None, model: str | None) -> dict[str, Any]:
    if usage is None:
        return {"model": model}
    return {
        "model": model,
        "prompt_tokens": usage.prompt_tokens,
        "cached_tokens": usage.cached_tokens,
        "completion_tokens": usage.completion_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
    }


def _runs(rows: Iterable[Record]) -> tuple[Run, ...]:
    return tuple(map(_run, rows))


def _run(row: Record) -> Run:
    return Run(
        run_id=row.id,
        place=Place(channel_id=row.channel_id, parent_id=row.parent_id, guild_id=row.guild_id),
        asker=Speaker(user_id=row.asker_id, name=row.asker_name),
        trigger_message_id=row.trigger_message_id,
        reply_to_message_id=row.reply_to_message_id,
        status=RunStatus(row.status),
        locale=row.locale,
        created_at=row.created_at,
        private=row.private,
        attempts=row.attempts,
    )
