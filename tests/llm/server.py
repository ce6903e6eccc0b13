"""An OpenAI-compatible server on this machine that answers each call as a test says, byte for byte."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web

Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True, kw_only=True)
class Call:
    body: dict[str, Any]
    headers: dict[str, str]
    connection: int
    finished: bool = False
    """Whether the reply was written to its end, the client still listening."""


@dataclass(slots=True)
class ModelServer:
    """Serves `replies` in order; the last one stays."""

    replies: deque[Reply] = field(default_factory=deque)
    models: Reply | None = None
    calls: list[Call] = field(default_factory=list)
    url: str = ""
    _runner: web.AppRunner | None = None
    _connections: list[object] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_get("/v1/models{rest:.*}", self._models)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def reply(self, *replies: Reply) -> None:
        self.replies.extend(replies)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [call.body for call in self.calls]

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        if request.transport not in self._connections:
            self._connections.append(request.transport)
        call = Call(
            body=await request.json(),
            headers=dict(request.headers),
            connection=self._connections.index(request.transport),
        )
        self.calls.append(call)
        reply = self.replies.popleft() if len(self.replies) > 1 else self.replies[0]
        response = await reply(request)
        call.finished = True
        return response

    async def _models(self, request: web.Request) -> web.StreamResponse:
        assert self.models is not None
        return await self.models(request)


def chunk(text: str | None = None, *, finish: str | None = None, **delta: Any) -> dict[str, Any]:
    content = {} if text is None else {"content": text}
    return {
        "id": "c1",
        "object": "chat.completion.chunk",
        "model": "served",
        "choices": [{"index": 0, "delta": {**content, **delta}, "finish_reason": finish}],
        "usage": None,
    }


USAGE = {
    "id": "c1",
    "model": "served",
    "choices": [],
    "usage": {
        "prompt_tokens": 20,
        "completion_tokens": 7,
        "total_tokens": 27,
        "prompt_tokens_details": {"cached_tokens": 16},
        "completion_tokens_details": {"reasoning_tokens": 3},
    },
}


def events(*objects: object, done: bool = True, end: str = "\n") -> bytes:
    lines = [f"data: {json.dumps(each, ensure_ascii=False)}{end}{end}" for each in objects]
    return ("".join(lines) + (f"data: [DONE]{end}{end}" if done else "")).encode()


ANSWER = events(chunk(role="assistant", text=""), chunk("Hello"), chunk(" world"), chunk(finish="stop"), USAGE)


def streams(*pieces: bytes, then: Reply | None = None, content_type: str = "text/event-stream") -> Reply:
    """Each of `pieces` in a write of its own; afterwards `then`, or the proper end."""

    async def reply(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": content_type})
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
        if then is not None:
            return await then(request)
        await response.write_eof()
        return response

    return reply


def status(code: int, body: object = None, *, headers: dict[str, str] | None = None, text: str | None = None) -> Reply:
    async def reply(request: web.Request) -> web.StreamResponse:
        if text is not None:
            return web.Response(status=code, text=text, headers=headers, content_type="text/html")
        return web.json_response(body, status=code, headers=headers)

    return reply


def error(number: int, message: str, *, headers: dict[str, str] | None = None, **fields: object) -> Reply:
    return status(number, {"error": {"message": message, **fields}}, headers=headers)


async def drop(request: web.Request) -> web.StreamResponse:
    """Ends the connection in the middle of whatever is going on."""
    assert request.transport is not None
    request.transport.abort()
    return web.StreamResponse()
