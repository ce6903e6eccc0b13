"""A server with OpenAI's HTTP interface whose every token has an exact time, for the demo, the tests and the bench.

Token n of an answer is due `first_token + n / rate` seconds after the request came. Dues are absolute: a late one
does not shift those after it, and `Stream.sent` says when each one really left.

A token is a word with the white space before it, in prompts and in answers alike. Cached prompt tokens are those that
the request shares, from its beginning, with an earlier one of the same `prompt_cache_key` (without a key, with any of
the last few); unlike OpenAI's, this cache has no least length.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from aiohttp import web

from playground.models.recital import Messages, recite, text_of

MODEL = "scripted"
TOKEN = re.compile(r"\s*\S+|\s+$")
REMEMBERED_PROMPTS = 64
KEPT_STREAMS = 1_000

Script = Callable[[Messages], str]


def tokens(text: str) -> list[str]:
    """Their concatenation is the text."""
    return TOKEN.findall(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong with one call: an error status, or a stream that ends after some tokens."""

    status: int | None = None
    code: str = "server_error"
    retry_after: float | None = None
    """Seconds, sent as the Retry-After header beside `status`."""
    break_after: int | None = None
    """Tokens after which the connection is dropped."""
    end_after: int | None = None
    """Tokens after which the stream ends properly but without a finish_reason and without [DONE]."""


@dataclass(slots=True, kw_only=True)
class Stream:
    """One answered call."""

    messages: Messages
    parameters: dict[str, Any]
    text: str
    sent: list[tuple[str, float]] = field(default_factory=list)
    """Each token with the monotonic time at which it was written to the socket."""
    lateness: float = 0.0
    """Seconds by which the latest of them missed its time."""


