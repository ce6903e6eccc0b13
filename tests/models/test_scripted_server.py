from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import pairwise

import openai
import pytest

from playground.models.recital import recite
from playground.models.scripted import MODEL, Fault, ScriptedServer, tokens

ANSWER = "하나 둘 셋, and four\n\n```py\nfive()\n```"


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(lambda messages: ANSWER, rate=2_000, first_token=0.0) as server:
        yield server


@pytest.fixture
async def client(server: ScriptedServer) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client:
        yield client


async def test_a_whole_answer(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "count"}])
    assert answer.choices[0].message.content == ANSWER
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None and answer.usage.completion_tokens == len(tokens(ANSWER))


async def test_a_stream_is_the_answer_in_tokens_with_usage_at_the_end(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": "count"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    assert pieces == tokens(ANSWER)
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].choices == [] and chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == len(pieces)


@pytest.mark.parametrize("parameter", ["max_tokens", "max_completion_tokens"])
async def test_the_cap_is_honoured(client: openai.AsyncOpenAI, parameter: str) -> None:
    answer = await client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "count"}], extra_body={parameter: 2}
    )
    assert answer.choices[0].message.content == "하나 둘"
    assert answer.choices[0].finish_reason == "length"


async def test_tokens_leave_when_they_are_due() -> None:
    async with ScriptedServer(lambda messages: "a b c d e f", rate=100, first_token=0.05) as server:
        async with openai.AsyncOpenAI(base_url=server.base_url, api_key="any") as client:
            stream = await client.chat.completions.create(
                model=MODEL, messages=[{"role": "user", "content": "go"}], stream=True
            )
            async for _ in stream:
                pass
        times = [at for _, at in server.streams[0].sent]
        assert len(times) == 6
        assert times[-1] - times[0] > 0.045
        assert all(later >= earlier for earlier, later in pairwise(times))


async def test_the_prefix_that_is_shared_with_an_earlier_prompt_of_the_key_is_cached(
    client: openai.AsyncOpenAI,
) -> None:
    async def cached(key: str, *contents: str) -> int:
        answer = await client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": content} for content in contents],
            prompt_cache_key=key,
        )
        assert answer.usage is not None and answer.usage.prompt_tokens_details is not None
        return answer.usage.prompt_tokens_details.cached_tokens or 0

    assert await cached("one", "first words here") == 0
    assert await cached("two", "first words here") == 0
    assert await cached("one", "first words here", "more") == 4
    assert await cached("one", "Other words") == 1


async def test_faults_come_one_a_call(server: ScriptedServer, client: openai.AsyncOpenAI) -> None:
    server.faults.append(Fault(status=429, code="rate_limit_exceeded", retry_after=7))
    with pytest.raises(openai.RateLimitError) as refused:
        await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "count"}])
    assert refused.value.response.headers["retry-after"] == "7"
    assert refused.value.code == "rate_limit_exceeded"
    await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "count"}])


async def test_a_stream_breaks_after_some_tokens(server: ScriptedServer, client: openai.AsyncOpenAI) -> None:
    server.faults.append(Fault(break_after=2))
    stream = await client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "count"}], stream=True
    )
    pieces = [(await anext(stream)).choices[0].delta.content for _ in range(3)]
    assert pieces == ["", "하나", " 둘"]
    with pytest.raises(openai.APIConnectionError):
        await anext(stream)


async def test_a_stream_ends_without_a_reason(server: ScriptedServer, client: openai.AsyncOpenAI) -> None:
    server.faults.append(Fault(end_after=1))
    chunks = [
        chunk
        async for chunk in await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "count"}], stream=True
        )
    ]
    assert chunks[-1].choices[0].finish_reason is None
    assert chunks[-1].choices[0].delta.content == "하나"


async def test_what_openai_refuses_is_refused(server: ScriptedServer, client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        await client.chat.completions.create(model="other", messages=[{"role": "user", "content": "count"}])
    assert unknown.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError):
        await client.chat.completions.create(model=MODEL, messages=[])
    assert [model.id async for model in client.models.list()] == [MODEL]
    assert (await client.models.retrieve(MODEL)).id == MODEL


async def test_a_key_is_demanded_where_one_is_set() -> None:
    async with (
        ScriptedServer(api_key="right") as server,
        openai.AsyncOpenAI(base_url=server.base_url, api_key="wrong", max_retries=0) as client,
    ):
        with pytest.raises(openai.AuthenticationError):
            await client.models.list()


def test_the_recital_answers_in_the_language_of_the_question() -> None:
    system = {"role": "system", "content": "You are Companion.\nBe kind."}
    korean = recite([system, {"role": "user", "content": "민준: 안녕?"}])
    english = recite(
        [
            system,
            {"role": "user", "content": "Ada: hello"},
            {"role": "assistant", "content": "Hi"},
            {"role": "user", "content": [{"type": "text", "text": "Ada: and now?"}]},
        ]
    )
    assert "대본" in korean and "> 민준: 안녕?" in korean
    assert "I am a script" in english and "> Ada: and now?" in english
    assert "*You are Companion.*" in english and "Be kind" not in english
    assert "this one included: 2\n" in english and "my answers: 1\n" in english
    assert "```python" in english
