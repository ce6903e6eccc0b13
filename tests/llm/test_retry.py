from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import (
    ContextTooLong,
    KeyRefused,
    Malformed,
    ModelError,
    ModelNotFound,
    Overloaded,
    QuotaExhausted,
    RateLimited,
    RequestRefused,
    TimedOut,
    Unreachable,
)
from bot.llm.retry import wait_before_retry

TRANSIENT = [RateLimited(None), Overloaded(None), Unreachable()]


@pytest.mark.parametrize("error", TRANSIENT, ids=repr)
def test_five_attempts_at_most(error: ModelError) -> None:
    rng = random.Random(1)
    assert [wait_before_retry(error, attempt, rng) is None for attempt in range(1, 7)] == [False] * 4 + [True] * 2


@settings(deadline=None)
@given(st.integers(1, 4), st.randoms(use_true_random=False))
def test_full_jitter(attempt: int, rng: random.Random) -> None:
    wait = wait_before_retry(Overloaded(None), attempt, rng)
    assert wait is not None
    assert 0 <= wait <= 2 ** (attempt - 1)


def test_waits_spread_over_their_range() -> None:
    waits = [wait_before_retry(Overloaded(None), 4, random.Random(seed)) or 0 for seed in range(100)]
    assert min(waits) < 1 < 7 < max(waits) <= 8


@settings(deadline=None)
@given(st.floats(0, 60), st.integers(1, 4), st.randoms(use_true_random=False))
def test_the_server_s_word_is_the_least(asked: float, attempt: int, rng: random.Random) -> None:
    wait = wait_before_retry(RateLimited(asked), attempt, rng)
    assert wait is not None
    assert asked <= wait <= asked + 2


def test_those_who_were_sent_away_together_do_not_come_back_together() -> None:
    waits = {wait_before_retry(RateLimited(20), 4, random.Random(seed)) for seed in range(20)}
    assert len(waits) == 20


def test_nobody_waits_longer_than_a_minute() -> None:
    assert wait_before_retry(RateLimited(60), 1, random.Random(1)) is not None
    assert wait_before_retry(RateLimited(61), 1, random.Random(1)) is None
    assert wait_before_retry(Overloaded(3600), 1, random.Random(1)) is None


def test_silence_is_tried_twice() -> None:
    rng = random.Random(1)
    assert wait_before_retry(TimedOut(), 1, rng) is not None
    assert wait_before_retry(TimedOut(), 2, rng) is None


@pytest.mark.parametrize(
    "error",
    [KeyRefused(), ModelNotFound("m"), QuotaExhausted(), ContextTooLong(), RequestRefused(), Malformed()],
    ids=repr,
)
def test_what_time_does_not_heal(error: ModelError) -> None:
    assert wait_before_retry(error, 1, random.Random(1)) is None
