"""The port to a language model: one request, a stream of events."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.domain.persona import ReasoningEffort
from bot.domain.run import FinishReason
from bot.domain.usage import Usage


class Speaking(StrEnum):
    """Roles of a prompt. An adapter sends INSTRUCTIONS as `developer` or as `system`, as its server wants it."""

    INSTRUCTIONS = "instructions"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Message:
    role: Speaking
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    model: str
    messages: tuple[Message, ...]
    max_tokens: int
    """Cap of the answer, hidden reasoning included."""
    temperature: float | None = None
    top_p: float | None = None
    reasoning_effort: ReasoningEffort | None = None
    """None: `none` where the model has it."""
    cache_key: str | None = None
    """`prompt_cache_key`: one for each conversation."""
    safety_identifier: str | None = None
    """A hash of the person's id, 128 characters at most."""


@dataclass(frozen=True, slots=True)
class TextDelta:
    text: str


@dataclass(frozen=True, slots=True)
class RefusalDelta:
    """The model declines, in its own words."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of every stream that did not raise. BROKEN: it stopped without giving a reason."""

    reason: FinishReason
    usage: Usage | None
    model: str | None = None
    """The model that answered, by the server's word."""


Event = TextDelta | RefusalDelta | Finished


class Model(Protocol):
    def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Events of one attempt. Raises `ModelError`; a break after the first text ends with Finished(BROKEN) instead.

        The caller closes the generator (`contextlib.aclosing`): that ends the call at the server too.
        """

    async def check(self, model: str) -> None:
        """Raises KeyRefused or ModelNotFound if a call would be refused; other ModelErrors if that can't be told."""

    async def close(self) -> None: ...
