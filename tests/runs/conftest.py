"""The queue, the worker and the recovery on a real database; Discord is a board of messages, the model has a script."""

from __future__ import annotations

import asyncio
import itertools
import random
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite
import pytest
import sqlalchemy as sa
import structlog

from bot.channels.personas import Personas
from bot.channels.preferences import Preferences
from bot.clock import ManualClock
from bot.context.tokens import TokenCounter
from bot.delivery.answer import InteractionKey, Posted
from bot.delivery.scheduler import Scheduler
from bot.domain.conversation import Addressing, File, Incoming, Place, Quote, Speaker, Turn
from bot.domain.run import Page, Run, RunStatus
from bot.errors import MessageGone, NotAllowed
from bot.llm.scripted import ScriptedModel
from bot.runs.briefing import Briefing
from bot.runs.inbox import Accepted, Inbox, Queued
from bot.runs.recovery import Recovery
from bot.runs.signs import WaitingSigns
from bot.runs.turn import Studio, TurnOfRun
from bot.runs.worker import LEASE, Worker
from bot.storage import Storage, open_storage, upgrade

T = TypeVar("T")

ANNA = Speaker(user_id=11, name="Anna")
BORA = Speaker(user_id=12, name="Bora")
OWNER = "here"


@dataclass
class Board:
    """Messages and reactions as people see them. `failures` are raised in order, by the name of the call."""

    texts: dict[int, str] = field(default_factory=dict)
    channel_of: dict[int, int] = field(default_factory=dict)
    of_run: dict[int, list[int]] = field(default_factory=dict)
    signs: set[int] = field(default_factory=set)
    files: list[str] = field(default_factory=list)
    calls: list[tuple[str, int]] = field(default_factory=list)
    nonces: dict[Hashable, int] = field(default_factory=dict)
    """Of created messages: a create that is repeated gets the first one's message."""
    failures: dict[str, list[Exception | None]] = field(default_factory=dict)
    missing: Exception | None = None
    """What `target` raises: there is nowhere to answer."""
    interactions: bool = True
    """Whether the interaction of a private run is still there."""
    until: datetime | None = None
    """When interactions are over. With it, a command's first target is its interaction; without it, the channel."""
    replies: dict[int, int | None] = field(default_factory=dict)
    """The message that each word to a channel answers."""
    answered: set[int] = field(default_factory=set)
    now: Callable[[], datetime] = ManualClock().now
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(9_000))

    def fail(self, call: str, *errors: Exception | None) -> None:
        self.failures.setdefault(call, []).extend(errors)

    def target(self, run: Run) -> BoardTarget:
        if self.missing is not None:
            raise self.missing
        command = run.reply_to_message_id is None and self.until is not None and run.run_id not in self.answered
        self.answered.add(run.run_id)
        interaction = self.interactions and (run.private or command)
        return BoardTarget(self, run, InteractionKey(f"token {run.run_id}") if interaction else run.place.channel_id)

    def notice(self, run: Run) -> BoardTarget:
        return BoardTarget(self, run, run.place.channel_id, name="notice")

    def post(self, channel_id: int, text: str) -> int:
        message_id = next(self._ids)
        self.texts[message_id], self.channel_of[message_id] = text, channel_id
        return message_id

    def shown(self, run: Run) -> str:
        """The pages of an answer, one below the other."""
        return "\n".join(self.texts[page] for page in self.of_run.get(run.run_id, []) if page in self.texts)

    def in_channel(self, channel_id: int) -> list[str]:
        return [text for page, text in self.texts.items() if self.channel_of[page] == channel_id]

    def called(self, call: str, subject: int) -> None:
        self.calls.append((call, subject))
        waiting = self.failures.get(call)
        if waiting and (error := waiting.pop(0)) is not None:
            raise error

    async def read(self, channel_id: int, message_id: int) -> str:
        self.called("read", message_id)
        if message_id not in self.texts:
            raise MessageGone
        return self.texts[message_id]

    async def edit(self, channel_id: int, message_id: int, text: str) -> None:
        self.called("edit", message_id)
        if message_id not in self.texts:
            raise MessageGone
        self.texts[message_id] = text

    async def send(self, channel_id: int, text: str, reply_to: int | None = None) -> None:
        self.called("send", channel_id)
        self.replies[self.post(channel_id, text)] = reply_to

    async def add(self, channel_id: int, message_id: int) -> None:
        self.called("add", message_id)
        self.signs.add(message_id)

    async def remove(self, channel_id: int, message_id: int) -> None:
        self.called("remove", message_id)
        self.signs.discard(message_id)


