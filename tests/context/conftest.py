from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.context.tokens import TokenCounter


@pytest.fixture(scope="session")
def counter(tmp_path_factory: pytest.TempPathFactory) -> TokenCounter:
    """OpenAI's newest known tokenizer; takes half a second."""
    counter = TokenCounter("gpt-6-luna", cache_dir=Path(tmp_path_factory.mktemp("ranks")))
    asyncio.run(counter.load())
    return counter
