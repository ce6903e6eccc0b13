"""Runs a program and notes whenever its event loop is busy for long: `python -m bench.blocks FILE MODULE`.

While a loop runs what has become ready, it hears nothing: no token, no answer, no heartbeat. Such a block lasts from
the moment at which the loop comes back from waiting until it waits again. Both are calls of its selector, so a selector
that looks at the clock sees every block in full and costs next to nothing (two readings of the clock each time around).
The program itself is not changed: the loop is given this selector where it would take the usual one.

Each block of at least half a millisecond is a line: the moment of its end on the machine's monotonic clock, and its
seconds. On Windows, whose loop has no selector, the file stays empty.
"""

from __future__ import annotations

import os
import runpy
import selectors
import sys
import time
from pathlib import Path

NOTED_SECONDS = 0.0005


def watched(path: Path) -> type[selectors.BaseSelector]:
    """The machine's usual selector, which writes blocks to a file."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    class Watched(selectors.DefaultSelector):
        _returned: float | None = None

        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            now = time.monotonic()
            if self._returned is not None and now - self._returned >= NOTED_SECONDS:
                os.write(file, f"{now} {now - self._returned}\n".encode())
            try:
                return super().select(timeout)
            finally:
                self._returned = time.monotonic()

    return Watched


def longest(path: Path, begin: float, end: float) -> float | None:
    """Seconds of the longest block that ended between two moments, 0 for none of note; None from an empty file."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        lines = []
    if not lines:
        return None
    blocks = [(float(moment), float(seconds)) for moment, seconds in map(str.split, lines)]
    return max((seconds for moment, seconds in blocks if begin <= moment <= end), default=0.0)


def main() -> None:
    path, module = sys.argv[1:]
    setattr(selectors, "DefaultSelector", watched(Path(path)))  # noqa: B010 - a class is no variable to mypy
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
