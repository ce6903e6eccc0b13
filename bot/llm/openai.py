"""The adapter to OpenAI's Chat Completions and to servers that speak it, behind the port.

A call ends in one of three ways: with the server's reason; broken after its first text, which then is kept; or, before
any text, with a ModelError, and the caller may ask again. Nothing is repeated here except a request whose parameters
the server refused.

Silence is measured here and not by the SDK, because how much of it is bearable depends on what was sent: a model
that thinks is silent while it does, and one that has given its reason has little more to say.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import aiohttp
import structlog

from bot.clock import Clock, SystemClock
from bot.errors import (
    ContextTooLong,
    EndpointMissing,
    Malformed,
    ModelError,
    Overloaded,
    RequestRefused,
    TimedOut,
    Unreachable,
)
from bot.llm import failures
from bot.llm.answer import Answer
from bot.llm.breath import Breath
from bot.llm.dialect import Dialect
from bot.llm.patience import UNLIMITED, Patience
from bot.llm.port import Event, Request
from bot.llm.reader import read

if TYPE_CHECKING:
    from httpx2 import Response
    from openai import APIStatusError, AsyncOpenAI

log = structlog.get_logger(__name__)

AFTERMATH = 2.0
"""Seconds for the usage to come once the reason for the end has."""

DRAIN = 0.25
"""Seconds for the end of a stream after its `[DONE]`: only a connection whose stream has ended can be used again."""

KEEP_ALIVE = 15.0
"""Seconds for which an idle connection to OpenAI is kept."""

DRAINED = 16_384
"""Bytes that the SDK's transport hands on at once; a piece that is shorter was all that had come."""

MAX_CONNECTIONS = 1_000
"""As many as the SDK allows by itself; the transport's own default would be 100."""


