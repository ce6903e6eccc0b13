"""A Discord in virtual time that counts strictly: a call too many is a 429, noted and never forgiven."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import timedelta

from bot.clock import Clock
from bot.delivery.answer import InteractionKey, Posted, Route
from bot.delivery.budget import RateLimit
from bot.delivery.scheduler import Scheduler
from bot.delivery.slot import FIRST_SNOWFLAKE
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What one call meets on its way."""

    error: DeliveryError | None = None
    after: bool = False
    """Discord has done what it was asked to; only the answer is lost."""
    delay: float = 0.0
    """Seconds until that is known."""
    silent: bool = False
    """No headers come."""
    limited: RateLimit | None = None
    """A 429 comes first. As discord.py does, the client waits and makes the call again."""
    lie: Callable[[RateLimit], RateLimit] | None = None
    """What the headers say instead of the truth."""


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
    stumbling: bool = False
    """Each call of a channel fails once, which the client notices and makes it again by itself."""
    trouble: Callable[[Channel, Route], Fault] | None = None
    """What each call meets."""
    newest_id: int = 0
    recent: deque[float] = field(default_factory=deque)
    windows: dict[tuple[Hashable, float], Bucket] = field(default_factory=dict)
    """Of interactions, the short one by token and the long one by channel."""

    async def call(self, channel: Channel, route: Route) -> DeliveryError | None:
        """Raises what kept the call from being done; returns what happened to its answer alone."""
        key = channel.key
        fault = self.trouble(channel, route) if self.trouble is not None else Fault()
        if self.stumbling and not self._takes_all(key, await self._arrive(key)):
            self.refused.append((self.clock.monotonic(), key, route))
        if fault.limited is not None:
            await self._limit(key, route, fault.limited)
        now = await self._arrive(key)
        self.calls.append((now, key, route))
        bucket = self._bucket(key, route)
        accepted = bucket.take(now) and self._takes_all(key, now)
        if not accepted:
            self.refused.append((now, key, route))
        told = RateLimit(
            limit=bucket.limit,
            remaining=max(bucket.limit - bucket.used, 0),
            reset_after=round(bucket.reset - now, 3),
            served_at=round(now + 1.8e9, 3),
        )
        await self.clock.sleep(self._travel() + fault.delay)
        if self.headers and not fault.silent:
            self._tell(key, route, fault.lie(told) if fault.lie is not None else told)
        if self.faults and self.faults[0][0] == route:
            raise self.faults.popleft()[1]
        if fault.error is not None and not fault.after:
            raise fault.error
        return fault.error

    async def _limit(self, key: Hashable, route: Route, told: RateLimit) -> None:
        await self._arrive(key)
        await self.clock.sleep(self._travel())
        self._tell(key, route, told)
        await self.clock.sleep(told.retry_after or 0.0)

    def _tell(self, key: Hashable, route: Route, told: RateLimit) -> None:
        if self.scheduler is not None:
            self.scheduler.learn(key, route, told)

    async def _arrive(self, key: Hashable) -> float:
        if self.scheduler is not None and not isinstance(key, InteractionKey):
            self.scheduler.leave()
        await self.clock.sleep(self._travel())
        return self.clock.monotonic()

    def new_id(self) -> int:
        """Tells when it was made, as Discord's do."""
        told = int((self.clock.now() - FIRST_SNOWFLAKE) / timedelta(milliseconds=1)) << 22
        self.newest_id = max(told, self.newest_id + 1)
        return self.newest_id

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
    doubted: list[bool] = field(default_factory=list)
    """Of each create, whether the message could have been there already."""
    until: None = None

    async def create(
        self, position: int, text: str, *, previews: bool = False, file: str | None = None, again: bool = False
    ) -> Posted:
        assert position not in self.under_way, "two calls at once for one page"
        self.under_way.add(position)
        self.doubted.append(again)
        try:
            lost = await self.discord.call(self, "create")
        finally:
            self.under_way.remove(position)
        posted = self._posted(position, text, previews, file, again)
        if lost is None and self.discord.lost:
            lost = self.discord.lost.popleft()
        if lost is not None:
            raise lost
        return posted

    def _posted(self, position: int, text: str, previews: bool, file: str | None, again: bool) -> Posted:
        nonce = not isinstance(self.key, InteractionKey)
        if self.made.get(position) in self.discord.messages and (nonce or again):  # it stays as it is
            return Posted(message_id=self.made[position], text=self.discord.messages[self.made[position]])
        message_id = self.made[position] = self.discord.new_id()
        self.previews.add(previews)
        if file is not None:
            self.files[position] = file
        self.positions.append(position)
        self._see(message_id, text)
        return Posted(message_id=message_id, text=text)

    async def edit(self, message_id: int, text: str) -> None:
        assert -message_id not in self.under_way, "two calls at once for one page"
        self.under_way.add(-message_id)
        try:
            lost = await self.discord.call(self, "edit")
        finally:
            self.under_way.remove(-message_id)
        if message_id not in self.discord.messages:
            raise MessageGone
        self._see(message_id, text)
        if lost is not None:
            raise lost

    async def delete(self, message_id: int) -> None:
        lost = await self.discord.call(self, "delete")
        if self.discord.messages.pop(message_id, None) is None:
            raise MessageGone
        if lost is not None:
            raise lost

    async def typing(self) -> None:
        self.typed.append(self.discord.clock.monotonic())
        if isinstance(self.key, InteractionKey):
            return  # Discord shows by itself that it waits
        if (lost := await self.discord.call(self, "typing")) is not None:
            raise lost

    async def withdraw(self) -> None:
        raise AssertionError("a delivery takes back what it has shown itself")

    def _see(self, message_id: int, text: str) -> None:
        assert text.strip(), "Discord refuses blank messages"
        self.discord.messages[message_id] = text
        self.seen.append((self.discord.clock.monotonic(), message_id, text))
