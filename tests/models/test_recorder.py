from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import openai
import pytest
from aiohttp import web

from playground.models.recorder import Recorder
from playground.models.scripted import MODEL, Fault, ScriptedServer

QUESTION: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "안녕하세요?"}]
ANSWER = "네, 안녕하세요! How are you?"


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(lambda messages: ANSWER, rate=1_000, first_token=0.0) as server:
        yield server


@pytest.fixture
async def recorder(server: ScriptedServer) -> AsyncIterator[Recorder]:
    async with Recorder(server.base_url, kept=3) as recorder:
        yield recorder


def client(recorder: Recorder) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=recorder.base_url, api_key="sk-very-secret", max_retries=0)


async def recorded(recorder: Recorder, query: str = "") -> list[dict[str, Any]]:
    async with aiohttp.ClientSession() as session, session.get(f"{recorder.url}/recorder/calls{query}") as response:
        calls: list[dict[str, Any]] = (await response.json())["calls"]
        return calls


async def test_a_stream_passes_and_is_recorded(recorder: Recorder) -> None:
    async with client(recorder) as bot:
        stream = await bot.chat.completions.create(
            model=MODEL, messages=QUESTION, stream=True, temperature=0.5, stream_options={"include_usage": True}
        )
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])
    assert text == ANSWER
    [call] = await recorded(recorder)
    assert call["messages"] == QUESTION
    assert call["answer"] == ANSWER
    assert call["model"] == MODEL
    assert call["parameters"]["temperature"] == 0.5
    assert (call["status"], call["state"], call["finish_reason"]) == (200, "done", "stop")
    assert call["usage"]["completion_tokens"] == 5
    assert 0 <= call["first_text"] <= call["duration"]


async def test_the_key_reaches_the_server_and_is_not_kept() -> None:
    async with (
        ScriptedServer(lambda messages: ANSWER, first_token=0.0, api_key="sk-very-secret") as server,
        Recorder(server.base_url) as recorder,
        client(recorder) as bot,
    ):
        await bot.chat.completions.create(model=MODEL, messages=QUESTION, max_tokens=1)
        assert "sk-very-secret" not in str(await recorded(recorder))


