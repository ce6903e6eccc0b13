"""The rest between two pieces of a stream, so that what comes meanwhile is one piece.

Discord takes a text a second for a channel, two or three for an `/ask`, and to wake up for every token costs more than
the token. So once an answer is under way its stream takes a breath after every piece. Meanwhile its connection is not
read either: the system collects what comes. And all streams come back at the same moments, so that the loop wakes up
once for all of them. In bench/, the breath halves the processor time of a fast answer; the rest of it takes a quarter
off fifty answers at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

PROMPT = 8
"""Pieces of text that are read without a breath: the first words of an answer, for which people wait."""
BREATH, LONGEST_BREATH = 0.08, 0.2
"""Seconds between two pieces, alone and with many streams, on average: see `_until_next`."""
CROWD = 30
"""Streams at once for which a breath is twice as long: each of them is shown less often then."""


class Breath:
    """Of all streams that are read at one time."""

    def __init__(self) -> None:
        self._streams = 0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """One stream more, for as long."""
        self._streams += 1
        try:
            yield
        finally:
            self._streams -= 1

    def seconds(self, deltas: int) -> float:
        """How long, after so many pieces of text."""
        if deltas <= PROMPT:
            return 0.0
        return min(BREATH * (1 + self._streams / CROWD), LONGEST_BREATH)

    async def take(self, deltas: int, transport: asyncio.ReadTransport | None) -> None:
        """`transport` is what the stream comes from, and must have nothing more to hand on; None leaves it alone.

        Every breath gives the loop a turn, so that a server that sends faster than we read starves nobody.
        """
        seconds = _until_next(asyncio.get_running_loop().time(), self.seconds(deltas))
        if transport is None or not seconds:
            await asyncio.sleep(seconds)
            return
        transport.pause_reading()
        try:
            await asyncio.sleep(seconds)
        finally:
            if not transport.is_closing():  # asyncio's TLS transports fail then
                transport.resume_reading()


def _until_next(now: float, seconds: float) -> float:
    """To a multiple of `seconds`, from half to one and a half of them away: who comes late may be late by half."""
    return seconds * 1.5 - (now + seconds / 2) % seconds if seconds else 0.0
