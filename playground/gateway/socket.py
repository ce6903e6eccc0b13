"""One WebSocket connection of a bot: hello, heartbeats, identifying or resuming, requests for members."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from playground import payloads
from playground.entities import Guild, Json, Member
from playground.gateway.compression import stream
from playground.gateway.dispatch import GUILD_MEMBERS
from playground.gateway.session import (
    HEARTBEAT_ACK,
    HELLO,
    INVALID_SESSION,
    LARGE,
    Outbox,
    Session,
    Sessions,
)
from playground.world import PRIVILEGED_INTENTS, World

PATH = "/gateway"
HEARTBEAT_SECONDS = 41.25
NETWORK_SECONDS = 0.02
"""From a heartbeat to its acknowledgement. discord.py notes when it sent one only afterwards, in another thread: an
answer that is there before is taken for one to the heartbeat before, a whole interval late."""
MAX_PAYLOAD = 15 * 1024
SENDS, SENDS_SECONDS = 120, 60.0
CHUNK = 1000
_KNOWN_INTENTS = (1 << 26) - 1


class Closing(Exception):
    """The connection ends with one of Discord's close codes."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def routes(world: World, sessions: Sessions, *, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> list[web.RouteDef]:
    serve = partial(_serve, world, sessions, heartbeat_seconds)
    return [web.get(PATH, serve), web.get(PATH + "/", serve)]


def address(request: web.Request) -> str:
    """By the host that the bot itself used, which may be another than ours where it runs elsewhere."""
    return f"ws://{request.host}{PATH}"


async def _serve(
    world: World, sessions: Sessions, heartbeat_seconds: float, request: web.Request
) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(compress=False)
    await socket.prepare(request)
    connection = Connection(world, sessions, socket, request, heartbeat_seconds)
    await connection.run()
    return socket


