"""Calls of Discord through discord.py that end when the server has answered.

discord.py waits in the wrong place for us: the request that takes the last slot of a rate limit returns only when the
limit has been reset, seconds after the server's answer (`Ratelimit.__aexit__` in its `http.py`, `AsyncDeferredLock` in
its webhooks). So `Calls` runs each request in a task of its own, and a trace on the client's HTTP session, which
aiohttp calls in that very task, reports the answer: the task is found through a context variable, the answer's body is
read there, once (aiohttp keeps it for discord.py), and discord.py may then sleep in the background as long as it likes.

What the trace reports as an end is what discord.py takes for one too: a message, no content, or an error that it does
not retry. For everything else, such as the answer of a proxy, the task's own end decides.

A request that is never answered would hold its page for the five minutes of aiohttp's own limit, which discord.py does
not change. The trace gives it up much sooner and ends its task, and the caller may try again.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import Callable, Coroutine, Hashable, Mapping
from contextvars import ContextVar
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import structlog

from bot.delivery.answer import InteractionKey, Posted, Route
from bot.delivery.budget import RateLimit
from bot.errors import ChannelGone, DeliveryError, DiscordRefused, MessageGone, NotAllowed

log = structlog.get_logger(__name__)

UNKNOWN_CHANNEL = 10003
UNKNOWN_MESSAGE = 10008
NO_HISTORY = 160002
"""Codes as Discord's documentation has them (Opcodes and Status Codes); the last is a reply's where the channel's
history may not be read."""
ANSWER_SECONDS = 30.0
"""From a request's beginning until it is given up; ours. What waits for a rate limit has not begun yet."""

_ROUTES: tuple[tuple[str, re.Pattern[str], Route], ...] = (
    ("POST", re.compile(r"/channels/(?P<channel>\d+)/messages$"), "create"),
    ("PATCH", re.compile(r"/channels/(?P<channel>\d+)/messages/\d+$"), "edit"),
    ("DELETE", re.compile(r"/channels/(?P<channel>\d+)/messages/\d+$"), "delete"),
    ("POST", re.compile(r"/channels/(?P<channel>\d+)/typing$"), "typing"),
    ("POST", re.compile(r"/webhooks/\d+/(?P<token>[^/]+)$"), "create"),
    ("PATCH", re.compile(r"/webhooks/\d+/(?P<token>[^/]+)/messages/[^/]+$"), "edit"),
    ("DELETE", re.compile(r"/webhooks/\d+/(?P<token>[^/]+)/messages/[^/]+$"), "delete"),
)
_OF_INTERACTIONS = re.compile(r"/(interactions|webhooks)/")


Learn = Callable[[Hashable, Route, RateLimit], None]
"""`Scheduler.learn`."""


class _Answer(asyncio.Future[Posted]):
    status: int | None = None
    """That the server sent last, to any attempt."""


_answer_of: ContextVar[_Answer | None] = ContextVar("answer_of", default=None)
"""Where the answer of the running task's request is awaited."""


class Calls:
    """Owns the tasks of requests, which may outlive their answers by seconds. Close it after the client."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()

    async def answer(self, request: Coroutine[Any, Any, object]) -> Posted:
        """Returns when the server has answered. Raises DeliveryError; cancelled, it leaves the request under way."""
        answer = _Answer()
        task = asyncio.create_task(self._request(request, answer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda ended: _report(ended, answer))
        return await answer

    async def close(self) -> None:
        """The client's session being closed, whatever still runs only sleeps."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @staticmethod
    async def _request(request: Coroutine[Any, Any, object], answer: _Answer) -> object:
        _answer_of.set(answer)
        return await request


def _report(task: asyncio.Task[object], answer: _Answer) -> None:
    """For requests that ended without the trace having spoken."""
    error = None if task.cancelled() else task.exception()
    if answer.done():
        if error is not None and not isinstance(error, discord.HTTPException):
            log.error("request_failed_after_answer", exc_info=error)
    elif task.cancelled():
        answer.cancel()
    elif error is not None:
        answer.set_exception(_delivery_error(error, answer.status))
    else:
        result = task.result()
        answer.set_result(posted(result) if isinstance(result, discord.Message) else Posted())


def posted(message: discord.Message) -> Posted:
    return Posted(message_id=message.id, text=message.content, flags=message.flags.value)


def translated(error: discord.HTTPException) -> DeliveryError:
    if error.code == UNKNOWN_MESSAGE:
        return MessageGone(str(error))
    if error.code == UNKNOWN_CHANNEL:
        return ChannelGone(str(error))
    if error.code != NO_HISTORY and error.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return NotAllowed(str(error))
    return DiscordRefused(error.status, error.code, error.text)


def _delivery_error(error: BaseException, status: int | None) -> BaseException:
    if isinstance(error, discord.HTTPException):
        return translated(error)
    if isinstance(error, (aiohttp.ClientError, OSError, asyncio.TimeoutError, discord.RateLimited)):
        return DiscordRefused(0, 0, repr(error))
    if status is not None and isinstance(error, (ValueError, LookupError, TypeError)):
        # What discord.py makes of an answer that is not Discord's, such as a proxy's.
        return DiscordRefused(status if status >= 400 else 0, 0, repr(error))
    return error


