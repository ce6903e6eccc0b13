"""Conversations under any mix of failures, restarts and crashes, in virtual time.

The property is tried with 8 mixes, times what `--fuzz` says.
"""

from __future__ import annotations

import asyncio
import random
import re
import shutil
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.channels.resets import Resets
from bot.clock import Clock, ManualClock
from bot.context.tokens import TokenCounter
from bot.delivery.answer import Posted
from bot.delivery.scheduler import Scheduler
from bot.domain.actor import EVERYTHING, Actor
from bot.domain.conversation import Place
from bot.domain.run import FinishReason, Run
from bot.errors import (
    DiscordRefused,
    Overloaded,
    QuotaExhausted,
    RateLimited,
    RequestRefused,
    TimedOut,
    Unreachable,
)
from bot.llm.port import Event, Finished, RefusalDelta, Request, TextDelta
from bot.runs.inbox import Inbox, Joined, Queued
from bot.runs.recovery import MAX_ATTEMPTS, Recovery
from bot.runs.signs import WaitingSigns
from bot.runs.turn import Studio
from bot.runs.worker import Worker
from bot.storage import Storage, Work, open_storage
from tests.runs.conftest import ANNA, BORA, Board, BoardTarget, Stage

Thorough = Callable[[Callable[..., None]], Callable[..., None]]

MODERATOR = Actor(user_id=5, name="Mo", permissions=EVERYTHING)
STOPPED = "Stopped: the conversation was reset."
JOURNEY = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the model does with a question."""

    kind: str
    seconds: float
    words: int

    def text(self, number: int) -> str:
        return f"answer {number}: " + " ".join(f"w{number}x{word}" for word in range(self.words))


ENDS = {
    "length": FinishReason.LENGTH,
    "filtered": FinishReason.CONTENT_FILTER,
    "broken": FinishReason.BROKEN,
    "refused": FinishReason.REFUSAL,
}
PASSING = {"limited": RateLimited(4.0), "unreachable": Unreachable("reset"), "overloaded": Overloaded(None)}
LASTING = {"quota": QuotaExhausted(), "request": RequestRefused("no"), "silent": TimedOut(), "bug": ValueError("bug")}
KINDS = ("whole", "whole", "whole", "empty", *ENDS, *PASSING, *LASTING)
WHOLE = ("whole", "refused", *PASSING)
SHOWING = (*WHOLE, *ENDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that happens after a pause: `say`, `command`, `reset`, `crash`, `drain`."""

    kind: str
    pause: float
    channel: int = 1
    bora: bool = False
    plan: Plan


@dataclass
class Life:
    """Of one process. Once it is dead, none of its calls arrives and none of its transactions begins."""

    dead: bool = False
    streaming: set[int] = field(default_factory=set)
    """Channels."""

    async def gate(self) -> None:
        if self.dead:
            await asyncio.Event().wait()


@dataclass
class MortalStorage:
    storage: Storage
    life: Life
    shared: bool = False

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Work]:
        await self.life.gate()
        async with self.storage.write() as work:
            yield work
        await self.life.gate()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Work]:
        await self.life.gate()
        async with self.storage.read() as work:
            yield work


@dataclass
class MortalTarget(BoardTarget):
    life: Life = field(kw_only=True)
    journey: Journeys = field(kw_only=True)

    async def create(
        self, position: int, text: str, *, previews: bool = False, file: str | None = None, again: bool = False
    ) -> Posted:
        lost = await self.journey.there(self.life)
        posted = await super().create(position, text, previews=previews, file=file, again=again)
        await self.journey.back(self.life, lost)
        return posted

    async def edit(self, message_id: int, text: str) -> None:
        lost = await self.journey.there(self.life)
        await super().edit(message_id, text)
        await self.journey.back(self.life, lost)

    async def delete(self, message_id: int) -> None:
        raise AssertionError("nothing is withdrawn")


