from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.blocks import longest, watched
from playground.program import ROOT

BLOCKING = """
import asyncio, sys, time

async def main():
    await asyncio.sleep(0)
    until = time.monotonic() + 0.03
    while time.monotonic() < until:
        pass
    print(sys.argv, __name__)
    await asyncio.sleep(1.0)

asyncio.run(main())
"""


def test_a_blocks_whole_length_is_noted_and_waiting_is_none(tmp_path: Path) -> None:
    (tmp_path / "blocking.py").write_text(BLOCKING)
    ended = subprocess.run(
        (sys.executable, "-m", "bench.blocks", "found", "blocking"),
        cwd=tmp_path,
        env={"PYTHONPATH": f"{ROOT}:{tmp_path}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.endswith("blocking.py'] __main__\n")
    found = longest(tmp_path / "found", 0.0, time.monotonic())
    assert found is not None and 0.03 <= found < 1.0


def test_only_blocks_between_the_two_moments_count(tmp_path: Path) -> None:
    (tmp_path / "found").write_text("1.0 0.5\n2.0 0.1\n3.0 0.2\n")
    assert longest(tmp_path / "found", 1.5, 2.5) == 0.1
    assert longest(tmp_path / "found", 1.5, 3.0) == 0.2
    assert longest(tmp_path / "found", 4.0, 5.0) == 0.0


def test_what_was_not_watched_has_no_blocks(tmp_path: Path) -> None:
    assert longest(tmp_path / "missing", 0.0, 1.0) is None
    (tmp_path / "empty").touch()
    assert longest(tmp_path / "empty", 0.0, 1.0) is None


@pytest.mark.skipif(sys.platform == "win32", reason="its loop has no selector")
def test_a_loop_runs_on_the_watched_selector(tmp_path: Path) -> None:
    loop = asyncio.SelectorEventLoop(watched(tmp_path / "found")())
    try:
        assert loop.run_until_complete(asyncio.sleep(0.0, "done")) == "done"
    finally:
        loop.close()
