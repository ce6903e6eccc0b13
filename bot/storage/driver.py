"""aiosqlite, with one trip to a connection's thread for each statement.

A trip wakes two threads up, and SQLAlchemy makes four of them for a statement: to open a cursor, to execute, to fetch
and to close. Here every result is read whole, so one does for all; that halves what a statement costs. BEGIN goes with
the first statement of its transaction, and a connection that comes back to its pool after COMMIT is not rolled back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from typing import Any

import aiosqlite


class Connection(aiosqlite.Connection):
    """As `aiosqlite.connect` makes it, to be awaited. Its thread does not outlive the program."""

    def __init__(self, database: str, **options: Any) -> None:
        super().__init__(partial(sqlite3.connect, database, **options), iter_chunk_size=64)
        self._thread.daemon = True
        self._begin: str | None = None
        self._begun = False
        """Whether BEGIN is on its way, or was: a trip that was cancelled is made all the same."""

    def begin(self, statement: str) -> None:
        """For the next statement to begin its transaction with, and to raise whatever that raises."""
        self._begin = statement

    async def commit(self) -> None:
        await self._end(sqlite3.Connection.commit)

    async def rollback(self) -> None:
        await self._end(sqlite3.Connection.rollback)

    async def _end(self, how: Callable[[sqlite3.Connection], None]) -> None:
        if self._begun:
            await self._execute(how, self._conn)  # type: ignore[no-untyped-call]
            self._begun = False

    def cursor(self) -> Cursor:  # type: ignore[override]
        return Cursor(self)

    async def trip(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """To the thread that may touch the connection."""
        begin, self._begin = self._begin, None
        if begin is None:
            await self._execute(work, self._conn)  # type: ignore[no-untyped-call]
        else:
            self._begun = True
            await self._execute(_begun_with, begin, work, self._conn)  # type: ignore[no-untyped-call]


def _begun_with(begin: str, work: Callable[[sqlite3.Connection], None], connection: sqlite3.Connection) -> None:
    connection.execute(begin)
    work(connection)


class Cursor:
    """As much of a cursor as SQLAlchemy's adapter uses."""

    description: Sequence[Any] | None = None
    rowcount = -1
    lastrowid: int | None = None

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []

    async def __aenter__(self) -> Cursor:
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        await self._connection.trip(partial(self._carry_out, sqlite3.Cursor.execute, sql, parameters))

    async def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        await self._connection.trip(partial(self._carry_out, sqlite3.Cursor.executemany, sql, rows))

    async def fetchall(self) -> list[Any]:
        return self._rows

    async def close(self) -> None:
        """Closed since its rows were read."""

    def _carry_out(
        self, how: Callable[..., object], sql: str, parameters: Sequence[Any], connection: sqlite3.Connection
    ) -> None:
        with closing(connection.cursor()) as cursor:
            how(cursor, sql, parameters)
            self._rows = cursor.fetchall()
            self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