class Connection:
    def __init__(
        self,
        world: World,
        sessions: Sessions,
        socket: web.WebSocketResponse,
        request: web.Request,
        heartbeat_seconds: float,
    ) -> None:
        self._world = world
        self._sessions = sessions
        self._socket = socket
        self._request = request
        self._heartbeat_seconds = heartbeat_seconds
        self._outbox: Outbox = asyncio.Queue()
        self._session: Session | None = None
        self._window_opened = -SENDS_SECONDS
        self._received = 0
        self._encoding = request.query.get("compress")

    async def run(self) -> None:
        writer = asyncio.create_task(self._write())
        self._send({"op": HELLO, "d": {"heartbeat_interval": int(self._heartbeat_seconds * 1000)}})
        try:
            await self._read()
        except Closing as closing:
            await self._socket.close(code=closing.code, message=str(closing).encode())
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            self._left()

    async def _read(self) -> None:
        if self._request.query.get("v", "10") not in ("9", "10"):
            raise Closing(4012, "Invalid API version.")
        while True:
            try:
                frame = await self._socket.receive(timeout=self._heartbeat_seconds * 1.5)
            except TimeoutError:
                raise Closing(4009, "Session timed out.") from None
            if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            self._count()
            self._take(_parsed(frame.data))

    async def _write(self) -> None:
        outgoing = stream(self._encoding)
        while (text := await self._outbox.get()) is not None:
            frame = outgoing.frame(text)
            if isinstance(frame, str):
                await self._socket.send_str(frame)
            else:
                await self._socket.send_bytes(frame)
        if self._request.transport is not None:
            self._request.transport.abort()

    def _left(self) -> None:
        if self._session is not None:
            ended = self._socket.close_code in (WSCloseCode.OK, WSCloseCode.GOING_AWAY)
            self._sessions.leave(self._session, self._outbox, ends=ended)

    def _count(self) -> None:
        now = self._world.clock.monotonic()
        if now - self._window_opened >= SENDS_SECONDS:
            self._window_opened, self._received = now, 0
        self._received += 1
        if self._received > SENDS:
            raise Closing(4008, "Rate limited.")

    def _take(self, message: Json) -> None:
        data = message.get("d")
        match message.get("op"):
            case 1:
                asyncio.get_running_loop().call_later(NETWORK_SECONDS, self._send, {"op": HEARTBEAT_ACK})
            case 2:
                self._identify(_object(data))
            case 6:
                self._resume(_object(data))
            case 3 | 4 | 8 if self._session is None:
                raise Closing(4003, "Not authenticated.")
            case 3 | 4:
                pass
            case 8:
                self._request_members(_object(data))
            case _:
                raise Closing(4001, "Unknown opcode.")

    def _identify(self, data: Json) -> None:
        if self._session is not None:
            raise Closing(4005, "Already authenticated.")
        self._check_token(data)
        intents = data.get("intents")
        if not isinstance(intents, int) or intents & ~_KNOWN_INTENTS:
            raise Closing(4013, "Invalid intent(s).")
        if intents & PRIVILEGED_INTENTS & ~self._world.privileged:
            raise Closing(4014, "Disallowed intent(s).")
        shard = tuple(data.get("shard") or (0, 1))
        if len(shard) != 2 or not 0 <= shard[0] < shard[1]:
            raise Closing(4010, "Invalid shard.")
        self._begin((shard[0], shard[1]), intents, data.get("large_threshold"))

    def _begin(self, shard: tuple[int, int], intents: int, threshold: Any) -> None:
        large = threshold if isinstance(threshold, int) and 50 <= threshold <= 250 else LARGE
        if self._sessions.admits(shard):
            self._session = self._sessions.begin(
                shard, intents, self._outbox, address(self._request), large_threshold=large
            )
            self._session.encoding = self._encoding
        else:
            self._send({"op": INVALID_SESSION, "d": False})

    def _resume(self, data: Json) -> None:
        if self._session is not None:
            raise Closing(4005, "Already authenticated.")
        self._check_token(data)
        sequence = data.get("seq")
        session_id = str(data.get("session_id"))
        number = sequence if isinstance(sequence, int) else -1
        try:
            self._session = self._sessions.resume(session_id, number, self._outbox)
        except ValueError:
            raise Closing(4007, "Invalid `seq`.") from None
        if self._session is None:
            self._send({"op": INVALID_SESSION, "d": False})
        else:
            self._session.encoding = self._encoding

    def _check_token(self, data: Json) -> None:
        if data.get("token") not in (self._world.token, f"Bot {self._world.token}"):
            raise Closing(4004, "Authentication failed.")

    def _request_members(self, data: Json) -> None:
        guild = self._world.guilds.get(int(data.get("guild_id") or 0))
        assert self._session is not None
        if guild is None:
            return
        everyone = data.get("query") == "" and not data.get("limit")
        if everyone and not self._session.intents & GUILD_MEMBERS:
            raise Closing(4014, "Disallowed intent(s).")
        members, missing = _chosen(guild, data)
        chunks = [members[start : start + CHUNK] for start in range(0, len(members), CHUNK)] or [[]]
        for index, chunk in enumerate(chunks):
            told: Json = {
                "guild_id": str(guild.id),
                "members": [payloads.member(member) for member in chunk],
                "chunk_index": index,
                "chunk_count": len(chunks),
                "not_found": missing,
                "presences": [],
            }
            nonce = data.get("nonce")
            self._session.dispatch("GUILD_MEMBERS_CHUNK", told if nonce is None else {**told, "nonce": nonce})

    def _send(self, message: Json) -> None:
        self._outbox.put_nowait(json.dumps(message))


def _chosen(guild: Guild, data: Json) -> tuple[list[Member], list[str]]:
    """The members asked for, and the ids asked for that are none."""
    ids = data.get("user_ids")
    if ids is not None:
        wanted = [int(id) for id in (ids if isinstance(ids, list) else [ids])]
        return [guild.members[id] for id in wanted if id in guild.members], [
            str(id) for id in wanted if id not in guild.members
        ]
    start = str(data.get("query") or "").lower()
    found = [member for member in guild.members.values() if member.name.lower().startswith(start)]
    return (found[: int(data["limit"])] if data.get("limit") else found), []


def _parsed(raw: str | bytes) -> Json:
    if len(raw) > MAX_PAYLOAD:
        raise Closing(4002, "Error while decoding payload.")
    try:
        return _object(json.loads(raw))
    except (ValueError, RecursionError):
        raise Closing(4002, "Error while decoding payload.") from None


def _object(data: Any) -> Json:
    if not isinstance(data, dict):
        raise Closing(4002, "Error while decoding payload.")
    return data
