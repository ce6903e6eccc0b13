"""Which model answers in the demo: a server that the environment names, the local model, or the script.

Each falls back on the next, and says why.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from playground.models import local, scripted, small, weights
from playground.models.recorder import Adaptation

OPENAI_URL = "https://api.openai.com/v1"
LOCAL_SETTINGS = {"CAUSERIE_WINDOW_TOKENS": "1500", "CAUSERIE_ANSWER_TOKENS": "160"}
"""The local model holds 2,048 tokens of a conversation, reads 150 a second and wanders off in long answers."""
ADVICE = "For a real model set OPENAI_API_KEY, or OPENAI_BASE_URL and OPENAI_MODEL for a server of your own."


class Wish(StrEnum):
    AUTO = "auto"
    LOCAL = "local"
    SCRIPTED = "scripted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    base_url: str
    api_key: str
    model: str | None
    """None: the bot's own default."""
    description: str
    settings: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of the bot that go with it."""
    adapt: Adaptation | None = None
    """What makes a call of the bot one that this model can bear."""
    advice: str = ""
    """How to have a better one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """Where the preparation tells how far it is."""

    say: Callable[[str], None]
    download: weights.Progress


@asynccontextmanager
async def chosen(
    environ: Mapping[str, str], reports: Reports, *, wish: Wish = Wish.AUTO, cache: Path = weights.DEFAULT_DIRECTORY
) -> AsyncIterator[Choice]:
    """The model runs while the block does."""
    if wish is Wish.AUTO and (environ.get("OPENAI_API_KEY") or environ.get("OPENAI_BASE_URL")):
        yield _named(environ)
        return
    async with AsyncExitStack() as stack:
        choice = None if wish is Wish.SCRIPTED else await _local(stack, reports, cache)
        yield choice or await _scripted(stack)


def _named(environ: Mapping[str, str]) -> Choice:
    base_url = environ.get("OPENAI_BASE_URL") or OPENAI_URL
    model = environ.get("OPENAI_MODEL") or None
    return Choice(
        base_url=base_url,
        api_key=environ.get("OPENAI_API_KEY") or "none",
        model=model,
        description=f"{model or 'the default model'} at {base_url}, as the environment says",
        # The bot sees the recorder's address, and would not know OpenAI behind it.
        settings={"CAUSERIE_DIALECT": "openai"} if base_url == OPENAI_URL else {},
    )


async def _local(stack: AsyncExitStack, reports: Reports, cache: Path) -> Choice | None:
    support = local.supported()
    if not support.possible:
        reports.say(f"No local model: {support.reason}. A script answers instead.")
        return None
    try:
        path = await weights.fetch(cache, progress=reports.download)
        model = await stack.enter_async_context(local.LocalModel(path, log=cache / "local-model.log"))
    except (weights.WeightsUnavailable, local.LocalModelFailed, TimeoutError) as error:
        reports.say(f"No local model: {error or 'it did not start in time'}. A script answers instead.")
        return None
    return Choice(
        base_url=model.base_url,
        api_key=model.api_key,
        model=local.MODEL,
        description="SmolLM2 135M on this machine: tiny, English only, often wrong",
        settings=LOCAL_SETTINGS,
        adapt=small.adapted,
        advice=ADVICE,
    )


async def _scripted(stack: AsyncExitStack) -> Choice:
    server = await stack.enter_async_context(scripted.ScriptedServer())
    return Choice(
        base_url=server.base_url,
        api_key="none",
        model=scripted.MODEL,
        description="a script, not a model: it repeats what it was sent",
        advice=ADVICE,
    )
