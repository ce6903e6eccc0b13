from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from bench.playground import Load, Result, main, measured, told


async def test_everything_that_is_written_is_heard_twice(tmp_path: Path) -> None:
    load = Load(seconds=0.5, rate=20.0)
    result = await measured(load, tmp_path)
    assert 10 < result.calls <= 20
    assert result.missing == {"gateway": 0, "page": 0}
    assert all(len(delays) == result.calls and min(delays) > 0 for delays in result.delays.values())


def test_the_result_is_told_with_what_each_call_cost() -> None:
    result = Result(
        calls=200,
        lateness=0.002,
        cpu_seconds=0.5,
        memory_mb=(40.0, 50.0),
        delays={"gateway": [0.001, 0.003, 0.002], "page": []},
        missing={"gateway": 0, "page": 3},
    )
    lines = told(Load(seconds=2.0, rate=50.0), result).splitlines()
    assert lines[0] == "50 messages and 50 edits a second for 2 s: 200 calls"
    assert "0.50 s, 25.0% of a core, 2.50 ms a call" in lines[2]
    assert "40 MB before, 50 MB at the most" in lines[3]
    assert lines[4].endswith("2.0 ms, at worst 3 ms; 0 not heard")
    assert lines[5].endswith("-; 3 not heard")


def test_every_option_is_explained(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["playground", "--help"])
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main()
    explained = re.findall(r"^ +(--\w+) [A-Z]+ +\S", capsys.readouterr().out, re.MULTILINE)
    assert explained == ["--seconds", "--rate"]
