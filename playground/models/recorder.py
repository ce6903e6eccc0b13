"""A reverse proxy before a server with OpenAI's interface that remembers what passed.

Bytes go through as they come, each network read at once; what is remembered is taken from a copy. Headers are not
kept, so no key is. The server can be changed while it runs without the bot noticing.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from types import TracebackType
from typing import Any

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

from playground.api.local import guarded
from playground.snowflake import id_in

KEPT_CALLS = 200
CONNECT_SECONDS = 10.0
Adaptation = Callable[[dict[str, Any]], dict[str, Any] | str]
"""Of the body of a chat completion: another body, or a notice."""
DROPPED_HEADERS = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "upgrade"),
        *("transfer-encoding", "content-length", "content-encoding", "accept-encoding", "host"),
    }
)
"""They speak of one connection, and there are two."""


@dataclass(slots=True, kw_only=True)
class Call:
    """One call of the model. Times in seconds, from the arrival of the request."""

    id: int
    started_at: float
    """Seconds since 1970."""
    model: str | None = None
    messages: list[Any] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)
    """Everything in the body but the model and the messages."""
    status: int | None = None
    """None while the server has not answered."""
    state: str = "open"
    """`open`, `done`, `broken` (the server ended it early) or `cancelled` (the bot did)."""
    answer: str = ""
    finish_reason: str | None = None
    usage: dict[str, Any] | None = None
    error: Any = None
    adapted: bool = False
    """Whether the server was sent something else than the bot sent."""
    noticed: bool = False
    """Whether a notice was answered, and the server sent nothing."""
    first_text: float | None = None
    duration: float | None = None


class Recorder:
    """`async with Recorder(upstream) as recorder`: OpenAI's interface at `base_url`, `/recorder/calls` at `url`."""

    def __init__(
        self, upstream: str, *, port: int = 0, kept: int = KEPT_CALLS, adapt: Adaptation | None = None
    ) -> None:
        """`upstream` is a base URL as the openai package takes it, `…/v1`.

        `adapt` changes the body of a chat completion on its way there; what is remembered is what the bot sent. A
        text in its place is a notice: the bot is answered that, in one piece, and the server is not asked.
        """
        self.upstream = upstream.rstrip("/")
        self.url = ""
        self.calls: deque[Call] = deque(maxlen=kept)
        self._port = port
        self._adapt = adapt
        self._ids = itertools.count(1)
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    async def __aenter__(self) -> Recorder:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_get("/recorder/calls", guarded(self._list))
        app.router.add_route("*", "/v1/{tail:.*}", guarded(self._pass))
        # The bot hanging up must end the call at the server too.
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        # llama.cpp's server drops some requests on a connection that has carried a stream.
        plain = not self.upstream.startswith("https:")
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=plain),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def _list(self, request: web.Request) -> web.Response:
        after = id_in(request.query.get("after", "")) or 0
        return web.json_response({"calls": [asdict(call) for call in self.calls if call.id > after]})

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        call = self._open(request, body)
        transcript = Transcript(call)
        going = self._adapted(call, body)
        if isinstance(going, web.Response):
            return transcript.whole(going)
        try:
            response = await self._exchange(request, going, transcript)
        except (aiohttp.ClientError, TimeoutError) as error:
            transcript.end("broken", error=f"{type(error).__name__}: {error}")
            if transcript.begun:
                # Only a dropped connection tells the bot that the answer is not whole.
                _drop(request)
            return _unreachable(self.upstream, error)
        except (asyncio.CancelledError, ConnectionResetError):
            transcript.end("cancelled")
            raise
        transcript.end("done")
        return response

    async def _exchange(self, request: web.Request, body: bytes, transcript: Transcript) -> web.StreamResponse:
        assert self._session is not None
        address = f"{self.upstream}/{request.match_info['tail']}"
        headers = _forwarded(request.headers)
        headers["Accept-Encoding"] = "identity"
        async with self._session.request(
            request.method, address, params=request.query, data=body or None, headers=headers, allow_redirects=False
        ) as answered:
            response = web.StreamResponse(status=answered.status, headers=_forwarded(answered.headers))
            transcript.begin(answered.status, answered.content_type)
            await response.prepare(request)
            async for piece in answered.content.iter_any():
                transcript.feed(piece)
                await response.write(piece)
            await response.write_eof()
            return response

    def _adapted(self, call: Call, body: bytes) -> bytes | web.Response:
        """What goes to the server; an answer where it is not asked."""
        value = _parsed(body)
        if self._adapt is None or not _is_conversation(value):
            return body
        adapted = self._adapt(value)
        if isinstance(adapted, str):
            call.noticed = True
            return _notice(adapted, value)
        call.adapted = True
        return json.dumps(adapted).encode()

    def _open(self, request: web.Request, body: bytes) -> Call:
        call = Call(id=next(self._ids), started_at=time.time())
        if request.method == "POST":
            _read_request(call, body)
            self.calls.append(call)
        return call


