from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from bot.clock import ManualClock
from bot.domain.persona import ReasoningEffort
from bot.domain.run import FinishReason
from bot.domain.usage import Usage
from bot.errors import (
    ContextTooLong,
    EndpointMissing,
    KeyRefused,
    Malformed,
    ModelError,
    ModelNotFound,
    Overloaded,
    QuotaExhausted,
    RateLimited,
    RequestRefused,
    TimedOut,
    Unreachable,
)
from bot.llm.breath import PROMPT, Breath
from bot.llm.openai import OpenAIModel
from bot.llm.port import Event, Finished, Message, RefusalDelta, Request, Speaking, TextDelta
from bot.llm.reader import read
from tests.llm.server import ANSWER, USAGE, ModelServer, chunk, drop, error, events, status, streams

REQUEST = Request(
    model="m",
    messages=(Message(Speaking.INSTRUCTIONS, "Be kind."), Message(Speaking.USER, "Ana: hi")),
    max_tokens=100,
    cache_key="channel-1",
    safety_identifier="f00d",
)


async def play(model: OpenAIModel, request: Request = REQUEST) -> list[Event]:
    async with aclosing(model.stream(request)) as stream:
        return [event async for event in stream]


def text_of(played: list[Event]) -> str:
    return "".join(event.text for event in played if isinstance(event, TextDelta))


def end_of(played: list[Event]) -> Finished:
    last = played[-1]
    assert isinstance(last, Finished)
    assert not any(isinstance(event, Finished) for event in played[:-1])
    return last


async def forever(request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


# --- what an answer becomes ---


async def test_text_usage_and_the_answering_model(server: ModelServer, model: OpenAIModel) -> None:
    server.reply(streams(ANSWER))
    usage = Usage(prompt_tokens=20, completion_tokens=7, cached_tokens=16, reasoning_tokens=3)
    assert await play(model) == [
        TextDelta("Hello world"),
        Finished(FinishReason.STOP, usage, "served"),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
async def test_every_byte_on_its_own(server: ModelServer, model: OpenAIModel, end: str) -> None:
    body = f": ping{end}{end}".encode() + events(chunk("독도는 우리땅 🐙"), chunk(finish="stop"), end=end)
    server.reply(streams(*(body[index : index + 1] for index in range(len(body)))))
    played = await play(model)
    assert text_of(played) == "독도는 우리땅 🐙"
    assert end_of(played).reason is FinishReason.STOP


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("stop", FinishReason.STOP),
        ("length", FinishReason.LENGTH),
        ("content_filter", FinishReason.CONTENT_FILTER),
        ("tool_calls", FinishReason.STOP),
        ("error", FinishReason.BROKEN),
    ],
)
async def test_reasons(server: ModelServer, model: OpenAIModel, given: str, reason: FinishReason) -> None:
    server.reply(streams(events(chunk("text"), chunk(finish=given))))
    assert end_of(await play(model)).reason is reason


async def test_the_cap_spent_on_thinking_is_an_answer_without_text(server: ModelServer, model: OpenAIModel) -> None:
    server.reply(streams(events(chunk(finish="length"), USAGE)))
    [end] = await play(model)
    assert isinstance(end, Finished)
    assert end.reason is FinishReason.LENGTH
    assert end.usage is not None
    assert end.usage.reasoning_tokens == 3


async def test_a_reason_without_text_counts_even_if_the_connection_drops(
    server: ModelServer, model: OpenAIModel
) -> None:
    server.reply(streams(events(chunk(finish="length"), done=False), then=drop))
    assert await play(model) == [Finished(FinishReason.LENGTH, None, "served")]


async def test_a_refusal_in_its_own_words(server: ModelServer, model: OpenAIModel) -> None:
    server.reply(streams(events(chunk(refusal="I can't"), chunk(refusal=" do that."), chunk(finish="stop"))))
    played = await play(model)
    assert played[0] == RefusalDelta("I can't do that.")
    assert end_of(played).reason is FinishReason.REFUSAL


async def test_hidden_reasoning_is_dropped(server: ModelServer, model: OpenAIModel) -> None:
    pieces = [chunk(reasoning_content="hm"), chunk(reasoning="hmm"), chunk("<thi"), chunk("nk>a</th"), chunk("ink>\n")]
    server.reply(streams(events(*pieces, chunk("\nYes."), chunk(finish="stop"))))
    assert text_of(await play(model)) == "Yes."


