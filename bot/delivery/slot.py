"""A page's place in Discord: what the server has of it, what is under way, and what came of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

FIRST_SNOWFLAKE = datetime(2015, 1, 1, tzinfo=UTC)
OLD = timedelta(minutes=59)
"""Messages older than an hour take fewer edits (error 30046); a minute for clocks that differ."""
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 8.0
"""Seconds before a failed call is made again: doubled from the one to the other."""


@dataclass(slots=True)
class Slot:
    """Moments are the clock's monotonic seconds."""

    message_id: int | None = None
    sent: str | None = None
    """The text that the server has, or is about to have; None where that is not known, and for a page taken away."""
    stale_since: float = math.inf
    """When a text came that is not sent."""
    flying: bool = False
    """Whether a call is under way."""
    sent_at: float = -math.inf
    made_at: float = -math.inf
    """When the call left that creates it."""
    doubted: str | None = None
    """The text of a create that may have succeeded, its answer being lost."""
    failures: int = 0
    """In a row, the first of them at `failing_since`."""
    failing_since: float = math.inf
    not_before: float = -math.inf

    @property
    def exists(self) -> bool:
        return self.message_id is not None

    @property
    def surplus(self) -> bool:
        """Whether something stands there, or may, that no page needs."""
        return self.exists or self.doubted is not None

    @property
    def stale(self) -> bool:
        return self.stale_since < math.inf

    def note(self, *, stale: bool, now: float) -> None:
        self.stale_since = min(self.stale_since, now) if stale else math.inf

    def start(self, text: str | None, now: float) -> None:
        """A call leaves that shows `text`, or takes the page away."""
        self.flying, self.stale_since, self.sent_at, self.sent = True, math.inf, now, text
        if not self.exists:
            self.made_at = now

    def made(self, message_id: int, text: str) -> None:
        self.message_id, self.sent, self.doubted = message_id, text, None

    def failed(self, now: float, *, done: bool) -> float:
        """`done`: the server may have done it all the same. Returns the pause before the next attempt."""
        if not self.failures:
            self.failing_since = now
        pause = min(FIRST_PAUSE * 2.0**self.failures, LONGEST_PAUSE)
        self.failures, self.not_before = self.failures + 1, now + pause
        if done and not self.exists:
            self.doubted = self.sent
        self.sent = None
        return pause

    def forgive(self) -> None:
        """What failed before delays nothing that comes."""
        self.failures, self.not_before = 0, -math.inf

    def old(self, now: datetime) -> bool:
        """Whether its message is, as every id of Discord tells (its documentation, Snowflakes)."""
        if self.message_id is None:
            return False
        return now - FIRST_SNOWFLAKE - timedelta(milliseconds=self.message_id >> 22) > OLD
