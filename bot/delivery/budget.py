"""What may be sent when: the rate limits of one channel or interaction, and Discord's over all of them.

A `Window` counts as the server does: the first call opens it, it lasts a period, it takes so many calls. We cannot see
the server's clock, so everything errs to one side. A call counts from the moment it leaves, and until its answer says
which window it fell into, it counts in both. A window's end is taken from an answer, which comes after the server has
counted, so it is never too early; MARGIN covers rounding. The counts in the headers outrank our own, since others post
to the same channel. Of some windows no header tells, and some answers are lost: of such calls there are never more in
any period than the window takes, wherever it may begin.

A `Budget` is every window that one kind of call must pass. An *urgent* call, such as every first and last text of a
page, goes once a slot is free. An *intermediate* one leaves a slot for those, and keeps step: what is left of the
window, divided by the slots left in it. So five calls per five seconds become one each 1.25 s, instead of four at once
and a freeze, and the step finds itself again wherever the window began and whoever else spends from it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

MARGIN = 0.05
"""Seconds after a window's end before it is used anew. Headers carry milliseconds; discord.py wakes its own waiters
just after the end, and a call that comes before them waits for a whole window more."""
RESERVE = 1
"""Slots of a window that intermediate texts leave to urgent calls."""
LEAST_JITTER, USUAL_JITTER, MOST_JITTER = 0.02, 0.1, 0.5
"""Seconds by which two journeys to Discord are taken to differ: at the least, while nothing is known, at the most."""
JOURNEYS = 100
"""The latest ones, which are compared; few say nothing."""
FEW_JOURNEYS = 5
TYPING_SHARE = 0.5
"""The part of the global rate that signs of typing may use."""
PACED_SHARE = 0.7
"""The part of the global rate that intermediate texts may use; the rest is for first and final ones, and for what the
program sends past the scheduler."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """What the headers of an answer say (Discord's documentation, Rate Limits). Times in seconds."""

    limit: int
    remaining: int
    reset_after: float
    retry_after: float | None = None
    """Of a 429."""
    everywhere: bool = False
    """The 429 was for the global rate."""
    shared: bool = False
    """The 429 was for what others spend too."""
    bucket: str | None = None
    """The server's name for what the route is counted in."""
    served_at: float | None = None
    """By the server's clock."""
    ours: bool = True
    """Answers a call made from here."""


class Window:
    """`limit` calls in `period` seconds. Intermediate ones leave `reserve` slots.

    The first `free` of them keep no step; then, until half of the rest is spent, one no longer than `quick` seconds.
    """

    def __init__(
        self, limit: int, period: float, *, reserve: int = RESERVE, free: int = 0, quick: float = math.inf
    ) -> None:
        self.limit = limit
        self.period = period
        self._reserve = reserve
        self._free = free
        self._quick = quick
        self._end: float | None = None
        self._firm = False
        """Whether `_end` comes from an answer; before the first one it is a guess, and too early."""
        self._counted = 0
        self._flying: list[float] = []
        """When the calls under way left."""
        self._reported = 0
        """Calls in flight whose headers were counted already."""
        self._last = -math.inf
        self._blocked_until = -math.inf
        self._unseen: deque[float] = deque()
        """When the calls ended whose answers did not tell of the window, within the last period."""

    def ready(self, now: float, *, urgent: bool) -> float:
        """The earliest time for a call, as far as can be known now."""
        return max(self._unblocked(now, urgent=urgent), self._blocked_until)

    def _unblocked(self, now: float, *, urgent: bool) -> float:
        self._roll(now)
        used = self._counted + len(self._flying)
        reserve = 0 if urgent else min(self._reserve, self.limit - 1)
        left = self.limit - used - reserve
        if left <= 0:
            return (now + self.period if self._end is None else self._end) + MARGIN
        now = max(now, self._in_any_phase(self.limit - len(self._flying) - reserve))
        return now if urgent or used < self._free else max(now, self._last + self._step(left))

    def idle(self, now: float) -> bool:
        self._roll(now)
        return now >= self._blocked_until and self._end is None and not self._flying and not self._unseen

    def start(self, now: float) -> None:
        self._roll(now)
        self._flying.append(now)
        self._last = now
        if self._end is None:
            self._end, self._firm = now + self.period, False

    def settle(self, now: float, left: float) -> None:
        """A call that `left` then was answered, or failed: without headers it is taken as counted."""
        self._flying.remove(left)
        if self._reported:
            self._reported -= 1
            return
        self._counted += 1
        self._unseen.append(now)
        if not self._firm or self._end is None:
            self._end, self._firm = now + self.period, True

    def learn(self, now: float, told: RateLimit) -> None:
        self.limit = max(told.limit, 1)
        end, used = now + told.reset_after, min(max(self.limit - told.remaining, 0), self.limit)
        if told.ours:
            used = min(used + self._beside(), self.limit)
        if told.remaining == self.limit - 1 and told.reset_after > 0:
            self.period = told.reset_after
        if self._end is None or not self._firm or end > self._end + self.period / 2:
            self._end, self._firm, self._counted = end, True, used
        elif end > self._end - self.period / 2:
            self._end, self._counted = min(self._end, end), max(self._counted, used)
        if told.ours:
            self._reported = min(self._reported + 1, len(self._flying))

    def block(self, now: float, seconds: float) -> None:
        """A 429 may be for another limit, which no header names: what is counted here outlasts a shorter one."""
        self._blocked_until = max(self._blocked_until, now + seconds + MARGIN)
        if self._end is None or not self._firm or self._end < now + seconds:
            self._end, self._firm, self._counted = now + seconds, True, self.limit

    def _roll(self, now: float) -> None:
        if self._end is not None and now >= self._end + MARGIN:
            self._end, self._firm, self._counted, self._reported = None, False, 0, 0
        while self._unseen and self._unseen[0] + self.period <= now:
            self._unseen.popleft()

    def _beside(self) -> int:
        """Unseen calls that were under way together with one that is, which the server may have counted before them."""
        first = min(self._flying, default=math.inf)
        return sum(ended >= first for ended in self._unseen)

    def _in_any_phase(self, room: int) -> float:
        """When so many unseen calls are over for a period: wherever the server's window begins, it holds no more."""
        return self._unseen[-room] + self.period if len(self._unseen) >= room else -math.inf

    def _step(self, left: int) -> float:
        if self._end is None:
            return self.period / max(self.limit - self._reserve, 1)
        even = (self._end + MARGIN - self._last) / (left + 1)
        return min(even, self._quick) if left * 2 > self.limit - self._free - self._reserve else even


class Budget:
    """The windows that one kind of call must pass. Headers speak of the first; the others are counted only here."""

    def __init__(self, windows: Sequence[Window]) -> None:
        self._windows = tuple(windows)

    def ready(self, now: float, *, urgent: bool) -> float:
        """The earliest time for a call."""
        return max(window.ready(now, urgent=urgent) for window in self._windows)

    def idle(self, now: float) -> bool:
        return all(window.idle(now) for window in self._windows)

    def start(self, now: float) -> None:
        for window in self._windows:
            window.start(now)

    def settle(self, now: float, left: float) -> None:
        for window in self._windows:
            window.settle(now, left)

    def learn(self, now: float, told: RateLimit) -> None:
        """After a 429, nothing more for a while: in the window that others spend from too if it was for that one."""
        if told.retry_after is None:
            self._windows[0].learn(now, told)
        else:
            self._windows[-1 if told.shared else 0].block(now, told.retry_after)


@dataclass(slots=True, eq=False)
class Departure:
    """A call that counts against the global rate. `at` is when its request left; None while it has not."""

    at: float | None = None
    repeated: bool = False
    """Whether another left after it, by discord.py."""


class GlobalRate:
    """Calls per second over all channels: 50 for each bot (Discord's documentation, Rate Limits).

    Where the server's second begins cannot be known, so no second of ours may hold more, nor one that is longer by as
    much as two journeys may differ: of two calls, the earlier may take longer to arrive. By how much they do differ can
    be known, since the server tells the time at which it served each. And what counts is when a request leaves: in a
    program with much to do, that may be long after it was decided on.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._calls: deque[Departure] = deque()
        self._blocked_until = -math.inf
        self._journeys: deque[float] = deque(maxlen=JOURNEYS)

    @property
    def horizon(self) -> float:
        """Seconds in which no more than the rate is sent."""
        return 1.0 + self._jitter

    @property
    def _jitter(self) -> float:
        if len(self._journeys) < FEW_JOURNEYS:
            return USUAL_JITTER
        return min(max(max(self._journeys) - min(self._journeys), LEAST_JITTER), MOST_JITTER)

    def ready(self, now: float, *, share: float = 1.0) -> float:
        """The earliest time for a call that may use so much of the rate."""
        horizon, most = self.horizon, max(int(self._rate * share), 1)
        if len(self._calls) >= most:
            self._calls = deque(call for call in self._calls if call.at is None or call.at + horizon > now)
        excess = len(self._calls) - most
        if excess < 0:
            return max(now, self._blocked_until)
        ends = sorted((now if call.at is None else call.at) + horizon for call in self._calls)
        return max(ends[excess], self._blocked_until)

    def step(self, lanes: int) -> float:
        """Seconds between two intermediate texts of each of so many lanes, if all are shown equally often."""
        return lanes * self.horizon / max(int(self._rate * PACED_SHARE), 1)

    def start(self) -> Departure:
        self._calls.append(departure := Departure())
        return departure

    def leave(self, now: float, departure: Departure | None) -> None:
        """A request left; one that is not `departure`, or repeats it, counts apart."""
        if departure is None or departure.at is not None:
            self._calls.append(Departure(now))
            if departure is not None:
                departure.repeated = True
        else:
            departure.at = now

    def settle(self, now: float, departure: Departure) -> None:
        """A call is over; one that was never seen to leave counts from here."""
        if departure.at is None:
            departure.at = now

    def observe(self, served_at: float, departure: Departure) -> None:
        """By the server's clock, in seconds: only differences between such times are used."""
        if departure.at is not None and not departure.repeated:
            self._journeys.append(served_at - departure.at)

    def block(self, now: float, seconds: float) -> None:
        self._blocked_until = now + seconds
