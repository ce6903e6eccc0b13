"""Engines: what it takes for two databases to behave alike.

SQLite allows one writer. Here the writer's lock is the pool itself: one connection, no overflow, so that tasks queue
for it in the process and never fail with "database is locked". A write begins with BEGIN IMMEDIATE: a deferred
transaction that reads first and writes later fails when somebody else wrote between. Readers have a pool of their own
and see the last commit, since WAL keeps it apart from what is being written. The driver's own notion of transactions
is switched off (`isolation_level=None`); SQLAlchemy's events say BEGIN. PostgreSQL needs none of it: one engine serves
both roles.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import AsyncExitStack
from typing import Any

import aiosqlite
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from bot.storage.driver import Connection

READERS = 4
SWITCH_ATTEMPTS, SWITCH_PAUSE = 500, 0.02
"""To change a new file's journal, and the seconds between two of them."""
POOL_TIMEOUT = 30.0
"""Seconds that a task waits for the writer before it fails; a write takes about a millisecond."""

_WRITE_AHEAD = "PRAGMA journal_mode = WAL"
_PRAGMAS = (
    _WRITE_AHEAD,
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 5000",
    "PRAGMA secure_delete = ON",
)


def async_url(url: str) -> sa.URL:
    """The operator's URL with the driver that this program uses. Raises sqlalchemy.exc.ArgumentError."""
    parsed = sa.make_url(url)
    driver = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
    return parsed.set(drivername=driver.get(parsed.drivername, parsed.drivername))


def shown(url: sa.URL) -> str:
    """Without driver, password and parameters, which may hold one too."""
    return url.set(drivername=url.get_backend_name(), query={}).render_as_string()


async def write_ahead(url: sa.URL) -> None:
    """Changes a new SQLite file's journal, which lasts: for those that open it after. Raises sqlite3.Error.

    Two that do so at once both read the file and then want it alone: SQLite refuses one of them without any wait.
    """
    if url.get_backend_name() != "sqlite":
        return
    async with aiosqlite.connect(url.database or "", timeout=0) as connection:
        for left in reversed(range(SWITCH_ATTEMPTS)):
            if await _switched(connection, last=left == 0):
                return
            await asyncio.sleep(SWITCH_PAUSE)


async def _switched(connection: aiosqlite.Connection, *, last: bool) -> bool:
    try:
        await connection.execute(_WRITE_AHEAD)
    except sqlite3.OperationalError as error:
        if last or error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def writer(url: sa.URL) -> AsyncEngine:
    if url.get_backend_name() != "sqlite":
        return create_async_engine(url, pool_pre_ping=True, hide_parameters=True)
    engine = _sqlite(url, size=1)
    _begin_with(engine, "BEGIN IMMEDIATE")
    return engine


def reader(url: sa.URL, writer: AsyncEngine) -> AsyncEngine:
    if url.get_backend_name() != "sqlite":
        return writer
    engine = _sqlite(url, size=READERS, more=("PRAGMA query_only = ON",))
    _begin_with(engine, "BEGIN")
    return engine


async def open_all(reader: AsyncEngine) -> None:
    """Every connection of SQLite's readers: a task that is cancelled while it opens one would leave it open."""
    async with AsyncExitStack() as connections:
        for _ in range(READERS):
            await connections.enter_async_context(reader.connect())


def _sqlite(url: sa.URL, *, size: int, more: tuple[str, ...] = ()) -> AsyncEngine:
    engine = create_async_engine(
        url,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT,
        hide_parameters=True,  # what people wrote is in them, and errors are logged
        connect_args={"isolation_level": None, "async_creator_fn": Connection},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in (*_PRAGMAS, *more):
            cursor.execute(pragma)
        cursor.close()

    return engine


def _begin_with(engine: AsyncEngine, statement: str) -> None:
    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: sa.Connection) -> None:
        driver = connection.connection.driver_connection
        assert isinstance(driver, Connection)
        driver.begin(statement)
