"""One WebSocket connection of a bot: hello, heartbeats, identifying or resuming, requests for members."""

from __future__ import annotations

import asyncio
import json
from functools import partial

from aiohttp import WSCloseCode, WSMsgType, web

from playground.entities import Json
from playground.gateway import frames
from playground.gateway.compression import stream
from playground.gateway.dispatch import GUILD_MEMBERS
from playground.gateway.frames import Closing, Frame
from playground.gateway.members import chunks
from playground.gateway.outbox import Outbox
from playground.gateway.session import (
    HEARTBEAT_ACK,
    HELLO,
    INVALID_SESSION,
    LARGE,
    Session,
    Sessions,
)
from playground.world import PRIVILEGED_INTENTS, World

PATH = "/gateway"
HEARTBEAT_SECONDS = 41.25
PATIENCE = 1.5
"""Intervals without a heartbeat until the connection ends; Discord publishes no number."""
NETWORK_SECONDS = 0.05
"""From a heartbeat to its acknowledgement. discord.py notes when it sent one only afterwards, in another thread: an
answer that is there before is taken for one to the heartbeat before, a whole interval late."""
SENDS, SENDS_SECONDS = 120, 60.0
CLOSING_SECONDS = 10.0
"""For the code to be read; a connection whose bot reads nothing is broken after that."""
_KNOWN_INTENTS = (1 << 26) - 1


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
        self._patience = heartbeat_seconds * PATIENCE
        self._outbox = Outbox()
        self._session: Session | None = None
        self._window_opened = -SENDS_SECONDS
        self._received = 0
        self._encoding = request.query.get("compress")

    async def run(self) -> None:
        closing: Closing | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                others = [tasks.create_task(each) for each in (self._write(), self._watch())]
                await self._read()
                for other in others:
                    other.cancel()
        except* Closing as group:
            (closing, *_) = (each for each in group.exceptions if isinstance(each, Closing))
        finally:
            self._left()
        if closing is not None:
            await self._close(closing)

    async def _close(self, closing: Closing) -> None:
        asyncio.get_running_loop().call_later(CLOSING_SECONDS, self._abort)
        try:
            await self._socket.close(code=closing.code, message=str(closing).encode())
        except asyncio.CancelledError:
            # Of the writer, which was cancelled while it waited for the same bytes to be read; aiohttp hands it on.
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise

    def _abort(self) -> None:
        if self._request.transport is not None:
            self._request.transport.abort()

    async def _read(self) -> None:
        self._check_address()
        self._send({"op": HELLO, "d": {"heartbeat_interval": int(self._heartbeat_seconds * 1000)}})
        try:
            async with asyncio.timeout(self._patience) as self._silence:
                while (received := await self._socket.receive()).type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    self._count()
                    self._take(frames.frame(received.data, begun=self._begun))
        except TimeoutError:
            raise Closing(4009, "Session timed out.") from None

    def _check_address(self) -> None:
        query = self._request.query
        if query.get("v", "10") not in ("9", "10"):
            raise Closing(4012, "Invalid API version.")
        if query.get("encoding", "json") != "json":
            raise Closing(4002, "Only JSON is spoken here.")

    @property
    def _begun(self) -> bool:
        return self._session is not None and self._session.outbox is self._outbox

    async def _write(self) -> None:
        outgoing = stream(self._encoding)
        while (item := await self._outbox.get()) is not None:
            if isinstance(item, Closing):
                raise item
            try:
                await self._send_frame(outgoing.frame(item))
            except ConnectionError:
                # The reader hears how the connection ended.
                return
        self._abort()

    async def _watch(self) -> None:
        await self._outbox.overrun.wait()
        raise Closing(4000, "Too much is unread.")

    async def _send_frame(self, frame: str | bytes) -> None:
        if isinstance(frame, str):
            await self._socket.send_str(frame)
        else:
            await self._socket.send_bytes(frame)

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

    def _take(self, frame: Frame) -> None:
        match frame.op:
            case frames.HEARTBEAT:
                self._beat()
            case frames.IDENTIFY:
                self._identify(frame.data)
            case frames.RESUME:
                self._resume(frame.data)
            case frames.REQUEST_MEMBERS:
                self._request_members(frame.data)

    def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        self._silence.reschedule(loop.time() + self._patience)
        loop.call_later(NETWORK_SECONDS, self._send, {"op": HEARTBEAT_ACK})

    def _identify(self, data: Json) -> None:
        self._check_token(data)
        intents = data.get("intents")
        if isinstance(intents, bool) or not isinstance(intents, int) or intents & ~_KNOWN_INTENTS:
            raise Closing(4013, "Invalid intent(s).")
        if intents & PRIVILEGED_INTENTS & ~self._world.privileged:
            raise Closing(4014, "Disallowed intent(s).")
        shard = data.get("shard", [0, 1])
        if len(shard) != 2 or not 0 <= shard[0] < shard[1]:
            raise Closing(4010, "Invalid shard.")
        self._begin((shard[0], shard[1]), intents, data.get("large_threshold", LARGE))

    def _begin(self, shard: tuple[int, int], intents: int, threshold: int) -> None:
        large = threshold if 50 <= threshold <= 250 else LARGE
        if self._sessions.admits(shard):
            self._session = self._sessions.begin(
                shard, intents, self._outbox, address(self._request), large_threshold=large
            )
            self._session.encoding = self._encoding
        else:
            self._send({"op": INVALID_SESSION, "d": False})

    def _resume(self, data: Json) -> None:
        self._check_token(data)
        try:
            self._session = self._sessions.resume(data["session_id"], data["seq"], self._outbox)
        except ValueError:
            raise Closing(4007, "Invalid `seq`.") from None
        if self._session is None:
            self._send({"op": INVALID_SESSION, "d": False})
        else:
            self._session.encoding = self._encoding

    def _check_token(self, data: Json) -> None:
        if data["token"] not in (self._world.token, f"Bot {self._world.token}"):
            raise Closing(4004, "Authentication failed.")

    def _request_members(self, data: Json) -> None:
        guild = self._world.guilds.get(int(data["guild_id"]))
        assert self._session is not None
        if guild is None:
            return
        if data.get("query") == "" and not data["limit"] and not self._session.intents & GUILD_MEMBERS:
            raise Closing(4014, "Disallowed intent(s).")
        for chunk in chunks(guild, data):
            self._session.dispatch("GUILD_MEMBERS_CHUNK", chunk)

    def _send(self, message: Json) -> None:
        self._outbox.put_nowait(json.dumps(message))
