"""The worker: claims queued runs under a lease and carries them out, one at a time in a conversation.

A run belongs to the worker whose name stands in its lease until the lease passes; the heartbeat extends the leases of
all runs in hand. A worker that dies leaves leases that pass, and `recovery` takes its runs up. On a database that
several processes share, the heartbeat also learns that another process was told to stop a run of ours.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from bot.domain.run import Run
from bot.runs.turn import Studio, TurnOfRun, end_unbegun
from bot.storage import Conflict

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
HEARTBEAT = 15.0
"""Seconds between two extensions: three may fail before a lease passes."""
ENDING = 5.0
"""Seconds that interrupted answers get to be marked; a rate limit may want more."""
POLL = 2.0
"""Seconds between two looks for runs that another process queued."""


@dataclass(slots=True)
class _InHand:
    run: Run
    stopped: bool = False
    """A person stopped it, by resetting its conversation."""
    lost: bool = False
    """Its lease passed and another process took it up: nothing more may be shown or stored from here."""
    ending: bool = False
    """Its end is being shown and stored, which nobody may stop any more."""


class Worker:
    """`work_waits` wakes it; `shared` tells that other processes queue runs in the same database."""

    def __init__(
        self, studio: Studio, work_waits: asyncio.Event, *, concurrency: int, shared: bool, name: str | None = None
    ) -> None:
        self.name = name or uuid.uuid4().hex
        self._studio = studio
        self._work_waits = work_waits
        self._concurrency = concurrency
        self._shared = shared
        self._in_hand: dict[int, _InHand] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._loops: list[asyncio.Task[None]] = []
        self._draining = False

    def start(self) -> None:
        self._loops = [asyncio.create_task(self._claim_loop()), asyncio.create_task(self._heartbeat_loop())]

    @property
    def in_hand(self) -> Collection[int]:
        """Ids of the runs that it carries out now."""
        return tuple(self._in_hand)

    @property
    def alive(self) -> bool:
        """False once one of its loops has ended: it should not."""
        return bool(self._loops) and not any(loop.done() for loop in self._loops)

    def stop_run(self, run_id: int) -> None:
        """Ends a run in hand because its conversation was reset. No effect on a run of another worker."""
        in_hand = self._in_hand.get(run_id)
        if in_hand is not None and not (in_hand.stopped or in_hand.lost or in_hand.ending):
            in_hand.stopped = True
            self._tasks[run_id].cancel()

    async def drain(self, seconds: float) -> None:
        """Claims no more, gives running turns `seconds`, then interrupts what is left, which takes ENDING at most.

        A run whose end cannot be shown or stored by then is left to its lease: the next start closes it.
        """
        self._draining = True
        await self._end_loop(0)
        tasks = list(self._tasks.values())
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        for run_id, in_hand in self._in_hand.items():
            if not in_hand.ending:
                self._tasks[run_id].cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=ENDING)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._end_loop(1)

    async def _end_loop(self, index: int) -> None:
        if self._loops:
            self._loops[index].cancel()
            await asyncio.gather(self._loops[index], return_exceptions=True)

    async def _claim_loop(self) -> None:
        """Wakes up for a new run and for one that has ended, since the next of its conversation may wait.

        Cancelled while it claims, it leaves the runs to their leases.
        """
        while True:
            self._work_waits.clear()
            try:
                runs = await self._claim()
            except Exception:  # the edge of a background task: a database that is away may come back
                log.exception("claim_failed")
                await self._studio.clock.sleep(POLL)
                continue
            for run in sorted(runs, key=lambda run: run.run_id in self._tasks):  # none waits for another's former
                await self._end_former(run.run_id)
                self._take(run)
            await self._something_new()

    async def _end_former(self, run_id: int) -> None:
        """Of a run that was lost to another process, queued again there, and came back before anybody noticed."""
        former = self._tasks.get(run_id)
        if former is not None:
            self._lose(run_id)
            await asyncio.wait({former})

    def _take(self, run: Run) -> None:
        self._in_hand[run.run_id] = _InHand(run)
        task = self._tasks[run.run_id] = asyncio.create_task(self._hold(self._in_hand[run.run_id]))
        task.add_done_callback(lambda _task: self._let_go(run.run_id))

    def _let_go(self, run_id: int) -> None:
        self._in_hand.pop(run_id, None)
        self._tasks.pop(run_id, None)
        self._work_waits.set()

    async def _something_new(self) -> None:
        if not self._shared:
            await self._work_waits.wait()
            return
        try:
            async with asyncio.timeout(POLL):
                await self._work_waits.wait()
        except TimeoutError:
            return

    async def _claim(self) -> Sequence[Run]:
        places = self._concurrency - len(self._tasks)
        if places <= 0:
            return ()
        now = self._studio.clock.now()
        try:
            async with self._studio.storage.write() as work:
                return await work.runs.claim(self.name, places=places, now=now, lease_until=now + LEASE)
        except Conflict:  # another process was faster
            return ()

    async def _hold(self, in_hand: _InHand) -> None:
        """A run in hand, to its end. What nobody foresaw ends the run, never the worker."""
        turn: TurnOfRun | None = None
        try:
            turn = TurnOfRun(self._studio, in_hand.run, self.name)
            await self._carry_out(turn, in_hand)
        except Exception as error:  # the edge of a run
            log.exception("run_crashed", run=in_hand.run.run_id)
            in_hand.ending = True
            await self._end_crashed(turn, in_hand.run, error)

    async def _end_crashed(self, turn: TurnOfRun | None, run: Run, error: Exception) -> None:
        """Again and again until it is stored: a run that stayed active would hold its conversation up."""
        while True:
            try:
                if turn is None:
                    await end_unbegun(self._studio, run, self.name, error)
                else:
                    await turn.crash(error)
                return
            except Exception:  # the edge of a background task: a database that is away may come back
                log.exception("run_not_ended", run=run.run_id)
                if self._draining:
                    return
                await self._studio.clock.sleep(POLL)

    @staticmethod
    async def _carry_out(turn: TurnOfRun, in_hand: _InHand) -> None:
        try:
            await turn.carry_out()
        except asyncio.CancelledError:
            # The task was asked to end so that it can end its run in order; only `drain` may cancel it once more.
            in_hand.ending = True
            if in_hand.lost:
                await turn.give_up()
            elif in_hand.stopped:
                await turn.stop()
            else:
                await turn.interrupt()

    async def _heartbeat_loop(self) -> None:
        while True:
            await self._studio.clock.sleep(HEARTBEAT)
            try:
                await self._heartbeat()
            except Exception:
                log.exception("heartbeat_failed")

    async def _heartbeat(self) -> None:
        held_before = set(self._in_hand)
        if not held_before:
            return
        async with self._studio.storage.write() as work:
            held = await work.runs.extend(self.name, held_before, self._studio.clock.now() + LEASE)
            stopping = await work.runs.cancelling(self.name)
        for run_id in stopping:
            self.stop_run(run_id)
        for run_id in held_before - held:
            self._lose(run_id)

    def _lose(self, run_id: int) -> None:
        in_hand = self._in_hand.get(run_id)
        if in_hand is not None and not (in_hand.stopped or in_hand.lost or in_hand.ending):
            log.warning("lease_lost", run=run_id)
            in_hand.lost = True
            self._tasks[run_id].cancel()
