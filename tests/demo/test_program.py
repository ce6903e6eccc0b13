from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from playground import page
from playground.program import Ended, Program
from playground.server import Playground

SCRIPT = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print("draining", flush=True), sys.exit(0)))
print("started as", os.environ["NAME"], flush=True)
if sys.argv[1:] == ["fail"]:
    print("no token given", flush=True)
    sys.exit(2)
time.sleep(60)
"""


class Watched:
    """A program and what was told about its ends."""

    def __init__(self, directory: Path, *arguments: str) -> None:
        self.ends: asyncio.Queue[Ended] = asyncio.Queue()
        self.said: asyncio.Queue[str] = asyncio.Queue()
        self.log = directory / "bot.log"
        command = (sys.executable, "-c", SCRIPT, *arguments)
        environment = {**os.environ, "NAME": "Causerie"}
        self.program = Program(
            environment, self.log, ended=self.ends.put_nowait, echo=self.said.put_nowait, command=command
        )

    async def start(self) -> None:
        await self.program.restart()
        assert await asyncio.wait_for(self.said.get(), 10) == "started as Causerie"


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Watched]:
    watched = Watched(tmp_path)
    await watched.start()
    yield watched
    await watched.program.stop()


async def test_it_ends_in_good_order_when_asked_and_nobody_is_told(bot: Watched) -> None:
    await bot.program.stop()
    assert not bot.program.running
    assert bot.ends.empty()
    assert bot.program.last is None
    assert bot.log.read_text() == "started as Causerie\ndraining\n"


async def test_a_crash_is_told_with_its_last_lines(bot: Watched) -> None:
    await bot.program.kill()
    ended = bot.ends.get_nowait()
    assert ended == Ended(status=-9, lines=("started as Causerie",), asked=True) and ended.signal == "SIGKILL"
    assert bot.program.last is not None
    assert bot.program.pid is None


async def test_it_is_started_again_as_another_process(bot: Watched) -> None:
    first = bot.program.pid
    await bot.program.restart()
    assert bot.program.running
    assert bot.program.pid != first
    assert bot.ends.empty()


async def test_it_is_started_again_after_a_crash(bot: Watched) -> None:
    await bot.program.kill()
    await bot.program.restart()
    assert bot.program.running
    assert bot.program.last is None
    bot.ends.get_nowait()
    assert bot.program.pid is not None
    os.kill(bot.program.pid, signal.SIGKILL)
    assert (await asyncio.wait_for(bot.ends.get(), 10)).asked is False, "only the earlier one was"


async def test_a_start_that_fails_is_told_with_its_status(tmp_path: Path) -> None:
    watched = Watched(tmp_path, "fail")
    await watched.start()
    ended = await asyncio.wait_for(watched.ends.get(), 10)
    assert ended == Ended(status=2, lines=("started as Causerie", "no token given")) and ended.signal is None
    await watched.program.wait()


async def test_the_page_can_end_and_start_it_but_pages_from_elsewhere_cannot(bot: Watched) -> None:
    playground = Playground()
    page.routes(playground.app, bot=bot.program)
    async with playground, aiohttp.ClientSession(f"{playground.url}/playground/api/") as session:
        stranger = {"Origin": "https://example.com"}
        async with session.post("bot/kill", headers=stranger) as refused:
            assert refused.status == 403
        assert bot.program.running
        async with session.post("bot/kill") as response:
            shown = await response.json()
        assert shown == {
            "managed": True,
            "running": False,
            "pid": None,
            "ended": {"status": -9, "signal": "SIGKILL", "asked": True, "lines": ["started as Causerie"]},
        }
        async with session.post("bot/restart") as response:
            assert (await response.json())["running"] is True
