"""A connection's outgoing stream: plain text, or one compressed stream cut into a frame for each message."""

from __future__ import annotations

import zlib
from typing import Protocol

import zstandard


class Stream(Protocol):
    def frame(self, text: str) -> str | bytes:
        """The next frame; frames only make sense in their order."""


class Plain:
    def frame(self, text: str) -> str:
        return text


class Zlib:
    def __init__(self) -> None:
        self._compressor = zlib.compressobj()

    def frame(self, text: str) -> bytes:
        return self._compressor.compress(text.encode()) + self._compressor.flush(zlib.Z_SYNC_FLUSH)


class Zstandard:
    def __init__(self) -> None:
        self._compressor = zstandard.ZstdCompressor().compressobj()

    def frame(self, text: str) -> bytes:
        return self._compressor.compress(text.encode()) + self._compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)


def stream(asked: str | None) -> Stream:
    """By the `compress` of the connection's address."""
    if asked == "zlib-stream":
        return Zlib()
    return Zstandard() if asked == "zstd-stream" else Plain()
