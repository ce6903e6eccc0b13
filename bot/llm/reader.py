"""The stream reader: server-sent events of Chat Completions from network data, without the SDK's decoding.

The SDK builds a typed object for every token. This reader splits lines and decodes the JSON of each event. After every
piece of network data it gives the loop a turn, so that a server that sends faster than we read starves nobody; and once
an answer is under way it takes a breath, so that what comes meanwhile is one piece: Discord shows a text each second at
the best, and to wake up for every token costs more than the token.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from bot.errors import Malformed

MAX_EVENT = 1_048_576
"""Bytes. An event of Chat Completions has a few hundred; what never ends is something else."""

BREATH = 0.05
"""Seconds between two pieces. In bench/ it halves the processor time of a fast answer and makes it 0.03 s older."""
PROMPT = 8
"""Events that are read without one: the first words of an answer, for which people wait."""
_FIELDS = (b"data", b"event", b"id", b"retry", b"error", b"")


async def read(chunks: AsyncIterator[bytes]) -> AsyncGenerator[dict[str, Any], None]:
    """The JSON objects of a stream up to `[DONE]` or its end. Raises Malformed for what is no stream of them."""
    rest, data, events = b"", b"", 0
    async for chunk in chunks:
        *lines, rest = _lines(rest + chunk)
        for line in lines:
            if line:
                data += _data(line, strict=not events)
            elif data.strip() == b"[DONE]":
                return
            elif data:
                yield _object(data, bool(events))
                data, events = b"", events + 1
        if len(rest) + len(data) > MAX_EVENT:
            raise Malformed(_excerpt(data + rest, bool(events)))
        await asyncio.sleep(BREATH if events > PROMPT else 0)
    data += _data(rest, strict=not events) if rest else b""
    with contextlib.suppress(Malformed):  # cut off within an event: that the answer has no end says enough
        yield _object(data, bool(events))


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
        value = json.loads(data)
    except ValueError as error:
        raise Malformed(_excerpt(data, begun)) from error
    if not isinstance(value, dict):
        raise Malformed(_excerpt(data, begun))
    return value


def _excerpt(data: bytes, begun: bool) -> str:
    """For the log: the page of a proxy tells what is wrong; what comes after the first event is somebody's answer."""
    return f"{len(data)} bytes that are no event" if begun else data[:200].decode(errors="replace")
