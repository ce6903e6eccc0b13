from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.llm.openai import OpenAIModel
from tests.llm.server import ModelServer


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as server:
        yield server


@pytest.fixture
async def model(server: ModelServer) -> AsyncIterator[OpenAIModel]:
    model = OpenAIModel(server.url + "/", "sk-test-secret", silence=5)
    yield model
    await model.close()


@pytest.fixture
async def official(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OpenAIModel]:
    """Believes to talk to OpenAI: the test's server stands in as the way there."""
    monkeypatch.setenv("HTTP_PROXY", server.url.removesuffix("/v1"))
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    model = OpenAIModel("http://api.openai.com/v1", "sk-test-secret", silence=5)
    yield model
    await model.close()