async def test_openai_itself_may_say_think(server: ModelServer, official: OpenAIModel) -> None:
    server.reply(streams(events(chunk("<think>is a tag</think>"), chunk(finish="stop"))))
    assert text_of(await play(official)) == "<think>is a tag</think>"


async def test_text_in_typed_parts(server: ModelServer, model: OpenAIModel) -> None:
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "Yes."}]
    server.reply(streams(events(chunk(None, content=parts), chunk(finish="stop"))))
    assert text_of(await play(model)) == "Yes."


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"choices": None},
        {"choices": "some"},
        {"choices": {"0": 1}},
        {"choices": [None]},
        {"choices": [{"delta": None}]},
        {"choices": [{"delta": {}, "finish_reason": 0}]},
        {"choices": [], "usage": 3},
        {"choices": [], "message": "no error"},
        {"choices": [], "error": None, "model": 7},
    ],
)
async def test_odd_chunks_are_passed_over(server: ModelServer, model: OpenAIModel, odd: dict[str, Any]) -> None:
    server.reply(streams(events(odd, chunk("Yes."), chunk(finish="stop"))))
    assert text_of(await play(model)) == "Yes."


async def test_what_else_a_stream_of_events_may_hold(server: ModelServer, model: OpenAIModel) -> None:
    head = b": hello\nretry: 100\n\nid: 1\nevent: message\n"
    later = b"x-proxy: busy\n\nevent\n"
    server.reply(streams(head, events(chunk("Yes"), done=False), later, events(chunk("."), chunk(finish="stop"))))
    played = await play(model)
    assert text_of(played) == "Yes." and end_of(played).reason is FinishReason.STOP


async def test_an_event_may_be_large(server: ModelServer, model: OpenAIModel) -> None:
    server.reply(streams(events(chunk("word " * 100_000), chunk(finish="stop"))))
    assert text_of(await play(model)) == "word " * 100_000


@pytest.mark.parametrize("half", [b"\xed\xa0\x80", b"\xff", b"\xea\xb0", b"\xf0\x9f"])
async def test_what_is_no_utf_8_spoils_nothing_but_itself(server: ModelServer, model: OpenAIModel, half: bytes) -> None:
    """As the standard of server-sent events has it."""
    broken = events(chunk("a?b"), done=False).replace(b"?", half)
    server.reply(streams(broken, events(chunk("c"), chunk(finish="stop"))))
    played = await play(model)
    assert text_of(played).replace("\ufffd", "") == "abc" and end_of(played).reason is FinishReason.STOP


# --- streams that break ---


@pytest.mark.parametrize(
    "tail",
    [b"", b'data: {"choices": [{"del', b"data: not json\n\n", b"data: [1]\n\n", events({"error": {"message": "boom"}})],
    ids=["clean end", "cut off", "broken JSON", "no object", "error object"],
)
async def test_after_the_first_text_what_came_is_kept(server: ModelServer, model: OpenAIModel, tail: bytes) -> None:
    server.reply(streams(events(chunk("Hal"), done=False), tail))
    played = await play(model)
    assert played == [TextDelta("Hal"), Finished(FinishReason.BROKEN, None, "served")]


async def test_a_dropped_connection_after_the_first_text(server: ModelServer, model: OpenAIModel) -> None:
    server.reply(streams(events(chunk("Hal"), done=False), then=drop))
    played = await play(model)
    assert text_of(played) == "Hal"
    assert end_of(played).reason is FinishReason.BROKEN


async def test_silence_after_the_first_text(server: ModelServer) -> None:
    server.reply(streams(events(chunk("Hal"), done=False), then=forever))
    model = OpenAIModel(server.url, "k", silence=0.5)
    played = await play(model)
    assert end_of(played).reason is FinishReason.BROKEN
    await model.close()