@dataclass
class Journeys:
    """Calls to Discord and back. `faults` tell of each, by its number, what it meets."""

    clock: Clock
    faults: dict[int, str]
    made: int = 0

    async def there(self, life: Life) -> bool:
        fault = self.faults.get(self.made)
        self.made += 1
        await self.clock.sleep(JOURNEY)
        await life.gate()
        if fault == "before":
            await self.clock.sleep(JOURNEY)
            raise DiscordRefused(502, 0, "bad gateway")
        return fault == "after"

    async def back(self, life: Life, lost: bool) -> None:
        await self.clock.sleep(JOURNEY)
        await life.gate()
        if lost:
            raise DiscordRefused(0, 0, "connection reset")


@dataclass
class Muse:
    """The model: it does with each question what is planned for that."""

    theatre: Theatre
    life: Life

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        await self.life.gate()
        number = int(re.findall(r"q(\d+)q", request.messages[-1].content)[-1])
        plan, attempt = await self.theatre.begin(number)
        channel = self.theatre.run_of[number].place.channel_id
        assert channel not in self.life.streaming, "two runs of a conversation at once"
        self.life.streaming.add(channel)
        try:
            await self._pause(plan.seconds / 4)
            if plan.kind in LASTING or (plan.kind in PASSING and attempt == 1):
                raise {**PASSING, **LASTING}[plan.kind]
            async for event in self._write(plan, number):
                yield event
        finally:
            self.life.streaming.discard(channel)

    async def _write(self, plan: Plan, number: int) -> AsyncGenerator[Event, None]:
        delta = RefusalDelta if plan.kind == "refused" else TextDelta
        text = "" if plan.kind == "empty" else plan.text(number)
        pieces = [text[at : at + 40] for at in range(0, len(text), 40)]
        for piece in pieces:
            await self._pause(plan.seconds / len(pieces))
            yield delta(piece)
        yield Finished(ENDS.get(plan.kind, FinishReason.STOP), None)

    async def _pause(self, seconds: float) -> None:
        await self.theatre.stage.clock.sleep(seconds)
        await self.life.gate()

    async def check(self, model: str) -> None:
        return None

    async def close(self) -> None:
        return None


class Theatre:
    def __init__(self, stage: Stage, faults: dict[int, str]) -> None:
        self.stage = stage
        self.journeys = Journeys(stage.clock, faults)
        self.plans: list[Plan] = []
        self.run_of: dict[int, Run] = {}
        """By number of the question."""
        self.calls: dict[int, int] = {}
        self.again: list[int] = []
        """Questions that the model was asked though their answers had begun to be read."""
        self.crashes = 0
        self.lives: list[Process] = []

    async def begin(self, number: int) -> tuple[Plan, int]:
        self.calls[number] = self.calls.get(number, 0) + 1
        if bare(answer_part(await known(self, self.run_of[number]))):
            self.again.append(number)
        return self.plans[number], self.calls[number]

    async def play(self, acts: list[Act]) -> None:
        await self.start()
        for act in acts:
            await self.pass_by(act.pause)
            await self.perform(act)
        await self.stage.until(self.all_ended, step=0.5, limit=900)
        await self.stage.pass_time(self.lives[-1].drain(1.0))

    async def perform(self, act: Act) -> None:
        process, place = self.lives[-1], Place(channel_id=act.channel, guild_id=7)
        match act.kind:
            case "say" | "command":
                await self.say(act, process)
            case "reset":
                forgotten = await process.resets.reset(place, MODERATOR)
                for run_id in forgotten.running:
                    process.worker.stop_run(run_id)
                process.signs.clear(act.channel, forgotten.unanswered, waited=True)
            case "crash":
                process.life.dead = True
                self.crashes += 1
                await self.pass_by(1.0)
                await self.start()
            case "drain":
                await self.stage.pass_time(process.drain(0.0))
                process.life.dead = True
                await self.pass_by(1.0)  # a program does not start faster
                await self.start()

    async def say(self, act: Act, process: Process) -> None:
        number = len(self.plans)
        self.plans.append(act.plan)
        speaker = BORA if act.bora else ANNA
        incoming = self.stage.incoming(
            f"q{number}q", channel_id=act.channel, speaker=speaker, command=act.kind == "command"
        )
        accepting = asyncio.ensure_future(process.inbox.accept(incoming))
        accepting.add_done_callback(lambda done: self.accepted(number, done.result()))
        accepted = await accepting
        if isinstance(accepted, Queued) and accepted.ahead and act.kind == "say":
            process.signs.show(act.channel, incoming.message_id)

    def accepted(self, number: int, accepted: object) -> None:
        if isinstance(accepted, Queued | Joined):
            self.run_of[number] = accepted.run

    async def pass_by(self, seconds: float) -> None:
        end = self.stage.clock.monotonic() + seconds
        while self.stage.clock.monotonic() < end:
            await self.stage.clock.advance(min(0.25, end - self.stage.clock.monotonic()))

    async def start(self) -> None:
        process = Process(self)
        self.lives.append(process)
        await process.recovery.recover(alone=True)
        await process.recovery.expire()
        process.worker.start()

    async def all_ended(self) -> bool:
        return not [row for row in await self.rows() if row["status"] in ("queued", "in_progress", "cancelling")]

    async def rows(self) -> list[dict[str, Any]]:
        return [row for run in self.run_of.values() if (row := await self.stage.row(run.run_id))]


