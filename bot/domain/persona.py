"""A persona: who the model is in a channel. A guild has a library, a person has one for DMs, and three are shipped."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MAX_NAME = 80
MAX_INSTRUCTIONS = 4_000
"""The most that one text input of a Discord modal takes."""
MAX_GREETING = 500
MAX_PERSONAS = 100
"""In one library: Discord's autocomplete shows 25, search finds the rest."""

MOST = {"temperature": 2, "top_p": 1}
"""Of Chat Completions' parameters that are numbers; the least is 0."""


class ReasoningEffort(StrEnum):
    """`reasoning_effort` of Chat Completions as the openai package types it."""

    NONE = "none"
    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    XHIGH = "xhigh"
    MAX = "max"


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Whose personas: a guild's, or a person's own. Exactly one of the two."""

    guild_id: int | None = None
    user_id: int | None = None

    def __post_init__(self) -> None:
        if (self.guild_id is None) == (self.user_id is None):
            raise ValueError("a library belongs to a guild or to a person")


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    ref: str
    """`shipped:<slug>` or the id of a stored one as digits: what the setting `persona` holds."""
    name: str
    instructions: str
    greeting: str = ""
    model: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    reasoning_effort: ReasoningEffort | None = None

    @property
    def shipped(self) -> bool:
        return self.ref.startswith("shipped:")
