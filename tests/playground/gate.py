"""The other end of the gateway, by hand: what a bot's library hides is there to look at."""

from __future__ import annotations

import json
import zlib
from typing import Any, Self

import aiohttp
import zstandard

from playground.server import Playground

GUILDS = 1 << 0
MEMBERS = 1 << 1
MESSAGES = 1 << 9
DIRECT = 1 << 12
CONTENT = 1 << 15
ZLIB_FLUSH = b"\x00\x00\xff\xff"
"""Where a message ends for libraries that collect frames, as Discord's documentation says."""


class Gate:
    """One connection; `compress` as a bot would ask for it, or any other `query`."""

    def __init__(
        self, playground: Playground, compress: str | None = None, *, query: dict[str, str] | None = None
    ) -> None:
        self._playground = playground
        self._compress = compress
        usual = {"v": "10", "encoding": "json"} | ({"compress": compress} if compress else {})
        self._query = usual if query is None else query
        self._zlib = zlib.decompressobj()
        self._zstd = zstandard.ZstdDecompressor().decompressobj()
        self.session_id = ""
        self.sequence: int | None = None

    async def __aenter__(self) -> Self:
        self._client = aiohttp.ClientSession()
        address = self._playground.url.replace("http", "ws") + "/gateway"
        self.socket = await self._client.ws_connect(address, params=self._query)
        assert (await self.receive())["op"] == 10
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.socket.close(code=4000)
        await self._client.close()

    async def send(self, op: Any, data: Any) -> None:
        await self.socket.send_str(json.dumps({"op": op, "d": data}))

    async def receive(self) -> dict[str, Any]:
        frame = await self.socket.receive(timeout=30)
        message: dict[str, Any] = json.loads(self._text(frame))
        self.sequence = message.get("s") or self.sequence
        return message

    def _text(self, frame: aiohttp.WSMessage) -> str | bytes:
        """Of one whole message, in the encoding that was asked for and no other."""
        kind = aiohttp.WSMsgType.BINARY if self._compress else aiohttp.WSMsgType.TEXT
        assert frame.type is kind, frame
        if self._compress == "zlib-stream":
            assert frame.data.endswith(ZLIB_FLUSH)
            return self._zlib.decompress(frame.data)
        return self._zstd.decompress(frame.data) if self._compress else str(frame.data)

    async def next(self, name: str) -> dict[str, Any]:
        """The data of the next dispatch of that name; others are passed over."""
        while (message := await self.receive()).get("t") != name:
            pass
        data: dict[str, Any] = message["d"]
        return data

    async def identify(self, intents: int, shard: tuple[int, int] = (0, 1), token: str | None = None) -> dict[str, Any]:
        await self.ask_to_identify(intents, shard, token)
        ready = await self.next("READY")
        self.session_id = ready["session_id"]
        return ready

    async def ask_to_identify(self, intents: int, shard: tuple[int, int] = (0, 1), token: str | None = None) -> None:
        properties = {"os": "linux", "browser": "test", "device": "test"}
        secret = self._playground.token if token is None else token
        await self.send(2, {"token": secret, "intents": intents, "shard": shard, "properties": properties})

    async def resume(self, session_id: str, sequence: int | None) -> None:
        await self.send(6, {"token": self._playground.token, "session_id": session_id, "seq": sequence})

    async def close_code(self) -> int | None:
        """Reads until the server closes."""
        while not self.socket.closed:
            await self.socket.receive(timeout=30)
        return self.socket.close_code
