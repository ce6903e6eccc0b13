"""Bringing a database's schema up to date, forward only.

Alembic is imported only when there is something to do: the revision in the database is compared with HEAD first.

On SQLite a table is altered by copying it, which Alembic's batch mode does. With foreign keys on, dropping the old
parent deletes every child row by cascade, without a word. So foreign keys go off, which SQLite does only outside a
transaction; the whole upgrade runs in one transaction; before the commit every foreign key is checked, and a broken one
takes everything back. On PostgreSQL an advisory lock lets one process migrate while others wait.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from bot.errors import DatabaseNewer, DatabaseUnusable
from bot.storage import engine

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0002"
"""The newest revision in `migrations/versions`; a test compares."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_ADVISORY_LOCK = 0x43617573


async def bring_up(url: sa.URL, writer: AsyncEngine, *, migrating: bool) -> None:
    """Raises DatabaseNewer, DatabaseUnusable."""
    async with writer.begin() as connection:
        current = await connection.run_sync(revision)
    if current == HEAD:
        return
    if not migrating:
        async with writer.connect() as connection:
            await connection.run_sync(refuse_newer)
        raise DatabaseUnusable(engine.shown(url), f"its schema is {current or 'empty'}, expected {HEAD}")
    await migrate(url, migrate_to_head)


async def upgrade(url: str) -> tuple[str | None, str]:
    """Returns the revisions before and after. Raises DatabaseNewer, DatabaseUnusable."""
    from bot.storage.storage import make_directory, unusable

    with unusable(url):
        parsed = engine.async_url(url)
        make_directory(parsed)
        await engine.write_ahead(parsed)
        before: list[str | None] = []

        def note_and_migrate(connection: sa.Connection) -> None:
            before.append(revision(connection))
            migrate_to_head(connection)

        await migrate(parsed, note_and_migrate)
    return before[0], HEAD


async def found(url: str) -> str | None:
    """The revision of a database, which is left as it is; None for a new one.

    Raises DatabaseNewer, DatabaseUnusable.
    """
    from bot.storage.storage import make_directory, unusable

    with unusable(url):
        parsed = engine.async_url(url)
        make_directory(parsed)
        alone = create_async_engine(parsed, poolclass=NullPool, hide_parameters=True)
        try:
            async with alone.connect() as connection:
                await connection.run_sync(refuse_newer)
                return await connection.run_sync(revision)
        finally:
            await alone.dispose()


def revision(connection: sa.Connection) -> str | None:
    """The database's own; None for a new one."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return found


async def migrate(url: sa.URL, change: Callable[[sa.Connection], None]) -> None:
    """Runs `change` in one transaction, alone, in the way the database needs for altering tables."""
    alone = create_async_engine(url, poolclass=NullPool, hide_parameters=True, **_options(url))
    try:
        async with alone.connect() as connection:
            await connection.run_sync(_in_one_transaction, change)
    finally:
        await alone.dispose()


def _options(url: sa.URL) -> dict[str, dict[str, object]]:
    return {"connect_args": {"isolation_level": None}} if url.get_backend_name() == "sqlite" else {}


def _in_one_transaction(connection: sa.Connection, change: Callable[[sa.Connection], None]) -> None:
    if connection.dialect.name != "sqlite":
        with connection.begin():
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
            change(connection)
        return
    driver = connection.connection.cursor()
    driver.execute("PRAGMA busy_timeout = 30000")
    driver.execute("PRAGMA foreign_keys = OFF")
    with connection.begin():
        driver.execute("BEGIN IMMEDIATE")
        change(connection)
        driver.execute("PRAGMA foreign_key_check")
        broken = driver.fetchall()
        if broken:
            raise BrokenReferences(tuple(broken))


class BrokenReferences(Exception):
    """A migration left rows that point to nothing: (table, row, parent table, constraint) each."""

    def __init__(self, rows: tuple[tuple[object, ...], ...]) -> None:
        super().__init__(f"{len(rows)} broken references, the first {rows[0]}")
        self.rows = rows


def migrate_to_head(connection: sa.Connection) -> None:
    """Raises DatabaseNewer for a revision that this version does not know."""
    from alembic import command

    refuse_newer(connection)
    command.upgrade(alembic_config(connection), "head")


def refuse_newer(connection: sa.Connection) -> None:
    """Raises DatabaseNewer."""
    from alembic.script import ScriptDirectory
    from alembic.util.exc import CommandError

    current = revision(connection)
    try:
        ScriptDirectory.from_config(alembic_config(connection)).get_revision(current or "base")
    except CommandError as error:
        raise DatabaseNewer(engine.shown(connection.engine.url), str(current)) from error


def alembic_config(connection: sa.Connection) -> Config:
    from alembic.config import Config

    configuration = Config()
    configuration.set_main_option("script_location", str(_MIGRATIONS))
    configuration.attributes["connection"] = connection
    return configuration
