"""How the demo shows what it does: with colours and a bar in a terminal, as plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn


class Display:
    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(file=sys.stdout, highlight=False, soft_wrap=True)

    @property
    def plain(self) -> bool:
        return not self._console.is_terminal

    def say(self, text: str) -> None:
        self._console.print(escape(text))

    def problem(self, text: str) -> None:
        self._console.print(escape(text), style="bold red")

    def quote(self, line: str) -> None:
        self._console.print(escape(f"  {line}"), style="dim")

    def box(self, *lines: str) -> None:
        text = "\n".join(lines)
        if self.plain:
            self._console.print(escape(text))
        else:
            self._console.print(Panel(escape(text), expand=False, padding=(1, 4), border_style="bold cyan"))

    @contextmanager
    def downloading(self, what: str) -> Iterator[Meter]:
        """A bar that appears with the first byte reported: nothing is shown of a file that is there already."""
        meter = Meter(self, what)
        try:
            yield meter
        finally:
            meter.close()

    def progress(self) -> Progress:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        return Progress(*columns, console=self._console, transient=True)


class Meter:
    def __init__(self, display: Display, what: str) -> None:
        self._display = display
        self._what = what
        self._progress: Progress | None = None
        self._begun = False

    def __call__(self, there: int, needed: int) -> None:
        if not self._begun:
            self._begin(needed)
        if self._progress is not None:
            self._progress.update(self._progress.task_ids[0], completed=there)

    def close(self) -> None:
        if self._progress is not None:
            self._progress.stop()

    def _begin(self, needed: int) -> None:
        self._begun = True
        if self._display.plain:
            self._display.say(f"{self._what} ({needed / 1e6:.0f} MB) …")
            return
        self._progress = self._display.progress()
        self._progress.add_task(self._what, total=needed)
        self._progress.start()
