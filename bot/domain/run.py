"""A run: one call of the model for one turn, with the life cycle that the Assistants API gave its runs.

    queued ──► in_progress ──► completed
       │            ├────────► incomplete   an answer that ended early: the cap, a filter, a broken stream, a crash
       │            ├────────► failed       no answer
       │            ├────────► requires_action ──► in_progress
       │            ├────────► cancelling ──► cancelled
       │            └────────► queued       taken back after a crash, nothing having been shown
       ├─────────────────────► cancelled
       └─────────────────────► expired      waited too long

A terminal status never changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.conversation import Place, Speaker


class RunStatus(StrEnum):
    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    REQUIRES_ACTION = "requires_action"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    FAILED = "failed"
    COMPLETED = "completed"
    INCOMPLETE = "incomplete"
    EXPIRED = "expired"


ACTIVE = frozenset({RunStatus.IN_PROGRESS, RunStatus.REQUIRES_ACTION, RunStatus.CANCELLING})
"""A conversation has at most one run in these."""

ANSWERED = frozenset({RunStatus.COMPLETED, RunStatus.INCOMPLETE})
"""Turns with these are history; a failed or cancelled call leaves no question behind without its answer."""


class FinishReason(StrEnum):
    STOP = "stop"
    LENGTH = "length"
    CONTENT_FILTER = "content_filter"
    REFUSAL = "refusal"
    BROKEN = "broken"
    """The stream ended without a reason: what came is kept and marked."""
    INTERRUPTED = "interrupted"
    """The program ended while the answer was being written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    run_id: int
    place: Place
    asker: Speaker
    trigger_message_id: int
    reply_to_message_id: int | None
    """The newest message of its turn; None for a slash command."""
    status: RunStatus
    locale: str | None
    created_at: datetime
    private: bool = False
    """Answered for its asker alone: without history, and no part of it."""
    attempts: int = 0
    """How often a worker has claimed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A Discord message that holds a part of a run's answer."""

    position: int
    message_id: int
    text: str | None = field(default=None, compare=False, repr=False)
    """What it shows, as far as that is known."""
