"""Recordings as files: written line by line while things happen, read whole."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from playground.entities import Attachment, Json

FORMAT = "playground-recording"
VERSION = 1


class Unreadable(Exception):
    """The file is missing, no recording, damaged, or of a newer playground. The text is one line and names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    header: Json
    lines: tuple[Json, ...]

    @property
    def seconds(self) -> float:
        return float(self.lines[-1]["at"]) if self.lines else 0.0


def written(line: Json) -> str:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"), default=_content) + "\n"


@dataclass(slots=True)
class Content:
    """Of a file inside a line, until it is forgotten."""

    size: int
    raw: bytes | None = field(repr=False)

    def forget(self) -> None:
        self.raw = None


def kept(file: Attachment) -> Json:
    """A file inside a line; its content is encoded when the line is written."""
    size = len(file.content)
    return {"name": file.filename, "size": size, "content": Content(size, file.content)}


def _content(value: Any) -> str | None:
    if not isinstance(value, Content):
        raise TypeError(f"{type(value).__name__} cannot be written down")
    return None if value.raw is None else base64.b64encode(value.raw).decode()


def content(file: Json) -> bytes:
    """Of a file in a line that was read; as many zeros where it was forgotten."""
    encoded = file.get("content")
    return bytes(file["size"]) if encoded is None else base64.b64decode(encoded)


def read(path: Path) -> Session:
    """Raises Unreadable. A last line that was cut off, as by a crash, is left out."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a text file"
        raise Unreadable(f"{path}: {reason}") from error
    whole, _, _ = text.rpartition("\n")
    first, *rest = whole.split("\n")
    header = _object(first)
    if header is None or header.get("format") != FORMAT or not isinstance(header.get("version"), int):
        raise Unreadable(f"{path}: no recording of a playground")
    if header["version"] > VERSION:
        raise Unreadable(
            f"{path}: version {header['version']} is of a newer playground; this one reads up to {VERSION}"
        )
    return Session(header=header, lines=tuple(_events(path, rest)))


def _events(path: Path, rows: Iterable[str]) -> Iterable[Json]:
    for number, row in enumerate(rows, start=2):
        line = _object(row)
        if line is None or not isinstance(line.get("at"), int | float) or not isinstance(line.get("event"), str):
            raise Unreadable(f"{path}: line {number} is damaged")
        yield line


def _object(row: str) -> Json | None:
    try:
        value = json.loads(row)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _lasting(value: Any) -> Any:
    """A copy whose files are not forgotten with those of the original."""
    if isinstance(value, Content):
        return replace(value)
    if isinstance(value, dict):
        return {key: _lasting(each) for key, each in value.items()}
    return [_lasting(each) for each in value] if isinstance(value, list) else value


class Pen:
    """Appends lines to a new file in their order, off the event loop."""

    def __init__(self, path: Path) -> None:
        """Raises OSError where the file cannot be made."""
        self._path = path
        self._file = path.open("w", encoding="utf-8")
        self._lines: asyncio.Queue[Json | None] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write())

    def put(self, line: Json) -> None:
        """A file in it may be forgotten as soon as this returns."""
        self._lines.put_nowait(_lasting(line))

    async def wait(self) -> None:
        """Until it is closed. Raises OSError, with the path, once the file cannot be written."""
        await asyncio.shield(self._writer)

    async def close(self) -> None:
        """Once all lines are there. Raises OSError where they cannot be."""
        self._lines.put_nowait(None)
        await self._writer

    async def _write(self) -> None:
        try:
            await self._write_all()
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from error

    async def _write_all(self) -> None:
        with self._file:
            ended = False
            while not ended:
                lines = [await self._lines.get()]
                while not self._lines.empty():
                    lines.append(self._lines.get_nowait())
                ended = lines[-1] is None
                await asyncio.to_thread(self._append, [line for line in lines if line is not None])

    def _append(self, lines: list[Json]) -> None:
        self._file.writelines(map(written, lines))
        self._file.flush()
