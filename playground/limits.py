"""Rate limits as Discord keeps them: a bucket for each route and place, windows opened by their first hit.

A bucket is known by a hash in the headers and belongs to a route together with its major parameter (channel, guild, or
an interaction's token). A window opens with the first call, admits so many calls, and closes after so many seconds;
the next call then opens another. Beside a bucket's own window, a route may have hidden ones: sub-limits, such as
renaming a channel twice in ten minutes, and limits that cover more, such as all interaction answers in one channel.
Calls refused there report calls remaining, as Discord's do. All calls but those about interactions share the global
window of one second. A refused call counts nowhere.

With a phase, windows do not wait for a call: each follows the other on a grid of its own, so that the first call finds
one open since some time and closing sooner than its length. A bot that counts on full windows is refused there.

A closed window is as good as none: those are forgotten, at the latest when the windows kept have doubled.

The numbers of real buckets are not published; those here are the ones observed (create and edit 5 in 5 s a channel,
edits of messages older than an hour 3 in 6 s a channel, channels 5 in 15 s and their names and topics 2 in 10 minutes,
interaction answers 5 in 2 s a token and 30 in 60 s a channel, 50 a second in all).
"""

from __future__ import annotations

import hashlib
import math
import random
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from playground.clock import Clock
from playground.entities import Json

MOST_CALLS = 1_000_000
SHORTEST, LONGEST = 0.001, 86_400.0
"""Seconds of a window."""


class WrongRate(ValueError):
    """A limit that cannot be. The text, for people, is all that was found."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = problems
        """By `name`, `calls` and `seconds`."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`calls` in each window of `seconds`. Raises WrongRate for what cannot be."""

    calls: int
    seconds: float

    def __post_init__(self) -> None:
        problems = {}
        if type(self.calls) is not int or not 1 <= self.calls <= MOST_CALLS:
            problems["calls"] = f"calls is a whole number from 1 to {MOST_CALLS}, not {self.calls!r}"
        if type(self.seconds) not in (int, float) or not SHORTEST <= self.seconds <= LONGEST:
            problems["seconds"] = f"seconds is a number from {SHORTEST:g} to {LONGEST:.0f}, not {self.seconds!r}"
        if problems:
            raise WrongRate(problems)


LIFTED = Rate(MOST_CALLS, 1.0)
GENEROUS = Rate(1000, 1.0)
RATES: Mapping[str, Rate] = {
    "message.create": Rate(5, 5.0),
    "message.edit": Rate(5, 5.0),
    "message.edit.old": Rate(3, 6.0),
    "message.delete": Rate(5, 1.0),
    "typing": Rate(5, 5.0),
    "reaction": Rate(1, 0.25),
    "channel.edit": Rate(5, 15.0),
    "channel.name": Rate(2, 600.0),
    "channel.topic": Rate(2, 600.0),
    "interaction.webhook": Rate(5, 2.0),
    "interaction.channel": Rate(30, 60.0),
    "global": Rate(50, 1.0),
}
OPTIONAL = ("message.edit.same", "identify")
"""Lifted unless asked for: edits of one and the same message; sessions begun, which Discord holds to 1 in 5 s."""
LIMITED = (0, "You are being rate limited.")
OLD_EDIT = (30046, "Maximum number of edits to messages older than 1 hour reached. Try again later")
FEWEST_SWEPT = 1024
"""Windows kept without a look at which of them are closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """A further window that a call counts in, of which its headers say nothing."""

    rate: str
    kept_by: str
    scope: str = "user"
    error: tuple[int, str] = LIMITED
    """Code and message of the refusal."""


KEPT_REFUSALS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What of a request the limits need to know."""

    route: str
    """For the counters: method and path template."""
    rate: str | None
    """A key of the rates; None for a generous one."""
    major: str
    hidden: tuple[Hidden, ...] = ()
    global_: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    admitted: bool
    headers: Mapping[str, str]
    retry_after: float = 0.0
    """Seconds."""
    global_: bool = False
    error: tuple[int, str] = LIMITED

    def body(self) -> Json:
        code, message = self.error
        return {
            "message": message,
            "retry_after": _milliseconds(self.retry_after),
            "global": self.global_,
            "code": code,
        }


