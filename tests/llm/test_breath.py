"""How long streams rest, and that they come back together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from bot.llm.breath import PROMPT, Breath


@contextmanager
def counted(streams: int) -> Iterator[Breath]:
    """With so many streams open."""
    breath = Breath()
    with ExitStack() as stack:
        for _ in range(streams):
            stack.enter_context(breath.counted())
        yield breath


@pytest.mark.parametrize(
    ("deltas", "streams", "seconds"), [(8, 1, 0.0), (9, 1, 0.0826667), (9, 15, 0.12), (9, 45, 0.2), (9, 500, 0.2)]
)
def test_a_breath_is_longer_where_many_are_read(deltas: int, streams: int, seconds: float) -> None:
    with counted(streams) as breath:
        assert breath.seconds(deltas) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("now", "slept"),
    [(0.0, 0.1), (7.0, 0.1), (7.03, 0.07), (7.0499, 0.0501), (7.0501, 0.1499), (7.09, 0.11), (7.0999999, 0.1000001)],
)
async def test_breaths_end_together(now: float, slept: float, monkeypatch: pytest.MonkeyPatch) -> None:
    sleeps: list[float] = []

    async def sleep(seconds: float) -> None:
        sleeps.append(seconds)

    monkeypatch.setattr(Breath, "seconds", lambda breath, deltas: 0.1)
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    await Breath().take(PROMPT + 1, None)
    assert sleeps == pytest.approx([slept])


class Transport(asyncio.ReadTransport):
    """As asyncio's for TLS: once it is closed, it has nothing left to read with."""

    def __init__(self) -> None:
        super().__init__()
        self.reading, self.closing = True, False

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        if self.closing:
            raise AttributeError("_resume_reading")
        self.reading = True


async def test_a_stream_that_is_stopped_in_a_breath_gives_its_connection_back() -> None:
    transport = Transport()
    resting = asyncio.create_task(Breath().take(PROMPT + 1, transport))
    await asyncio.sleep(0)
    assert not transport.reading
    resting.cancel()
    await asyncio.gather(resting, return_exceptions=True)
    assert transport.reading


async def test_a_connection_that_closed_in_a_breath_is_not_read_on() -> None:
    transport = Transport()
    resting = asyncio.create_task(Breath().take(PROMPT + 1, transport))
    await asyncio.sleep(0)
    transport.closing = True
    await resting
