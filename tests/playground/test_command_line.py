"""`python -m playground` where it cannot do what it is asked to; `test_scenario.py` has more."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Iterator

import pytest

from playground.__main__ import parsed
from playground.listening import CannotListen
from playground.program import ROOT
from playground.server import Playground


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def run(*arguments: str) -> tuple[int | None, list[str]]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "playground", *arguments),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(30):
        output, _ = await process.communicate()
    return process.returncode, output.decode().splitlines()


async def test_a_port_that_is_taken_is_one_line(taken: int) -> None:
    told = f"playground: port {taken} of 127.0.0.1 is taken; --port names another"
    assert await run("--port", str(taken)) == (1, [told])


async def test_an_address_of_another_machine_is_one_line() -> None:
    status, lines = await run("--host", "192.0.2.1", "--port", "8080")
    assert status == 1
    assert lines == ["playground: cannot listen on port 8080 of 192.0.2.1: Cannot assign requested address"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--port", "65536"), "argument --port: must be from 0 to 65535"),
        (("--port", "-1"), "argument --port: must be from 0 to 65535"),
        (("--shards", "0"), "argument --shards: must be at least 1"),
        (("replay", "x.jsonl", "--speed", "0"), "argument --speed: must be more than 0"),
    ],
)
def test_options_that_cannot_be_are_refused(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], told: str
) -> None:
    with pytest.raises(SystemExit) as refused:
        parsed(arguments)
    assert refused.value.code == 2 and told in capsys.readouterr().err


async def test_a_playground_that_cannot_listen_leaves_nothing_open(taken: int) -> None:
    playground = Playground(port=taken)
    closed: list[str] = []
    playground.app.on_cleanup.append(lambda app: _note(closed))
    with pytest.raises(CannotListen, match=f"port {taken} of 127.0.0.1 is taken"):
        await playground.__aenter__()
    assert closed == ["closed"]


async def _note(closed: list[str]) -> None:
    closed.append("closed")
