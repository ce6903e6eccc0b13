"""A Discord in virtual time that counts strictly: a call too many is a 429, noted and never forgiven."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import timedelta

from bot.clock import Clock
from bot.delivery.answer import FIRST_SNOWFLAKE, InteractionKey, Posted, Route
from bot.delivery.budget import RateLimit
from bot.delivery.scheduler import Scheduler
from bot.errors import DeliveryError, MessageGone


@dataclass(slots=True)
class Bucket:
    """Opened by its first call; `reset` is when it ends."""

    limit: int = 5
    period: float = 5.0
    used: int = 0
    reset: float = -1.0

    def take(self, now: float) -> bool:
        if now >= self.reset:
            self.used, self.reset = 0, now + self.period
        self.used += 1
        return self.used <= self.limit


@dataclass(slots=True)
class Discord:
    clock: Clock
    rng: random.Random
    headers: bool = True
    latency: float = 0.1
    """Seconds for one way at the most; each takes at least half of it."""
    scheduler: Scheduler | None = None
    buckets: dict[tuple[Hashable, Route], Bucket] = field(default_factory=dict)
    refused: list[tuple[float, Hashable, str]] = field(default_factory=list)
    calls: list[tuple[float, Hashable, str]] = field(default_factory=list)
    messages: dict[int, str] = field(default_factory=dict)
    faults: deque[tuple[str, DeliveryError]] = field(default_factory=deque)
    """Raised by the next calls of these routes."""
    lost: deque[DeliveryError] = field(default_factory=deque)
    """Raised by the next creates after their messages were made: only the answer is lost."""
    recent: deque[float] = field(default_factory=deque)
    windows: dict[tuple[Hashable, float], Bucket] = field(default_factory=dict)
    """Of interactions, the short one by token and the long one by channel."""

    async def call(self, key: Hashable, route: Route) -> None:
        if self.scheduler is not None and not isinstance(key, InteractionKey):
            self.scheduler.leave()
        await self.clock.sleep(self._travel())
        now = self.clock.monotonic()
        self.calls.append((now, key, route))
        bucket = self._bucket(key, route)
        accepted = bucket.take(now) and self._takes_all(key, now)
        if not accepted:
            self.refused.append((now, key, route))
        reset_after = bucket.reset - now
        await self.clock.sleep(self._travel())
        if self.headers and self.scheduler is not None:
            remaining = max(bucket.limit - bucket.used, 0)
            told = RateLimit(
                limit=bucket.limit,
                remaining=remaining,
                reset_after=round(reset_after, 3),
                served_at=round(now + 1.8e9, 3),
            )
            self.scheduler.learn(key, route, told)
        if self.faults and self.faults[0][0] == route:
            raise self.faults.popleft()[1]

    def new_id(self) -> int:
        """Tells when it was made, as Discord's do."""
        return (int((self.clock.now() - FIRST_SNOWFLAKE) / timedelta(milliseconds=1)) << 22) + len(self.messages)

    def _takes_all(self, key: Hashable, now: float) -> bool:
        if isinstance(key, InteractionKey):
            windows = [
                self.windows.setdefault((key.token, 2.0), Bucket(5, 2.0)),
                self.windows.setdefault((key.channel_id or key.token, 60.0), Bucket(30, 60.0)),
            ]
            taken = [window.take(now) for window in windows]
            return all(taken)
        while self.recent and self.recent[0] <= now - 1.0:
            self.recent.popleft()
        self.recent.append(now)
        return len(self.recent) <= 50

    def _bucket(self, key: Hashable, route: Route) -> Bucket:
        period = 2.0 if isinstance(key, InteractionKey) else 5.0
        return self.buckets.setdefault((key, route), Bucket(period=period))

    def _travel(self) -> float:
        return self.latency * self.rng.uniform(0.5, 1.0)


@dataclass(slots=True)
class Channel:
    """The target of one answer. `seen` is every text that a message had, with the time it got it."""

    discord: Discord
    key: Hashable
    seen: list[tuple[float, int, str]] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    typed: list[float] = field(default_factory=list)
    under_way: set[int] = field(default_factory=set)
    made: dict[int, int] = field(default_factory=dict)
    files: dict[int, str] = field(default_factory=dict)
    """What came with which page."""
    previews: set[bool] = field(default_factory=set)
    until: None = None

    async def create(
        self, position: int, text: str, *, previews: bool = False, file: str | None = None, again: bool = False
    ) -> Posted:
        assert position not in self.under_way, "two calls at once for one page"
        self.under_way.add(position)
        try:
            await self.discord.call(self.key, "create")
        finally:
            self.under_way.remove(position)
        if position in self.made:  # the same nonce: the message that it made stays as it is
            return Posted(message_id=self.made[position], text=self.discord.messages[self.made[position]])
        message_id = self.made[position] = self.discord.new_id()
        self.previews.add(previews)
        if file is not None:
            self.files[position] = file
        self.positions.append(position)
        self._see(message_id, text)
        if self.discord.lost:
            raise self.discord.lost.popleft()
        return Posted(message_id=message_id, text=text)

    async def edit(self, message_id: int, text: str) -> None:
        if message_id not in self.discord.messages:
            await self.discord.call(self.key, "edit")
            raise MessageGone
        assert -message_id not in self.under_way, "two calls at once for one page"
        self.under_way.add(-message_id)
        try:
            await self.discord.call(self.key, "edit")
        finally:
            self.under_way.remove(-message_id)
        self._see(message_id, text)

    async def delete(self, message_id: int) -> None:
        await self.discord.call(self.key, "delete")
        if self.discord.messages.pop(message_id, None) is None:
            raise MessageGone

    async def typing(self) -> None:
        self.typed.append(self.discord.clock.monotonic())
        await self.discord.call(self.key, "typing")

    def _see(self, message_id: int, text: str) -> None:
        assert text.strip(), "Discord refuses blank messages"
        self.discord.messages[message_id] = text
        self.seen.append((self.discord.clock.monotonic(), message_id, text))
