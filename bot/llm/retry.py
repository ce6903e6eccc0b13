"""Whether to ask the model again after an error, and when.

A plain function and no retry library: the wait is told to the person who waits, and the caller's clock does it.
"""

from __future__ import annotations

import random

from bot.errors import ModelError, Overloaded, RateLimited, TimedOut, Unreachable

MAX_ATTEMPTS = 5
MAX_TIMEOUTS = 2
"""Attempts where the server is silent: each costs the person a minute, and may be billed all the same."""

BASE = 1.0
"""Seconds of the first wait at the most; each later one may be twice as long."""
PATIENCE = 60.0
"""Seconds that a person will wait because the server says so; beyond it they are told when to come back."""


def wait_before_retry(error: ModelError, attempt: int, rng: random.Random) -> float | None:
    """Seconds until the next attempt, or None to give up. `attempt` is the one that failed, from 1.

    Exponential with full jitter. What the server asks for is the least that is waited, with jitter added, so that
    those who were sent away together do not come back together.
    """
    if attempt >= _attempts(error):
        return None
    jitter = rng.uniform(0, BASE * 2 ** (attempt - 1))
    asked = error.retry_after if isinstance(error, RateLimited | Overloaded) else None
    if asked is None:
        return jitter
    return asked + jitter / 4 if asked <= PATIENCE else None


def _attempts(error: ModelError) -> int:
    if isinstance(error, TimedOut):
        return MAX_TIMEOUTS
    return MAX_ATTEMPTS if isinstance(error, RateLimited | Overloaded | Unreachable) else 1
