from __future__ import annotations

import pytest

from bench.streaming import WORDS, answer_to, freshness
from playground.models.scripted import Stream, tokens


def stream(text: str, *, every: float = 1.0) -> Stream:
    sent = [(token, number * every) for number, token in enumerate(tokens(text))]
    return Stream(messages=[], parameters={}, text=text, sent=sent)


def test_the_age_is_the_mean_over_all_tokens() -> None:
    """Sent at 0, 1, 2, 3; the first two readable at 1.5, the others at 3.5."""
    fresh = freshness(stream("a b c d"), [(1.5, "a b"), (3.5, "a b c d")])
    assert fresh.first_text == 1.5
    assert fresh.mean_age == pytest.approx((1.5 + 0.5 + 1.5 + 0.5) / 4)
    assert fresh.worst_age == 1.5
    assert fresh.final_text == 0.5


def test_text_that_is_not_the_answers_does_not_count() -> None:
    fresh = freshness(stream("a b"), [(0.5, "thinking …"), (2.0, "a b")])
    assert fresh.first_text == 2.0


def test_half_a_word_is_not_yet_readable() -> None:
    fresh = freshness(stream("alpha beta"), [(0.5, "alph"), (1.0, "alpha be"), (4.0, "alpha beta")])
    assert fresh.first_text == 1.0
    assert fresh.final_text == 3.0


def test_a_shorter_version_takes_nothing_back() -> None:
    fresh = freshness(stream("a b c"), [(1.0, "a b"), (1.5, "a"), (2.5, "a b c")])
    assert fresh.mean_age == pytest.approx((1.0 + 0.0 + 0.5) / 3)


def test_an_answer_that_stays_incomplete_is_no_result() -> None:
    with pytest.raises(ValueError, match="1 of 2 tokens"):
        freshness(stream("a b"), [(1.0, "a")])


def test_every_question_has_an_answer_of_its_own() -> None:
    one, other = (answer_to([{"role": "user", "content": name}]) for name in ("one", "other"))
    assert one != other and len(tokens(one)) == WORDS
    assert one == answer_to([{"role": "user", "content": "one"}])