@dataclass(slots=True)
class _Window:
    rate: Rate
    phase: float | None = None
    """Seconds from the clock's start to some window's opening; None: a call opens it."""
    closes: float = -math.inf
    used: int = 0

    def remaining(self, now: float) -> int:
        return self.rate.calls if now >= self.closes else self.rate.calls - self.used

    def count(self, now: float) -> None:
        if now >= self.closes:
            gone = 0.0 if self.phase is None else (now - self.phase) % self.rate.seconds
            self.closes, self.used = now + self.rate.seconds - gone, 0
        self.used += 1

    def wait(self, now: float) -> float:
        return max(0.0, self.closes - now)


@dataclass(slots=True)
class Counters:
    """`calls`: answered ones by route; `refused`: those answered 429, by route; `scopes`: the same by scope."""

    calls: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    scopes: Counter[str] = field(default_factory=Counter)
    invalid: int = 0
    """401, 403 and 429: at 10,000 in ten minutes Discord bars the address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A call that was answered 429."""

    at: float
    """Seconds since 1970."""
    route: str
    scope: str
    """`user` for its own bucket, `shared` for a hidden window, `global`."""
    retry_after: float
    """Seconds."""


class Limits:
    """`rates` replaces some of `RATES`; None as a value lifts that limit. With a `phase_seed`, windows are shifted.

    `routes`, each a method and a template of a path, have limits of those names where no other is theirs. Raises
    WrongRate for a name that is neither.
    """

    def __init__(
        self,
        clock: Clock,
        rates: Mapping[str, Rate | None] | None = None,
        *,
        routes: Iterable[str] = (),
        phase_seed: int | None = None,
    ) -> None:
        self._clock = clock
        self._rates: dict[str, Rate | None] = {**dict.fromkeys(OPTIONAL), **RATES}
        self._routes = frozenset(routes)
        self._phase_seed = phase_seed
        self._windows: dict[tuple[str, str], _Window] = {}
        self._watchers: list[Callable[[], None]] = []
        self._sweep_at = FEWEST_SWEPT
        self.counters = Counters()
        self.refusals: deque[Refusal] = deque(maxlen=KEPT_REFUSALS)
        for name, rate in (rates or {}).items():
            self.set_rate(name, rate)

    def admit(self, call: Call) -> Verdict:
        now = self._clock.monotonic()
        self._sweep()
        own = self._window(call.rate or call.route, call.major)
        shared = self._window("global", "") if call.global_ else None
        hidden = [(each, self._window(each.rate, each.kept_by)) for each in call.hidden]
        if shared is not None and not shared.remaining(now):
            return self._refused(call, shared.wait(now), {"X-RateLimit-Global": "true"}, "global")
        if not own.remaining(now):
            return self._refused(call, own.wait(now), self._headers(call, own, now), "user")
        for each, window in hidden:
            if not window.remaining(now):
                return self._refused(call, window.wait(now), self._headers(call, own, now), each.scope, each.error)
        for window in (own, *(window for _, window in hidden), *([shared] if shared else [])):
            window.count(now)
        self.counters.calls[call.route] += 1
        self._tell()
        return Verdict(admitted=True, headers=self._headers(call, own, now))

    def take(self, rate: str, kept_by: str) -> bool:
        """Of something other than a request: whether the limit admits it now."""
        now = self._clock.monotonic()
        self._sweep()
        window = self._window(rate, kept_by)
        if not window.remaining(now):
            return False
        window.count(now)
        return True

    def rate(self, name: str) -> Rate | None:
        """As it stands; None: lifted."""
        return self._rates.get(name, GENEROUS)

    def check(self, name: str) -> None:
        """Raises WrongRate for an unknown name."""
        if name not in self._rates and name not in self._routes:
            known = ", ".join((*RATES, *OPTIONAL))
            raise WrongRate({"name": f"no limit is {name!r}; it is one of {known}, or such as 'GET /gateway/bot'"})

    def set_rate(self, name: str, rate: Rate | None) -> None:
        """All its windows begin anew. Raises WrongRate for an unknown name."""
        self.check(name)
        self._rates[name] = rate
        self._windows = {key: window for key, window in self._windows.items() if key[0] != name}

    def counted(self) -> Json:
        return {
            "calls": dict(self.counters.calls),
            "refused": dict(self.counters.refused),
            "scopes": dict(self.counters.scopes),
            "total_calls": self.counters.calls.total(),
            "total_refused": self.counters.refused.total(),
            "invalid": self.counters.invalid,
        }

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Called after each call, admitted or not; it must not block. Returns what ends it."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def spent(self) -> list[Json]:
        """The windows that are open and have a limit worth naming; `closes_in` in seconds."""
        now = self._clock.monotonic()
        # One that is closed counts as one that was never opened.
        self._windows = {key: window for key, window in self._windows.items() if now < window.closes}
        return [
            {
                "name": name,
                "kept_by": kept_by,
                "used": window.used,
                "calls": window.rate.calls,
                "seconds": window.rate.seconds,
                "closes_in": round(window.wait(now), 3),
            }
            for (name, kept_by), window in self._windows.items()
            if self._rates.get(name) is not None
        ]

    def _tell(self) -> None:
        for watcher in tuple(self._watchers):
            watcher()

    def _window(self, rate: str, kept_by: str) -> _Window:
        window = self._windows.get((rate, kept_by))
        if window is None:
            allowed = self.rate(rate) or LIFTED
            window = self._windows[rate, kept_by] = _Window(allowed, self._phase(rate, kept_by, allowed.seconds))
        return window

    def _phase(self, rate: str, kept_by: str, seconds: float) -> float | None:
        """The same whenever the window is made again."""
        if self._phase_seed is None:
            return None
        return random.Random(f"{self._phase_seed} {rate} {kept_by}").uniform(0.0, seconds)

    def _sweep(self) -> None:
        if len(self._windows) < self._sweep_at:
            return
        now = self._clock.monotonic()
        self._windows = {key: window for key, window in self._windows.items() if now < window.closes}
        self._sweep_at = max(FEWEST_SWEPT, 2 * len(self._windows))

    def _refused(
        self,
        call: Call,
        wait: float,
        headers: Mapping[str, str],
        scope: str,
        error: tuple[int, str] = LIMITED,
    ) -> Verdict:
        self.counters.refused[call.route] += 1
        self.counters.scopes[scope] += 1
        self.counters.invalid += scope != "shared"
        at = self._clock.now().timestamp()
        self.refusals.append(Refusal(at=at, route=call.route, scope=scope, retry_after=_milliseconds(wait)))
        self._tell()
        told = {**headers, "X-RateLimit-Scope": scope, "Retry-After": str(math.ceil(wait))}
        return Verdict(admitted=False, headers=told, retry_after=wait, global_=scope == "global", error=error)

    def _headers(self, call: Call, window: _Window, now: float) -> Mapping[str, str]:
        wait = _milliseconds(window.wait(now))
        bucket = hashlib.blake2b((call.rate or call.route).encode(), digest_size=16).hexdigest()
        return {
            "X-RateLimit-Limit": str(window.rate.calls),
            "X-RateLimit-Remaining": str(window.remaining(now)),
            "X-RateLimit-Reset": f"{self._clock.now().timestamp() + wait:.3f}",
            "X-RateLimit-Reset-After": f"{wait:.3f}",
            "X-RateLimit-Bucket": bucket,
        }


def _milliseconds(seconds: float) -> float:
    """Rounded up, or who waits as long as they are told would come too early; what floats are off by is no time."""
    return math.ceil(round(seconds * 1000, 3)) / 1000
