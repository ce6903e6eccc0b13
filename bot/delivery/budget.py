"""What may be sent when: the rate limits of one channel or interaction, and Discord's over all of them.

A `Window` counts as the server does: the first call opens it, it lasts a period, it takes so many calls. We cannot see
the server's clock, so everything errs to one side. A call counts from the moment it leaves, and until its answer says
which window it fell into, it counts in both. A window's end is taken from an answer, which comes after the server has
counted, so it is never too early; MARGIN covers rounding. The counts in the headers outrank our own, since others post
to the same channel; ours fill in where a server sends none.

A `Budget` is every window that one kind of call must pass. It knows two kinds of urgency. A *final* text goes once a
slot is free. An *intermediate* one leaves a slot for a final, and keeps step: what is left of the window, divided by
the slots left in it. So five calls per five seconds become one each 1.25 s, instead of four at once and a freeze, and
the step finds itself again wherever the window began and whoever else spends from it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

MARGIN = 0.05
"""Seconds after a window's end before it is used anew. Headers carry milliseconds; discord.py wakes its own waiters
just after the end, and a call that comes before them waits for a whole window more."""
RESERVE = 1
"""Slots of a window that intermediate texts leave to a final one."""
HORIZON = 1.1
"""Seconds in which no more than the global rate is sent: one, and the difference that two journeys may have."""
PACED_SHARE = 0.8
"""The part of the global rate that intermediate texts may use; the rest is for first and final ones, and for what the
program sends past the scheduler."""


class Window:
    """`limit` calls in `period` seconds. `lead` spends the first half of the slots that many times faster than even."""

    def __init__(self, limit: int, period: float, *, lead: float = 1.0) -> None:
        self.limit = limit
        self.period = period
        self._lead = lead
        self._end: float | None = None
        self._firm = False
        """Whether `_end` comes from an answer; before the first one it is a guess, and too early."""
        self._counted = 0
        self._flying = 0
        self._reported = 0
        """Calls in flight whose headers were counted already."""
        self._last = -math.inf

    def ready(self, now: float, *, reserve: int, paced: bool) -> float:
        """The earliest time for a call, as far as can be known now."""
        self._roll(now)
        left = self.limit - self._counted - self._flying - min(reserve, self.limit - 1)
        if left <= 0:
            return (now + self.period if self._end is None else self._end) + MARGIN
        return max(now, self._last + self._step(left)) if paced else now

    def idle(self, now: float) -> bool:
        self._roll(now)
        return self._end is None and self._flying == 0

    def start(self, now: float) -> None:
        self._roll(now)
        self._flying += 1
        self._last = now
        if self._end is None:
            self._end, self._firm = now + self.period, False

    def settle(self, now: float) -> None:
        """A call was answered, or failed: without headers it is taken as counted."""
        self._flying -= 1
        if self._reported:
            self._reported -= 1
            return
        self._counted += 1
        if not self._firm or self._end is None:
            self._end, self._firm = now + self.period, True

    def learn(self, now: float, *, limit: int, remaining: int, reset_after: float, ours: bool) -> None:
        end, used = now + reset_after, limit - remaining
        self.limit = limit
        if used == 1 and reset_after > 0:
            self.period = reset_after
        if self._end is None or not self._firm or end > self._end + self.period / 2:
            self._end, self._firm, self._counted = end, True, used
        elif end > self._end - self.period / 2:
            self._end, self._counted = min(self._end, end), max(self._counted, used)
        if ours:
            self._reported = min(self._reported + 1, self._flying)

    def block(self, now: float, seconds: float) -> None:
        self._end, self._firm, self._counted = now + seconds, True, self.limit

    def _roll(self, now: float) -> None:
        if self._end is not None and now >= self._end + MARGIN:
            self._end, self._firm, self._counted, self._reported = None, False, 0, 0

    def _step(self, left: int) -> float:
        if self._end is None:
            even = self.period / max(self.limit - RESERVE, 1)
        else:
            even = (self._end + MARGIN - self._last) / (left + 1)
        return even / self._lead if left * 2 > self.limit else even


class Budget:
    """The windows that one kind of call must pass. Headers speak of the first; the others are counted only here."""

    def __init__(self, windows: Sequence[Window]) -> None:
        self._windows = tuple(windows)
        self._last = -math.inf

    def ready(self, now: float, *, final: bool, step: float = 0.0) -> float:
        """The earliest time for a call; an intermediate one comes at least `step` seconds after the call before it."""
        if final:
            return max(window.ready(now, reserve=0, paced=False) for window in self._windows)
        paced = (window.ready(now, reserve=RESERVE, paced=True) for window in self._windows)
        return max(self._last + step, *paced)

    def idle(self, now: float) -> bool:
        return all(window.idle(now) for window in self._windows)

    def start(self, now: float) -> None:
        self._last = now
        for window in self._windows:
            window.start(now)

    def settle(self, now: float) -> None:
        for window in self._windows:
            window.settle(now)

    def learn(self, now: float, *, limit: int, remaining: int, reset_after: float, ours: bool) -> None:
        self._windows[0].learn(now, limit=limit, remaining=remaining, reset_after=reset_after, ours=ours)

    def block(self, now: float, seconds: float) -> None:
        """After a 429: nothing more for `seconds`."""
        self._windows[0].block(now, seconds)


class GlobalRate:
    """Calls per second over all channels: 50 for each bot (Discord's documentation, Rate Limits)."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._sent: deque[float] = deque()
        self._blocked_until = -math.inf

    def ready(self, now: float, *, final: bool) -> float:
        while self._sent and self._sent[0] <= now - HORIZON:
            self._sent.popleft()
        room = max(int(self._rate * (1.0 if final else PACED_SHARE)), 1)
        excess = len(self._sent) - room
        free_at = now if excess < 0 else self._sent[excess] + HORIZON
        return max(now, free_at, self._blocked_until)

    def step(self, streams: int) -> float:
        """Seconds between two intermediate texts of one of so many streams, so that all of them keep to the rate."""
        return streams * HORIZON / max(int(self._rate * PACED_SHARE), 1)

    def start(self, now: float) -> None:
        self._sent.append(now)

    def block(self, now: float, seconds: float) -> None:
        self._blocked_until = now + seconds
