"""The unchanged bot as its own process, told by its environment where Discord and the model are."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

ROOT = Path(__file__).parents[2]


class Program:
    """`async with` starts `python -m bot` and waits until it says that it is ready."""

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        self._environment = environment
        self._arguments = arguments
        self._lines: list[str] = []
        self._changed = asyncio.Condition()
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._ended = False
        self._directory = TemporaryDirectory()

    async def start(self) -> Self:
        inherited = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            *self._arguments,
            # Elsewhere, so that a `.env` of this checkout is not read.
            env={**inherited, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT), **self._environment},
            cwd=self._directory.name,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aenter__(self) -> Self:
        await self.start()
        await self.says("ready")
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.terminate()

    @property
    def output(self) -> str:
        return "\n".join(self._lines)

    async def says(self, text: str, *, times: int = 1) -> None:
        """Returns when so many lines of its output hold `text`; fails if it ends before."""
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(lambda: self._said(text) >= times or self._ended)
        assert self._said(text) >= times, f"the program ended without saying {text!r}:\n{self.output}"

    async def terminate(self) -> int:
        """SIGTERM; returns the exit status."""
        self.signal(signal.SIGTERM)
        return await self.exit_status()

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(number)

    async def kill(self) -> None:
        """SIGKILL: a crash."""
        assert self._process is not None
        self._process.kill()
        await self.exit_status()

    async def exit_status(self) -> int:
        assert self._process is not None and self._reader is not None
        async with asyncio.timeout(40):
            await self._reader
            status = await self._process.wait()
        self._directory.cleanup()
        return status

    def _said(self, text: str) -> int:
        return sum(text in line for line in self._lines)

    async def _read(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        async for line in self._process.stdout:
            async with self._changed:
                self._lines.append(line.decode().rstrip())
                self._changed.notify_all()
        async with self._changed:
            self._ended = True
            self._changed.notify_all()
