"""A real language model: as the demo chooses it, and with the whole bot before it. What it says is its own; that it is
asked right is ours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest

from bot.delivery.split import split, with_remark
from playground.models import small
from playground.models.choice import LOCAL_SETTINGS, Choice, Reports, Wish, chosen
from playground.models.local import MODEL, supported
from playground.models.recorder import Recorder
from playground.server import Playground
from tests.journeys.conftest import environment
from tests.journeys.program import Program

pytestmark = [
    pytest.mark.local_model,
    pytest.mark.timeout(300),  # the first run downloads 93 MB
    pytest.mark.skipif(not supported().possible, reason=f"no local model here: {supported().reason}"),
]


@pytest.fixture
async def choice() -> AsyncIterator[Choice]:
    told: list[str] = []
    async with chosen({}, Reports(say=told.append, download=lambda there, needed: None), wish=Wish.LOCAL) as choice:
        assert told == []
        yield choice


@pytest.fixture
async def recorder(choice: Choice) -> AsyncIterator[Recorder]:
    async with Recorder(choice.base_url, adapt=choice.adapt) as recorder:
        yield recorder


async def test_it_is_asked_answers_and_is_sent_what_was_said(recorder: Recorder, tmp_path: Path) -> None:
    more = {"OPENAI_MODEL": MODEL, "OPENAI_API_KEY": "local", "CAUSERIE_ANSWER_TOKENS": "64"}
    async with Playground() as playground:
        guild = playground.add_guild()
        room, ada = playground.add_channel(guild, "general"), playground.add_person("Ada")
        playground.join(ada, guild)
        async with Program(environment(playground, recorder.base_url, tmp_path, **more)) as program:
            for number, question in enumerate(("What is the capital of France?", "And of Korea?"), 1):
                await ada.say(room, f"{playground.bot_mention} {question}")
                await program.says(f"run={number} status=")
            answers = [message.content for message in room.messages if message.author.bot]
    assert len(answers) == 2 and all(answers)
    first, second = recorder.calls
    said = [message["content"] for message in second.messages]
    assert said[1] == "Ada: What is the capital of France?" and said[3] == "Ada: And of Korea?"
    remark = answers[0].partition("\n-# ")[2] or None  # about an answer that went on for too long
    assert [page.text for page in split(with_remark(said[2], remark))] == answers[:1]
    assert first.usage and second.usage
    assert first.usage["prompt_tokens"] < second.usage["prompt_tokens"]


async def test_it_answers_through_the_sdk(choice: Choice) -> None:
    assert choice.settings == LOCAL_SETTINGS and choice.model == MODEL
    async with openai.AsyncOpenAI(base_url=choice.base_url, api_key=choice.api_key) as client:
        stream = await client.chat.completions.create(
            model=choice.model,
            messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say hello."}],
            max_tokens=8,
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices).strip()
    assert chunks[-1].usage is not None and chunks[-1].usage.completion_tokens <= 8


async def test_it_speaks_for_itself_and_the_server_where_it_cannot(choice: Choice, recorder: Recorder) -> None:
    async with openai.AsyncOpenAI(base_url=recorder.base_url, api_key=choice.api_key) as client:

        async def answer(question: str) -> str:
            turns: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": question}]
            made = await client.chat.completions.create(model=MODEL, messages=turns, max_tokens=160)
            return made.choices[0].message.content or ""

        assert await answer("민준: 오늘 뭐 먹을까요?") == small.NOTICES["HANGUL"]
        assert await answer("Ада: Привет, как дела?") == small.NOTICES[""]
        greeted = await answer("Ada: hello!")
    assert greeted and not greeted.startswith("Ada")
