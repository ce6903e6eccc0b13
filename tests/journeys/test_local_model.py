"""The whole bot with a real language model behind it. What it says is its own; that it is asked right is ours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.delivery.split import split, with_remark
from playground.models.local import MODEL, LocalModel, supported
from playground.models.recorder import Recorder
from playground.models.weights import fetch
from playground.server import Playground
from tests.journeys.conftest import environment
from tests.journeys.program import Program

pytestmark = [
    pytest.mark.local_model,
    pytest.mark.timeout(300),  # the first run downloads 93 MB
    pytest.mark.skipif(not supported().possible, reason=f"no local model here: {supported().reason}"),
]


@pytest.fixture
async def recorder() -> AsyncIterator[Recorder]:
    async with LocalModel(await fetch()) as model, Recorder(model.base_url) as recorder:
        yield recorder


async def test_a_real_model_is_asked_answers_and_is_sent_what_was_said(recorder: Recorder, tmp_path: Path) -> None:
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
