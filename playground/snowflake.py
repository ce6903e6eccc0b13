"""Ids that carry their time: milliseconds since 2015 in the upper 42 bits, as Discord's do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from playground.clock import Clock

EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
MAX_DIGITS = 19
"""Of an id."""
_TIME_BITS = 22
_GUILD_WORKER = 1 << 17
_OTHER_WORKER = 2 << 17


def created_at(snowflake: int) -> datetime:
    return EPOCH + timedelta(milliseconds=snowflake >> _TIME_BITS)


def id_in(text: str) -> int | None:
    """The id that the text is; None where it is none, be it a word or a number of any length."""
    return int(text) if len(text) <= MAX_DIGITS and text.isdecimal() else None


class Snowflakes:
    """Strictly increasing. Guilds have a row of their own with a millisecond each, so that they spread over shards."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0
        self._last_guild_ms = 0

    def next(self) -> int:
        self._last = max(self._last + 1, self._milliseconds() << _TIME_BITS | _OTHER_WORKER)
        return self._last

    def next_guild(self) -> int:
        self._last_guild_ms = max(self._last_guild_ms + 1, self._milliseconds())
        return self._last_guild_ms << _TIME_BITS | _GUILD_WORKER

    def _milliseconds(self) -> int:
        return (self._clock.now() - EPOCH) // timedelta(milliseconds=1)
