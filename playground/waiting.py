"""Waiting for the world without polling: a condition is looked at again after each change, and only then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from playground import events
from playground.world import World

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds that a wait for the bot takes at most, unless told otherwise."""


class Changes:
    def __init__(self, world: World) -> None:
        self._waiting: set[asyncio.Future[None]] = set()
        world.subscribe(self._wake)

    async def wait_for(self, condition: Callable[[], T | None], timeout: float | None = PATIENCE) -> T:
        """What the condition returns once it is true. Raises TimeoutError; without a `timeout` it waits for ever."""
        async with asyncio.timeout(timeout):
            while not (result := condition()):
                await self._change()
        return result

    async def _change(self) -> None:
        change: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(change)
        try:
            await change
        finally:
            self._waiting.discard(change)

    def _wake(self, event: events.Event) -> None:
        for change in self._waiting:
            if not change.done():
                change.set_result(None)
