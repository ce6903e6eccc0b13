"""The sign on a message that waits: put on when it has to, taken off when its run starts."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol
from weakref import WeakValueDictionary

import structlog

from bot.errors import DeliveryError

log = structlog.get_logger(__name__)


class Reactions(Protocol):
    """The bot's own reaction on a message. Both raise DeliveryError."""

    async def add(self, channel_id: int, message_id: int) -> None: ...

    async def remove(self, channel_id: int, message_id: int) -> None: ...


CLOSING = 5.0
"""Seconds that the program's end waits for signs under way: a Discord that is silent would hold it for minutes."""
MAX_KNOWN = 1_000
"""Signs and starts that are remembered; what was forgotten is treated as another process's."""


class WaitingSigns:
    def __init__(self, reactions: Reactions, *, closing: float = CLOSING) -> None:
        self._reactions = reactions
        self._closing = closing
        self._shown: dict[int, asyncio.Task[None]] = {}
        self._removals: set[asyncio.Task[None]] = set()
        self._started: deque[int] = deque(maxlen=MAX_KNOWN)
        self._bare: deque[int] = deque(maxlen=MAX_KNOWN)
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        """Of each channel: adding and removing spend one small limit there, and discord.py returns when it is reset."""

    def leave_out(self, message_id: int) -> None:
        """The message needs no sign: nothing waits before it. Unless told so, what waited may carry one."""
        self._bare.append(message_id)

    def show(self, channel_id: int, message_id: int) -> None:
        """Returns at once; nothing happens where the bot may not react, or if the run has started meanwhile."""
        if message_id in self._shown or message_id in self._started:
            return
        self._shown[message_id] = asyncio.create_task(self._call(self._reactions.add, channel_id, message_id))
        oldest = next(iter(self._shown))
        if len(self._shown) > MAX_KNOWN and self._shown[oldest].done():
            del self._shown[oldest]

    def clear(self, channel_id: int, message_ids: Iterable[int], *, waited: bool = False) -> None:
        """Returns at once. A sign on its way is awaited first, so that none stays behind.

        `waited`: the message may carry a sign that another process, or this one in an earlier life, put on.
        """
        for message_id in message_ids:
            self._started.append(message_id)
            shown = self._shown.pop(message_id, None)
            if shown is not None or (waited and message_id not in self._bare):
                removal = asyncio.create_task(self._remove_after(shown, channel_id, message_id))
                self._removals.add(removal)
                removal.add_done_callback(self._removals.discard)

    async def close(self) -> None:
        """Signs that are not answered by then stay as they are."""
        if tasks := {*self._shown.values(), *self._removals}:
            _, late = await asyncio.wait(tasks, timeout=self._closing)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _remove_after(self, shown: asyncio.Task[None] | None, channel_id: int, message_id: int) -> None:
        if shown is not None:
            await shown
        await self._call(self._reactions.remove, channel_id, message_id)

    async def _call(self, call: Callable[[int, int], Awaitable[None]], channel_id: int, message_id: int) -> None:
        turn = self._turns.setdefault(channel_id, asyncio.Lock())
        try:
            async with turn:
                await call(channel_id, message_id)
        except DeliveryError as error:
            log.info("waiting_sign_failed", error=str(error))
        except Exception:  # the edge of a background task: a sign is never worth more than a line in the log
            log.exception("waiting_sign_failed")
