"""The unit of work: one transaction, and the repositories that speak through it."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import sqlalchemy as sa
from filelock import BaseFileLock, FileLock, Timeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.errors import DatabaseUnusable
from bot.storage import engine, migration
from bot.storage.audit import Audit
from bot.storage.conversations import Conversations
from bot.storage.personas import Personas
from bot.storage.runs import Runs
from bot.storage.settings import Settings


@dataclass(frozen=True)
class Work:
    """Repositories of one transaction; not to be kept beyond it."""

    connection: AsyncConnection

    @cached_property
    def conversations(self) -> Conversations:
        return Conversations(self.connection)

    @cached_property
    def runs(self) -> Runs:
        return Runs(self.connection)

    @cached_property
    def personas(self) -> Personas:
        return Personas(self.connection)

    @cached_property
    def settings(self) -> Settings:
        return Settings(self.connection)

    @cached_property
    def audit(self) -> Audit:
        return Audit(self.connection)


class Conflict(Exception):
    """The database forbids it: a key is taken, a state is impossible."""


class Storage:
    def __init__(self, url: sa.URL, writer: AsyncEngine, reader: AsyncEngine) -> None:
        self._url = url
        self._writer = writer
        self._reader = reader
        self._lock: BaseFileLock | None = None

    @property
    def url(self) -> str:
        """Without its password."""
        return engine.shown(self._url)

    @property
    def shared(self) -> bool:
        """Whether other processes may work in the same database."""
        return self._url.get_backend_name() != "sqlite"

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Work]:
        """Commits at the end; takes everything back on any exception, a cancellation too.

        Raises Conflict, as when another process stored the same between two statements.
        """
        try:
            async with self._writer.begin() as connection:
                yield Work(connection)
        except sa.exc.IntegrityError as error:
            raise Conflict(reason(error)) from error

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Work]:
        """One consistent view. Writing in it fails."""
        async with self._reader.connect() as connection:
            if self.shared:
                await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            async with connection.begin():
                yield Work(connection)

    async def problems(self) -> list[str]:
        """For a health probe: empty if a write transaction can be opened."""
        try:
            async with self._writer.begin() as connection:
                await connection.execute(sa.text("SELECT 1"))
        except (sa.exc.SQLAlchemyError, OSError) as error:
            return [reason(error)]
        return []

    async def check(self) -> list[str]:
        """SQLite's own examination of the whole file; empty if all is well. PostgreSQL has none: only the probe."""
        if self.shared:
            return await self.problems()
        async with self._reader.connect() as connection:
            integrity = (await connection.execute(sa.text("PRAGMA integrity_check"))).scalars().all()
            broken = (await connection.execute(sa.text("PRAGMA foreign_key_check"))).all()
        found = [str(line) for line in integrity if line != "ok"]
        return found + [f"row {row[1]} of {row[0]} points to a missing row of {row[2]}" for row in broken]

    def take(self) -> None:
        """Makes this the only bot on a SQLite database until it is closed or the process ends.

        So whoever held a lease before is gone. Raises DatabaseUnusable while another holds it.
        """
        if self.shared:
            return
        lock = FileLock(f"{self._url.database}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise DatabaseUnusable(self.url, "another bot is running on it") from error
        self._lock = lock

    async def close(self) -> None:
        await self._reader.dispose()
        await self._writer.dispose()
        if self._lock is not None:
            self._lock.release()


async def open_storage(url: str, *, migrate: bool = True, alone: bool = False) -> Storage:
    """Brings the schema up to date first, unless told not to. Raises DatabaseUnusable, DatabaseNewer.

    `alone` makes this the only bot on a SQLite database: see `Storage.take`.
    """
    with unusable(url):
        parsed = engine.async_url(url)
        make_directory(parsed)
        writer = engine.writer(parsed)
        storage = Storage(parsed, writer, engine.reader(parsed, writer))
        try:
            if alone:
                storage.take()
            await engine.write_ahead(parsed)
            await migration.bring_up(parsed, writer, migrating=migrate)
            if not storage.shared:
                await engine.open_all(storage._reader)
        except BaseException:
            await storage.close()
            raise
    return storage


def make_directory(url: sa.URL) -> None:
    """Of SQLite's file. Raises OSError, and ValueError where no file is named."""
    if url.get_backend_name() != "sqlite":
        return
    if not url.database or url.database == ":memory:":
        raise ValueError("a database in memory keeps nothing; name a file")
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)


@contextmanager
def unusable(url: str) -> Iterator[None]:
    """Raises DatabaseUnusable in place of what the driver raises."""
    try:
        yield
    except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError, ValueError, ModuleNotFoundError) as error:
        raise DatabaseUnusable(_without_password(url), reason(error)) from error


def _without_password(url: str) -> str:
    try:
        return engine.shown(sa.make_url(url))
    except (sa.exc.ArgumentError, ValueError):
        return "DATABASE_URL"


def reason(error: BaseException) -> str:
    """The driver's own words, in one line."""
    origin = getattr(error, "orig", None) or error
    lines = str(origin).strip().splitlines()
    return lines[0] if lines else type(origin).__name__
