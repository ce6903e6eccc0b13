"""Whatever a bot sends over the gateway, in whatever state, it is answered or closed with one of Discord's codes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract import fuzz
from tests.contract.arena import Arena
from tests.contract.inspector import Inspector

HELLO, HEARTBEAT, HEARTBEAT_ACK = 10, 1, 11
INTENTS = (1 << 26) - 1
IDENTIFY, RESUME, REQUEST_MEMBERS = 2, 6, 8
STATES = ("nothing", "begun", "left", "invalidated")
CODES = {4001, 4002, 4003, 4004, 4005, 4007, 4008, 4009, 4010, 4013, 4014}
"""Discord's close codes for what a bot sent; 4012 is about the address alone."""


def identity(arena: Arena) -> dict[str, Any]:
    presence: dict[str, Any] = {"since": None, "activities": [], "status": "online", "afk": False}
    about = {"properties": {"os": "linux"}, "large_threshold": 50, "shard": [0, 1], "presence": presence}
    return {"token": arena.playground.token, "intents": INTENTS, **about}


FITTING: dict[int, Callable[[Arena, str], Any]] = {
    HEARTBEAT: lambda arena, session: 1,
    IDENTIFY: lambda arena, session: identity(arena),
    3: lambda arena, session: identity(arena)["presence"],
    4: lambda arena, session: {"guild_id": str(arena.guild.id), "channel_id": None, "self_mute": False},
    RESUME: lambda arena, session: {"token": arena.playground.token, "session_id": session, "seq": 1},
    REQUEST_MEMBERS: lambda arena, session: {"guild_id": str(arena.guild.id), "query": "", "limit": 0, "nonce": "n"},
    31: lambda arena, session: {"guild_ids": [str(arena.guild.id)]},
}


BEGINNING = (IDENTIFY, RESUME)


class Line:
    """One connection of a bot. `session`: the last that was begun on it."""

    def __init__(self, arena: Arena) -> None:
        self._arena = arena
        self.session = "none"
        self.closed: int | None = None

    async def open(self) -> None:
        address = self._arena.playground.url.replace("http", "ws") + "/gateway"
        self._socket = await self._arena.session.ws_connect(address)
        assert (await self._socket.receive_json(timeout=30))["op"] == HELLO

    async def send(self, text: str | bytes) -> None:
        # What comes after a frame that closes is lost.
        with suppress(ConnectionError):
            await (self._socket.send_str(text) if isinstance(text, str) else self._socket.send_bytes(text))

    async def settle(self) -> None:
        """Until everything that was sent is answered, or the server has closed."""
        await self.send(json.dumps({"op": HEARTBEAT, "d": None}))
        while (received := await self._socket.receive(timeout=30)).type is aiohttp.WSMsgType.TEXT:
            message = json.loads(received.data)
            if message["op"] == HEARTBEAT_ACK:
                return
            if message.get("t") == "READY":
                self.session = message["d"]["session_id"]
        self.closed = self._socket.close_code

    async def close(self) -> None:
        await self._socket.close(code=4000)


@pytest.fixture
def arena() -> Iterator[Arena]:
    with Arena() as arena:
        yield arena


def begin(arena: Arena, state: str) -> Line:
    line = Line(arena)
    arena.run(line.open())
    if state != "nothing":
        arena.run(line.send(json.dumps({"op": 2, "d": identity(arena)})))
        arena.run(line.settle())
        assert line.session != "none"
    if state == "invalidated":
        arena.playground.sessions.invalidate(resumable=True)
    if state == "left":
        session = line.session
        arena.run(line.close())
        line = Line(arena)
        arena.run(line.open())
        line.session = session
    return line


def fitting(draw: fuzz.Draw, arena: Arena, op: int, session: str) -> dict[str, Any]:
    data = FITTING[op](arena, session)
    if op == REQUEST_MEMBERS and draw(st.booleans()):
        data = {"guild_id": data["guild_id"], "user_ids": arena.ids()[:3]}
    return {"op": op, "d": data}


def written(draw: fuzz.Draw, frame: Any) -> str | bytes:
    """As it goes over the wire."""
    text = fuzz.raw(draw, fuzz.as_json(frame))
    return text if draw(st.sampled_from((*[False] * 20, True))) else text.decode(errors="replace")


def answered(arena: Arena, inspector: Inspector, line: Line, frames: list[str | bytes]) -> None:
    for frame in frames:
        arena.run(line.send(frame))
    arena.run(line.settle())
    assert line.closed is None or line.closed in CODES, (line.closed, frames)
    assert not inspector.breaches(), frames
    arena.run(line.close())


@pytest.mark.parametrize(
    ("state", "op"),
    [*(("begun", op) for op in FITTING), *(("left", op) for op in BEGINNING), *(("nothing", op) for op in BEGINNING)],
)
def test_any_frame_in_any_state_is_answered_or_closed(
    state: str, op: int, arena: Arena, inspector: Inspector, request: pytest.FixtureRequest
) -> None:
    @fuzz.examples(request, 9 if op == IDENTIFY else 4)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        line = begin(arena, state)
        frame = fuzz.broken(data.draw, fitting(data.draw, arena, op, line.session))
        answered(arena, inspector, line, [written(data.draw, frame)])

    check()
    arena.run(begin(arena, "begun").close())


@pytest.mark.parametrize("state", STATES)
def test_frames_in_any_order_are_answered_or_closed(
    state: str, arena: Arena, inspector: Inspector, request: pytest.FixtureRequest
) -> None:
    @fuzz.examples(request, 6)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        line = begin(arena, state)
        ops = data.draw(st.lists(st.sampled_from(sorted(FITTING)), min_size=2, max_size=5))
        frames = [fitting(data.draw, arena, op, line.session) for op in ops]
        answered(arena, inspector, line, [json.dumps(frame) for frame in frames])

    check()
    arena.stays_usable()
