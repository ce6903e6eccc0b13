"""Conversations: turns, the window's start, resets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.conversation import File, Item, Place, Quote, Role, Speaker, Turn
from bot.domain.run import ACTIVE, ANSWERED, Run, RunStatus
from bot.domain.settings import Scope
from bot.storage.tables import Record, conversations, files, items, messages, resets, runs, settings
from bot.storage.upsert import insert

_ANSWERED = [status.value for status in ANSWERED]
_ACTIVE = [status.value for status in ACTIVE]

MOST_IDS = 10_000
"""Of one statement. SQLite takes 32,766 values (its documentation, Limits), PostgreSQL 32,767; a window of a million
tokens may hold more turns than that."""

# What every message needs is built once: SQLAlchemy takes longer to build a statement than SQLite to execute it.
_ADD_ITEM = sa.insert(items).returning(items.c.id)
_ADD_FILES = sa.insert(files)
_ADD_MESSAGES = sa.insert(messages)
_ATTACH_PAGES = sa.update(messages).where(messages.c.run_id == sa.bindparam("of_run"), messages.c.page)
_PAST = (
    sa.select(
        conversations.c.window_start.label("start"),
        runs.c.id,
        runs.c.prompt_tokens,
        runs.c.window_start,
        runs.c.prefix_hash,
        runs.c.locale,
    )
    .select_from(
        conversations.outerjoin(
            runs,
            sa.and_(
                runs.c.channel_id == conversations.c.channel_id,
                runs.c.id < sa.bindparam("before_run"),
                runs.c.id >= sa.func.coalesce(conversations.c.window_start, 0),
                runs.c.status.in_(_ANSWERED),
                runs.c.reset_id.is_(None),
                ~runs.c.private,
            ),
        )
    )
    .where(conversations.c.channel_id == sa.bindparam("channel_id"))
    .order_by(runs.c.id)
)
_ITEMS = sa.select(items).where(items.c.run_id.in_(sa.bindparam("run_ids", expanding=True))).order_by(items.c.id)
_OF_ITEMS: sa.BindParameter[int] = sa.bindparam("item_ids", expanding=True)
_FILES = sa.select(files).where(files.c.item_id.in_(_OF_ITEMS)).order_by(files.c.item_id, files.c.position)
_MESSAGES = (
    sa.select(messages.c.item_id, messages.c.message_id)
    .where(messages.c.item_id.in_(_OF_ITEMS))
    .order_by(messages.c.item_id, messages.c.position)
)


@cache
def _ensure(dialect: str) -> sa.Insert:
    adding = insert(dialect, conversations)
    told = {"parent_id": adding.excluded.parent_id, "guild_id": adding.excluded.guild_id}
    return adding.on_conflict_do_update(index_elements=["channel_id"], set_=told)


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
    lost: bool = False
    """The reset cancelled what does not come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What the prompt of a run is made from."""

    history: tuple[Turn, ...] = ()
    """Answered turns from the window's start on, oldest first."""
    questions: tuple[Item, ...]
    """Of the run itself."""
    start: int | None = None
    """Run with which the window starts, if turns have left it."""