@dataclass
class BoardTarget:
    board: Board
    run: Run
    key: Hashable
    name: str = "create"
    """What a new message counts as in `Board.calls`."""

    @property
    def until(self) -> datetime | None:
        return self.board.until if isinstance(self.key, InteractionKey) else None

    async def create(
        self, position: int, text: str, *, previews: bool = False, file: str | None = None, again: bool = False
    ) -> Posted:
        self._refuse_late()
        self.board.called(self.name, self.run.run_id)
        if file is not None:
            self.board.files.append(file)
        nonce = (self.key, self.run.trigger_message_id, self.name, position)
        if (made := self.board.nonces.get(nonce)) in self.board.texts:
            return Posted(message_id=made, text=self.board.texts[made])
        message_id = self.board.nonces[nonce] = self.board.post(self.run.place.channel_id, text)
        if self.name != "notice":
            self.board.of_run.setdefault(self.run.run_id, []).append(message_id)
        return Posted(message_id=message_id, text=text)

    def _refuse_late(self) -> None:
        if self.until is not None and self.board.now() >= self.until + timedelta(minutes=1):
            raise NotAllowed("Invalid Webhook Token")

    async def edit(self, message_id: int, text: str) -> None:
        self._refuse_late()
        await self.board.edit(self.run.place.channel_id, message_id, text)

    async def delete(self, message_id: int) -> None:
        self.board.called("delete", message_id)
        self.board.texts.pop(message_id, None)

    async def typing(self) -> None:
        self.board.called("typing", self.run.run_id)

    async def withdraw(self) -> None:
        self.board.called("withdraw", self.run.run_id)


@dataclass
class Stage:
    storage: Storage
    counter: TokenCounter
    clock: ManualClock
    board: Board = field(default_factory=Board)
    work_waits: asyncio.Event = field(default_factory=asyncio.Event)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(100))

    def __post_init__(self) -> None:
        self.board.now = self.clock.now
        self.model = ScriptedModel(clock=self.clock)
        self.scheduler = Scheduler(self.clock)
        self.signs = WaitingSigns(self.board)
        self.inbox = Inbox(self.storage, self.clock, self.counter, self.work_waits)
        self.preferences = Preferences(self.storage, self.clock, {"answer_tokens": "500"})
        self.personas = Personas(self.storage, self.clock, self.preferences)
        self.studio = self._studio()
        self.recovery = Recovery(
            storage=self.storage,
            posted=self.board,
            counter=self.counter,
            signs=self.signs,
            clock=self.clock,
        )
        self.workers: list[Worker] = []

    def _studio(self) -> Studio:
        briefing = Briefing(
            self.storage, self.personas, self.preferences, self.counter, model="gpt-6-luna", salt="pepper"
        )
        return Studio(
            storage=self.storage,
            briefing=briefing,
            model=self.model,
            counter=self.counter,
            scheduler=self.scheduler,
            targets=self.board.target,
            notices=self.board.notice,
            signs=self.signs,
            clock=self.clock,
            rng=random.Random(4),
        )

    def incoming(
        self,
        text: str = "question",
        *,
        channel_id: int = 1,
        speaker: Speaker = ANNA,
        message_id: int | None = None,
        command: bool = False,
        private: bool = False,
        quote: Quote | None = None,
        files: tuple[File, ...] = (),
        locale: str | None = "en-US",
    ) -> Incoming:
        return Incoming(
            message_id=message_id or next(self._ids),
            place=Place(channel_id=channel_id, guild_id=7),
            speaker=speaker,
            text=text,
            addressing=Addressing.COMMAND if command or private else Addressing.MENTION,
            quote=quote,
            files=files,
            private=private,
            locale=locale,
        )

    async def say(self, text: str = "question", **options: Any) -> Accepted:
        return await self.inbox.accept(self.incoming(text, **options))

    async def ask(self, text: str = "question", **options: Any) -> Run:
        """A question that waits for a worker."""
        accepted = await self.say(text, **options)
        assert isinstance(accepted, Queued)
        return accepted.run

    async def claim(self, owner: str = OWNER) -> Run:
        async with self.storage.write() as work:
            lease_until = self.clock.now() + LEASE
            (run,) = await work.runs.claim(owner, places=1, now=self.clock.now(), lease_until=lease_until)
        return run

    async def begin(self, text: str = "question", **options: Any) -> TurnOfRun:
        """A claimed run's turn, not carried out yet."""
        await self.ask(text, **options)
        return TurnOfRun(self.studio, await self.claim(), OWNER)

    async def answer(self, text: str = "question", **options: Any) -> Run:
        """From the question to the run's end."""
        run = await self.ask(text, **options)
        await self.pass_time(TurnOfRun(self.studio, await self.claim(), OWNER).carry_out())
        return run

    async def pass_time(self, work: Awaitable[T], *, step: float = 0.1, limit: float = 600.0) -> T:
        """Moves the clock until `work` is done."""
        task = asyncio.ensure_future(work)
        await self.until(lambda: _said(task.done()), step=step, limit=limit)
        return await task

    async def until(self, reached: Callable[[], Awaitable[bool]], *, step: float = 0.1, limit: float = 600.0) -> None:
        for _ in range(int(limit / step)):
            if await reached():
                return
            await self.clock.advance(step)
        raise AssertionError("not reached in time")

    async def until_asked(self) -> None:
        """Until the model is; the clock stands still meanwhile."""
        for _ in range(1_000):
            if self.model.requests:
                return
            await self.row(0)
        raise AssertionError("the model was not asked")

    async def until_shown(self, text: str) -> None:
        await self.until(lambda: _said(any(text in shown for shown in self.board.texts.values())))

    async def until_status(self, run: Run, status: RunStatus) -> None:
        async def reached() -> bool:
            return bool((await self.row(run.run_id))["status"] == status)

        await self.until(reached)

    async def row(self, run_id: int) -> dict[str, Any]:
        """Of the table `runs`; empty if there is none."""
        query = sa.text("SELECT * FROM runs WHERE id = :id")
        async with self.storage.read() as work:
            row = (await work.connection.execute(query, {"id": run_id})).mappings().one_or_none()
        return dict(row or {})

    async def count(self, table: str) -> int:
        async with self.storage.read() as work:
            return int(await work.connection.scalar(sa.text(f"SELECT count(*) FROM {table}")) or 0)

    async def history(self, channel_id: int = 1) -> tuple[Turn, ...]:
        async with self.storage.read() as work:
            return (await work.conversations.transcript(channel_id, run_id=10**9)).history

    async def answers(self, channel_id: int = 1) -> list[str | None]:
        return [None if turn.answer is None else turn.answer.text for turn in await self.history(channel_id)]

    def worker(self, *, concurrency: int = 4, shared: bool = False, name: str = OWNER) -> Worker:
        worker = Worker(self.studio, self.work_waits, concurrency=concurrency, shared=shared, name=name)
        self.workers.append(worker)
        worker.start()
        return worker

    async def show_pages(self, run: Run, *texts: str) -> list[int]:
        """As a process that died left them."""
        posted = [self.board.post(run.place.channel_id, text) for text in texts]
        async with self.storage.write() as work:
            for position, message_id in enumerate(posted):
                page = Page(position=position, message_id=message_id)
                await work.runs.add_page(run.run_id, page, run.place.channel_id)
        self.board.of_run[run.run_id] = posted
        return posted

    async def close(self) -> None:
        for worker in self.workers:
            await self.pass_time(worker.drain(0))
        await self.scheduler.close()
        await self.signs.close()
        await self.storage.close()


