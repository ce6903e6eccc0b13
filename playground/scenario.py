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
in the order of the file. What is wrong with a file is told before anything happens, each with the step it is in.
"""

from __future__ import annotations

import tomllib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from playground import faults
from playground.entities import Channel
from playground.errors import ApiError, Impossible
from playground.faults import Fault
from playground.limits import OPTIONAL, RATES, Rate
from playground.people import Person
from playground.rest.api import require_known
from playground.server import Playground

BEGINNINGS = ("online", "start")
GATEWAY = ("cut", "lose", "reconnect", "invalidate")
"""`lose` is a cut after which nothing can be resumed."""
MAX_AT = 86_400.0


class ScenarioError(Exception):
    """The file cannot be read, or says what cannot be. The text names the file and the step."""


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


def load(path: Path) -> Scenario:
    """Raises ScenarioError."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{path}: no TOML: {error}") from None
    try:
        return parsed(given)
    except ValueError as error:
        raise ScenarioError(f"{path}: {error}") from None


def parsed(given: Mapping[str, Any]) -> Scenario:
    """Raises ValueError, its text for people."""
    _check_keys(given, ("seed", "begin", "step"))
    begin, seed = given.get("begin", "online"), given.get("seed", 0)
    _require(begin in BEGINNINGS, f"begin is one of {', '.join(BEGINNINGS)}, not {begin!r}")
    _require(type(seed) is int, "seed is a whole number")
    steps = given.get("step", [])
    _require(isinstance(steps, list) and bool(steps), "there is no [[step]]")
    read = [_step(each, number) for number, each in enumerate(steps, 1)]
    return Scenario(steps=tuple(sorted(read, key=lambda step: step.at)), begin=begin, seed=seed)


def check(scenario: Scenario, playground: Playground) -> None:
    """Raises ScenarioError where it names people or channels that are not there."""
    for step in scenario.steps:
        try:
            if step.say is not None:
                _place(playground, step.say)
        except ValueError as error:
            raise ScenarioError(f"step {step.number}: {error}") from None


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
    sessions = playground.sessions
    acts: dict[str | None, Callable[[], None]] = {
        "cut": sessions.cut,
        "lose": partial(sessions.cut, resumable=False),
        "reconnect": sessions.ask_to_reconnect,
        "invalidate": sessions.invalidate,
    }
    acts[step.gateway]()


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
    _require(bool(users), f"there is no person {said.person!r}")
    person = playground.people.person(users[0].id)
    if said.channel is None:
        return person, person.dm()
    found = [each for each in playground.world.channels.values() if each.guild and each.name == said.channel]
    _require(bool(found), f"there is no channel {said.channel!r}")
    return person, found[0]


def _step(given: Any, number: int) -> Step:
    _require(isinstance(given, dict), f"step {number}: is no table")
    try:
        _check_keys(given, ("at", *ACTIONS))
        _require(any(given.get(action) for action in ACTIONS), f"does nothing; it may name {', '.join(ACTIONS)}")
        return Step(
            at=_seconds(given.get("at", 0.0)),
            number=number,
            clear=given.get("clear") is True,
            fault=_read_fault(given["fault"]) if "fault" in given else None,
            rate=_read_rate(given["rate"]) if "rate" in given else None,
            gateway=_one_of("gateway", given["gateway"], GATEWAY) if "gateway" in given else None,
            say=_read_said(given["say"]) if "say" in given else None,
        )
    except ValueError as error:
        raise ValueError(f"step {number}: {error}") from None


def _read_fault(given: Any) -> Fault:
    _require(isinstance(given, dict), "fault is a table")
    fault = faults.read(given)
    require_known(fault)
    return fault


def _read_rate(given: Any) -> RateChange:
    _require(isinstance(given, dict), "rate is a table")
    _check_keys(given, ("name", "calls", "seconds", "lifted"))
    name = _one_of("rate.name", given.get("name"), (*RATES, *OPTIONAL))
    if given.get("lifted") is True:
        return RateChange(name=name, rate=None)
    calls, seconds = given.get("calls"), given.get("seconds")
    if type(calls) is not int or calls < 0:
        raise ValueError("rate.calls is a whole number, or lifted is true")
    _require(isinstance(seconds, int | float) and seconds > 0, "rate.seconds is a number above 0")
    return RateChange(name=name, rate=Rate(calls, float(seconds or 0)))


def _read_said(given: Any) -> Said:
    _require(isinstance(given, dict), "say is a table")
    _check_keys(given, ("person", "channel", "text"))
    for key in ("person", "text", *(("channel",) if "channel" in given else ())):
        _require(isinstance(given.get(key), str) and bool(given[key]), f"say.{key} is a text")
    return Said(person=given["person"], channel=given.get("channel"), text=given["text"])


def _seconds(given: Any) -> float:
    right = isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given <= MAX_AT
    _require(right, f"at is between 0 and {MAX_AT:.0f} seconds")
    return float(given)


def _one_of(key: str, given: Any, known: tuple[str, ...]) -> str:
    _require(given in known, f"{key} is one of {', '.join(known)}, not {given!r}")
    return str(given)


def _check_keys(given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    unknown = [key for key in given if key not in known]
    _require(not unknown, f"unknown key {', '.join(map(repr, unknown))}; known are {', '.join(known)}")


def _require(holds: bool, told: str) -> None:
    if not holds:
        raise ValueError(told)
