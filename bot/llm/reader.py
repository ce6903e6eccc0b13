"""The stream reader: server-sent events of Chat Completions from network data, without the SDK's decoding.

The SDK builds a typed object for every token. This reader splits lines and decodes the JSON of each event, and what
came as one piece of network data is handed on as one.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

from bot.errors import Malformed

MAX_EVENT = 1_048_576
"""Bytes. An event of Chat Completions has a few hundred; what never ends is something else."""
_FIELDS = (b"data", b"event", b"id", b"retry", b"error", b"")


async def read(
    chunks: AsyncIterator[bytes], rest: Callable[[int], Awaitable[None]]
) -> AsyncGenerator[Iterator[dict[str, Any]], None]:
    """The JSON objects of a stream up to `[DONE]` or its end, by the pieces in which they came.

    Each piece is to be gone through before the next: that raises Malformed for what is no stream of events. Then `rest`
    is awaited, with the bytes that the piece had.
    """
    decoder = Decoder()
    async for chunk in chunks:
        yield decoder.feed(chunk)
        if decoder.done:
            return
        await rest(len(chunk))
    yield decoder.end()


class Decoder:
    def __init__(self) -> None:
        self.done = False
        self.events = 0
        self._rest = self._data = b""

    def feed(self, chunk: bytes) -> Iterator[dict[str, Any]]:
        *lines, self._rest = _lines(self._rest + chunk)
        for line in lines:
            if line:
                self._data += _data(line, strict=not self.events)
            elif self._data.strip() == b"[DONE]":
                self.done = True
                return
            elif self._data:
                yield _object(self._data, bool(self.events))
                self._data, self.events = b"", self.events + 1
        if len(self._rest) + len(self._data) > MAX_EVENT:
            raise Malformed(_excerpt(self._data + self._rest, bool(self.events)))

    def end(self) -> Iterator[dict[str, Any]]:
        self._data += _data(self._rest, strict=not self.events) if self._rest else b""
        with contextlib.suppress(Malformed):  # cut off within an event: that the answer has no end says enough
            yield _object(self._data, bool(self.events))


def _lines(data: bytes) -> list[bytes]:
    """Those that have ended, by CR LF, LF or CR, and what follows the last end."""
    lines = data.splitlines()
    return [*lines, b""] if not lines or data.endswith((b"\n", b"\r")) else lines


def _data(line: bytes, *, strict: bool) -> bytes:
    name, _, value = line.partition(b":")
    if strict and name not in _FIELDS:
        raise Malformed(_excerpt(line, begun=False))
    return value if name in (b"data", b"error") else b""  # llama.cpp has sent its errors in a field of that name


def _object(data: bytes, begun: bool) -> dict[str, Any]:
    try:
        value = json.loads(data.decode(errors="replace"))  # loads would look for other encodings first
    except ValueError as error:
        raise Malformed(_excerpt(data, begun)) from error
    if not isinstance(value, dict):
        raise Malformed(_excerpt(data, begun))
    return value


def _excerpt(data: bytes, begun: bool) -> str:
    """For the log: the page of a proxy tells what is wrong; what comes after the first event is somebody's answer."""
    return f"{len(data)} bytes that are no event" if begun else data[:200].decode(errors="replace")
