"""Discord's end of an answer, through discord.py, with calls that end when the server has answered.

discord.py waits in the wrong place for us: the request that takes the last slot of a rate limit returns only when the
limit has been reset, seconds after the server's answer (`Ratelimit.__aexit__` in its `http.py`, `AsyncDeferredLock` in
its webhooks). So `Calls` runs each request in a task of its own, and a trace on the client's HTTP session, which
aiohttp calls in that very task, reports the answer: the task is found through a context variable, the answer's body is
read there, once (aiohttp keeps it for discord.py), and discord.py may then sleep in the background as long as it likes.

What the trace reports as an end is what discord.py takes for one too: success, or an error that it does not retry. For
everything else the task's own end decides.

A request that is never answered would hold its page for the five minutes of aiohttp's own limit, which discord.py does
not change. The trace gives it up much sooner and ends its task, and the caller may try again.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Coroutine, Hashable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any, Protocol

import aiohttp
import discord
import structlog

from bot.delivery.answer import InteractionKey, Route
from bot.errors import ChannelGone, DeliveryError, DiscordRefused, MessageGone, NotAllowed

log = structlog.get_logger(__name__)

UNKNOWN_CHANNEL = 10003
UNKNOWN_MESSAGE = 10008
NO_HISTORY = 160002
"""A reply without the permission to read the channel's history."""
INVALID_FORM = 50035
EPHEMERAL = 1 << 6
"""Codes and the message flag as Discord's documentation has them (Opcodes and Status Codes, Message)."""

INTERACTION_LIFE = timedelta(minutes=14)
"""An interaction's token holds for 15 minutes (Discord's documentation, Receiving and Responding); one to spare."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What an answer says about a message; zeros where it has none to speak of."""

    message_id: int = 0
    flags: int = 0


class Learn(Protocol):
    """`Scheduler.learn`."""

    def __call__(
        self,
        key: Hashable,
        route: Route,
        *,
        limit: int,
        remaining: int,
        reset_after: float,
        retry_after: float | None = None,
        global_: bool = False,
        ours: bool = True,
    ) -> None: ...


_answer_of: ContextVar[asyncio.Future[Posted] | None] = ContextVar("answer_of", default=None)
"""Where the answer of the running task's request is awaited."""


