from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bot.domain.persona import ReasoningEffort
from bot.llm.dialect import Dialect, has_none
from bot.llm.failures import Complaint
from bot.llm.port import Message, Request, Speaking

OPENAI = "https://api.openai.com/v1"
LOCAL = "http://127.0.0.1:8080/v1"
SAMPLED = Request(
    model="m", messages=(Message(Speaking.USER, "hi"),), max_tokens=10, temperature=0.7, top_p=0.9, cache_key="c"
)


def sent(base_url: str, model: str, effort: str | None = None) -> dict[str, Any]:
    wanted = ReasoningEffort(effort) if effort else None
    body = Dialect(base_url).body(dataclasses.replace(SAMPLED, model=model, reasoning_effort=wanted))
    return {name: body[name] for name in ("reasoning_effort", "temperature", "top_p") if name in body}


SAMPLING = {"temperature": 0.7, "top_p": 0.9}


@pytest.mark.parametrize(
    ("base_url", "model", "effort", "expected"),
    [
        (OPENAI, "gpt-6-luna", None, {"reasoning_effort": "none", **SAMPLING}),
        (OPENAI, "gpt-6-luna", "none", {"reasoning_effort": "none", **SAMPLING}),
        (OPENAI, "gpt-6-luna", "low", {"reasoning_effort": "low"}),
        (OPENAI, "ft:gpt-6-luna:us::1", None, {"reasoning_effort": "none", **SAMPLING}),
        (OPENAI, "gpt-6-astra", None, {}),
        (OPENAI, "gpt-6-astra", "none", {}),
        (OPENAI, "gpt-6-astra", "high", {"reasoning_effort": "high"}),
        (OPENAI, "gpt-4o", None, SAMPLING),
        (OPENAI, "o3", None, {}),
        (LOCAL, "gpt-6-luna", None, SAMPLING),
        (LOCAL, "qwen", "none", {"reasoning_effort": "none", **SAMPLING}),
        (LOCAL, "qwen", "high", {"reasoning_effort": "high"}),
    ],
)
def test_thinking_and_sampling(base_url: str, model: str, effort: str | None, expected: dict[str, Any]) -> None:
    assert sent(base_url, model, effort) == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-5.1", True),
        ("gpt-5.6-luna", True),
        ("gpt-6-sol", True),
        ("gpt-6.1-terra", True),
        ("gpt-6.1-sol", False),
        ("gpt-6.1-sol-2026-10-01", False),
        ("gpt-6-astra", False),
        ("gpt-5-mini", False),
        ("gpt-4o", False),
        ("gpt-oss-20b", False),
        ("o3", False),
    ],
)
def test_which_models_can_be_told_not_to_think(model: str, expected: bool) -> None:
    assert has_none(model) is expected


def test_a_value_that_is_refused_does_not_bar_others() -> None:
    dialect = Dialect(LOCAL)
    assert dialect.learn(dialect.body(SAMPLED), Complaint(message="", status=400, param="temperature"))
    assert "temperature" not in dialect.body(SAMPLED)
    assert dialect.body(dataclasses.replace(SAMPLED, temperature=1.0))["temperature"] == 1.0


def test_only_a_refusal_of_the_request_teaches_anything() -> None:
    dialect = Dialect(LOCAL)
    for status in (401, 429, 500, None):
        assert not dialect.learn(dialect.body(SAMPLED), Complaint(message="temperature", status=status))
    assert "temperature" in dialect.body(SAMPLED)


def test_openai_always_has_its_cap() -> None:
    dialect = Dialect(OPENAI)
    said = Complaint(message="Unsupported", status=400, param="max_completion_tokens", code="unsupported_parameter")
    assert not dialect.learn(dialect.body(SAMPLED), said)
    assert dialect.body(SAMPLED)["max_completion_tokens"] == 10


@pytest.mark.parametrize("host", ["https://api.openai.com", "https://API.OpenAI.com:443/v1/"])
def test_openai_is_known_by_its_host(host: str) -> None:
    assert Dialect(host).openai


@pytest.mark.parametrize("host", ["https://api.openai.com.example/v1", "http://127.0.0.1/api.openai.com"])
def test_others_are_not_openai(host: str) -> None:
    assert not Dialect(host).openai