class Process:
    def __init__(self, theatre: Theatre) -> None:
        stage = theatre.stage
        self.life = Life()
        storage = cast("Storage", MortalStorage(stage.storage, self.life))
        board = cast("Board", MortalBoard(stage.board, self.life))
        self.scheduler = Scheduler(stage.clock)
        self.signs = WaitingSigns(board)
        work_waits = asyncio.Event()
        self.inbox = Inbox(storage, stage.clock, stage.counter, work_waits)
        self.resets = Resets(storage, stage.clock, stage.preferences, stage.personas)

        def target(run: Run) -> MortalTarget:
            return MortalTarget(stage.board, run, run.place.channel_id, life=self.life, journey=theatre.journeys)

        studio = Studio(
            storage=storage,
            briefing=stage.studio.briefing,
            model=Muse(theatre, self.life),
            counter=stage.counter,
            scheduler=self.scheduler,
            targets=target,
            notices=stage.board.notice,
            signs=self.signs,
            clock=stage.clock,
            rng=random.Random(4),
        )
        self.worker = Worker(studio, work_waits, concurrency=3, shared=False)
        self.recovery = Recovery(
            storage=storage, posted=board, counter=stage.counter, signs=self.signs, clock=stage.clock
        )

    async def drain(self, seconds: float) -> None:
        await self.worker.drain(seconds)
        await self.signs.close()
        await self.scheduler.close()


@dataclass
class MortalBoard:
    board: Board
    life: Life

    def __getattr__(self, name: str) -> Any:
        async def call(*of: Any) -> Any:
            await self.life.gate()
            return await getattr(self.board, name)(*of)

        return call


def bare(text: str) -> str:
    return "".join(text.split())


def answer_part(shown: str) -> str:
    """Without the question above and the remarks below."""
    return "\n".join(line for line in shown.splitlines() if not line.startswith(("> q", "-# ")))


def begun(text: str, shown: str, *, crashed: bool) -> bool:
    """Whether what is shown is the beginning of an answer. The last pages of one that has ended go out together: a
    crash in that moment may come between them."""
    if not crashed:
        return text.startswith(bare(answer_part(shown)))
    at = 0
    for line in map(bare, answer_part(shown).splitlines()):
        if (found := text.find(line, at)) < 0:
            return False
        at = found + len(line)
    return True


async def known(theatre: Theatre, run: Run) -> str:
    """What is shown of its answer. A page is no run's if the process crashed when it was made, or if Discord failed so
    often that nobody heard of it."""
    stage = theatre.stage
    async with stage.storage.read() as work:
        pages = [page.message_id for page in await work.runs.pages(run.run_id)]
    unknown = [page for page in stage.board.of_run.get(run.run_id, []) if page not in pages]
    assert len(unknown) <= theatre.crashes or (await stage.row(run.run_id))["error"]
    return "\n".join(stage.board.texts[page] for page in pages)


