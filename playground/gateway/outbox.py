"""What one connection is still to be sent.

A bot that does not read its gateway stops the writer of its connection, and what happens piles up here. Discord
publishes no number for how much; beyond this one the connection is closed with 4000, after which libraries resume.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from playground.gateway.frames import Closing

MAX_WAITING = 10_000
"""Messages, beside those of a resumption: half of what a session keeps, so that what was not read can be resumed."""


class Outbox(asyncio.Queue["str | Closing | None"]):
    """Messages for one connection; a code closes it, None cuts it."""

    def __init__(self) -> None:
        super().__init__()
        self._most = MAX_WAITING
        self.overrun = asyncio.Event()
        """Set once there was no room; from then on nothing more is taken."""

    def put_nowait(self, item: str | Closing | None) -> None:
        if self.qsize() >= self._most:
            self.overrun.set()
        if not self.overrun.is_set():
            super().put_nowait(item)

    def replay(self, texts: Iterable[str]) -> None:
        """However many they are."""
        for text in texts:
            self._most += 1
            self.put_nowait(text)

    def close(self, closing: Closing) -> None:
        """At once, in place of what has not been sent yet."""
        while not self.empty():
            self.get_nowait()
        self.put_nowait(closing)