async def test_the_whole_call_has_an_end(server: ModelServer) -> None:
    async def babble(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        while True:
            await response.write(events(chunk("la "), done=False))
            await asyncio.sleep(0.01)

    server.reply(babble)
    model = OpenAIModel(server.url, "k", silence=5, deadline=0.6)
    played = await play(model)
    assert text_of(played).startswith("la la")
    assert end_of(played).reason is FinishReason.BROKEN
    await model.close()


async def test_a_flood_has_an_end_too(server: ModelServer) -> None:
    async def flood(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        while True:
            await response.write(b": ping\n\n" * 1_000)

    server.reply(flood)
    model = OpenAIModel(server.url, "k", silence=5, deadline=0.2)
    async with asyncio.timeout(30):
        with pytest.raises(TimedOut):
            await play(model)
    await model.close()


async def test_pings_do_not_outlast_the_deadline(server: ModelServer) -> None:
    async def ping(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        while True:
            await response.write(b": ping\n\n")
            await asyncio.sleep(0.01)

    server.reply(ping)
    model = OpenAIModel(server.url, "k", silence=5, deadline=0.2)
    with pytest.raises(TimedOut):
        await play(model)
    await model.close()


async def test_the_reason_counts_even_if_the_usage_never_comes(
    server: ModelServer, model: OpenAIModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.llm.openai.AFTERMATH", 0.05)
    server.reply(streams(events(chunk("Yes."), chunk(finish="stop"), done=False), then=forever))
    async with asyncio.timeout(30):
        assert await play(model) == [TextDelta("Yes."), Finished(FinishReason.STOP, None, "served")]


@pytest.mark.parametrize(
    "cut",
    [
        b"",
        b": ping\n\n",
        events(chunk(role="assistant", text=""), done=False),
        events(),
        b'data: {"choi',
        events(chunk(role="assistant", text=""), done=False) + b'data: {"choi',
    ],
)
async def test_an_end_before_any_text_can_be_tried_again(server: ModelServer, model: OpenAIModel, cut: bytes) -> None:
    server.reply(streams(cut))
    with pytest.raises(Unreachable):
        await play(model)


async def test_a_dropped_connection_before_any_text(server: ModelServer, model: OpenAIModel) -> None:
    server.reply(drop)
    with pytest.raises(Unreachable):
        await play(model)


async def test_a_drop_between_headers_and_text(server: ModelServer, model: OpenAIModel) -> None:
    server.reply(streams(b": ping\n\n", then=drop))
    with pytest.raises(Unreachable) as raised:
        await play(model)
    assert raised.value.detail.startswith("Not enough data"), "no number of an answer that no server gave"


async def test_nobody_there() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    model = OpenAIModel(f"http://127.0.0.1:{port}/v1", "k")
    with pytest.raises(Unreachable):
        await play(model)
    await model.close()


async def test_a_connection_that_never_stands() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)
        model = OpenAIModel(f"http://127.0.0.1:{address[1]}/v1", "k", connect=0.1)
        with pytest.raises(Unreachable):
            await play(model)
        await model.close()
        for each in waiting:
            each.close()


async def test_silence_before_any_text(server: ModelServer) -> None:
    server.reply(forever, streams(b": ping\n\n", then=forever))
    model = OpenAIModel(server.url, "k", silence=0.1)
    for _ in range(2):
        with pytest.raises(TimedOut):
            await play(model)
    await model.close()


async def test_a_model_that_was_told_to_think_may_be_silent(server: ModelServer) -> None:
    async def think(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.3)
        return await streams(ANSWER)(request)

    server.reply(think)
    model = OpenAIModel(server.url, "k", silence=0.1)
    thinking = dataclasses.replace(REQUEST, reasoning_effort=ReasoningEffort.HIGH)
    assert text_of(await play(model, thinking)) == "Hello world"
    with pytest.raises(TimedOut):
        await play(model)
    await model.close()


async def test_a_model_that_has_thought_is_not_waited_for_without_end(server: ModelServer) -> None:
    server.reply(streams(events(chunk("Hal"), done=False), then=forever))
    model = OpenAIModel(server.url, "k", silence=0.1)
    thinking = dataclasses.replace(REQUEST, reasoning_effort=ReasoningEffort.HIGH)
    async with asyncio.timeout(30):
        assert end_of(await play(model, thinking)).reason is FinishReason.BROKEN
    await model.close()


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE html>\n<html>Sign in to the hotel</html>",
        b"<!DOCTYPE html>\n<html>Sign in to the hotel</html>\n",
        b"I am fine",
        b'{"id": "x", "choices": []}',
        b"data: {\n\n",
    ],
)
@pytest.mark.parametrize("content_type", ["text/html", "text/event-stream"])
async def test_what_is_no_stream(server: ModelServer, model: OpenAIModel, body: bytes, content_type: str) -> None:
    server.reply(streams(body, content_type=content_type))
    with pytest.raises(Malformed):
        await play(model)


async def test_what_was_written_is_not_repeated_in_an_error() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b'data: {"choices": []}\n\ndata: my secret\n\n'

    async def rest(_size: int) -> None:
        return None

    with pytest.raises(Malformed) as raised:
        [list(piece) async for piece in read(chunks(), rest)]
    assert "secret" not in repr(raised.value) and "10 bytes" in repr(raised.value)


@pytest.mark.parametrize("end", [b"", b"\n"], ids=["one line", "many lines"])
async def test_an_event_without_end(server: ModelServer, model: OpenAIModel, end: bytes) -> None:
    begun = events(chunk(role="assistant", text=""), done=False)
    server.reply(streams(begun, b"data: ", *[b"data:" + b"secret" * 10_000 + end] * 20, then=forever))
    with pytest.raises(Malformed) as raised:
        await play(model)
    assert "secret" not in repr(raised.value)


# --- refusals ---


QUOTA_CODES = ["credit_balance_exhausted", "organization_spend_limit_exceeded", "project_spend_limit_exceeded"]
TOO_LONG = [
    {"message": "This model's maximum context length is 8192 tokens.", "code": "context_length_exceeded"},
    {"message": "too much", "type": "exceed_context_size_error", "code": 400, "n_ctx": 2048},
    {"message": "the request exceeds the available context size, try increasing it"},
    {"message": "This model's maximum context length is 6048 tokens. However, you requested 6616", "code": 400},
]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (error(401, "Incorrect API key", code="invalid_api_key"), KeyRefused),
        (error(403, "Country not supported", code="unsupported_country_region_territory"), KeyRefused),
        (error(403, "Project has no access", code="model_not_found"), ModelNotFound),
        (error(404, "The model `m` does not exist", code="model_not_found"), ModelNotFound),
        (error(404, "model 'm' not found", type="not_found_error"), ModelNotFound),
        (status(404, text="404 page not found"), EndpointMissing),
        (error(405, "Method Not Allowed"), EndpointMissing),
        (error(429, "slow", code="rate_limit_exceeded"), RateLimited),
        (error(429, "slow", code="slow_down"), RateLimited),
        (error(429, "pay", type="insufficient_quota", code=None), QuotaExhausted),
        *[(error(429, "pay", type="insufficient_quota", code=code), QuotaExhausted) for code in QUOTA_CODES],
        (error(402, "Insufficient credits"), QuotaExhausted),
        *[(error(code, "down", code="server_is_overloaded"), Overloaded) for code in (500, 502, 503, 504, 529)],
        (status(502, text="<html>Bad gateway</html>"), Overloaded),
        (error(408, "slow"), TimedOut),
        (error(409, "conflict"), Overloaded),
        (error(501, "no chat here"), RequestRefused),
        *[(status(400, {"error": body}), ContextTooLong) for body in TOO_LONG],
        (status(413, text="too large"), ContextTooLong),
        (error(400, "invalid role", param="messages[0].role"), RequestRefused),
        (
            status(422, {"detail": [{"loc": ["body", "messages"], "msg": "bad", "input": "temperature"}]}),
            RequestRefused,
        ),
        (status(400, {"error": "plain words"}), RequestRefused),
        (status(400, ["a list"]), RequestRefused),
    ],
)
async def test_refusals(server: ModelServer, model: OpenAIModel, reply: Any, expected: type[ModelError]) -> None:
    server.reply(reply)
    with pytest.raises(ModelError) as raised:
        await play(model)
    assert type(raised.value) is expected
    assert len(server.calls) == 1, "nothing is repeated behind the caller's back"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"message": "pay", "type": "insufficient_quota"}, QuotaExhausted),
        ({"message": "slow", "code": "rate_limit_exceeded"}, RateLimited),
        ({"message": "The server had an error", "type": "server_error"}, Overloaded),
        ({"message": "bad gateway", "code": 502}, Overloaded),
        ({"message": "no", "type": "invalid_request_error"}, RequestRefused),
        ({"message": "Context size has been exceeded."}, ContextTooLong),
    ],
)
async def test_errors_inside_a_stream(
    server: ModelServer, model: OpenAIModel, body: dict[str, Any], expected: type[ModelError]
) -> None:
    server.reply(streams(events({"error": body})))
    with pytest.raises(ModelError) as raised:
        await play(model)
    assert type(raised.value) is expected