class OpenAIModel:
    """`silence`, `deadline` and `connect` are seconds: between two pieces of network data, for a whole call, and until
    a connection stands. `openai` tells a proxy before OpenAI from other servers: None goes by the host. A model that
    thinks may be silent up to the deadline before its first text.

    Making one costs nothing: the SDK, which takes about a second to import, is loaded in a thread by the first call.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        silence: float = 60.0,
        deadline: float = 600.0,
        connect: float = 5.0,
        openai: bool | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._base_url = base_url
        self._api_key = api_key
        self._silence = silence
        self._deadline = deadline
        self._connect = connect
        self._clock = clock or SystemClock()
        self._dialect = Dialect(self._base_url, openai)
        self._client: AsyncOpenAI | None = None
        self._loading = asyncio.Lock()
        self._breath = Breath()

    async def close(self) -> None:
        async with self._loading:
            if self._client is not None:
                await self._client.close()

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        client = await self._sdk()
        answer = Answer(visible_thinking=not self._dialect.openai)
        patience = Patience(self._patience(request, answer), self._deadline)
        try:
            async with (
                self._call(client, request, patience) as (chunks, response),
                aclosing(read(chunks, partial(self._rest, answer, response))) as pieces,
            ):
                async for piece in pieces:
                    self._take(piece, request.model, answer)
                    for event in answer.news():
                        yield event
                    patience.silence = self._patience(request, answer)
                if answer.reason is None:
                    raise Unreachable("the stream ended without a reason")
                for event in answer.end():
                    yield event
                await self._drain(chunks)
        except ModelError as error:
            for event in answer.news():
                yield event
            if answer.over:
                return
            if answer.reason is None and not answer.begun:
                raise
            log.warning("stream_broken", model=request.model, error=repr(error), request_id=error.request_id)
            for event in answer.end():
                yield event

    async def _rest(self, answer: Answer, response: Response, size: int) -> None:
        if answer.reason is not None:  # what is left comes at once, and the end of the answer waits for it
            await asyncio.sleep(0)
            return
        await self._breath.take(answer.deltas, _transport(response) if size < DRAINED else None)

    def _take(self, piece: Iterator[dict[str, Any]], model: str, answer: Answer) -> None:
        for chunk in piece:
            self._raise_error_in(chunk, model)
            answer.take(chunk)

    async def check(self, model: str) -> None:
        """Also raises RequestRefused where the model is not in the server's list, since some servers take any name, and
        EndpointMissing where there is no list and nobody to answer questions either."""
        try:
            await self._ask(model, lambda client: client.models.retrieve(model, extra_headers=self._headers()))
        except RequestRefused:  # no such endpoint
            await self._check_list(model)

    async def _check_list(self, model: str) -> None:
        try:
            page = await self._ask(model, lambda client: client.models.list(extra_headers=self._headers()))
        except RequestRefused:  # nor this one
            await self._check_endpoint(model)
            return
        names = [str(getattr(entry, "id", "")) for entry in getattr(page, "data", None) or ()]
        if model not in names:
            raise RequestRefused(f"not among the server's models: {', '.join(names[:10])}")

    async def _check_endpoint(self, model: str) -> None:
        """A call without messages costs nothing: whoever answers calls refuses it."""
        import httpx2

        options: Any = {"headers": self._headers()}
        body = {"model": model, "messages": [], "max_tokens": 1}
        try:
            await self._ask(
                model,
                lambda client: client.post("/chat/completions", cast_to=httpx2.Response, body=body, options=options),
            )
        except EndpointMissing:
            raise
        except (RequestRefused, ContextTooLong, Overloaded):
            return

    async def _ask(self, model: str, call: Callable[[AsyncOpenAI], Awaitable[object]]) -> object:
        client = await self._sdk()
        with self._translated(model):
            async with asyncio.timeout(self._silence):
                answer = await call(client)
        if isinstance(answer, str):  # the SDK hands on what is not JSON
            raise Malformed(answer[:200])
        return answer

    @asynccontextmanager
    async def _call(
        self, client: AsyncOpenAI, request: Request, patience: Patience
    ) -> AsyncIterator[tuple[AsyncGenerator[bytes, None], Response]]:
        """The network data of an answer, as they come from it."""
        with self._translated(request.model):
            async with AsyncExitStack() as stack:
                stack.enter_context(self._breath.counted())
                async with patience.limit():
                    response = await self._open(stack, client, request)
                source = patience.over(response.aiter_bytes())
                yield await stack.enter_async_context(aclosing(source)), response

    async def _open(self, stack: AsyncExitStack, client: AsyncOpenAI, request: Request) -> Response:
        """Asks as often as there is a refused parameter to leave out."""
        import httpx2
        import openai

        while True:
            body = self._dialect.body(request)
            try:
                response = await client.post(
                    "/chat/completions",
                    cast_to=httpx2.Response,
                    body=body,
                    options={"headers": self._headers()},
                    stream=True,
                )
                stack.push_async_callback(response.aclose)
            except openai.APIStatusError as error:
                said = self._complaint(error)
                if not self._dialect.learn(body, said):
                    raise
                log.info("parameter_refused", model=request.model, base_url=self._base_url, detail=said.message)
            else:
                return response

    async def _drain(self, chunks: AsyncGenerator[bytes, None]) -> None:
        if self._dialect.openai:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(DRAIN):
                    async for _ in chunks:
                        pass

    def _patience(self, request: Request, answer: Answer) -> float:
        if answer.reason is not None:
            return AFTERMATH
        return UNLIMITED if not answer.begun and self._dialect.thinks(request) else self._silence

    def _raise_error_in(self, chunk: dict[str, Any], model: str) -> None:
        if chunk.get("error") or ("choices" not in chunk and "message" in chunk):
            said = self._without_key(failures.complaint(chunk))
            raise failures.to_error(said, model=model, now=self._clock.now())

    @contextmanager
    def _translated(self, model: str) -> Iterator[None]:
        """What the SDK and its transport raise, as ModelErrors."""
        import httpx2
        import openai

        try:
            yield
        except openai.APIStatusError as error:
            raise failures.to_error(self._complaint(error), model=model, now=self._clock.now()) from error
        except (openai.APIConnectionError, httpx2.RequestError, aiohttp.ClientError, OSError) as error:
            raise _of_connection(error) from error
        except (openai.OpenAIError, ValueError) as error:
            raise Malformed(str(error)[: failures.MAX_DETAIL]) from error

    def _complaint(self, error: APIStatusError) -> failures.Complaint:
        said = failures.complaint(error.body, status=error.status_code, headers=error.response.headers)
        return self._without_key(said)

    def _without_key(self, said: failures.Complaint) -> failures.Complaint:
        # Some servers repeat the key that they refuse; the message goes to the log.
        return dataclasses.replace(said, message=said.message.replace(self._api_key or "\0", "…"))

    async def _sdk(self) -> AsyncOpenAI:
        async with self._loading:
            if self._client is None:
                self._client = await asyncio.to_thread(self._make_client)
            return self._client

    def _make_client(self) -> AsyncOpenAI:
        import httpx2
        import openai

        timeout = openai.Timeout(None, connect=self._connect)
        limits = httpx2.Limits(
            max_connections=MAX_CONNECTIONS, keepalive_expiry=KEEP_ALIVE if self._dialect.openai else 0
        )
        return openai.AsyncOpenAI(
            base_url=self._base_url,
            api_key=self._api_key or "none",
            max_retries=0,
            timeout=timeout,
            default_headers={"Accept-Encoding": "identity"},  # compression would hold tokens back
            http_client=openai.DefaultAioHttpClient(timeout=timeout, limits=limits),
        )

    def _headers(self) -> dict[str, Any]:
        """llama.cpp's server drops some 3 to 5 % of the requests that follow a stream on the same connection, and the
        transport does not repeat a POST: servers other than OpenAI's get a connection for each call."""
        import openai

        connection = {} if self._dialect.openai else {"Connection": "close"}
        return connection if self._api_key else {**connection, "Authorization": openai.Omit()}


def _transport(response: Response) -> asyncio.ReadTransport | None:
    """The connection's, which the SDK hands out nowhere: found by the names that its parts have inside. None once the
    answer has come whole: then the connection may be another's.
    """
    answer = getattr(getattr(response.stream, "_stream", None), "_aiohttp_response", None)
    connection: aiohttp.connector.Connection | None = getattr(answer, "connection", None)
    return connection.transport if connection else None


def _of_connection(error: BaseException) -> ModelError:
    """The transport calls a dropped connection a timeout: what was raised at the bottom decides."""
    causes = [error]
    while causes[-1].__cause__ is not None:
        causes.append(causes[-1].__cause__)
    detail = next(filter(None, map(_words_of, reversed(causes))), type(error).__name__)
    if any(isinstance(cause, aiohttp.ConnectionTimeoutError) for cause in causes):
        return Unreachable(detail)
    if any(isinstance(cause, aiohttp.ClientResponseError) for cause in causes):
        return Malformed(detail)
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return TimedOut(detail)
    return Unreachable(detail)


def _words_of(error: BaseException) -> str:
    """aiohttp numbers what breaks HTTP as if the server had answered with 400."""
    return error.message if isinstance(error, aiohttp.http.HttpProcessingError) else str(error)