def trace_config(learn: Learn, leave: Callable[[], None], *, patience: float = ANSWER_SECONDS) -> aiohttp.TraceConfig:
    """For the client's `http_trace`: tells `learn` the rate limits, and each call of `Calls` its answer.

    `leave` is called when a request leaves that counts against the global rate: all but those about interactions do.
    A call that has no answer after `patience` seconds fails with DiscordRefused.
    """
    watch, trace = _Watch(learn, leave, patience), aiohttp.TraceConfig()
    trace.on_request_start.append(watch.begun)
    trace.on_request_headers_sent.append(watch.left)
    trace.on_request_exception.append(watch.failed)
    trace.on_request_end.append(watch.answered)
    return trace


class _Watch:
    """What aiohttp tells of each request, in the task that makes it. `context` is the request's own."""

    def __init__(self, learn: Learn, leave: Callable[[], None], patience: float) -> None:
        self._learn = learn
        self._leave = leave
        self._patience = patience

    async def begun(
        self, session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestStartParams
    ) -> None:
        answer, task = _answer_of.get(), asyncio.current_task()
        if answer is not None and task is not None:
            loop = asyncio.get_running_loop()
            context.giving_up = loop.call_later(self._patience, _give_up, answer, task, self._patience)

    async def left(
        self, session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestHeadersSentParams
    ) -> None:
        if not _OF_INTERACTIONS.search(params.url.path):
            self._leave()

    async def failed(
        self, session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestExceptionParams
    ) -> None:
        _keep_on(context)

    async def answered(
        self, session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        response = params.response
        route = _route(params.method, params.url.path)
        try:
            body = await _body(response) if route else {}
        finally:
            _keep_on(context)
        if route is None:
            return
        answer, task = _answer_of.get(), asyncio.current_task()
        if answer is not None:
            answer.status = response.status
        _teach(self._learn, route, response, body, ours=answer is not None)
        if answer is not None and not answer.done():
            _settle(answer, response, body)
            if response.status >= 500 and task is not None and _must_not_repeat(*route):
                answer.set_exception(DiscordRefused(response.status, 0, response.reason or ""))
                task.cancel()


def _must_not_repeat(key: Hashable, route: Route) -> bool:
    """By discord.py, after an error of the server's: a follow-up that was made all the same would be there twice."""
    return isinstance(key, InteractionKey) and route == "create"


def _give_up(answer: _Answer, task: asyncio.Task[object], seconds: float) -> None:
    if not answer.done():
        answer.set_exception(DiscordRefused(0, 0, f"no answer within {seconds:g} s"))
    task.cancel()


def _keep_on(context: SimpleNamespace) -> None:
    """An answer came, or there will be none."""
    giving_up: asyncio.TimerHandle | None = getattr(context, "giving_up", None)
    if giving_up is not None:
        giving_up.cancel()


def _route(method: str, path: str) -> tuple[Hashable, Route] | None:
    for verb, pattern, route in _ROUTES:
        if verb == method and (match := pattern.search(path)):
            found = match.groupdict()
            return (int(found["channel"]) if "channel" in found else InteractionKey(found["token"])), route
    return None


async def _body(response: aiohttp.ClientResponse) -> dict[str, Any]:
    """The answer's JSON object; empty for anything else, such as the page of a proxy."""
    try:
        body = json.loads(await response.text(encoding="utf-8"))
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _teach(
    learn: Learn,
    route: tuple[Hashable, Route],
    response: aiohttp.ClientResponse,
    body: dict[str, Any],
    *,
    ours: bool,
) -> None:
    headers = response.headers
    limited = response.status == HTTPStatus.TOO_MANY_REQUESTS
    if not limited and "X-RateLimit-Remaining" not in headers:
        return
    told = RateLimit(
        limit=int(_number(headers.get("X-RateLimit-Limit"), 1)),
        remaining=int(_number(headers.get("X-RateLimit-Remaining"), 0)),
        reset_after=_number(headers.get("X-RateLimit-Reset-After"), 0),
        retry_after=_number(body.get("retry_after", headers.get("Retry-After")), 1) if limited else None,
        everywhere=bool(body.get("global")) if limited else False,
        shared=headers.get("X-RateLimit-Scope") == "shared",
        bucket=headers.get("X-RateLimit-Bucket"),
        served_at=_served_at(headers),
        ours=ours,
    )
    learn(*route, told)


def _served_at(headers: Mapping[str, str]) -> float | None:
    """By the server's clock: it tells the end of the window as a time of day and as a distance."""
    reset = _number(headers.get("X-RateLimit-Reset"), math.nan)
    served_at = reset - _number(headers.get("X-RateLimit-Reset-After"), math.nan)
    return served_at if math.isfinite(served_at) else None


def _number(told: object, default: float) -> float:
    """What is no number from 0 on, such as the date that a proxy may put into Retry-After, says nothing."""
    try:
        number = float(str(told))
    except ValueError:
        return default
    return number if math.isfinite(number) and number >= 0 else default


def _settle(answer: _Answer, response: aiohttp.ClientResponse, body: dict[str, Any]) -> None:
    status = response.status
    if status == HTTPStatus.NO_CONTENT:
        answer.set_result(Posted())
    elif 200 <= status < 300 and "id" in body:
        message_id, flags = int(body["id"]), int(body.get("flags", 0))
        answer.set_result(Posted(message_id=message_id, text=str(body.get("content", "")), flags=flags))
    elif 400 <= status < 500 and status != HTTPStatus.TOO_MANY_REQUESTS:
        answer.set_exception(translated(discord.HTTPException(response, body)))