async def assert_ended(theatre: Theatre, number: int, run: Run) -> None:
    stage = theatre.stage
    row, plan, shown = await stage.row(run.run_id), theatre.plans[number], await known(theatre, run)
    said, text = bare(answer_part(shown)), bare(plan.text(number))
    # Of a run that a crash ended, where its last page has no room or it has none.
    told = "".join(stage.board.in_channel(run.place.channel_id))
    marked_below = any(word in told for word in ("interrupted", "I was stopped", STOPPED))
    about = f"{row['status']} {row['error']} {plan} {shown[:200]!r} … {shown[-200:]!r}"
    kept = next(
        (
            turn.answer.text
            for turn in await stage.history(run.place.channel_id)
            if turn.run_id == run.run_id and turn.answer
        ),
        None,
    )
    match row["status"]:
        case "completed":
            assert plan.kind in WHOLE, about
            assert row["error"] or said == text, about
            assert "-# " not in shown, about
            assert kept is None if row["reset_id"] else bare(kept or "") == text, about
        case "incomplete":
            crashed = theatre.crashes > 0
            assert plan.kind in SHOWING and begun(text, shown, crashed=crashed), about
            assert row["error"] or shown.splitlines()[-1].startswith("-# ") or marked_below, about
            remembered = bare(kept or "")
            assert begun(text, kept or "", crashed=crashed) and bool(kept) is not bool(row["reset_id"]), about
            assert row["error"] or row["reset_id"] or remembered == said or marked_below, about
        case "failed":
            assert kept is None, about
            assert shown or row["error"] or (row["attempts"] >= MAX_ATTEMPTS and marked_below), about
            assert row["error"] or not said.startswith(text[:10]), about
        case "cancelled":
            assert kept is None and row["reset_id"], about
            assert marked_below or said == text or not said.startswith(text[:10]), about
        case other:
            raise AssertionError(f"{other}: {about}")


async def perform(
    counter: TokenCounter, clock: ManualClock, path: Path, acts: list[Act], faults: dict[int, str]
) -> None:
    storage = await open_storage(f"sqlite:///{path}")
    try:
        stage = Stage(storage, counter, clock)
        theatre = Theatre(stage, faults)
        await theatre.play(acts)
        last = {run.run_id: number for number, run in sorted(theatre.run_of.items())}
        for run_id, number in last.items():
            await assert_ended(theatre, number, next(run for run in theatre.run_of.values() if run.run_id == run_id))
        assert theatre.again == [], "the model was asked again for what people had begun to read"
        assert stage.board.signs == set() or theatre.crashes
        process = theatre.lives[-1]
        assert not process.scheduler._busy and not process.scheduler._tasks
    finally:
        await end_all()
        await storage.close()


async def end_all() -> None:
    """What hangs in processes that died."""
    for _ in range(20):
        tasks = asyncio.all_tasks() - {cast("asyncio.Task[Any]", asyncio.current_task())}
        for task in tasks:
            task.cancel()
        if not tasks:
            return
        await asyncio.wait(tasks, timeout=0.05)


PLANS = st.builds(
    Plan,
    kind=st.sampled_from(KINDS),
    seconds=st.sampled_from([0.0, 0.4, 2.0, 9.0]),
    words=st.sampled_from([1, 30, 250, 600]),
)
ACTS = st.lists(
    st.builds(
        Act,
        kind=st.sampled_from(["say", "say", "say", "command", "reset", "crash", "drain"]),
        pause=st.sampled_from([0.0, 0.05, 0.13, 0.3, 1.0, 3.1, 8.0]),
        channel=st.integers(1, 2),
        bora=st.booleans(),
        plan=PLANS,
    ),
    min_size=1,
    max_size=10,
)
FAULTS = st.dictionaries(st.integers(0, 25), st.sampled_from(["before", "after"]), max_size=5)


@pytest.fixture
def thorough(request: pytest.FixtureRequest) -> Thorough:
    return settings(
        max_examples=8 * int(request.config.getoption("--fuzz")),
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )


def test_every_question_has_one_end(
    thorough: Thorough, migrated: Path, counter: TokenCounter, busy: Callable[[], bool], tmp_path: Path
) -> None:
    @thorough
    @given(acts=ACTS, faults=FAULTS)
    def property(acts: list[Act], faults: dict[int, str]) -> None:
        for left in tmp_path.iterdir():  # of the mix before
            left.unlink()
        shutil.copy(migrated, tmp_path / "causerie.db")
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(perform(counter, ManualClock(busy=busy), tmp_path / "causerie.db", acts, faults))
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    property()
