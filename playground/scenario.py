"""A course of events from a TOML file: what goes wrong, what people say and do, how limits change, and when.

    seed = 7                # of what faults draw
    begin = "online"        # time counts from the bot's first complete connection; or "start", of the playground

    [[step]]
    at = 0.0                # seconds
    fault = { route = "message.edit", latency = 0.2, jitter = 0.3, probability = 0.5 }

    [[step]]
    at = 2.0
    say = { person = "Ada", channel = "general", text = "{bot} hello" }
    gateway = "cut"

A step does everything it names, in the order of `ACTIONS`. Steps happen in the order of their times, those of one time
in the order of the file. All that is wrong with a file is told before anything happens, each with the step it is in.
"""

from __future__ import annotations

import tomllib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playground import faults
from playground.entities import Channel
from playground.errors import ApiError, Impossible
from playground.faults import Fault, WrongFault
from playground.gateway import session as gateway
from playground.limits import Rate, WrongRate
from playground.people import Person
from playground.server import Playground

BEGINNINGS = ("online", "start")
MAX_AT = 86_400.0


class ScenarioError(Exception):
    """The file cannot be read, or says what cannot be. The text has a line for each problem, with file and place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    person: str
    channel: str | None
    """By name; None: the direct conversation with the bot."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RateChange:
    name: str
    rate: Rate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    at: float
    """Seconds from the beginning."""
    number: int
    """In the file, from 1."""
    clear: bool = False
    """All faults are taken back, before the step's own."""
    fault: Fault | None = None
    rate: RateChange | None = None
    gateway: str | None = None
    say: Said | None = None


ACTIONS = ("clear", "fault", "rate", "gateway", "say")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    steps: tuple[Step, ...]
    begin: str = "online"
    seed: int = 0


def load(path: Path, playground: Playground) -> Scenario:
    """Raises ScenarioError, also where it names people, channels, routes or limits that the playground has not."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{path}: no TOML: {error}") from None
    try:
        return parsed(given, playground)
    except WrongScenario as error:
        raise ScenarioError("\n".join(f"{path}: {problem}" for problem in error.problems)) from None


class WrongScenario(ValueError):
    """`problems`: each a line for people."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def parsed(given: Mapping[str, Any], playground: Playground) -> Scenario:
    """Raises WrongScenario."""
    begin, seed, steps = given.get("begin", "online"), given.get("seed", 0), given.get("step", [])
    problems: list[str] = []
    with _noted(problems):
        _require(
            *_known_keys(given, ("seed", "begin", "step")),
            (begin in BEGINNINGS, f"begin is one of {', '.join(BEGINNINGS)}, not {begin!r}"),
            (type(seed) is int, "seed is a whole number"),
            (isinstance(steps, list) and bool(steps), "there is no [[step]]"),
        )
    read = []
    for number, each in enumerate(steps if isinstance(steps, list) else (), 1):
        with _noted(problems, f"step {number}: "):
            read.append(_step(each, number, playground))
    _refuse(problems)
    return Scenario(steps=tuple(sorted(read, key=lambda step: step.at)), begin=begin, seed=seed)


async def play(scenario: Scenario, playground: Playground, tell: Callable[[str], None]) -> None:
    """Until its last step is done; `tell` hears of each. What Discord refuses to a person is told and passed over."""
    playground.faults.seeded(scenario.seed)
    if scenario.begin == "online":
        await playground.people.changes.wait_for(lambda: playground.online, None)
    clock = playground.world.clock
    started = clock.monotonic()
    for step in scenario.steps:
        await clock.sleep(max(0.0, started + step.at - clock.monotonic()))
        for name in ACTIONS:
            if getattr(step, name):
                await _act(name, step, playground, tell)


async def _act(name: str, step: Step, playground: Playground, tell: Callable[[str], None]) -> None:
    try:
        await _DOING[name](step, playground)
    except (ApiError, Impossible) as error:
        tell(f"{step.at:7.2f} s  {name} was refused: {error}")
    else:
        tell(f"{step.at:7.2f} s  {name}")


async def _clear(step: Step, playground: Playground) -> None:
    playground.faults.clear()


async def _fault(step: Step, playground: Playground) -> None:
    assert step.fault is not None
    playground.faults.add(step.fault)


async def _rate(step: Step, playground: Playground) -> None:
    assert step.rate is not None
    playground.limits.set_rate(step.rate.name, step.rate.rate)


async def _gateway(step: Step, playground: Playground) -> None:
    assert step.gateway is not None
    gateway.ACTIONS[step.gateway](playground.sessions)