async def test_an_error_in_a_field_of_its_own(server: ModelServer, model: OpenAIModel) -> None:
    server.reply(streams(b'error: {"code": 500, "message": "no slot", "type": "server_error"}\n\n'))
    with pytest.raises(Overloaded, match="no slot"):
        await play(model)


async def test_what_an_error_carries(server: ModelServer, model: OpenAIModel) -> None:
    server.reply(error(401, "Bad key sk-test-secret given", headers={"x-request-id": "req_1"}))
    with pytest.raises(KeyRefused) as raised:
        await play(model)
    assert raised.value.request_id == "req_1"
    assert raised.value.detail == "Bad key … given"


async def test_without_a_key_an_error_says_what_the_server_said(server: ModelServer) -> None:
    server.reply(error(401, "A key is needed"))
    model = OpenAIModel(server.url, "")
    with pytest.raises(KeyRefused) as raised:
        await play(model)
    assert raised.value.detail == "A key is needed"
    await model.close()


async def test_an_error_inside_a_stream_does_not_repeat_the_key(server: ModelServer, model: OpenAIModel) -> None:
    server.reply(streams(events({"error": {"message": "Bad key sk-test-secret given", "code": 401}})))
    with pytest.raises(KeyRefused) as raised:
        await play(model)
    assert raised.value.detail == "Bad key … given"


