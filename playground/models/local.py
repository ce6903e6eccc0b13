"""A small model on this machine behind OpenAI's HTTP interface, as a process of its own.

`python -m playground.models.local --model PATH --port 0` prints `READY http://host:port/v1` and serves until SIGTERM,
or until its standard input ends where `--until-eof` is given: so it never outlives the program that started it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import importlib.util
import os
import platform
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

MODEL = "smollm2"
CONTEXT_TOKENS = 2_048
"""Of one conversation: the engine divides its whole context by the number of slots."""
SLOTS = 4
DECODE_THREADS = 1
"""The engine spins while it waits: with two threads it fell from 51 to 9 tokens a second beside two busy processes,
with one from 76 to 65."""
BATCH_THREADS = 2
START_SECONDS = 60.0
REQUIRED_FLAGS = frozenset({"avx2", "fma", "f16c", "bmi2"})
"""Of an x86-64 processor: xllamacpp's wheel is built for them and dies of an illegal instruction without."""


class LocalModelFailed(Exception):
    """The server did not come up. The text holds the last line that it wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    possible: bool
    reason: str
    """Why not; empty where possible."""


def supported(cpuinfo: Path = Path("/proc/cpuinfo")) -> Support:
    """Whether the engine can run here. Where the processor's flags are unknown it is tried in a process of its own."""
    if importlib.util.find_spec("xllamacpp") is None:
        return Support(possible=False, reason="the package xllamacpp is not installed")
    if platform.machine() in {"x86_64", "AMD64"} and cpuinfo.exists():
        missing = REQUIRED_FLAGS - _flags(cpuinfo.read_text())
        reason = f"the processor has no {', '.join(sorted(missing))}" if missing else ""
        return Support(possible=not missing, reason=reason)
    trial = subprocess.run([sys.executable, "-c", "import xllamacpp"], capture_output=True, timeout=60, check=False)
    return Support(possible=trial.returncode == 0, reason="" if trial.returncode == 0 else "xllamacpp does not load")


def _flags(cpuinfo: str) -> frozenset[str]:
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "flags":
            return frozenset(value.split())
    return frozenset()


class LocalModel:
    """`async with LocalModel(path) as model`: the server runs inside the block, reachable at `model.base_url`."""

    def __init__(self, model: Path, *, api_key: str = "local", log: Path | None = None) -> None:
        """`log` takes what the engine writes, several pages a start; without it that is dropped."""
        self.api_key = api_key
        self.base_url = ""
        self._model = model
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def __aenter__(self) -> LocalModel:
        command = (sys.executable, "-m", "playground.models.local", "--model", str(self._model), "--until-eof")
        with self._log.open("ab") if self._log else contextlib.nullcontext(subprocess.DEVNULL) as errors:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                *("--api-key", self.api_key),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=Path(__file__).parents[2],
                # An interrupt at the terminal is for the owner, who ends this process in its turn.
                start_new_session=True,
            )
        try:
            self.base_url = await asyncio.wait_for(self._ready(self._process), START_SECONDS)
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 5)
        except TimeoutError:
            process.kill()
            await process.wait()

    @staticmethod
    async def _ready(process: asyncio.subprocess.Process) -> str:
        assert process.stdout is not None
        last = "nothing"
        async for line in process.stdout:
            text = line.decode(errors="replace").strip()
            if text.startswith("READY "):
                return text.removeprefix("READY ")
            last = text or last
        raise LocalModelFailed(f"the local model ended with status {await process.wait()}, saying: {last}")


def serve(model: Path, port: int, api_key: str, *, until_eof: bool = False) -> None:
    """Blocks until SIGTERM or SIGINT, or the end of standard input."""
    # By name: the package has no types to check against.
    xllamacpp = importlib.import_module("xllamacpp")
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model)
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = port
    parameters.n_parallel = SLOTS
    parameters.n_ctx = SLOTS * CONTEXT_TOKENS
    parameters.cpuparams.n_threads = DECODE_THREADS
    parameters.cpuparams_batch.n_threads = BATCH_THREADS
    parameters.model_alias = {MODEL}
    parameters.api_keys = [api_key]
    parameters.ui = False
    ended = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: ended.set())
    server = xllamacpp.Server(parameters)
    print(f"READY {server.listening_address.rstrip('/')}/v1", flush=True)
    # Nobody reads the pipe from here on; what the engine prints goes where its log goes.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    if until_eof:
        threading.Thread(target=_set_at_eof, args=(ended,), daemon=True).start()
    ended.wait()


def _set_at_eof(ended: threading.Event) -> None:
    sys.stdin.buffer.read()
    ended.set()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m playground.models.local", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="a GGUF file")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--api-key", default="local")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input does")
    options = parser.parse_args()
    if not options.model.is_file():
        parser.error(f"no file at {options.model}")
    serve(options.model, options.port, options.api_key, until_eof=options.until_eof)


if __name__ == "__main__":
    main()