async def _say(step: Step, playground: Playground) -> None:
    assert step.say is not None
    person, channel = _place(playground, step.say)
    await person.say(channel, step.say.text.replace("{bot}", playground.bot_mention))


_DOING: Mapping[str, Callable[[Step, Playground], Awaitable[None]]] = {
    "clear": _clear,
    "fault": _fault,
    "rate": _rate,
    "gateway": _gateway,
    "say": _say,
}


def _place(playground: Playground, said: Said) -> tuple[Person, Channel]:
    users = [user for user in playground.world.users.values() if user.name == said.person and not user.bot]
    found = [each for each in playground.world.channels.values() if each.guild and each.name == said.channel]
    _require(
        (bool(users), f"there is no person {said.person!r}"),
        (said.channel is None or bool(found), f"there is no channel {said.channel!r}"),
    )
    person = playground.people.person(users[0].id)
    return person, person.dm() if said.channel is None else found[0]


def _step(given: Any, number: int, playground: Playground) -> Step:
    _require((isinstance(given, dict), "is no table"))
    problems: list[str] = []
    read: dict[str, Any] = {}
    with _noted(problems):
        doing = any(given.get(action) for action in ACTIONS)
        nothing = f"does nothing; it may name {', '.join(ACTIONS)}"
        _require(*_known_keys(given, ("at", *ACTIONS)), (doing, nothing))
    for key in ("at", *ACTIONS):
        if key in given:
            with _noted(problems):
                read[key] = _READING[key](given[key], playground)
    _refuse(problems)
    return Step(number=number, **{"at": 0.0, **read})


def _read_at(given: Any, playground: Playground) -> float:
    right = isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given <= MAX_AT
    _require((right, f"at is between 0 and {MAX_AT:.0f} seconds"))
    return float(given)


def _read_clear(given: Any, playground: Playground) -> bool:
    _require((isinstance(given, bool), "clear is true or false"))
    return bool(given)


def _read_fault(given: Any, playground: Playground) -> Fault:
    _require((isinstance(given, dict), "fault is a table"))
    fault = faults.read(given)
    playground.faults.check(fault)
    return fault


def _read_rate(given: Any, playground: Playground) -> RateChange:
    _require((isinstance(given, dict), "rate is a table"))
    problems: list[str] = []
    lifted, rate = given.get("lifted", False), None
    # Before the rest: what a mistyped key was to say would be missed once more.
    _require(
        *_known_keys(given, ("name", "calls", "seconds", "lifted")),
        (isinstance(lifted, bool), "rate.lifted is true or false"),
    )
    with _noted(problems):
        playground.limits.check(str(given.get("name")))
    with _noted(problems):
        rate = None if lifted else Rate(given.get("calls", 0), given.get("seconds", 0))
    _refuse(problems)
    return RateChange(name=str(given["name"]), rate=rate)


def _read_gateway(given: Any, playground: Playground) -> str:
    known = tuple(gateway.ACTIONS)
    _require((given in known, f"gateway is one of {', '.join(known)}, not {given!r}"))
    return str(given)


def _read_said(given: Any, playground: Playground) -> Said:
    _require((isinstance(given, dict), "say is a table"))
    named = ("person", "text", *(("channel",) if "channel" in given else ()))
    _require(
        *_known_keys(given, ("person", "channel", "text")),
        *((isinstance(given.get(key), str) and bool(given[key]), f"say.{key} is a text") for key in named),
    )
    said = Said(person=given["person"], channel=given.get("channel"), text=given["text"])
    _place(playground, said)
    return said


_READING: Mapping[str, Callable[[Any, Playground], Any]] = {
    "at": _read_at,
    "clear": _read_clear,
    "fault": _read_fault,
    "rate": _read_rate,
    "gateway": _read_gateway,
    "say": _read_said,
}


@contextmanager
def _noted(problems: list[str], place: str = "") -> Iterator[None]:
    """What is wrong inside goes to the problems, and reading goes on."""
    try:
        yield
    except WrongScenario as error:
        problems += (f"{place}{problem}" for problem in error.problems)
    except WrongFault as error:
        problems += (f"{place}fault: {problem}" for problem in error.problems.values())
    except WrongRate as error:
        problems += (f"{place}rate: {problem}" for problem in error.problems.values())


def _known_keys(given: Mapping[str, Any], known: tuple[str, ...]) -> Iterator[tuple[bool, str]]:
    return ((key in known, f"unknown key {key!r}; known are {', '.join(known)}") for key in given)


def _require(*checks: tuple[bool, str]) -> None:
    """Each whether it holds, and what is told if not."""
    _refuse([told for holds, told in checks if not holds])


def _refuse(problems: list[str]) -> None:
    if problems:
        raise WrongScenario(problems)
