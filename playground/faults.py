"""What goes wrong on purpose: on the way to the API, on the way back, and on the gateway.

A fault of the API names the calls it strikes and what becomes of them. Before the effect, the call never happened: the
bot gets another status, or a connection that breaks, and the world is as it was. After the effect, the world changed
and only the answer is lost: a bot that asks again does it twice, unless it sent a nonce. Delay alone is no failure.

A fault of the gateway names the events it strikes: they come more than once, or the connection is cut behind them.

Which of the matching calls or events are struck is counted (`nth`, `every`, `times`) and drawn (`probability`), in
this order. The drawing has a seed: the same calls in the same order meet the same faults.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from playground.entities import Json

T = TypeVar("T")

LARGEST_DELAY = 600.0
_RETRY_AFTER = f"retry_after is above 0 and at most {LARGEST_DELAY:.0f}, with status 429"


class WrongFault(ValueError):
    """A fault that cannot be. The text, for people, is all that was found."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = problems
        """What is wrong by where it is in the fault, as `read` takes it; `fault`: not in one place alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """Which of the calls or events that match. Raises WrongFault for what cannot be."""

    nth: tuple[int, ...] = ()
    """Counted from 1; none: not counted."""
    every: int = 1
    probability: float = 1.0
    times: int | None = None
    """At the most."""

    def __post_init__(self) -> None:
        _require(
            (all(number >= 1 for number in self.nth), "nth", "nth counts from 1"),
            (self.every >= 1, "every", "every is at least 1"),
            (0.0 <= self.probability <= 1.0, "probability", "probability is between 0 and 1"),
            (self.times is None or self.times >= 1, "times", "times is at least 1"),
        )

    def over(self, seen: int, struck: int) -> bool:
        """Whether it can strike no more."""
        return (self.times is not None and struck >= self.times) or bool(self.nth and seen >= max(self.nth))

    def strikes(self, number: int, source: random.Random) -> bool:
        if (self.nth and number not in self.nth) or number % self.every:
            return False
        return self.probability == 1.0 or source.random() < self.probability


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFault:
    """Of calls of the API. Raises WrongFault for what cannot be."""

    route: str = "*"
    """A limit's name such as `message.edit`; or method and path, in which * and {id} stand for one step each and a
    last ** for any further ones; or * for every call."""
    contains: str = ""
    """Only calls whose body has this text in it, as it is written there: JSON may escape what is not ASCII."""
    latency: float = 0.0
    """Seconds, before the effect."""
    jitter: float = 0.0
    """Up to so many seconds more."""
    status: int | None = None
    """Answered instead."""
    body: Mapping[str, Any] | str | None = None
    """With the status; left out, what Discord says to it. A text is sent as HTML, as a proxy does."""
    retry_after: float | None = None
    """Seconds, of a 429."""
    via: bool = True
    """Without it discord.py takes a 429 for a ban at the network's edge."""
    drop: bool = False
    """The connection breaks instead of an answer."""
    after: bool = False
    """The effect takes place all the same."""
    chance: Chance = field(default_factory=Chance)

    def __post_init__(self) -> None:
        some = self.drop or bool(self.status or self.latency or self.jitter)
        limited = self.status == 429 and 0.0 < (self.retry_after or 0.0) <= LARGEST_DELAY
        _require(
            (0.0 <= self.latency <= LARGEST_DELAY, "latency", f"latency is between 0 and {LARGEST_DELAY:.0f}"),
            (0.0 <= self.jitter <= LARGEST_DELAY, "jitter", f"jitter is between 0 and {LARGEST_DELAY:.0f}"),
            (self.status is None or 400 <= self.status <= 599, "status", "status is between 400 and 599"),
            (self.retry_after is None or limited, "retry_after", _RETRY_AFTER),
            (self.body is None or self.status is not None, "body", "body needs status"),
            (not (self.drop and self.status), "fault", "either status or drop"),
            (self.fails or not self.after, "after", "after needs status or drop"),
            (some, "latency", "a fault needs latency, status or drop"),
        )

    @property
    def fails(self) -> bool:
        return self.drop or self.status is not None

    def matches(self, rate: str | None, method: str, path: str, body: bytes = b"") -> bool:
        return (self.route in ("*", rate) or _fits(self.route, method, path)) and self.contains.encode() in body


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFault:
    """Of events of the gateway. Raises WrongFault for what cannot be."""

    event: str
    """Such as MESSAGE_CREATE; * for all."""
    copies: int = 1
    cut: bool = False
    """The connection breaks right behind it."""
    chance: Chance = field(default_factory=Chance)

    def __post_init__(self) -> None:
        _require(
            (1 <= self.copies <= 100, "copies", "copies is between 1 and 100"),
            (self.cut or self.copies != 1, "copies", "a fault of the gateway needs copies over 1, or cut"),
        )


