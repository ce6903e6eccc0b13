"""A scheduler and a Discord that it makes its calls to, both in virtual time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import structlog

from bot.clock import ManualClock
from bot.delivery.answer import Delivery
from bot.delivery.scheduler import Scheduler
from bot.errors import DiscordRefused
from tests.delivery.discord_double import Channel, Discord

SERVER_ERROR = DiscordRefused(502, 0, "bad gateway")


@dataclass
class World:
    clock: ManualClock
    discord: Discord
    scheduler: Scheduler

    async def run(self, work: asyncio.Task[object], *, step: float = 0.05, limit: float = 300.0) -> None:
        """Moves the clock until `work` is done; raises what it raises."""
        for _ in range(int(limit / step)):
            if work.done():
                work.result()
                return
            await self.clock.advance(step)
        raise AssertionError("not done in time")


@asynccontextmanager
async def world(seed: int = 1, *, rate: float = 50, **options: object) -> AsyncIterator[World]:
    clock = ManualClock()
    discord = Discord(clock, random.Random(seed), **options)  # type: ignore[arg-type]
    scheduler = Scheduler(clock, global_rate=rate)
    discord.scheduler = scheduler
    with structlog.testing.capture_logs() as logs:
        try:
            yield World(clock, discord, scheduler)
        finally:
            await scheduler.close()
    assert [entry for entry in logs if entry["event"] == "scheduler_failed"] == [], "what fails there, nobody awaits"


async def started(here: World, *, since: float = 1) -> Delivery:
    """An answer of which something is seen."""
    delivery = here.scheduler.open(Channel(here.discord, 1))
    delivery.show("Hello there")
    await here.clock.advance(since)
    return delivery


async def assert_tried_for_a_minute(here: World, delivery: Delivery, failures: int) -> None:
    """The last text of an answer of one page, whose edit fails so often from now on: pauses of 0.5 s, then 1, 2, 4 and
    8 make twelve attempts of a minute."""
    here.discord.faults += [("edit", SERVER_ERROR)] * failures
    finish = asyncio.ensure_future(delivery.finish("Hello there. The end."))
    if failures < 12:
        await here.run(finish)
        assert list(here.discord.messages.values()) == ["Hello there. The end."]
    else:
        with pytest.raises(DiscordRefused):
            await here.run(finish)