async def test_a_time_of_day_to_come_back_is_counted_from_now(server: ModelServer) -> None:
    clock = ManualClock(datetime(2026, 11, 21, 12, 0, tzinfo=UTC))
    model = OpenAIModel(server.url, "k", clock=clock)
    server.reply(error(429, "slow", headers={"Retry-After": "Sat, 21 Nov 2026 12:00:30 GMT"}))
    with pytest.raises(RateLimited) as raised:
        await play(model)
    assert raised.value.retry_after == 30
    await model.close()


async def test_retry_after_reaches_the_caller(server: ModelServer, model: OpenAIModel) -> None:
    server.reply(error(429, "slow", headers={"Retry-After": "12"}))
    with pytest.raises(RateLimited) as raised:
        await play(model)
    assert raised.value.retry_after == 12


# --- dialects ---


async def test_what_openai_is_sent(server: ModelServer, official: OpenAIModel) -> None:
    server.reply(streams(ANSWER))
    await play(official, dataclasses.replace(REQUEST, model="gpt-6-luna", temperature=0.0))
    assert server.bodies == [
        {
            "model": "gpt-6-luna",
            "messages": [{"role": "developer", "content": "Be kind."}, {"role": "user", "content": "Ana: hi"}],
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_completion_tokens": 100,
            "reasoning_effort": "none",
            "temperature": 0.0,
            "prompt_cache_key": "channel-1",
            "safety_identifier": "f00d",
        }
    ]


async def test_openai_behind_a_proxy_is_sent_the_same(server: ModelServer) -> None:
    server.reply(streams(ANSWER))
    model = OpenAIModel(server.url, "k", openai=True)
    await play(model, dataclasses.replace(REQUEST, model="gpt-6-luna"))
    await model.close()
    assert server.bodies[0]["messages"][0]["role"] == "developer"
    assert server.bodies[0]["reasoning_effort"] == "none"


async def test_what_others_are_sent(server: ModelServer, model: OpenAIModel) -> None:
    server.reply(streams(ANSWER))
    await play(model, dataclasses.replace(REQUEST, model="gpt-6-luna", temperature=0.5))
    assert server.bodies == [
        {
            "model": "gpt-6-luna",
            "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Ana: hi"}],
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": 100,
            "temperature": 0.5,
        }
    ]
    assert server.calls[0].headers["Authorization"] == "Bearer sk-test-secret"
    assert server.calls[0].headers["Accept-Encoding"] == "identity", "compression would hold tokens back"


async def test_refused_parameters_are_left_out_and_remembered(server: ModelServer, model: OpenAIModel) -> None:
    server.reply(
        error(400, "Unknown parameter: 'stream_options'.", param="stream_options", code="unknown_parameter"),
        status(
            422, {"detail": [{"loc": ["body", "temperature"], "msg": "Extra inputs are not permitted", "input": 0.5}]}
        ),
        streams(ANSWER),
    )
    request = dataclasses.replace(REQUEST, temperature=0.5)
    assert text_of(await play(model, request)) == "Hello world"
    assert text_of(await play(model, request)) == "Hello world"
    assert [("stream_options" in body, "temperature" in body) for body in server.bodies] == [
        (True, True),
        (False, True),
        (False, False),
        (False, False),
    ]
    await play(model, dataclasses.replace(request, model="another"))
    assert "temperature" in server.bodies[-1], "another model is asked anew"