Fault = CallFault | EventFault


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Of one event."""

    copies: int = 1
    cut: bool = False


UNDISTURBED = Disturbance()


@dataclass(frozen=True, slots=True)
class Blow:
    """Of one call: a delay in seconds, and how it fails, if it does."""

    delay: float = 0.0
    failure: CallFault | None = None


@dataclass(slots=True)
class _Standing:
    fault: Fault
    seen: int = 0
    struck: int = 0


Struck = tuple[str | None, str, str]
"""A route that a fault can be about: the name of its limit, its method and the template of its path."""


class Faults:
    """Those in force. `seed` of what is drawn; `routes` and `events` are what there is to strike."""

    def __init__(self, seed: int = 0, *, routes: Iterable[Struck] = (), events: Iterable[str] = ()) -> None:
        self._source = random.Random(seed)
        self._routes = tuple(routes)
        self.routes = tuple(sorted({rate for rate, _, _ in self._routes if rate}))
        """By name."""
        self.events = tuple(events)
        self._standing: dict[int, _Standing] = {}
        self._last_id = 0
        self._watchers: list[Callable[[], None]] = []

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Called when one comes, goes, or sees a call or event; it must not block. Returns what ends it."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def check(self, fault: Fault) -> None:
        """Raises WrongFault where it can strike no call or event."""
        if isinstance(fault, CallFault):
            if not self._strikable(fault.route):
                names = f"one of {', '.join(self.routes)}, or such as 'POST /channels/*/messages'"
                raise WrongFault({"route": f"no route is {fault.route!r}; it is {names}"})
        elif fault.event not in ("*", *self.events):
            raise WrongFault({"event": f"no event is {fault.event!r}; it is one of {', '.join(self.events)}"})

    def _strikable(self, route: str) -> bool:
        return route == "*" or any(route == rate or _fits(route, method, path) for rate, method, path in self._routes)

    def add(self, fault: Fault) -> int:
        """Its number, to take it back by. Raises WrongFault where it can strike no call or event."""
        self.check(fault)
        self._last_id += 1
        self._standing[self._last_id] = _Standing(fault)
        self._tell()
        return self._last_id

    def remove(self, id: int) -> bool:
        known = self._standing.pop(id, None) is not None
        self._tell()
        return known

    def clear(self) -> None:
        self._standing.clear()
        self._tell()

    def seeded(self, seed: int) -> None:
        """What is drawn begins anew."""
        self._source.seed(seed)

    @property
    def about_bodies(self) -> bool:
        """Whether what is in a call's body may matter."""
        return any(isinstance(each.fault, CallFault) and each.fault.contains for each in self._standing.values())

    def of_call(self, rate: str | None, method: str, path: str, body: bytes = b"") -> Blow:
        delay, failure = 0.0, None
        for standing in list(self._standing.values()):
            fault = standing.fault
            if isinstance(fault, CallFault) and fault.matches(rate, method, path, body) and self._strikes(standing):
                delay += fault.latency + (self._source.uniform(0.0, fault.jitter) if fault.jitter else 0.0)
                failure = failure or (fault if fault.fails else None)
        return Blow(delay, failure)

    def of_event(self, name: str) -> Disturbance:
        copies, cut = 1, False
        for standing in list(self._standing.values()):
            fault = standing.fault
            if isinstance(fault, EventFault) and fault.event in ("*", name) and self._strikes(standing):
                copies, cut = max(copies, fault.copies), cut or fault.cut
        return Disturbance(copies, cut)

    def listed(self) -> list[Json]:
        """Each with its `id`, how many calls or events it `seen` and how many it `struck`."""
        return [
            {"id": id, **written(each.fault), "seen": each.seen, "struck": each.struck}
            for id, each in self._standing.items()
        ]

    def _strikes(self, standing: _Standing) -> bool:
        chance = standing.fault.chance
        if chance.over(standing.seen, standing.struck):
            return False
        standing.seen += 1
        struck = chance.strikes(standing.seen, self._source)
        standing.struck += struck
        self._tell()
        return struck

    def _tell(self) -> None:
        for watcher in tuple(self._watchers):
            watcher()