async def test_pieces_pass_before_the_next_one_exists() -> None:
    """The server sends the next event only when the bot has read the one before: any buffering would hang."""
    read = asyncio.Queue[int]()

    async def serve(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for number in range(5):
            await response.write(f'data: {{"choices":[{{"delta":{{"content":"{number}"}}}}]}}\n\n'.encode())
            assert await read.get() == number
        return response

    async with Upstream(serve) as address, Recorder(address) as recorder, aiohttp.ClientSession() as session:
        async with session.post(f"{recorder.base_url}/chat/completions", json={}) as response:
            async with asyncio.timeout(30):
                for number in range(5):
                    assert f'"{number}"'.encode() in await response.content.readuntil(b"\n\n")
                    read.put_nowait(number)
        assert recorder.calls[0].answer == "01234"


async def test_bytes_pass_untouched_however_they_are_cut() -> None:
    sent = b": ping\r\n\r\n" + 'data: {"choices":[{"delta":{"content":"한글"}}]}\r\n\r\ndata: [DONE]\r\n\r\n'.encode()

    async def serve(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Request-Id": "req-7"})
        await response.prepare(request)
        for byte in sent:
            await response.write(bytes([byte]))
        return response

    async with Upstream(serve) as address, Recorder(address) as recorder, aiohttp.ClientSession() as session:
        async with session.post(f"{recorder.base_url}/chat/completions", json={}) as response:
            assert await response.read() == sent
            assert response.headers["X-Request-Id"] == "req-7"
        assert recorder.calls[0].answer == "한글"


@pytest.mark.parametrize(("reason", "state"), [("null", "cancelled"), ('"stop"', "done")])
async def test_hanging_up_ends_the_call_at_the_server(reason: str, state: str) -> None:
    """Who hangs up after the last word has the whole answer."""
    ended = asyncio.Event()

    async def serve(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        chunk = f'{{"choices":[{{"delta":{{"content":"a"}},"finish_reason":{reason}}}]}}'
        await response.write(f"data: {chunk}\n\n".encode())
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return response

    async with Upstream(serve) as address, Recorder(address) as recorder:
        async with client(recorder) as bot:
            stream = await bot.chat.completions.create(model=MODEL, messages=QUESTION, stream=True)
            await anext(aiter(stream))
            await stream.close()
            await asyncio.wait_for(ended.wait(), 5)
        assert recorder.calls[0].state == state
        assert recorder.calls[0].answer == "a"


async def test_errors_pass_with_their_headers(server: ScriptedServer, recorder: Recorder) -> None:
    server.faults.append(Fault(status=429, code="rate_limit_exceeded", retry_after=3))
    async with client(recorder) as bot:
        with pytest.raises(openai.RateLimitError) as refused:
            await bot.chat.completions.create(model=MODEL, messages=QUESTION)
    assert refused.value.response.headers["retry-after"] == "3"
    [call] = await recorded(recorder)
    assert call["status"] == 429
    assert call["error"]["code"] == "rate_limit_exceeded"


async def test_a_broken_stream_breaks_for_the_bot_too(server: ScriptedServer, recorder: Recorder) -> None:
    server.faults.append(Fault(break_after=1))
    async with client(recorder) as bot:
        with pytest.raises(openai.APIConnectionError):
            async for _ in await bot.chat.completions.create(model=MODEL, messages=QUESTION, stream=True):
                pass
    [call] = await recorded(recorder)
    assert call["state"] == "broken"
    assert call["answer"] == "네,"


async def test_a_server_that_is_not_there_is_a_bad_gateway() -> None:
    async with Recorder("http://127.0.0.1:9/v1") as recorder, client(recorder) as bot:
        with pytest.raises(openai.InternalServerError) as refused:
            await bot.chat.completions.create(model=MODEL, messages=QUESTION)
        assert refused.value.status_code == 502
        assert recorder.calls[0].state == "broken"


async def test_only_the_last_calls_are_kept_and_can_be_asked_for_from_an_id(recorder: Recorder) -> None:
    async with client(recorder) as bot:
        for _ in range(5):
            await bot.chat.completions.create(model=MODEL, messages=QUESTION, max_tokens=1)
        await bot.models.list()
    assert [call["id"] for call in await recorded(recorder)] == [3, 4, 5]
    assert [call["id"] for call in await recorded(recorder, "?after=4")] == [5]


class Upstream:
    """`async with Upstream(handler) as address`: a server that answers every POST with `handler`."""

    def __init__(self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> None:
        app = web.Application()
        app.router.add_post("/{tail:.*}", handler)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)

    async def __aenter__(self) -> str:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
async def test_pages_of_elsewhere_neither_read_nor_ask(recorder: Recorder, headers: dict[str, str]) -> None:
    async with aiohttp.ClientSession(headers=headers) as session:
        for method, path in (("GET", "/recorder/calls"), ("POST", "/v1/chat/completions")):
            async with session.request(method, recorder.url + path, data=b"{}") as answer:
                assert answer.status == 403
    assert await recorded(recorder, "?after=x") == []
    assert await recorded(recorder, f"?after={'1' * 5_000}") == []


ODD = (
    {"choices": 1},
    {"choices": {"delta": {"content": "a"}}},
    {"choices": ["a", None, {"delta": "a"}, {"delta": {"content": ["a"], "refusal": 1}, "finish_reason": []}]},
    {"choices": [{"message": {"content": [{"type": "text", "text": "a"}]}}], "usage": "none"},
)


@pytest.mark.parametrize("odd", ODD, ids=str)
@pytest.mark.parametrize("streamed", [True, False])
async def test_what_is_no_text_passes_and_is_left_out(odd: dict[str, Any], streamed: bool) -> None:
    said = {"choices": [{"delta": {"content": "b"}, "finish_reason": "stop"}], "usage": {"total_tokens": 1}}
    body = (
        b"".join(b"data: %s\n\n" % json.dumps(each).encode() for each in (odd, said)) if streamed else json.dumps(odd)
    )

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type="text/event-stream" if streamed else "application/json")

    async with Upstream(answer) as upstream, Recorder(upstream) as recorder, aiohttp.ClientSession() as session:
        async with session.post(f"{recorder.base_url}/chat/completions", json={"messages": QUESTION}) as got:
            assert (got.status, await got.text()) == (200, body.decode() if isinstance(body, bytes) else body)
        [call] = await recorded(recorder)
    told = ("b", "stop", {"total_tokens": 1}) if streamed else ("", None, None)
    assert (call["state"], call["answer"], call["finish_reason"], call["usage"]) == ("done", *told)


async def test_a_notice_stands_for_an_answer_whole_and_the_server_is_sent_nothing(server: ScriptedServer) -> None:
    notice = '*(This is the server.)* "안녕"\nis not English.'
    async with Recorder(server.base_url, adapt=lambda body: notice) as recorder, client(recorder) as bot:
        stream = await bot.chat.completions.create(model=MODEL, messages=QUESTION, stream=True, max_tokens=1)
        assert [(each.choices[0].delta.content, each.choices[0].finish_reason) async for each in stream] == [
            (notice, "stop")
        ]
        whole = await bot.chat.completions.create(model=MODEL, messages=QUESTION)
        assert (whole.choices[0].message.content, whole.choices[0].finish_reason) == (notice, "stop")
        for call in await recorded(recorder):
            assert (call["messages"], call["answer"], call["state"], call["status"]) == (QUESTION, notice, "done", 200)
            assert (call["noticed"], call["adapted"], call["usage"]) == (True, False, None)
    assert not server.streams


async def test_what_goes_on_to_the_model_can_be_changed_and_what_the_bot_sent_is_kept(server: ScriptedServer) -> None:
    def shortened(body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "messages": body["messages"][-1:], "top_k": 5}

    async with Recorder(server.base_url, adapt=shortened) as recorder, client(recorder) as bot:
        await bot.chat.completions.create(model=MODEL, messages=QUESTION)
        [call] = await recorded(recorder)
        assert call["messages"] == QUESTION and "top_k" not in call["parameters"]
        assert (call["adapted"], call["noticed"]) == (True, False)
        [stream] = server.streams
        assert stream.messages == QUESTION[-1:] and stream.parameters["top_k"] == 5
        with pytest.raises(openai.BadRequestError, match="at least one message"):
            await bot.chat.completions.create(model=MODEL, messages=[])
        assert [model.id async for model in bot.models.list()] == [MODEL]
