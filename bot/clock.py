"""Time as an argument: what needs to know or to wait takes a `Clock`, so that a test moves the hands itself."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The time of day in UTC: for what is stored or shown."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never going back: for measuring and waiting."""

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """Stands still until `advance`, which wakes sleepers in the order of their deadlines.

    `busy` says whether another thread is at work whose result the hands have to wait for.
    """

    def __init__(
        self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC), *, busy: Callable[[], bool] = lambda: False
    ) -> None:
        self._start = start
        self._busy = busy
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._order), woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Moves on by `seconds`, letting everything that becomes due run before the next sleeper is woken."""
        target = self._elapsed + seconds
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= target:
            deadline, _, woken = heapq.heappop(self._sleepers)
            self._elapsed = max(self._elapsed, deadline)
            if not woken.done():
                woken.set_result(None)
            await self._settle()
        self._elapsed = target

    async def _settle(self) -> None:
        # Ready callbacks may schedule further ones; a bounded number of passes lets chains of awaits finish.
        quiet = 0
        while quiet < 50:
            await asyncio.sleep(0)
            quiet = 0 if self._busy() else quiet + 1
