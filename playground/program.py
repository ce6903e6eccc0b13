"""The bot as a process of its own: started, watched, ended, and started again when somebody asks."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMAND = (sys.executable, "-m", "bot")
SHOWN_LINES = 12
STOP_SECONDS = 6.0
"""After SIGTERM, before SIGKILL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How the program ended by itself or was killed; `status` is negative for a signal."""

    status: int
    lines: tuple[str, ...]
    asked: bool = False
    """By `kill`."""

    @property
    def signal(self) -> str | None:
        return signal.Signals(-self.status).name if self.status < 0 else None


class Program:
    """One process at a time. `ended` is called whenever it stops without having been asked to by `stop`."""

    def __init__(
        self,
        environment: Mapping[str, str],
        log: Path,
        *,
        ended: Callable[[Ended], None],
        echo: Callable[[str], None] | None = None,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._environment = dict(environment)
        self._command = command
        self.log = log
        self._ended = ended
        self._echo = echo
        self._lines: deque[str] = deque(maxlen=SHOWN_LINES)
        self._process: asyncio.subprocess.Process | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._stopping = False
        self._killing = False
        self._turn = asyncio.Lock()
        self.last: Ended | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self.running else None

    async def wait(self) -> None:
        """Until the process that runs now has ended."""
        if self._watcher is not None:
            await asyncio.shield(self._watcher)

    async def restart(self) -> None:
        """Starts it, having ended it in good order where it runs."""
        async with self._turn:
            await self._stop()
            await self._start()

    async def kill(self) -> None:
        """SIGKILL, as a crash would end it; it is not started again."""
        async with self._turn:
            if self._process is not None and self.running:
                self._killing = True
                self._process.kill()
            if self._watcher is not None:
                await self._watcher

    async def stop(self) -> None:
        async with self._turn:
            await self._stop()

    async def _start(self) -> None:
        self._lines.clear()
        self.last = None
        self._stopping = self._killing = False
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            # Elsewhere, so that a `.env` of this checkout, which is for another bot, is not read.
            env={**self._environment, "PYTHONPATH": str(ROOT)},
            cwd=self.log.absolute().parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # An interrupt at the terminal is for this program, which ends the other in its turn.
            start_new_session=True,
        )
        self._watcher = asyncio.create_task(self._watch(self._process))

    async def _stop(self) -> None:
        self._stopping = True
        if self._process is not None and self.running:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
            except TimeoutError:
                self._process.kill()
        if self._watcher is not None:
            await self._watcher

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        with self.log.open("ab") as log:
            while line := await _line(process.stdout):
                log.write(line)
                log.flush()
                self._take(line.decode(errors="replace").rstrip())
        status = await process.wait()
        if not self._stopping:
            self.last = Ended(status=status, lines=tuple(self._lines), asked=self._killing)
            self._ended(self.last)

    def _take(self, line: str) -> None:
        self._lines.append(line)
        if self._echo is not None:
            self._echo(line)


async def _line(stream: asyncio.StreamReader) -> bytes:
    """The next line, or what there is of one that is longer than the reader's buffer; empty at the end."""
    try:
        return await stream.readline()
    except ValueError:
        return await stream.read(1 << 16)
