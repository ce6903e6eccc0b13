"""How long the next piece of network data is waited for."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator


class Patience:
    """`silence` and `deadline` are seconds: for one wait, changed as the answer goes on, and for all of them."""

    def __init__(self, silence: float, deadline: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = self._loop.time() + deadline
        self.silence = silence

    def limit(self) -> asyncio.Timeout:
        now = self._loop.time()
        return asyncio.timeout_at(min(now + self.silence, self._end))

    async def over(self, source: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """`source`, raising TimeoutError. The limit holds for its data only, not for what is done with them."""
        while True:
            if self._loop.time() >= self._end:  # data that are there already are not waited for
                raise TimeoutError
            async with self.limit():
                chunk = await anext(source, None)
            if chunk is None:
                return
            yield chunk


UNLIMITED = math.inf
