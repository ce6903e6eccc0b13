"""Conversations: turns, the window's start, resets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.conversation import File, Item, Place, Quote, Role, Speaker, Turn
from bot.domain.run import ACTIVE, ANSWERED, RunStatus
from bot.domain.settings import Scope
from bot.storage.tables import Record, conversations, files, items, messages, resets, runs, settings
from bot.storage.upsert import insert

_ANSWERED = [status.value for status in ANSWERED]
_ACTIVE = [status.value for status in ACTIVE]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    reset_id: int
    turns: int
    """How many answered turns it hid."""
    running: tuple[int, ...]
    """Runs that were under way: whoever holds them has to stop them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    turns: int
    """How many answered turns came back."""
    persona: str | None
    """Ref of the persona that the reset took back."""


class Conversations:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def ensure(self, place: Place, now: datetime) -> None:
        values = {"parent_id": place.parent_id, "guild_id": place.guild_id}
        await self._connection.execute(
            insert(self._connection, conversations)
            .values(channel_id=place.channel_id, created_at=now, **values)
            .on_conflict_do_update(index_elements=["channel_id"], set_=values)
        )

    async def known(self, channel_id: int) -> bool:
        query = sa.select(sa.exists().where(runs.c.channel_id == channel_id, ~runs.c.private))
        return bool(await self._connection.scalar(query))

    async def add_question(self, run_id: int, item: Item, now: datetime) -> None:
        await self._add(run_id, item, now)

    async def add_answer(self, run_id: int, item: Item, now: datetime) -> None:
        """The run's pages become its Discord messages."""
        item_id = await self._add(run_id, item, now)
        await self._connection.execute(
            sa.update(messages).where(messages.c.run_id == run_id, messages.c.page).values(item_id=item_id)
        )

    async def _add(self, run_id: int, item: Item, now: datetime) -> int:
        added = await self._connection.execute(
            sa.insert(items)
            .values(
                run_id=run_id,
                role=item.role,
                text=item.text,
                tokens=item.tokens,
                speaker_id=item.speaker and item.speaker.user_id,
                speaker_name=item.speaker and item.speaker.name,
                quote_author=item.quote and item.quote.author,
                quote_text=item.quote and item.quote.text,
                created_at=item.created_at or now,
            )
            .returning(items.c.id)
        )
        item_id: int = added.scalar_one()
        await self._add_files(item_id, item.files)
        await self._add_messages(run_id, item_id, item.message_ids)
        return item_id

    async def _add_files(self, item_id: int, added: Sequence[File]) -> None:
        rows = [
            {
                "item_id": item_id,
                "position": position,
                "filename": file.filename,
                "media_type": file.media_type,
                "data": file.data,
            }
            for position, file in enumerate(added)
        ]
        if rows:
            await self._connection.execute(sa.insert(files), rows)

    async def _add_messages(self, run_id: int, item_id: int, message_ids: Sequence[int]) -> None:
        channel_id = sa.select(runs.c.channel_id).where(runs.c.id == run_id).scalar_subquery()
        for position, message_id in enumerate(message_ids):
            await self._connection.execute(
                sa.insert(messages).values(
                    message_id=message_id,
                    channel_id=channel_id,
                    run_id=run_id,
                    item_id=item_id,
                    position=position,
                    page=False,
                )
            )

    async def history(self, channel_id: int, *, before_run: int) -> tuple[Turn, ...]:
        """Answered turns from the window's start on, oldest first."""
        start = (
            sa.select(sa.func.coalesce(conversations.c.window_start, 0))
            .where(conversations.c.channel_id == channel_id)
            .scalar_subquery()
        )
        wanted = sa.and_(
            runs.c.channel_id == channel_id,
            runs.c.id < before_run,
            runs.c.id >= start,
            runs.c.status.in_(_ANSWERED),
            runs.c.reset_id.is_(None),
            ~runs.c.private,
        )
        columns = (runs.c.id, runs.c.prompt_tokens, runs.c.window_start, runs.c.prefix_hash)
        rows = (await self._connection.execute(sa.select(*columns).where(wanted).order_by(runs.c.id))).all()
        said = await self._items(items.c.run_id.in_(sa.select(runs.c.id).where(wanted)))
        return tuple(_turn(row, said[row.id]) for row in rows if said[row.id])

    async def asked(self, run_id: int) -> int:
        """How many messages its question has."""
        query = sa.select(sa.func.count()).select_from(items).where(items.c.run_id == run_id, items.c.role == Role.USER)
        return await self._connection.scalar(query) or 0

    async def questions(self, run_id: int) -> tuple[Item, ...]:
        said = await self._items(items.c.run_id == run_id)
        return tuple(item for item in said[run_id] if item.role is Role.USER)

    async def _items(self, chosen: sa.ColumnElement[bool]) -> dict[int, list[Item]]:
        """By run, in the order in which they were said."""
        rows = (await self._connection.execute(sa.select(items).where(chosen).order_by(items.c.id))).all()
        kept = await self._connection.execute(
            sa.select(files).join(items).where(chosen).order_by(files.c.item_id, files.c.position)
        )
        files_of = _grouped(kept.all(), "item_id")
        shown = await self._connection.execute(
            sa.select(messages.c.item_id, messages.c.message_id)
            .join(items, items.c.id == messages.c.item_id)
            .where(chosen)
            .order_by(messages.c.item_id, messages.c.position)
        )
        messages_of = _grouped(shown.all(), "item_id")
        said: dict[int, list[Item]] = defaultdict(list)
        for row in rows:
            said[row.run_id].append(_item(row, files_of[row.id], messages_of[row.id]))
        return said

    async def window_start(self, channel_id: int) -> int | None:
        query = sa.select(conversations.c.window_start).where(conversations.c.channel_id == channel_id)
        start: int | None = await self._connection.scalar(query)
        return start

    async def set_window_start(self, channel_id: int, run_id: int | None) -> None:
        await self._connection.execute(
            sa.update(conversations).where(conversations.c.channel_id == channel_id).values(window_start=run_id)
        )

    async def reset(self, channel_id: int, actor_id: int, now: datetime, *, persona: str | None = None) -> Reset:
        """Hides every turn, cancels what waits, and marks what runs for cancelling.

        `persona` is the ref that an undo gives back.
        """
        added = await self._connection.execute(
            sa.insert(resets)
            .values(channel_id=channel_id, actor_id=actor_id, created_at=now, persona=persona)
            .returning(resets.c.id)
        )
        reset_id: int = added.scalar_one()
        own = sa.and_(runs.c.channel_id == channel_id, runs.c.reset_id.is_(None), ~runs.c.private)
        turns = await self._connection.scalar(
            sa.select(sa.func.count()).select_from(runs).where(own, runs.c.status.in_(_ANSWERED))
        )
        running = await self._connection.execute(
            sa.update(runs)
            .where(own, runs.c.status.in_(_ACTIVE))
            .values(status=RunStatus.CANCELLING)
            .returning(runs.c.id)
        )
        running_ids = tuple(sorted(running.scalars()))
        await self._connection.execute(
            sa.update(runs)
            .where(own, runs.c.status == RunStatus.QUEUED)
            .values(status=RunStatus.CANCELLED, ended_at=now)
        )
        await self._connection.execute(sa.update(runs).where(own).values(reset_id=reset_id))
        await self.set_window_start(channel_id, None)
        return Reset(reset_id=reset_id, turns=turns or 0, running=running_ids)

    async def undo_reset(self, reset_id: int, channel_id: int, now: datetime) -> Restored | None:
        """None if it was undone or purged before, or is another channel's. What was cancelled stays so."""
        undone = await self._connection.execute(
            sa.update(resets)
            .where(resets.c.id == reset_id, resets.c.channel_id == channel_id, resets.c.undone_at.is_(None))
            .values(undone_at=now)
            .returning(resets.c.persona)
        )
        row = undone.one_or_none()
        if row is None:
            return None
        hidden = runs.c.reset_id == reset_id
        turns = await self._connection.scalar(
            sa.select(sa.func.count()).select_from(runs).where(hidden, runs.c.status.in_(_ANSWERED))
        )
        await self._connection.execute(sa.update(runs).where(hidden).values(reset_id=None))
        await self.set_window_start(channel_id, None)
        return Restored(turns=turns or 0, persona=row.persona)

    async def purge_resets(self, before: datetime) -> int:
        """Deletes the turns of older resets that were not undone; returns how many."""
        old = sa.select(resets.c.id).where(resets.c.created_at < before, resets.c.undone_at.is_(None))
        purged = await self._connection.execute(sa.delete(runs).where(runs.c.reset_id.in_(old)).returning(runs.c.id))
        count = len(purged.all())
        await self._connection.execute(
            sa.delete(resets).where(resets.c.created_at < before, resets.c.undone_at.is_(None))
        )
        return count

    async def forget_channel(self, channel_id: int) -> None:
        """Everything of a deleted channel and of the threads in it."""
        gone = sa.or_(conversations.c.channel_id == channel_id, conversations.c.parent_id == channel_id)
        found = await self._connection.execute(sa.select(conversations.c.channel_id).where(gone))
        scope_ids = {channel_id, *found.scalars()}
        # Runs before their conversation, as a run's end takes them: the other way round the two could wait in a ring.
        await self._connection.execute(sa.delete(runs).where(runs.c.channel_id.in_(scope_ids)))
        await self._connection.execute(sa.delete(conversations).where(conversations.c.channel_id.in_(scope_ids)))
        await self._connection.execute(
            sa.delete(settings).where(settings.c.scope == Scope.CHANNEL, settings.c.scope_id.in_(scope_ids))
        )


def _grouped(rows: Iterable[Record], column: str) -> dict[int, list[Record]]:
    grouped: dict[int, list[Record]] = defaultdict(list)
    for row in rows:
        grouped[getattr(row, column)].append(row)
    return grouped


def _item(row: Record, kept: Sequence[Record], shown: Sequence[Record]) -> Item:
    return Item(
        role=Role(row.role),
        text=row.text,
        tokens=row.tokens,
        speaker=None if row.speaker_id is None else Speaker(user_id=row.speaker_id, name=row.speaker_name),
        quote=None if row.quote_text is None else Quote(author=row.quote_author, text=row.quote_text),
        files=tuple(File(filename=file.filename, media_type=file.media_type, data=bytes(file.data)) for file in kept),
        message_ids=tuple(message.message_id for message in shown),
        created_at=row.created_at,
    )


def _turn(row: Record, said: Sequence[Item]) -> Turn:
    answers = [item for item in said if item.role is Role.ASSISTANT]
    return Turn(
        run_id=row.id,
        questions=tuple(item for item in said if item.role is Role.USER),
        answer=answers[-1] if answers else None,
        prompt_tokens=row.prompt_tokens,
        window_start=row.window_start,
        prefix_hash=row.prefix_hash,
    )
