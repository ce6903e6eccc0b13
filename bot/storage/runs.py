"""Runs: the queue, the leases, the pages.

A run is claimed by a compare-and-set on its status. That only one run of a conversation is active is the business of
the partial unique index: a claim that meets it is refused by the database, whoever else claims at the same time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.conversation import Place, Speaker
from bot.domain.run import ACTIVE, FinishReason, Page, Run, RunStatus
from bot.domain.usage import Usage
from bot.storage.tables import OPEN, Record, conversations, items, messages, runs

_ACTIVE = [status.value for status in ACTIVE]


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
        added = await self._connection.execute(
            sa.insert(runs)
            .values(
                channel_id=place.channel_id,
                trigger_message_id=trigger_message_id,
                reply_to_message_id=reply_to_message_id,
                asker_id=asker.user_id,
                asker_name=asker.name,
                private=private,
                status=RunStatus.QUEUED,
                locale=locale,
                attempts=0,
                created_at=now,
            )
            .returning(runs.c.id)
        )
        run = await self.get(added.scalar_one())
        assert run is not None
        return run

    async def get(self, run_id: int) -> Run | None:
        found = await self._select(runs.c.id == run_id)
        return found[0] if found else None

    async def seen(self, message_id: int) -> bool:
        """Whether it started a run or belongs to one."""
        triggered = sa.exists().where(runs.c.trigger_message_id == message_id)
        joined = sa.exists().where(messages.c.message_id == message_id)
        return bool(await self._connection.scalar(sa.select(sa.or_(triggered, joined))))

    async def waiting(self, channel_id: int) -> tuple[Run, ...]:
        return await self._select(runs.c.channel_id == channel_id, runs.c.status == RunStatus.QUEUED, ~runs.c.private)

    async def private_open(self, asker_id: int) -> int:
        """Private runs of a person, in any channel, that have not ended."""
        query = (
            sa.select(sa.func.count())
            .select_from(runs)
            .where(runs.c.asker_id == asker_id, runs.c.private, sa.literal_column(OPEN, sa.Boolean))
        )
        return await self._connection.scalar(query) or 0

    async def active(self, channel_id: int) -> int:
        query = (
            sa.select(sa.func.count())
            .select_from(runs)
            .where(runs.c.channel_id == channel_id, runs.c.status.in_(_ACTIVE), ~runs.c.private)
        )
        return await self._connection.scalar(query) or 0

    async def join(self, run_id: int, reply_to_message_id: int) -> bool:
        """A further message of the same turn: the answer goes below the newest. False if the run has begun."""
        joined = await self._connection.execute(
            sa.update(runs)
            .where(runs.c.id == run_id, runs.c.status == RunStatus.QUEUED)
            .values(reply_to_message_id=reply_to_message_id)
        )
        return joined.rowcount == 1

    async def claim(self, owner: str, *, now: datetime, lease_until: datetime) -> Run | None:
        """The oldest run that may start: none of its conversation is active, and none of it waits longer."""
        busy = runs.alias("busy")
        blocked = sa.exists().where(
            busy.c.channel_id == runs.c.channel_id,
            sa.literal_column(f"busy.{OPEN}", sa.Boolean),
            ~busy.c.private,
            sa.or_(busy.c.status != RunStatus.QUEUED, busy.c.id < runs.c.id),
        )
        candidate = (
            sa.select(runs.c.id)
            .where(runs.c.status == RunStatus.QUEUED, sa.or_(runs.c.private, ~blocked))
            .order_by(runs.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        run_id = await self._connection.scalar(candidate)
        if run_id is None:
            return None
        values = {
            "status": RunStatus.IN_PROGRESS,
            "attempts": runs.c.attempts + 1,
            "lease_owner": owner,
            "lease_until": lease_until,
            "started_at": now,
        }
        try:
            async with self._connection.begin_nested():
                await self._connection.execute(
                    sa.update(runs).where(runs.c.id == run_id, runs.c.status == RunStatus.QUEUED).values(**values)
                )
        except sa.exc.IntegrityError:
            return None
        return await self.get(run_id)

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
        cancelled = await self._ended(
            sa.and_(runs.c.lease_owner == owner, runs.c.status == RunStatus.CANCELLING),
            run_id,
            {"status": RunStatus.CANCELLED, "ended_at": now, **_consumed(usage, model)},
        )
        if cancelled:
            return status is RunStatus.CANCELLED
        values = {
            "status": status,
            "ended_at": now,
            "finish_reason": finish_reason,
            "window_start": window_start,
            "prefix_hash": prefix_hash,
            "error": error,
            **_consumed(usage, model),
        }
        return await self._ended(sa.and_(runs.c.lease_owner == owner, runs.c.status.in_(_ACTIVE)), run_id, values)

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
        await self._connection.execute(
            sa.insert(messages).values(
                message_id=page.message_id, channel_id=channel_id, run_id=run_id, position=page.position, page=True
            )
        )

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
        """A private run leaves what it consumed, not what was said."""
        ended = await self._connection.execute(
            sa.update(runs).where(runs.c.id == run_id, condition).values(**values).returning(runs.c.private)
        )
        private = ended.scalar_one_or_none()
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
        query = (
            sa.select(runs, conversations.c.parent_id, conversations.c.guild_id)
            .join(conversations)
            .where(*conditions)
            .order_by(runs.c.id)
        )
        return tuple(_run(row) for row in await self._connection.execute(query))


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
