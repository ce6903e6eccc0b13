from __future__ import annotations

import asyncio
import importlib.util
import os
from pathlib import Path

import pytest

from playground.models.local import REQUIRED_FLAGS, LocalModel, LocalModelFailed, supported

needs_engine = pytest.mark.skipif(importlib.util.find_spec("xllamacpp") is None, reason="xllamacpp is not installed")


@needs_engine
@pytest.mark.parametrize("missing", sorted(REQUIRED_FLAGS))
def test_a_processor_without_a_flag_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor : 0\nflags\t\t: sse {' '.join(REQUIRED_FLAGS - {missing})}\n")
    assert supported(cpuinfo).reason == f"the processor has no {missing}"
    cpuinfo.write_text(f"flags\t\t: sse {' '.join(REQUIRED_FLAGS)}\n")
    assert supported(cpuinfo).possible


def test_a_missing_engine_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert supported().reason == "the package xllamacpp is not installed"


async def test_a_file_that_is_not_there_is_said() -> None:
    with pytest.raises(LocalModelFailed, match="status 2"):
        async with LocalModel(Path("/nowhere/model.gguf")):
            pass


@needs_engine
@pytest.mark.skipif(not supported().possible, reason=supported().reason)
async def test_a_file_that_is_no_model_is_said(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"not a model")
    model = LocalModel(tmp_path / "model.gguf")
    with pytest.raises(LocalModelFailed):
        async with asyncio.timeout(30), model:
            pass
    assert model.pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(model.pid, 0)