async def test_a_server_that_wants_max_completion_tokens(server: ModelServer, model: OpenAIModel) -> None:
    server.reply(
        error(
            400,
            "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            param="max_tokens",
            code="unsupported_parameter",
        ),
        streams(ANSWER),
    )
    await play(model)
    await play(model)
    caps = [{name: body.get(name) for name in ("max_tokens", "max_completion_tokens")} for body in server.bodies]
    assert caps == [
        {"max_tokens": 100, "max_completion_tokens": None},
        {"max_tokens": None, "max_completion_tokens": 100},
        {"max_tokens": None, "max_completion_tokens": 100},
    ]


async def test_a_cap_that_is_too_high_is_never_left_out(server: ModelServer, model: OpenAIModel) -> None:
    server.reply(error(400, "max_tokens is too large: 100. At most 50.", param="max_tokens", code="invalid_value"))
    with pytest.raises(RequestRefused) as raised:
        await play(model)
    assert raised.value.param == "max_tokens"
    assert len(server.calls) == 1


async def test_a_server_that_refuses_the_same_thing_for_ever(server: ModelServer, model: OpenAIModel) -> None:
    server.reply(error(400, "bad temperature", param="temperature"))
    with pytest.raises(RequestRefused):
        await play(model, dataclasses.replace(REQUEST, temperature=0.5))
    assert len(server.calls) == 2


async def test_no_key_no_header(server: ModelServer) -> None:
    server.reply(streams(ANSWER))
    model = OpenAIModel(server.url, "")
    await play(model)
    assert "Authorization" not in server.calls[0].headers
    await model.close()


# --- connections ---


class ForgetfulServer:
    """Like llama.cpp's at times: takes the next request on a connection that has streamed, and closes it."""

    def __init__(self) -> None:
        self.connections = 0
        self.dropped = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        head = await self._take(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(ANSWER), ANSWER))
        await writer.drain()
        if b"connection: close" not in head.lower() and await self._take(reader):
            self.dropped += 1
        writer.close()
        await writer.wait_closed()

    @staticmethod
    async def _take(reader: asyncio.StreamReader) -> bytes:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return b""
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(length)
        return head