class Conversations:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def ensure(self, place: Place, now: datetime) -> None:
        values = {"parent_id": place.parent_id, "guild_id": place.guild_id, "created_at": now}
        ensure = _ensure(self._connection.dialect.name)
        await self._connection.execute(ensure, {"channel_id": place.channel_id, **values})

    async def known(self, channel_id: int) -> bool:
        query = sa.select(sa.exists().where(runs.c.channel_id == channel_id, ~runs.c.private))
        return bool(await self._connection.scalar(query))

    async def add_question(self, run: Run, item: Item, now: datetime) -> None:
        await self._add(run, item, now)

    async def add_answer(self, run: Run, item: Item, now: datetime) -> None:
        """The run's pages become its Discord messages."""
        item_id = await self._add(run, item, now)
        await self._connection.execute(_ATTACH_PAGES, {"of_run": run.run_id, "item_id": item_id})

    async def _add(self, run: Run, item: Item, now: datetime) -> int:
        said = {"role": item.role, "text": item.text, "tokens": item.tokens, "created_at": item.created_at or now}
        speaker = {
            "speaker_id": item.speaker and item.speaker.user_id,
            "speaker_name": item.speaker and item.speaker.name,
        }
        quote = {"quote_author": item.quote and item.quote.author, "quote_text": item.quote and item.quote.text}
        added = await self._connection.execute(_ADD_ITEM, {"run_id": run.run_id, **said, **speaker, **quote})
        item_id: int = added.scalar_one()
        await self._add_files(item_id, item.files)
        await self._add_messages(run, item_id, item.message_ids)
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
            await self._connection.execute(_ADD_FILES, rows)

    async def _add_messages(self, run: Run, item_id: int, message_ids: Sequence[int]) -> None:
        of = {"channel_id": run.place.channel_id, "run_id": run.run_id, "item_id": item_id, "page": False}
        rows = [
            {"message_id": message_id, "position": position, **of} for position, message_id in enumerate(message_ids)
        ]
        if rows:
            await self._connection.execute(_ADD_MESSAGES, rows)

    async def transcript(self, channel_id: int, *, run_id: int) -> Transcript:
        """Of a run, and of what was answered in the conversation before it."""
        past = await self._connection.execute(_PAST, {"channel_id": channel_id, "before_run": run_id})
        rows = past.all()
        answered = [row for row in rows if row.id is not None]
        said = await self._items([*(row.id for row in answered), run_id])
        return Transcript(
            history=tuple(_turn(row, said[row.id]) for row in answered if said[row.id]),
            questions=_questions(said[run_id]),
            start=rows[0].start if rows else None,
        )

    async def asked(self, run_id: int) -> int:
        """How many messages its question has."""
        query = sa.select(sa.func.count()).select_from(items).where(items.c.run_id == run_id, items.c.role == Role.USER)
        return await self._connection.scalar(query) or 0

    async def questions(self, run_id: int) -> tuple[Item, ...]:
        return _questions((await self._items([run_id]))[run_id])

    async def _items(self, run_ids: Sequence[int]) -> dict[int, list[Item]]:
        """By run, in the order in which they were said."""
        rows = await self._of(_ITEMS, "run_ids", run_ids)
        item_ids = [row.id for row in rows]
        files_of = _grouped(await self._of(_FILES, "item_ids", item_ids), "item_id")
        messages_of = _grouped(await self._of(_MESSAGES, "item_ids", item_ids), "item_id")
        said: dict[int, list[Item]] = defaultdict(list)
        for row in rows:
            said[row.run_id].append(_item(row, files_of[row.id], messages_of[row.id]))
        return said

    async def _of(self, statement: sa.Select[tuple[Any, ...]], name: str, ids: Sequence[int]) -> list[Record]:
        found: list[Record] = []
        for start in range(0, len(ids), MOST_IDS):
            found += await self._connection.execute(statement, {name: ids[start : start + MOST_IDS]})
        return found

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
            .returning(resets.c.persona, resets.c.created_at)
        )
        row = undone.one_or_none()
        if row is None:
            return None
        hidden = runs.c.reset_id == reset_id
        # An earlier reset that was undone left its own cancelled ones behind.
        cancelled = sa.and_(runs.c.status == RunStatus.CANCELLED, runs.c.ended_at >= row.created_at)
        lost = await self._connection.scalar(
            sa.select(sa.exists().where(hidden, sa.or_(runs.c.status == RunStatus.CANCELLING, cancelled)))
        )
        turns = await self._connection.scalar(
            sa.select(sa.func.count()).select_from(runs).where(hidden, runs.c.status.in_(_ANSWERED))
        )
        await self._connection.execute(sa.update(runs).where(hidden).values(reset_id=None))
        await self.set_window_start(channel_id, None)
        return Restored(turns=turns or 0, persona=row.persona, lost=bool(lost))

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


def _questions(said: Sequence[Item]) -> tuple[Item, ...]:
    return tuple(item for item in said if item.role is Role.USER)


def _turn(row: Record, said: Sequence[Item]) -> Turn:
    answers = [item for item in said if item.role is Role.ASSISTANT]
    return Turn(
        run_id=row.id,
        questions=_questions(said),
        answer=answers[-1] if answers else None,
        prompt_tokens=row.prompt_tokens,
        window_start=row.window_start,
        prefix_hash=row.prefix_hash,
        locale=row.locale,
    )