class Calls:
    """Owns the tasks of requests, which may outlive their answers by seconds. Close it after the client."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()

    async def answer(self, request: Coroutine[Any, Any, object]) -> Posted:
        """Returns when the server has answered. Raises DeliveryError; cancelled, it leaves the request under way."""
        answer: asyncio.Future[Posted] = asyncio.get_running_loop().create_future()
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
    async def _request(request: Coroutine[Any, Any, object], answer: asyncio.Future[Posted]) -> object:
        _answer_of.set(answer)
        return await request


def _report(task: asyncio.Task[object], answer: asyncio.Future[Posted]) -> None:
    """For requests that ended without the trace having spoken."""
    error = None if task.cancelled() else task.exception()
    if answer.done():
        if error is not None and not isinstance(error, discord.HTTPException):
            log.error("request_failed_after_answer", exc_info=error)
    elif task.cancelled():
        answer.cancel()
    elif error is not None:
        answer.set_exception(_delivery_error(error))
    else:
        answer.set_result(_posted_message(task.result()))


def _posted_message(result: object) -> Posted:
    return Posted(message_id=result.id, flags=result.flags.value) if isinstance(result, discord.Message) else Posted()


def translated(error: discord.HTTPException) -> DeliveryError:
    if error.code == UNKNOWN_MESSAGE:
        return MessageGone(str(error))
    if error.code == UNKNOWN_CHANNEL:
        return ChannelGone(str(error))
    if error.code != NO_HISTORY and error.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return NotAllowed(str(error))
    return DiscordRefused(error.status, error.code, error.text)


def _delivery_error(error: BaseException) -> BaseException:
    if isinstance(error, discord.HTTPException):
        return translated(error)
    if isinstance(error, (aiohttp.ClientError, OSError, asyncio.TimeoutError, discord.RateLimited)):
        return DiscordRefused(0, 0, repr(error))
    return error


def trace_config(learn: Learn, *, patience: float = ANSWER_SECONDS) -> aiohttp.TraceConfig:
    """For the client's `http_trace`: tells `learn` the rate limits, and each call of `Calls` its answer.

    A call that has none after `patience` seconds fails with DiscordRefused.
    """

    async def on_request_start(
        session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestStartParams
    ) -> None:
        answer, task = _answer_of.get(), asyncio.current_task()
        if answer is not None and task is not None:
            loop = asyncio.get_running_loop()
            context.giving_up = loop.call_later(patience, _give_up, answer, task, patience)

    async def on_request_exception(
        session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestExceptionParams
    ) -> None:
        _keep_on(context)

    async def on_request_end(
        session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        response = params.response
        route = _route(params.method, params.url.path)
        try:
            body = await _body(response) if route else {}
        finally:
            _keep_on(context)
        if route is None:
            return
        answer = _answer_of.get()
        _teach(learn, route, response, body, ours=answer is not None)
        if answer is not None and not answer.done():
            _settle(answer, response, body)

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(on_request_start)
    trace.on_request_exception.append(on_request_exception)
    trace.on_request_end.append(on_request_end)
    return trace


def _give_up(answer: asyncio.Future[Posted], task: asyncio.Task[object], seconds: float) -> None:
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
    learn(
        *route,
        limit=int(headers.get("X-RateLimit-Limit", 1)),
        remaining=int(headers.get("X-RateLimit-Remaining", 0)),
        reset_after=float(headers.get("X-RateLimit-Reset-After", 0)),
        retry_after=float(body.get("retry_after", headers.get("Retry-After", "1"))) if limited else None,
        global_=bool(body.get("global")) if limited else False,
        ours=ours,
    )


def _settle(answer: asyncio.Future[Posted], response: aiohttp.ClientResponse, body: dict[str, Any]) -> None:
    status = response.status
    if 200 <= status < 300:
        answer.set_result(Posted(message_id=int(body.get("id", 0)), flags=int(body.get("flags", 0))))
    elif 400 <= status < 500 and status != HTTPStatus.TOO_MANY_REQUESTS:
        answer.set_exception(translated(discord.HTTPException(response, body)))


class ChannelTarget:
    """Messages in a channel, the first one a reply to `reply_to` if there is one.

    `trigger_id`, the id of the message that is answered, makes a page's nonce: it is new even where the database is.
    """

    def __init__(
        self, channel: discord.PartialMessageable, *, reply_to: int | None, trigger_id: int, calls: Calls
    ) -> None:
        self._channel = channel
        self._reply_to = reply_to
        self._trigger_id = trigger_id
        self._calls = calls

    @property
    def key(self) -> int:
        return self._channel.id

    @property
    def until(self) -> None:
        return None

    async def create(self, position: int, text: str) -> int:
        """A reply that Discord refuses, its message being gone or hidden from the bot, is sent as a plain one."""
        if position or self._reply_to is None:
            return await self._send(position, text)
        try:
            return await self._send(position, text, reply_to=self._reply_to)
        except (DiscordRefused, MessageGone) as error:
            if not _concerns_reply(error):
                raise
        return await self._send(position, text)

    async def edit(self, message_id: int, text: str) -> None:
        message = self._channel.get_partial_message(message_id)
        await self._calls.answer(message.edit(content=text, allowed_mentions=discord.AllowedMentions.none()))

    async def delete(self, message_id: int) -> None:
        await self._calls.answer(self._channel.get_partial_message(message_id).delete())

    async def typing(self) -> None:
        await self._calls.answer(_typing(self._channel))

    async def _send(self, position: int, text: str, *, reply_to: int | None = None) -> int:
        # discord.py sends enforce_nonce with every nonce: a repeated send gets the first one's message.
        nonce = f"{self._trigger_id}-{position}"
        quiet = discord.AllowedMentions.none()
        if reply_to is None:
            send = self._channel.send(text, nonce=nonce, allowed_mentions=quiet, suppress_embeds=True)
        else:
            reference = self._channel.get_partial_message(reply_to).to_reference(fail_if_not_exists=False)
            send = self._channel.send(
                text, nonce=nonce, allowed_mentions=quiet, suppress_embeds=True, reference=reference
            )
        return (await self._calls.answer(send)).message_id


async def _typing(channel: discord.PartialMessageable) -> None:
    await channel.typing()


def _concerns_reply(error: DeliveryError) -> bool:
    if isinstance(error, DiscordRefused):
        return error.code == NO_HISTORY or (error.code == INVALID_FORM and "message_reference" in str(error))
    return isinstance(error, MessageGone)


class InteractionTarget:
    """The answer to a deferred interaction: its response, then follow-ups, as private as the response is.

    Works while the interaction's token does: 15 minutes. Typing is Discord's own "thinking".
    """

    def __init__(self, interaction: discord.Interaction[Any], *, calls: Calls) -> None:
        self._interaction = interaction
        self._calls = calls
        self._original: Posted = Posted()

    @property
    def key(self) -> InteractionKey:
        return InteractionKey(self._interaction.token)

    @property
    def until(self) -> datetime:
        return self._interaction.created_at + INTERACTION_LIFE

    async def create(self, position: int, text: str) -> int:
        if position == 0:
            self._original = await self._edit_original(text)
            return self._original.message_id
        follow_up = self._interaction.followup.send(
            text,
            wait=True,
            ephemeral=bool(self._original.flags & EPHEMERAL),
            suppress_embeds=True,
            allowed_mentions=discord.AllowedMentions.none(),
        )
        return (await self._calls.answer(follow_up)).message_id

    async def edit(self, message_id: int, text: str) -> None:
        if message_id == self._original.message_id:
            await self._edit_original(text)
            return
        quiet = discord.AllowedMentions.none()
        await self._calls.answer(
            self._interaction.followup.edit_message(message_id, content=text, allowed_mentions=quiet)
        )

    async def delete(self, message_id: int) -> None:
        if message_id == self._original.message_id:
            await self._calls.answer(self._interaction.delete_original_response())
        else:
            await self._calls.answer(self._interaction.followup.delete_message(message_id))

    async def typing(self) -> None:
        return None

    async def _edit_original(self, text: str) -> Posted:
        quiet = discord.AllowedMentions.none()
        return await self._calls.answer(self._interaction.edit_original_response(content=text, allowed_mentions=quiet))
