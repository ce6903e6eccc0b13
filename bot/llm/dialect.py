"""What a server takes of Chat Completions, as far as it is known before the first call and as it turns out.

OpenAI's own host has roles, parameters and models of which the rest knows little. Elsewhere the cap is sent as
`max_tokens` first: every server has it, and a newer one that wants `max_completion_tokens` says so, whereas Ollama,
LM Studio and llama-cpp-python take `max_completion_tokens`, ignore it and write without end.

A parameter that a server refuses is left out from then on, for that model and as long as the program runs; one that is
refused for its value only with that value.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any
from urllib.parse import urlsplit

from bot.domain.persona import ReasoningEffort
from bot.llm.failures import Complaint
from bot.llm.port import Request, Speaking

OPENAI_HOST = "api.openai.com"

_CAPS = ("max_tokens", "max_completion_tokens")
_BY_VALUE = ("reasoning_effort", "temperature", "top_p")
_OPTIONAL = (*_BY_VALUE, "stream_options", "prompt_cache_key", "safety_identifier")

_GPT = re.compile(r"gpt-(\d+)(?:\.(\d+))?(?:-[a-z]+)?")
_NO_NONE = frozenset({"gpt-6-astra", "gpt-6.1-sol"})
"""Of the models since gpt-5.1, those whose `reasoning_effort` has no `none`."""


class Dialect:
    """`openai`: whether the server takes what only OpenAI's own does; None goes by the host of `base_url`."""

    def __init__(self, base_url: str, openai: bool | None = None) -> None:
        self.openai = urlsplit(base_url).hostname == OPENAI_HOST if openai is None else openai
        self._refused: defaultdict[str, set[tuple[str, object]]] = defaultdict(set)

    def body(self, request: Request) -> dict[str, Any]:
        effort = self._effort(request)
        parameters = {
            self._cap(request.model): request.max_tokens,
            "stream_options": {"include_usage": True},
            "reasoning_effort": effort.value if effort else None,
            **({} if self.thinks(request) else _sampling(request)),
            **(_identity(request) if self.openai else {}),
        }
        refused = self._refused[request.model]
        return {
            "model": request.model,
            "messages": [
                {"role": self._role(message.role), "content": message.content} for message in request.messages
            ],
            "stream": True,
            **{
                name: value
                for name, value in parameters.items()
                if value is not None and _mark(name, value) not in refused
            },
        }

    def thinks(self, request: Request) -> bool:
        """Whether the model will, before it answers. OpenAI then refuses `temperature` and `top_p`."""
        effort = self._effort(request)
        if effort is not None:
            return effort is not ReasoningEffort.NONE
        return self.openai and reasons(request.model)

    def learn(self, body: dict[str, Any], said: Complaint) -> bool:
        """Whether it is worth asking again: something in `body` was refused that the next one can do without."""
        if said.status not in (400, 422):
            return False
        refused = self._refused[body["model"]]
        named = said.named([name for name in (*_OPTIONAL, *_CAPS) if name in body])
        news = {_mark(name, body[name]) for name in named if name not in _CAPS or self._may_rename(name, said)}
        known = refused >= news
        refused |= news
        return not known

    def _may_rename(self, cap: str, said: Complaint) -> bool:
        # A cap that is refused as too high must not be left out: the answer would have none.
        return not self.openai and cap == "max_tokens" and said.unsupported

    def _cap(self, model: str) -> str:
        renamed = self.openai or ("max_tokens", None) in self._refused[model]
        return "max_completion_tokens" if renamed else "max_tokens"

    def _role(self, role: Speaking) -> str:
        if role is Speaking.INSTRUCTIONS:
            return "developer" if self.openai else "system"
        return role.value

    def _effort(self, request: Request) -> ReasoningEffort | None:
        wanted = request.reasoning_effort
        if not self.openai or wanted not in (None, ReasoningEffort.NONE):
            return wanted
        return ReasoningEffort.NONE if has_none(request.model) else None


def has_none(model: str) -> bool:
    """Whether `reasoning_effort` takes `none`: from gpt-5.1 on, with exceptions."""
    found = _GPT.match(model.removeprefix("ft:"))
    if found is None or found[0] in _NO_NONE:
        return False
    return (int(found[1]), int(found[2] or 0)) >= (5, 1)


def reasons(model: str) -> bool:
    """Whether a model of OpenAI's thinks unless told otherwise: the o series, and gpt from 5 on."""
    name = model.removeprefix("ft:")
    found = _GPT.match(name)
    return bool(re.match(r"o\d", name)) if found is None else int(found[1]) >= 5


def _sampling(request: Request) -> dict[str, float | None]:
    return {"temperature": request.temperature, "top_p": request.top_p}


def _identity(request: Request) -> dict[str, str | None]:
    return {"prompt_cache_key": request.cache_key, "safety_identifier": request.safety_identifier}


def _mark(name: str, value: object) -> tuple[str, object]:
    return (name, value if name in _BY_VALUE else None)
