from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from playground.demo import PORT, free_port, parsed, prepared
from playground.models.choice import Wish
from playground.program import ROOT


class Demo:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.output = ""
        self.url = ""

    async def opened(self) -> None:
        while "Ctrl-C" not in self.output:
            line = await self._line()
            assert line, self.output
        found = re.search(r"Open {2}(\S+)", self.output)
        assert found, self.output
        self.url = found[1]

    async def ended(self) -> int:
        while await self._line():
            pass
        return await self.process.wait()

    async def _line(self) -> bytes:
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        self.output += line.decode()
        return line


@asynccontextmanager
async def demo(directory: Path, *arguments: str) -> AsyncIterator[Demo]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI", "DISCORD"))}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "playground.demo", "--no-browser", "--model", "scripted", "--port", "0"),
        *("--directory", str(directory), *arguments),
        cwd=ROOT,
        env={**environment, "PYTHONUNBUFFERED": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Demo(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
async def test_it_brings_the_bot_online_and_ends_everything_with_itself(tmp_path: Path, name: signal.Signals) -> None:
    async with asyncio.timeout(60), demo(tmp_path) as running:
        await running.opened()
        async with aiohttp.ClientSession(running.url) as session:
            async with session.get("/") as response:
                assert "Causerie playground" in await response.text()
            async with session.get("/playground/api/state") as response:
                assert (await response.json())["bot"]["online"] is True, running.output
            async with session.get("/playground/api/bot") as response:
                bot = await response.json()
        running.process.send_signal(name)
        async with asyncio.timeout(30):
            assert await running.ended() == 0
    assert "Traceback" not in running.output
    with pytest.raises(ProcessLookupError):
        os.kill(bot["pid"], 0)


async def test_an_interrupt_while_it_prepares_ends_it_too(tmp_path: Path) -> None:
    async with asyncio.timeout(60), demo(tmp_path) as running:
        while "Model:" not in running.output:
            assert await running._line(), running.output
        running.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(30):
            assert await running.ended() == 0
    assert "Traceback" not in running.output


async def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with asyncio.timeout(60), demo(tmp_path, "--port", str(port)) as running:
            assert await running.ended() == 1
    told = f"The demo cannot start: port {port} of 127.0.0.1 is taken; --port names another."
    assert running.output.splitlines() == [told]


def test_the_next_free_port_is_taken_where_none_is_wished() -> None:
    try:
        blocker = socket.create_server(("127.0.0.1", PORT))
    except OSError:
        assert free_port(None) > PORT
    else:
        with blocker:
            assert free_port(None) > PORT


def test_a_demo_begins_afresh(tmp_path: Path) -> None:
    directory = prepared(tmp_path / "8080")
    (directory / "causerie.db").write_text("old")
    assert not (prepared(directory) / "causerie.db").exists()


def test_its_options() -> None:
    options = parsed(["--model", "local", "--no-browser", "--port", "9000"])
    assert (options.wish, options.browser, options.port) == (Wish.LOCAL, False, 9000)
    assert parsed([]).port is None


def test_a_port_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        parsed(["--port", "65536"])
    assert refused.value.code == 2 and "must be from 0 to 65535" in capsys.readouterr().err