class ScriptedServer:
    """`async with ScriptedServer() as server`: serves on 127.0.0.1 inside the block, at `server.base_url`."""

    def __init__(
        self,
        script: Script = recite,
        *,
        rate: float = 50.0,
        first_token: float = 0.2,
        port: int = 0,
        api_key: str | None = None,
        models: Iterable[str] = (MODEL,),
        kept: int = KEPT_STREAMS,
    ) -> None:
        """`rate` in tokens a second, `first_token` in seconds. Without `api_key` every key is accepted.

        `kept`: how many of the newest calls `streams` holds.
        """
        self.script = script
        self.rate = rate
        self.first_token = first_token
        self.models = tuple(models)
        self.streams: deque[Stream] = deque(maxlen=kept)
        self.faults: deque[Fault] = deque()
        """Each call takes the next one."""
        self.base_url = ""
        self._port = port
        self._api_key = api_key
        self._prompts: deque[tuple[str | None, list[str]]] = deque(maxlen=REMEMBERED_PROMPTS)
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> ScriptedServer:
        app = web.Application(client_max_size=64 << 20, middlewares=[_refusals])
        app.router.add_get("/v1/models", self._list_models)
        app.router.add_get("/v1/models/{model:.+}", self._get_model)
        app.router.add_post("/v1/chat/completions", self._complete)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _list_models(self, request: web.Request) -> web.Response:
        self._authorize(request)
        return web.json_response({"object": "list", "data": [_model(name) for name in self.models]})

    async def _get_model(self, request: web.Request) -> web.Response:
        self._authorize(request)
        return web.json_response(_model(self._known(request.match_info["model"])))

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        arrived = time.monotonic()
        self._authorize(request)
        body = await _body(request)
        fault = self.faults.popleft() if self.faults else Fault()
        if fault.status is not None:
            raise Refused(fault.status, "the fault that was asked for", fault.code, retry_after=fault.retry_after)
        self._known(body["model"])
        answer = Answer(self.script(body["messages"]), body, self._cached(body))
        stream = Stream(messages=body.pop("messages"), parameters=body, text="".join(answer.tokens))
        self.streams.append(stream)
        if not body.get("stream"):
            return await self._whole(answer, stream, arrived)
        return await self._streamed(request, answer, stream, arrived, fault)

    async def _whole(self, answer: Answer, stream: Stream, arrived: float) -> web.Response:
        await _until(arrived + self.first_token + len(answer.tokens) / self.rate)
        stream.sent = [(token, time.monotonic()) for token in answer.tokens]
        return web.json_response(answer.completion())

    async def _streamed(
        self, request: web.Request, answer: Answer, stream: Stream, arrived: float, fault: Fault
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        await response.prepare(request)
        await response.write(answer.chunk({"role": "assistant", "content": ""}))
        for number, token in enumerate(answer.tokens):
            if fault.break_after == number and request.transport is not None:
                request.transport.abort()
                return response
            if fault.end_after == number:
                return response
            due = arrived + self.first_token + number / self.rate
            await _until(due)
            await response.write(answer.chunk({"content": token}))
            stream.sent.append((token, time.monotonic()))
            stream.lateness = max(stream.lateness, stream.sent[-1][1] - due)
        await response.write(answer.ending())
        return response

    def _authorize(self, request: web.Request) -> None:
        if self._api_key is not None and request.headers.get("Authorization") != f"Bearer {self._api_key}":
            raise Refused(401, "Incorrect API key provided.", "invalid_api_key")

    def _known(self, model: str) -> str:
        if model not in self.models:
            raise Refused(404, f"The model `{model}` does not exist.", "model_not_found", param="model")
        return model

    def _cached(self, body: dict[str, Any]) -> int:
        key = body.get("prompt_cache_key")
        prompt = _lines(body["messages"])
        earlier = [lines for other, lines in self._prompts if other == key]
        self._prompts.append((key, prompt))
        return max((_shared_tokens(prompt, lines) for lines in earlier), default=0)


class Answer:
    """The words of one answer in the forms that the interface has for them."""

    def __init__(self, text: str, body: dict[str, Any], cached: int) -> None:
        limit = body.get("max_completion_tokens") or body.get("max_tokens")
        everything = tokens(text)
        self.tokens = everything[:limit]
        self._finish_reason = "length" if len(self.tokens) < len(everything) else "stop"
        self._model = body["model"]
        self._with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
        prompt = sum(len(line.split()) for line in _lines(body["messages"]))
        self._usage = {
            "prompt_tokens": prompt,
            "completion_tokens": len(self.tokens),
            "total_tokens": prompt + len(self.tokens),
            "prompt_tokens_details": {"cached_tokens": min(cached, prompt)},
        }
        self._created = int(time.time())

    def completion(self) -> dict[str, Any]:
        message = {"role": "assistant", "content": "".join(self.tokens), "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": self._finish_reason}
        return self._envelope("chat.completion", [choice], usage=self._usage)

    def chunk(self, delta: dict[str, str], finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return _event(self._envelope("chat.completion.chunk", [choice]))

    def ending(self) -> bytes:
        usage = _event(self._envelope("chat.completion.chunk", [], usage=self._usage)) if self._with_usage else b""
        return self.chunk({}, self._finish_reason) + usage + b"data: [DONE]\n\n"

    def _envelope(self, kind: str, choices: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        about = {"id": "chatcmpl-script", "object": kind, "created": self._created, "model": self._model}
        return {**about, "choices": choices, **more}


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"


def _lines(messages: Messages) -> list[str]:
    """Each message as the text whose tokens are counted."""
    return [f"{message.get('role')}: {text_of(message)}" for message in messages]


def _shared_tokens(prompt: list[str], earlier: list[str]) -> int:
    """Of equal messages from the beginning, and of the words that the first unequal ones begin with."""
    shared = 0
    for line, other in zip(prompt, earlier, strict=False):
        words = line.split()
        if line == other:
            shared += len(words)
            continue
        same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(words, other.split(), strict=False))
        return shared + sum(1 for _ in same)
    return shared


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "playground"}


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError) as error:
        raise Refused(400, "The body is not JSON.", "invalid_json") from error
    if not isinstance(body, dict) or not isinstance(body.get("model"), str):
        raise Refused(400, "You must provide a model parameter.", "missing_required_parameter", param="model")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(one, dict) for one in messages):
        raise Refused(400, "'messages' must be a list of at least one message.", "invalid_value", param="messages")
    return body


class Refused(Exception):
    """Answered with an error as OpenAI words it."""

    def __init__(
        self, status: int, message: str, code: str, *, param: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        kind = "insufficient_quota" if code == "insufficient_quota" else "invalid_request_error"
        self.status = status
        self.headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
        self.error = {
            "message": message,
            "type": kind if status < 500 else "server_error",
            "param": param,
            "code": code,
        }


@web.middleware
async def _refusals(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refused as refused:
        return web.json_response({"error": refused.error}, status=refused.status, headers=refused.headers)


async def _until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - time.monotonic()))


async def _serve(options: argparse.Namespace) -> None:
    async with ScriptedServer(rate=options.rate, first_token=options.first_token, port=options.port) as server:
        print(f"READY {server.base_url}", flush=True)
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m playground.models.scripted", description="A scripted model.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--rate", type=float, default=50.0, help="tokens a second")
    parser.add_argument("--first-token", type=float, default=0.2, help="seconds before the first")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