_CHANCES = tuple(each.name for each in fields(Chance))
_KINDS: Mapping[str, type[CallFault] | type[EventFault]] = {"route": CallFault, "event": EventFault}


def read(given: Mapping[str, Any]) -> Fault:
    """From a scenario file or the API: a flat table with `route` or `event`. Raises WrongFault."""
    kinds = [key for key in _KINDS if key in given]
    if len(kinds) != 1:
        raise WrongFault({"fault": "a fault names either its route or its event"})
    kind: Callable[..., Fault] = _KINDS[kinds[0]]
    allowed = {each.name for each in fields(_KINDS[kinds[0]])} - {"chance"} | set(_CHANCES)
    has = f"a fault of a {kinds[0]} has {', '.join(sorted(allowed))}"
    unknown = ", ".join(repr(key) for key in given if key not in allowed)
    _require((not unknown, "fault", f"unknown key {unknown}; {has}"))
    _require(*((_is_right(key, value), key, f"{key} is {_KINDS_OF_VALUES[key][1]}") for key, value in given.items()))
    problems: dict[str, str] = {}
    counted = {key: given[key] for key in _CHANCES if key in given}
    if "nth" in counted:
        counted["nth"] = tuple(given["nth"] if isinstance(given["nth"], list) else [given["nth"]])
    chance = _made(Chance, counted, problems) or Chance()
    rest = {key: value for key, value in given.items() if key not in counted}
    fault = _made(kind, {**rest, "chance": chance}, problems)
    if fault is None or problems:
        raise WrongFault(problems)
    return fault


def written(fault: Fault) -> Json:
    """As `read` takes it, without what has its default."""
    named = "route" if isinstance(fault, CallFault) else "event"
    of_fault = [each for each in fields(fault) if each.name not in (named, "chance")]
    shown = {named: getattr(fault, named)}
    shown |= {each.name: getattr(fault, each.name) for each in of_fault if getattr(fault, each.name) != each.default}
    of_chance = [each for each in fields(Chance) if getattr(fault.chance, each.name) != each.default]
    shown |= {each.name: getattr(fault.chance, each.name) for each in of_chance}
    return shown | ({"nth": list(fault.chance.nth)} if fault.chance.nth else {})


_KINDS_OF_VALUES: Mapping[str, tuple[tuple[type, ...], str]] = {
    **dict.fromkeys(("route", "event", "contains"), ((str,), "a text")),
    **dict.fromkeys(("status", "every", "times", "copies"), ((int,), "a whole number")),
    **dict.fromkeys(("latency", "jitter", "retry_after", "probability"), ((int, float), "a number")),
    **dict.fromkeys(("via", "drop", "after", "cut"), ((bool,), "true or false")),
    "body": ((str, dict), "a text or a table"),
    "nth": ((int, list), "a whole number or a list of them"),
}


def _is_right(key: str, value: Any) -> bool:
    if isinstance(value, list) and key == "nth":
        return all(type(each) is int for each in value)
    types, _ = _KINDS_OF_VALUES[key]
    return isinstance(value, types) and (bool in types or not isinstance(value, bool))


def _made(kind: Callable[..., T], given: Mapping[str, Any], problems: dict[str, str]) -> T | None:
    try:
        return kind(**given)
    except WrongFault as error:
        problems |= error.problems
        return None


def _fits(pattern: str, method: str, path: str) -> bool:
    wanted, _, template = pattern.partition(" ")
    if wanted not in ("*", method) or not template:
        return False
    steps, real = template.strip("/").split("/"), path.strip("/").split("/")
    if steps[-1] == "**":
        steps, real = steps[:-1], real[: len(steps) - 1]
    return len(steps) == len(real) and all(map(_same, steps, real))


def _same(step: str, real: str) -> bool:
    return step == real or step == "*" or step.startswith("{") or real.startswith("{")


def _require(*checks: tuple[bool, str, str]) -> None:
    """Each whether it holds, where in the fault it is looked at, and what is told if it does not hold."""
    problems = {key: told for holds, key, told in reversed(checks) if not holds}
    if problems:
        raise WrongFault(dict(reversed(problems.items())))
