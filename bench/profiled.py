"""Where the bot's processor time went, by package and by function, from a profile of cProfile.

Only time in the functions themselves is told. Cumulated times of such a profile are wrong here: SQLAlchemy's greenlets
switch stacks behind the profiler's back. Time in the built-ins is told apart, waiting for the network left out.
"""

from __future__ import annotations

import pstats
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from playground.program import ROOT

WAITING = "'poll' of 'select"
"""In the name of the built-in in which an event loop waits on Linux."""

T = TypeVar("T")
Function = tuple[str, int, str]


def told(path: Path, *, packages: int = 12, functions: int = 12) -> str:
    stats: dict[Function, tuple[int, int, float, float, object]] = vars(pstats.Stats(str(path)))["stats"]
    spent = {function: numbers[2] for function, numbers in stats.items() if WAITING not in function[2]}
    by_package: defaultdict[str, float] = defaultdict(float)
    for (file, _, _), seconds in spent.items():
        by_package[package(file)] += seconds
    rows = [f"{sum(spent.values()):.1f} s in all, imports and the profiler's own share included"]
    rows += [f"{seconds:7.2f}  {name}" for name, seconds in _dearest(by_package, packages)]
    rows += [f"{seconds:7.2f}  {package(file)}: {name}" for (file, _, name), seconds in _dearest(spent, functions)]
    return "\n".join(rows)


def _dearest(spent: Mapping[T, float], number: int) -> list[tuple[T, float]]:
    return sorted(spent.items(), key=lambda item: item[1], reverse=True)[:number]


def package(path: str) -> str:
    """Of a file: the distribution it was installed with, the part of the bot, or Python's own module."""
    _, installed, inside = path.partition("site-packages/")
    if installed:
        return inside.partition("/")[0]
    own = Path(path)
    if own.is_relative_to(ROOT):
        return ".".join(own.relative_to(ROOT).with_suffix("").parts[:2])
    return "built-in" if path == "~" else f"Python's {own.parent.name if own.parent.name == 'asyncio' else own.stem}"