async def test_a_server_that_drops_the_request_after_a_stream() -> None:
    forgetful = ForgetfulServer()
    async with await asyncio.start_server(forgetful.serve, "127.0.0.1", 0) as listening:
        model = OpenAIModel(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1", "k")
        for _ in range(5):
            assert text_of(await play(model)) == "Hello world"
        await model.close()
    assert (forgetful.connections, forgetful.dropped) == (5, 0)


async def test_openai_s_connection_is_used_again(server: ModelServer, official: OpenAIModel) -> None:
    async def late_end(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(ANSWER)
        await asyncio.sleep(0.02)
        await response.write_eof()
        return response

    server.reply(late_end)
    for _ in range(3):
        await play(official)
    assert {call.connection for call in server.calls} == {0}


async def test_openai_s_stream_that_does_not_end(server: ModelServer, official: OpenAIModel) -> None:
    server.reply(streams(ANSWER, then=forever))
    assert end_of(await play(official)).reason is FinishReason.STOP


async def test_openai_s_stream_that_does_not_end_is_not_waited_for_like_usage(
    server: ModelServer, official: OpenAIModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.llm.openai.AFTERMATH", 60.0)
    server.reply(streams(ANSWER, then=forever))
    async with asyncio.timeout(30):
        await play(official)


async def test_what_others_have_left_is_not_waited_for(
    server: ModelServer, model: OpenAIModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their connection is not used again."""
    monkeypatch.setattr("bot.llm.openai.DRAIN", 60.0)
    monkeypatch.setattr("bot.llm.openai.AFTERMATH", 60.0)
    server.reply(streams(ANSWER, then=forever))
    async with asyncio.timeout(30):
        await play(model)


async def test_more_answers_at_once_than_the_transport_would_allow_by_itself(
    server: ModelServer, model: OpenAIModel
) -> None:
    server.reply(streams(events(chunk("la"), done=False), then=forever))
    async with AsyncExitStack() as stack, asyncio.timeout(30):
        opened = [await stack.enter_async_context(aclosing(model.stream(REQUEST))) for _ in range(101)]
        assert await asyncio.gather(*map(anext, opened)) == [TextDelta("la")] * 101


async def test_openai_s_connection_that_drops_after_the_end_changes_nothing(
    server: ModelServer, official: OpenAIModel
) -> None:
    server.reply(streams(ANSWER, then=drop))
    assert end_of(await play(official)).reason is FinishReason.STOP


async def test_closing_the_stream_ends_the_call(server: ModelServer, model: OpenAIModel) -> None:
    gone = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        try:
            return await streams(events(chunk("la"), done=False), then=forever)(request)
        finally:
            gone.set()

    server.reply(endless)
    async with aclosing(model.stream(REQUEST)) as stream:
        assert await anext(stream) == TextDelta("la")
    await asyncio.wait_for(gone.wait(), 2)


async def test_cancelling_the_reader_ends_the_call(server: ModelServer, model: OpenAIModel) -> None:
    begun, gone = asyncio.Event(), asyncio.Event()

    async def silent(request: web.Request) -> web.StreamResponse:
        begun.set()
        try:
            return await forever(request)
        finally:
            gone.set()

    server.reply(silent)
    reading = asyncio.create_task(play(model))
    await begun.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await asyncio.wait_for(gone.wait(), 2)


async def test_a_fast_stream_leaves_the_loop_to_others(server: ModelServer, model: OpenAIModel) -> None:
    body = events(*[chunk("x" * 50)] * 3_000, chunk(finish="stop"))
    server.reply(streams(body))
    turns = 0

    async def watch() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with aclosing(model.stream(REQUEST)) as stream:
        first = await anext(stream)
        assert isinstance(first, TextDelta)
        watching = asyncio.create_task(watch())
        length = len(first.text) + sum([len(event.text) async for event in stream if isinstance(event, TextDelta)])
        watching.cancel()
    assert length == 150_000
    assert turns >= len(body) // 2**15, "a turn for others at least every 32 KiB"


async def test_a_connection_is_not_read_while_its_stream_rests(
    server: ModelServer, model: OpenAIModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way to the connection leads through the SDK's insides: another version may have moved it."""
    take, rested, rests = Breath.take, asyncio.Semaphore(0), []

    async def noted(breath: Breath, deltas: int, transport: asyncio.ReadTransport | None) -> None:
        resting = asyncio.create_task(take(breath, deltas, transport))
        await asyncio.sleep(0)
        rests.append((deltas, transport is not None and transport.is_reading()))
        await resting
        assert transport is not None and transport.is_reading()
        rested.release()

    async def one_by_one(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for _ in range(PROMPT + 3):
            await response.write(events(chunk("x"), done=False))
            await rested.acquire()
        await response.write(events(chunk(finish="stop")))
        return response

    monkeypatch.setattr(Breath, "take", noted)
    server.reply(one_by_one)
    assert text_of(await play(model)) == "x" * (PROMPT + 3)
    assert rests == [(deltas, deltas <= PROMPT) for deltas in range(1, PROMPT + 4)]


async def test_the_end_of_an_answer_is_not_rested_for(
    server: ModelServer, model: OpenAIModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(breath: Breath, deltas: int, transport: asyncio.ReadTransport | None) -> None:
        raise AssertionError("the reason for the end has come")

    monkeypatch.setattr(Breath, "take", never)
    ended = events(chunk("Hello"), chunk(finish="stop"), done=False)
    server.reply(streams(ended, events(USAGE)))
    played = await play(model)
    assert text_of(played) == "Hello" and end_of(played).usage is not None


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each breath, which takes no time: whether the connection is not read in it."""
    rests: list[bool] = []

    async def noted(breath: Breath, deltas: int, transport: asyncio.ReadTransport | None) -> None:
        rests.append(transport is not None)

    monkeypatch.setattr(Breath, "take", noted)
    return rests


async def test_a_connection_that_has_more_to_hand_on_is_left_alone(
    server: ModelServer, model: OpenAIModel, rests: list[bool]
) -> None:
    """What it has is bounded by its own pauses, which ours would end."""
    server.reply(streams(events(*[chunk("x" * 50)] * 3_000, chunk(finish="stop"))))
    assert len(text_of(await play(model))) == 150_000
    assert rests.count(False) > 10


async def test_a_connection_that_may_be_anothers_is_left_alone(
    server: ModelServer, model: OpenAIModel, rests: list[bool]
) -> None:
    """An answer that came whole, but without its reason, is rested after, and its connection is free by then."""
    body = events(chunk("Hello"), done=False)

    async def whole(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type="text/event-stream")

    server.reply(whole)
    assert text_of(await play(model)) == "Hello"
    assert rests == [False]


async def test_breaths_follow_the_text_and_the_streams_that_are_open(
    server: ModelServer, model: OpenAIModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, float]] = []

    async def noted(breath: Breath, deltas: int, _transport: asyncio.ReadTransport | None) -> None:
        asked.append((deltas, breath.seconds(PROMPT + 1)))

    monkeypatch.setattr(Breath, "take", noted)
    one, two = Breath(), Breath()
    thought = {"choices": [{"index": 0, "delta": {"reasoning_content": "hm"}, "finish_reason": None}]}
    server.reply(streams(events(thought, chunk("one"), chunk("two"), done=False)))
    with one.counted(), two.counted(), two.counted():
        async with aclosing(model.stream(REQUEST)) as first:
            await anext(first)
            await play(model)
            assert asked[-1] == (1, two.seconds(PROMPT + 1))
        await play(model)
        assert asked[-1] == (1, one.seconds(PROMPT + 1))


# --- check ---


def lists(*models: str) -> Any:
    async def reply(request: web.Request) -> web.StreamResponse:
        if request.path.rstrip("/") == "/v1/models":
            return web.json_response({"object": "list", "data": [{"id": model, "object": "model"} for model in models]})
        return web.json_response({"error": {"code": 404, "message": "File Not Found"}}, status=404)

    return reply


async def test_check_asks_for_the_model(server: ModelServer, model: OpenAIModel) -> None:
    server.models = status(200, {"id": "m", "object": "model"})
    await model.check("m")


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (error(401, "no"), KeyRefused),
        (error(404, "The model 'm' does not exist", code="model_not_found"), ModelNotFound),
        (error(503, "loading"), Overloaded),
        (status(200, text="<html>"), Malformed),
        (lists("other"), RequestRefused),
        (drop, Unreachable),
    ],
)
async def test_check_fails(server: ModelServer, model: OpenAIModel, reply: Any, expected: type[ModelError]) -> None:
    server.models = reply
    with pytest.raises(ModelError) as raised:
        await model.check("m")
    assert type(raised.value) is expected


@pytest.mark.parametrize("reply", [lists("m"), error(404, "File Not Found"), error(405, "no"), status(404, text="?")])
async def test_check_without_the_endpoint(server: ModelServer, model: OpenAIModel, reply: Any) -> None:
    server.models = reply
    server.reply(error(400, "messages is empty"))
    await model.check("m")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (status(404, text="404 page not found"), EndpointMissing),
        (error(405, "Method Not Allowed"), EndpointMissing),
        (error(401, "no"), KeyRefused),
        (error(404, "model 'm' not found"), ModelNotFound),
        (error(422, "messages: too short"), None),
        (error(500, "list index out of range"), None),
        (status(200, {"choices": []}), None),
    ],
)
async def test_check_without_any_list(
    server: ModelServer, model: OpenAIModel, answer: Any, expected: type[ModelError] | None
) -> None:
    """Whether somebody answers calls is found out by one that costs nothing."""
    server.models = error(404, "Not Found")
    server.reply(answer)
    with contextlib.ExitStack() as stack:
        raised = stack.enter_context(pytest.raises(ModelError)) if expected else None
        await model.check("m")
    assert raised is None or type(raised.value) is expected
    assert server.bodies[-1]["messages"] == []


@pytest.mark.parametrize("key", ["", "sk-test-secret"])
async def test_check_has_a_key_where_there_is_one(server: ModelServer, key: str) -> None:
    asked: list[tuple[str, str | None]] = []

    async def noted(request: web.Request) -> web.StreamResponse:
        asked.append((request.path, request.headers.get("Authorization")))
        reply: web.StreamResponse = await lists("m")(request)
        return reply

    server.models = noted
    model = OpenAIModel(server.url, key)
    await model.check("m")
    await model.close()
    header = f"Bearer {key}" if key else None
    assert asked == [("/v1/models/m", header), ("/v1/models", header)]


async def test_check_names_what_the_server_has(server: ModelServer, model: OpenAIModel) -> None:
    server.models = lists("a", "b")
    with pytest.raises(RequestRefused, match="a, b"):
        await model.check("m")


async def test_check_is_not_patient_for_ever(server: ModelServer) -> None:
    server.models = forever
    model = OpenAIModel(server.url, "k", silence=0.1)
    with pytest.raises(TimedOut):
        await model.check("m")
    await model.close()
