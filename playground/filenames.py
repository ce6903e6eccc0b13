"""Names of files as Discord keeps them, and the types that they tell."""

from __future__ import annotations

import mimetypes
import re
from pathlib import PurePosixPath

_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")


def safe(name: str) -> str:
    """Without its path, spaces as underscores, of ASCII letters, digits, underscores, dots and dashes alone."""
    last = PurePosixPath(_last(name).replace(" ", "_"))
    stem, ending = _UNSAFE.sub("", last.stem), _UNSAFE.sub("", last.suffix)
    return f"{stem if stem.strip('._-') else 'unknown'}{ending}"


def title(name: str) -> str | None:
    """What a safe name says no more: the name as it was, without its ending. None where nothing is lost."""
    last = _last(name)
    return PurePosixPath(last).stem if safe(name) != last.replace(" ", "_") else None


def content_type(name: str) -> str:
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{guessed}; charset=utf-8" if guessed.startswith("text/") else guessed


def _last(name: str) -> str:
    return name.replace("\\", "/").rstrip("/").rpartition("/")[2]