class Transcript:
    """Fills a call from the bytes of its answer, a stream of events or one JSON document."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._started = time.monotonic()
        self._pending = bytearray()
        self._events = False

    @property
    def begun(self) -> bool:
        return self._call.status is not None

    def begin(self, status: int, content_type: str) -> None:
        self._call.status = status
        self._events = content_type == "text/event-stream"

    def feed(self, piece: bytes) -> None:
        self._pending += piece
        if not self._events:
            return
        *lines, rest = bytes(self._pending).split(b"\n")
        self._pending = bytearray(rest)
        for line in lines:
            if line.startswith(b"data:"):
                self._take(line[5:].strip())

    def whole(self, response: web.Response) -> web.Response:
        """An answer that is all there."""
        assert isinstance(response.body, bytes)
        self.begin(response.status, response.content_type)
        self.feed(response.body)
        self.end("done")
        return response

    def end(self, state: str, error: str | None = None) -> None:
        if not self._events and self._pending:
            self._take(bytes(self._pending))
        # The bot may hang up as soon as it has read the last word, before this end of the connection is through.
        self._call.state = "done" if state == "cancelled" and self._call.finish_reason else state
        self._call.error = error or self._call.error
        self._call.duration = round(time.monotonic() - self._started, 4)

    def _take(self, document: bytes) -> None:
        value = _parsed(document)
        if not isinstance(value, dict):
            return
        self._call.usage = _object(value.get("usage")) or self._call.usage
        self._call.error = value.get("error") or self._call.error
        choices = value.get("choices")
        for choice in map(_object, choices if isinstance(choices, list) else ()):
            self._say(_object(choice.get("delta")) or _object(choice.get("message")))
            self._call.finish_reason = _text(choice.get("finish_reason")) or self._call.finish_reason

    def _say(self, message: dict[str, Any]) -> None:
        text = _text(message.get("content")) + _text(message.get("refusal"))
        if text and self._call.first_text is None:
            self._call.first_text = round(time.monotonic() - self._started, 4)
        self._call.answer += text


def _read_request(call: Call, body: bytes) -> None:
    value = _parsed(body)
    if isinstance(value, dict):
        call.model = value.pop("model", None)
        call.messages = value.pop("messages", [])
        call.parameters = value


def _parsed(document: bytes) -> Any:
    """None where it is no JSON."""
    try:
        return json.loads(document)
    except (ValueError, RecursionError):
        return None


def _object(value: Any) -> dict[str, Any]:
    """Empty where it is none: what a server sends may have any shape."""
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _is_conversation(value: Any) -> bool:
    messages = value.get("messages") if isinstance(value, dict) else None
    return isinstance(messages, list) and bool(messages) and all(isinstance(each, dict) for each in messages)


def _forwarded(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in DROPPED_HEADERS)


def _drop(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _notice(text: str, asked: dict[str, Any]) -> web.Response:
    """As a model's whole answer, but without usage: nothing was read, and nothing written."""
    streamed = bool(asked.get("stream"))
    message = {"delta" if streamed else "message": {"role": "assistant", "content": text}}
    completion = {
        "id": "chatcmpl-notice",
        "object": "chat.completion.chunk" if streamed else "chat.completion",
        "created": int(time.time()),
        "model": asked.get("model"),
        "choices": [{"index": 0, **message, "finish_reason": "stop"}],
    }
    if not streamed:
        return web.json_response(completion)
    return web.Response(text=f"data: {json.dumps(completion)}\n\ndata: [DONE]\n\n", content_type="text/event-stream")


def _unreachable(upstream: str, error: Exception) -> web.Response:
    detail = f"The model's server at {upstream} cannot be reached ({type(error).__name__})."
    body = {"error": {"message": detail, "type": "server_error", "param": None, "code": None}}
    return web.json_response(body, status=502)
