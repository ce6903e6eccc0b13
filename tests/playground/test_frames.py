"""What a bot may send over the gateway, and with which of Discord's close codes everything else ends."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from playground.gateway.frames import Closing, frame
from playground.server import Playground
from tests.playground.gate import MESSAGES, Gate

GUILD_REQUEST = {"guild_id": "1", "query": "", "limit": 0}


NO_OBJECTS: tuple[Any, ...] = (None, 5, "a", [], True, {})
NO_NUMBERS: tuple[Any, ...] = (None, "1", 1.0, True)
NO_TEXTS: tuple[Any, ...] = (None, 5, [])
NO_HEARTBEATS: tuple[Any, ...] = ("1", 1.5, {}, [], True)
NO_OPCODES: tuple[Any, ...] = (0, 5, 7, 9, 10, 11, 99, -1, 2**70, None, "2", 2.0, True, [2], {})
STRANGE_IDS: tuple[Any, ...] = ("abc", "", None, -1, 1.5, [], "9" * 400)
STRANGE_LIMITS: tuple[Any, ...] = ("5", -1, None, [], 1.5)
STRANGE_QUERIES: tuple[Any, ...] = (5, None, [])
STRANGE_MEMBERS: tuple[Any, ...] = ("abc", {}, 1.5, ["1", "b"], [[]], [None])
RESUMED = {"token": "a", "session_id": "b", "seq": 1}


def refused(raw: str, *, begun: bool) -> int:
    with pytest.raises(Closing) as closing:
        frame(raw, begun=begun)
    return closing.value.code


def identity(playground: Playground, **changed: Any) -> dict[str, Any]:
    return {"token": playground.token, "intents": MESSAGES, "properties": {}, **changed}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"shard": 5}, 4002),
        ({"shard": {}}, 4002),
        ({"shard": ["a", "b"]}, 4002),
        ({"shard": [0, True]}, 4002),
        ({"shard": []}, 4010),
        ({"shard": [0]}, 4010),
        ({"shard": [0, 1, 2]}, 4010),
        ({"shard": [0, 0]}, 4010),
        ({"shard": [-1, 1]}, 4010),
        ({"shard": [2, 2]}, 4010),
        ({"token": None}, 4002),
        ({"token": ["a"]}, 4002),
        ({"token": ""}, 4004),
        ({"token": "안녕"}, 4004),
        ({"intents": None}, 4013),
        ({"intents": "1"}, 4013),
        ({"intents": True}, 4013),
        ({"intents": -1}, 4013),
        ({"intents": 1 << 30}, 4013),
        ({"properties": "linux"}, 4002),
        ({"large_threshold": "50"}, 4002),
        ({"presence": []}, 4002),
        ({"compress": 1}, 4002),
    ],
)
async def test_identities_that_are_none(playground: Playground, changed: dict[str, Any], code: int) -> None:
    async with Gate(playground) as gate:
        await gate.send(2, identity(playground, **changed))
        assert await gate.close_code() == code
    assert not playground.sessions.connected


async def test_an_identity_may_be_as_rich_as_discord_describes_it(playground: Playground) -> None:
    rich = identity(
        playground,
        properties={"os": "linux", "browser": "b", "device": "d"},
        compress=False,
        large_threshold=250,
        shard=[0, 1],
        presence={"since": None, "activities": [], "status": "online", "afk": False},
        unknown=1,
    )
    async with Gate(playground) as gate:
        await gate.send(2, {**rich, "token": f"Bot {playground.token}"})
        assert (await gate.receive())["t"] == "READY"


@pytest.mark.parametrize(
    ("op", "data", "code"),
    [
        *((op, data, 4002) for op in (2, 6) for data in NO_OBJECTS),
        *((1, data, 4002) for data in NO_HEARTBEATS),
        *((op, {}, 4003) for op in (3, 4, 8, 31)),
        *((op, None, 4001) for op in NO_OPCODES),
        *((6, {**RESUMED, "seq": number}, 4002) for number in NO_NUMBERS),
        *((6, {**RESUMED, "session_id": id}, 4002) for id in NO_TEXTS),
        *((6, {**RESUMED, "token": token}, 4002) for token in NO_TEXTS),
    ],
)
def test_what_ends_a_connection_without_a_session(op: Any, data: Any, code: int) -> None:
    assert refused(json.dumps({"op": op, "d": data}), begun=False) == code


@pytest.mark.parametrize(
    ("op", "data", "code"),
    [
        *((op, {}, 4005) for op in (2, 6)),
        *((op, data, 4002) for op in (3, 4, 8, 31) for data in NO_OBJECTS),
        *((8, {**GUILD_REQUEST, "guild_id": id}, 4002) for id in STRANGE_IDS),
        *((8, {**GUILD_REQUEST, "limit": limit}, 4002) for limit in STRANGE_LIMITS),
        *((8, {**GUILD_REQUEST, "query": query}, 4002) for query in STRANGE_QUERIES),
        *((8, {"guild_id": "1", "user_ids": ids}, 4002) for ids in STRANGE_MEMBERS),
        (8, {"guild_id": "1"}, 4002),
        (3, {"status": "online", "activities": {}}, 4002),
        (3, {"status": None, "activities": []}, 4002),
        (4, {"guild_id": "x"}, 4002),
        (31, {"guild_ids": "x"}, 4002),
        (99, None, 4001),
    ],
)
def test_what_ends_a_connection_with_a_session(op: Any, data: Any, code: int) -> None:
    assert refused(json.dumps({"op": op, "d": data}), begun=True) == code


@pytest.mark.parametrize(
    "data",
    [
        {"since": 0.0, "activities": [{"name": "chess", "type": 0}], "status": "idle", "afk": False},
        {"since": None, "activities": [], "status": "online", "afk": False},
    ],
)
async def test_what_a_bot_shows_of_itself_is_taken_without_an_answer(playground: Playground, data: Any) -> None:
    async with Gate(playground) as gate:
        await gate.identify(MESSAGES)
        await gate.send(3, data)
        await gate.send(4, {"guild_id": "1", "channel_id": None, "self_mute": False, "self_deaf": False})
        await gate.send(31, {"guild_ids": ["1"]})
        await gate.send(8, {**GUILD_REQUEST, "limit": 1})
        await gate.send(1, None)
        assert await gate.receive() == {"op": 11}


@pytest.mark.parametrize("sequence", [-1, 2, 2**40])
async def test_resuming_from_a_number_that_was_never_reached(playground: Playground, sequence: int) -> None:
    async with Gate(playground) as first:
        await first.identify(MESSAGES)
    async with Gate(playground) as second:
        await second.resume(first.session_id, sequence)
        assert await second.close_code() == 4007


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "no json",
        "[]",
        "null",
        '"a"',
        "1",
        '{"op": 1',
        '{"op": 1, "d": NaN}',
        '{"op": 1, "d": null, "t": "\\ud800"}',
        "[" * 2000,
        '{"op": 1, "d": ' + "[" * 1500 + "]" * 1500 + "}",
        '{"op": 1, "d": ' + "9" * 4000 + "}",
    ],
    ids=lambda raw: raw[:20],
)
def test_what_cannot_be_read(raw: str) -> None:
    assert refused(raw, begun=False) == 4002


async def test_a_frame_has_4096_bytes_at_the_most(playground: Playground) -> None:
    async with Gate(playground) as gate:
        await gate.socket.send_str(json.dumps({"op": 1, "d": None}).ljust(4096))
        assert await gate.receive() == {"op": 11}
        # As many characters, but one byte more.
        await gate.socket.send_str(json.dumps({"op": 1, "d": None, "t": "é"}, ensure_ascii=False).ljust(4096))
        assert await gate.close_code() == 4002


async def test_bytes_are_another_encoding(playground: Playground) -> None:
    async with Gate(playground) as gate:
        await gate.socket.send_bytes(json.dumps({"op": 1, "d": None}).encode())
        assert await gate.close_code() == 4002


@pytest.mark.parametrize(
    ("query", "code"), [("v=10&encoding=etf", 4002), ("v=10&encoding=xml", 4002), ("v=5", 4012), ("v=x", 4012)]
)
async def test_what_is_not_spoken_here(playground: Playground, query: str, code: int) -> None:
    address = f"{playground.url.replace('http', 'ws')}/gateway?{query}"
    async with aiohttp.ClientSession() as client, client.ws_connect(address) as socket:
        closed = await socket.receive(timeout=30)
        assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, code)
