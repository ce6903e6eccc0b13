"""Opening a database: new, old, newer, broken, and by two processes at once."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
import sqlalchemy as sa

from bot.domain.settings import Scope
from bot.errors import DatabaseNewer, DatabaseUnusable
from bot.storage import engine, migration, open_storage, upgrade
from bot.storage.tables import metadata

ROOT = Path(migration.__file__).parents[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new' / 'causerie.db'}"
    return str(request.getfixturevalue("empty_postgresql"))


async def on(url: str, work: Any) -> Any:
    """Runs `work` with a synchronous connection of the writer, in a transaction."""
    writer = engine.writer(engine.async_url(url))
    try:
        async with writer.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await writer.dispose()


def differences(connection: sa.Connection) -> list[Any]:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))


def schema(connection: sa.Connection) -> list[tuple[Any, ...]]:
    """Constraints and partial indexes too, which Alembic does not compare, as the database itself spells them."""
    if connection.dialect.name == "sqlite":
        query = "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%alembic%' AND sql IS NOT NULL"
    else:
        query = (
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
            " AND conrelid <> 'alembic_version'::regclass UNION ALL"
            " SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        )
    return sorted((name, _normal(sql)) for name, sql in connection.execute(sa.text(query)))


def _normal(sql: str) -> Any:
    """Columns and constraints of a table in any order."""
    head, _, body = " ".join(sql.split()).partition("(")
    return head.strip(), sorted(part.strip(" )") for part in body.split(", "))


async def test_a_migrated_database_is_the_schema_of_the_tables(empty: str) -> None:
    assert await upgrade(empty) == (None, migration.HEAD)
    assert await on(empty, differences) == []


async def test_a_migrated_database_has_the_constraints_of_the_tables(empty: str) -> None:
    await upgrade(empty)
    migrated = await on(empty, schema)

    def afresh(connection: sa.Connection) -> list[tuple[Any, ...]]:
        metadata.drop_all(connection)
        metadata.create_all(connection)
        return schema(connection)

    assert len(migrated) > 20
    assert await on(empty, afresh) == migrated


async def test_a_second_upgrade_does_nothing_and_old_rows_stay(empty: str) -> None:
    await upgrade(empty)
    storage = await open_storage(empty)
    async with storage.write() as work:
        await work.settings.put(Scope.GUILD, 1, "k", "kept")
    await storage.close()
    assert await upgrade(empty) == (migration.HEAD, migration.HEAD)
    storage = await open_storage(empty)
    async with storage.read() as work:
        assert await work.settings.values(Scope.GUILD, 1) == {"k": "kept"}
    await storage.close()


def test_the_newest_revision_is_the_one_that_the_program_names() -> None:
    from alembic.script import ScriptDirectory

    assert ScriptDirectory(str(ROOT / "bot/storage/migrations")).get_heads() == [migration.HEAD]


def test_alembic_is_not_imported_for_a_database_that_is_up_to_date(migrated_file: Path) -> None:
    """Importing it costs 0.7 s of every start."""
    program = (
        "import asyncio, sys\n"
        "from bot.storage import open_storage\n"
        "async def main():\n"
        f"    await (await open_storage('sqlite:///{migrated_file}')).close()\n"
        "asyncio.run(main())\n"
        "sys.exit('alembic' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


async def test_opening_migrates_unless_told_not_to(empty: str) -> None:
    with pytest.raises(DatabaseUnusable):
        await open_storage(empty, migrate=False)
    storage = await open_storage(empty)
    assert await storage.problems() == []
    await storage.close()
    await (await open_storage(empty, migrate=False)).close()


async def test_several_may_migrate_at_once(empty: str) -> None:
    opened = await asyncio.gather(*(open_storage(empty) for _ in range(8)))
    for storage in opened:
        assert await storage.problems() == []
        await storage.close()
    assert await on(empty, differences) == []


async def test_several_may_begin_a_file_at_once(tmp_path: Path) -> None:
    """They all change its journal, for which SQLite wants the file alone."""
    for number in range(10):
        url = f"sqlite:///{tmp_path}/{number}.db"
        for storage in await asyncio.gather(*(open_storage(url) for _ in range(8))):
            await storage.close()


async def test_a_file_that_another_reads_is_tried_until_it_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, switched = tmp_path / "causerie.db", engine._switched
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        for statement in ("CREATE TABLE other (x)", "BEGIN", "SELECT * FROM other"):
            other.execute(statement).fetchall()
        refused = 0

        async def watched(connection: aiosqlite.Connection, *, last: bool) -> bool:
            nonlocal refused
            if not (done := await switched(connection, last=last)):
                refused += 1
                await asyncio.to_thread(other.execute, "ROLLBACK")
            return done

        monkeypatch.setattr(engine, "_switched", watched)
        await (await open_storage(f"sqlite:///{path}")).close()
    assert refused == 1


async def test_a_task_that_is_cancelled_leaves_no_connection_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = await open_storage(f"sqlite:///{tmp_path}/causerie.db")
    opened: list[object] = []
    begin = aiosqlite.Connection._connect

    async def watched(connection: aiosqlite.Connection) -> aiosqlite.Connection:
        opened.append(connection)
        return await begin(connection)

    monkeypatch.setattr(aiosqlite.Connection, "_connect", watched)

    async def read() -> None:
        async with storage.read() as work:
            await work.connection.execute(sa.text("SELECT 1"))

    tasks = [asyncio.create_task(read()) for _ in range(8)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await storage.close()
    assert opened == [], "all were open before, and none is half open"


@pytest.mark.parametrize(
    "migrate",
    [True, False],
)
async def test_a_database_of_a_newer_version_is_refused(url: str, migrate: bool) -> None:
    def from_the_future(connection: sa.Connection) -> None:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))

    await on(url, from_the_future)
    with pytest.raises(DatabaseNewer) as refused:
        await open_storage(url, migrate=migrate)
    assert refused.value.revision == "9999"
    assert await on(url, migration.revision) == "9999"


async def test_a_path_that_cannot_be_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseUnusable) as refused:
        await open_storage(f"sqlite:///{tmp_path}/file/causerie.db")
    assert refused.value.reason and "\n" not in refused.value.reason


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "causerie.db").write_bytes(b"no database at all, only words. " * 100)
    with pytest.raises(DatabaseUnusable, match="not a database"):
        await open_storage(f"sqlite:///{tmp_path / 'causerie.db'}")


@pytest.mark.parametrize(
    "raw",
    [
        "postgresql://anna:s3cret@127.0.0.1:1/causerie",
        "postgresql://anna@127.0.0.1:1/causerie?password=s3cret",
        "mysql://anna:s3cret@127.0.0.1/causerie",
        "postgresql://anna:s3cret@127.0.0.1:port/causerie",
        "s3cret",
    ],
)
async def test_what_cannot_be_opened_is_refused_without_the_password(raw: str) -> None:
    with pytest.raises(DatabaseUnusable) as refused:
        await open_storage(raw)
    said = f"{refused.value} {refused.value.url} {refused.value.reason}"
    assert "s3cret" not in said and "\n" not in said


async def test_the_url_shown_holds_no_password(migrated_file: Path) -> None:
    storage = await open_storage(f"sqlite:///{migrated_file}")
    assert storage.url.endswith("causerie.db") and not storage.shared
    await storage.close()


async def test_a_relative_path_is_made_with_its_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    await (await open_storage("sqlite:///data/deep/causerie.db")).close()
    assert (tmp_path / "data/deep/causerie.db").is_file()


class TestNextRevision:
    """A revision yet to come, through the program's own runner: it copies a parent table that has children."""

    @pytest.fixture
    async def old(self, tmp_path: Path, migrated_file: Path) -> Path:
        path = tmp_path / "causerie.db"
        shutil.copy(migrated_file, path)
        with sqlite3.connect(path) as raw:
            raw.executescript(
                "PRAGMA foreign_keys = ON;"
                "INSERT INTO conversations (channel_id, created_at) VALUES (1, 0);"
                "INSERT INTO runs (id, channel_id, trigger_message_id, asker_id, asker_name, private, status, attempts,"
                " created_at) VALUES (1, 1, 5, 1, 'Anna', 0, 'completed', 1, 0);"
                "INSERT INTO items (id, run_id, role, text, tokens, created_at) VALUES (1, 1, 'user', 'kept', 1, 0);"
                "INSERT INTO files (item_id, position, filename, media_type, data) VALUES (1, 0, 'f', 't', x'00');"
            )
        raw.close()
        return path

    @staticmethod
    async def migrate(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
        scripts = tmp_path / "migrations"
        shutil.copytree(ROOT / "bot/storage/migrations", scripts, ignore=shutil.ignore_patterns("__pycache__"))
        (scripts / "versions/next.py").write_text(
            "import sqlalchemy as sa\nfrom alembic import op\n"
            f"revision = 'next'\ndown_revision = '{migration.HEAD}'\n"
            f"def upgrade():\n{body}"
        )
        monkeypatch.setattr(migration, "_MIGRATIONS", scripts)
        await migration.migrate(engine.async_url(f"sqlite:///{path}"), migration.migrate_to_head)

    @staticmethod
    def rows(path: Path) -> list[int | str]:
        raw = sqlite3.connect(path)
        found = [raw.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("runs", "items", "files")]
        found.append(raw.execute("SELECT version_num FROM alembic_version").fetchone()[0])
        raw.close()
        return found

    async def test_copying_a_parent_loses_no_child(
        self, old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        body = (
            "    with op.batch_alter_table('runs', recreate='always') as runs:\n"
            "        runs.add_column(sa.Column('mood', sa.Text(), nullable=False, server_default='calm'))\n"
        )
        await self.migrate(old, tmp_path, monkeypatch, body)
        assert self.rows(old) == [1, 1, 1, "next"]
        raw = sqlite3.connect(old)
        raw.execute("PRAGMA foreign_keys = ON")
        assert raw.execute("SELECT mood FROM runs").fetchall() == [("calm",)]
        raw.execute("DELETE FROM conversations")
        assert [raw.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("runs", "items", "files")] == [0, 0, 0]
        raw.close()

    async def test_a_broken_reference_takes_the_whole_migration_back(
        self, old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        body = "    op.add_column('audit', sa.Column('mood', sa.Text()))\n    op.execute('DELETE FROM runs')\n"
        with pytest.raises(migration.BrokenReferences) as broken:
            await self.migrate(old, tmp_path, monkeypatch, body)
        assert broken.value.rows[0][0] == "items"
        assert self.rows(old) == [1, 1, 1, migration.HEAD]
        raw = sqlite3.connect(old)
        assert "mood" not in [column[1] for column in raw.execute("PRAGMA table_info(audit)")]
        raw.close()

    async def test_a_migration_that_fails_halfway_leaves_no_trace(
        self, old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        body = "    op.add_column('audit', sa.Column('mood', sa.Text()))\n    op.execute('SELECT nonsense')\n"
        with pytest.raises(sa.exc.OperationalError):
            await self.migrate(old, tmp_path, monkeypatch, body)
        assert self.rows(old) == [1, 1, 1, migration.HEAD]