async def _said(value: bool) -> bool:
    return value


def _apart(work: Callable[[], Awaitable[T]]) -> T:
    """In a loop of its own: pytest-asyncio keeps the loop of this thread for the tests."""

    async def run() -> T:
        return await work()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, run()).result()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "causerie.db"
    _apart(lambda: upgrade(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def counter(tmp_path_factory: pytest.TempPathFactory) -> TokenCounter:
    counter = TokenCounter("gpt-6-luna", cache_dir=tmp_path_factory.mktemp("ranks"))
    _apart(counter.load)
    return counter


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Tracebacks of failures that a test wants are slow to draw."""
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """Whether a database's thread is at work: clocks stand still meanwhile, however busy the machine is."""
    trips = 0

    def counted(trip: Callable[..., Awaitable[T]]) -> Callable[..., Awaitable[T]]:
        async def wrapper(*args: Any, **kwargs: Any) -> T:
            nonlocal trips
            trips += 1
            try:
                return await trip(*args, **kwargs)
            finally:
                trips -= 1

        return wrapper

    for name in ("_connect", "_execute"):
        monkeypatch.setattr(aiosqlite.Connection, name, counted(getattr(aiosqlite.Connection, name)))
    return lambda: trips > 0


@pytest.fixture
async def stage(
    migrated: Path, counter: TokenCounter, busy: Callable[[], bool], tmp_path: Path
) -> AsyncIterator[Stage]:
    shutil.copy(migrated, tmp_path / "causerie.db")
    stage = Stage(await open_storage(f"sqlite:///{tmp_path / 'causerie.db'}"), counter, ManualClock(busy=busy))
    yield stage
    await stage.close()
