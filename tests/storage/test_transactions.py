"""What holds whatever happens in the middle of a transaction, and what statements cost."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from bot.domain.settings import Scope
from bot.storage import Conflict, Storage, open_storage
from bot.storage.driver import Connection

if TYPE_CHECKING:
    from .conftest import Talk

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ORPHAN = "INSERT INTO items (run_id, role, text, tokens, created_at) VALUES (77, 'user', 'x', 1, 0)"
"""A row whose parent is missing."""


async def put_pair(storage: Storage, number: int) -> None:
    """Two rows that belong together."""
    async with storage.write() as work:
        await work.settings.put(Scope.GUILD, number, "left", str(number))
        await work.settings.put(Scope.GUILD, number, "right", str(number))


async def pairs(storage: Storage) -> dict[int, dict[str, str]]:
    async with storage.read() as work:
        rows = await work.connection.execute(text("SELECT scope_id, key, value FROM settings"))
        found: dict[int, dict[str, str]] = {}
        for scope_id, key, value in rows:
            found.setdefault(scope_id, {})[key] = value
    return found


async def test_an_exception_takes_everything_back(storage: Storage) -> None:
    async def fail_halfway() -> None:
        async with storage.write() as work:
            await work.settings.put(Scope.GUILD, 1, "left", "1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_halfway()
    assert await pairs(storage) == {}
    await put_pair(storage, 2)
    assert list(await pairs(storage)) == [2]


async def test_a_transaction_that_begins_with_a_write_is_taken_back_too(storage: Storage) -> None:
    async def fail() -> None:
        async with storage.write() as work:
            await work.connection.execute(
                text("INSERT INTO settings (scope, scope_id, key, value) VALUES ('guild', 1, 'left', 'x')")
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await pairs(storage) == {}


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_writers_cancelled_anywhere_leave_whole_pairs_and_a_working_storage(storage: Storage, seed: int) -> None:
    """Some are cancelled in the queue for the writer, some in BEGIN, in a statement, in COMMIT."""
    rng = random.Random(seed)
    finished: set[int] = set()

    async def write(number: int) -> None:
        await put_pair(storage, number)
        finished.add(number)

    tasks = [asyncio.create_task(write(number)) for number in range(40)]
    cancelled = 0
    async with asyncio.timeout(30):
        while pending := [task for task in tasks if not task.done()]:
            for _ in range(rng.randrange(8)):
                await asyncio.sleep(0)
            if cancelled < 15:
                cancelled += rng.choice(pending).cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await put_pair(storage, 1000)
    assert cancelled >= 1
    assert len(finished) >= 40 - cancelled
    assert {type(task.exception()) for task in tasks if not task.cancelled()} <= {type(None)}
    stored = await pairs(storage)
    assert all(set(pair) == {"left", "right"} for pair in stored.values())
    assert finished | {1000} <= set(stored)
    assert await storage.check() == []


async def test_a_task_cancelled_between_two_writes_leaves_nothing(storage: Storage) -> None:
    halfway = asyncio.Event()

    async def stop_halfway() -> None:
        async with storage.write() as work:
            await work.settings.put(Scope.GUILD, 1, "left", "1")
            halfway.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(stop_halfway())
    await halfway.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await pairs(storage) == {}
    await put_pair(storage, 2)


async def test_writers_take_turns_and_none_is_refused(storage: Storage) -> None:
    await asyncio.gather(*(put_pair(storage, number) for number in range(60)))
    assert set(await pairs(storage)) == set(range(60))


async def test_readers_go_on_while_somebody_writes(storage: Storage) -> None:
    async with storage.write() as work:
        await work.settings.put(Scope.GUILD, 1, "left", "1")
        assert await asyncio.wait_for(pairs(storage), 5) == {}
    assert list(await pairs(storage)) == [1]


async def test_a_healthy_storage_has_no_problems(storage: Storage) -> None:
    assert await storage.problems() == []
    assert await storage.check() == []


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_closing_ends_the_threads(url: str) -> None:
    before = set(threading.enumerate())
    storage = await open_storage(url)
    await put_pair(storage, 1)
    await pairs(storage)
    started = set(threading.enumerate()) - before
    assert started and all(thread.daemon for thread in started), "a program that dies does not wait for them"
    await storage.close()
    for thread in started:
        thread.join(5)
    assert not [thread for thread in started if thread.is_alive()]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
class TestSQLite:
    async def test_every_connection_is_set_up_as_intended(self, storage: Storage) -> None:
        names = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "query_only")
        async with storage.write() as writing, storage.read() as reading:
            settings = [
                [(await work.connection.execute(text(f"PRAGMA {name}"))).scalar_one() for name in names]
                for work in (writing, reading)
            ]
        assert settings == [["wal", 1, 1, 1, 0], ["wal", 1, 1, 1, 1]]

    async def test_a_reader_cannot_write(self, storage: Storage) -> None:
        with pytest.raises(DBAPIError, match="readonly"):
            async with storage.read() as work:
                await work.settings.put(Scope.GUILD, 1, "left", "1")

    async def test_a_statement_tells_what_it_did(self, storage: Storage) -> None:
        put = text("INSERT INTO settings (scope, scope_id, key, value) VALUES ('guild', :id, 'left', 'x')")
        async with storage.write() as work:
            assert (await work.connection.execute(put, {"id": 1})).lastrowid == 1
            assert (await work.connection.execute(put, [{"id": 2}, {"id": 3}])).rowcount == 2
            assert (await work.connection.execute(text("UPDATE settings SET value = 'y'"))).rowcount == 3
            found = await work.connection.execute(text("SELECT scope_id AS id, value FROM settings ORDER BY scope_id"))
            assert (list(found.keys()), found.all()) == (["id", "value"], [(1, "y"), (2, "y"), (3, "y")])

    async def test_a_transaction_makes_one_trip_a_statement_and_one_to_commit(
        self, storage: Storage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await put_pair(storage, 1)  # its connection is made and set up
        trips: list[object] = []
        execute = Connection._execute

        def noted(connection: Connection, work: Any, *arguments: Any) -> Any:
            trips.append(work)
            return execute(connection, work, *arguments)  # type: ignore[no-untyped-call]

        monkeypatch.setattr(Connection, "_execute", noted)
        async with storage.write() as work:
            await work.connection.execute(text("SELECT 1"))
            await work.connection.execute(text("SELECT 2"))
        assert len(trips) == 3
        async with storage.write():
            pass
        assert len(trips) == 3

    async def test_a_transaction_that_another_program_keeps_from_beginning_fails_and_the_next_begins(
        self, storage: Storage, tmp_path: Path
    ) -> None:
        async with storage.write() as work:
            await work.connection.execute(text("PRAGMA busy_timeout = 0"))
        other = sqlite3.connect(tmp_path / "causerie.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DBAPIError, match="locked"):
            await put_pair(storage, 1)
        other.execute("COMMIT")
        other.close()
        await put_pair(storage, 2)
        assert list(await pairs(storage)) == [2]

    async def test_a_task_cancelled_while_its_transaction_waits_to_begin_leaves_nothing_open(
        self, storage: Storage, tmp_path: Path
    ) -> None:
        await put_pair(storage, 1)  # its connection is made and set up
        other = sqlite3.connect(tmp_path / "causerie.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        task = asyncio.create_task(put_pair(storage, 2))
        for _ in range(20):
            await asyncio.sleep(0)
        task.cancel()
        other.execute("COMMIT")
        other.close()
        await asyncio.gather(task, return_exceptions=True)
        await put_pair(storage, 3)
        assert list(await pairs(storage)) == [1, 3]

    async def test_a_commit_that_is_refused_takes_everything_back(self, storage: Storage) -> None:
        async def leave_an_orphan() -> None:
            async with storage.write() as work:
                await work.settings.put(Scope.GUILD, 1, "left", "1")
                await work.connection.execute(text("PRAGMA defer_foreign_keys = ON"))
                await work.connection.execute(text(ORPHAN))

        with pytest.raises(Conflict, match="FOREIGN KEY"):
            await leave_an_orphan()
        assert await pairs(storage) == {}
        await put_pair(storage, 2)
        assert list(await pairs(storage)) == [2]

    async def test_check_names_a_row_whose_parent_is_missing(self, storage: Storage, tmp_path: Path) -> None:
        with sqlite3.connect(tmp_path / "causerie.db") as raw:
            raw.execute(ORPHAN)
        raw.close()
        (problem,) = await storage.check()
        assert "items" in problem and "runs" in problem

    async def test_the_frequent_statements_search_and_never_scan(self, talk: Talk, storage: Storage) -> None:
        for channel in range(1, 4):
            await talk.turn(channel)
        await talk.ask(1)
        async with storage.write() as work:
            plans = await self._plans(work.connection, lambda: self._frequent(work))
        assert len(plans) > 15
        # SELECT EXISTS (…) has no FROM: its one row is a constant.
        assert [step for step in plans if step.startswith("SCAN") and "CONSTANT ROW" not in step] == []

    @staticmethod
    async def _frequent(work: Any) -> None:
        await work.runs.seen(5)
        await work.runs.unended(1)
        await work.runs.claim("worker", places=1, now=NOW, lease_until=NOW + timedelta(minutes=1))
        await work.runs.extend("worker", [1, 2], NOW)
        await work.runs.lapsed(NOW, but=[1])
        await work.runs.private_open(3)
        await work.runs.expire(NOW, NOW)
        await work.conversations.asked(1)
        await work.runs.pages(1)
        await work.conversations.known(1)

    @staticmethod
    async def _plans(connection: Any, statements: Any) -> list[str]:
        """The steps of everything that `statements` executes."""
        seen: list[tuple[str, Any]] = []

        def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
            if statement.split()[0] in {"SELECT", "UPDATE", "DELETE"}:
                seen.append((statement, parameters))

        event.listen(connection.sync_connection, "before_cursor_execute", note)
        await statements()
        event.remove(connection.sync_connection, "before_cursor_execute", note)
        steps = []
        for statement, parameters in seen:
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps += [row[3] for row in plan]
        return steps

    async def test_history_searches_by_channel_in_order(self, talk: Talk, storage: Storage) -> None:
        run = await talk.turn(1)

        async with storage.write() as work:

            async def read() -> None:
                await work.conversations.transcript(1, run_id=run.run_id + 1)

            plans = await self._plans(work.connection, read)
        assert any(step.startswith("SEARCH runs USING INDEX ix_runs_channel_id_id") for step in plans)
        assert [step for step in plans if step.startswith("SCAN")] == []
