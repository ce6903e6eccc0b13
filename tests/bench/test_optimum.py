"""The schedule against figures computed by hand, and against the playground's own limits."""

from __future__ import annotations

import pytest

from bench import optimum as best
from bench.optimum import Course, optimum
from bench.scenarios import Via
from playground.limits import RATES


def alone(seconds: float, pages: int = 1, via: Via = Via.MENTION) -> float:
    return optimum([Course(begin=3.0, end=3.0 + seconds, pages=pages)], via).mean_age


def test_the_limits_are_the_playgrounds() -> None:
    for allowance, name in (
        (best.EDITS, "message.edit"),
        (best.WEBHOOK, "interaction.webhook"),
        (best.WEBHOOK_LONG, "interaction.channel"),
        (best.GLOBAL, "global"),
    ):
        assert (allowance.calls, allowance.seconds) == (RATES[name].calls, RATES[name].seconds)


def test_four_edits_in_five_seconds_leave_half_a_step() -> None:
    assert alone(100.0) == pytest.approx(0.625, abs=0.005)
    assert alone(6.0) == pytest.approx((4 * 1.25**2 + 1.0**2) / 2 / 6, abs=0.005)


def test_an_answer_that_is_over_before_the_second_text_is_as_old_as_half_of_it() -> None:
    assert alone(0.6) == pytest.approx(0.3, abs=0.01)
    assert alone(0.0) == 0.0


def test_each_further_page_is_a_text_more() -> None:
    assert alone(20.0, pages=10) == pytest.approx(0.5 / (0.8 + 9 / 20), abs=0.01)


def test_an_interaction_has_two_texts_a_second_until_its_minute_is_spent() -> None:
    assert alone(6.0, via=Via.ASK) == pytest.approx(0.25, abs=0.005)
    assert alone(60.0, via=Via.ASK) == pytest.approx((28 * 0.5**2 + 46.0**2) / 2 / 60, rel=0.01)


def test_few_answers_do_not_see_each_other() -> None:
    together = optimum([Course(begin=number / 10, end=6.0 + number / 10) for number in range(10)], Via.MENTION)
    assert together.mean_age == pytest.approx(alone(6.0), abs=0.005)
    assert max(together.worst_first_text, together.worst_final_text) < 0.02


def test_many_that_begin_at_once_wait_for_their_first_and_final_texts() -> None:
    found = optimum([Course(begin=0.0, end=5.0)] * 200, Via.MENTION)
    assert found.worst_first_text == pytest.approx(3.0, abs=0.02)
    assert found.first_text == pytest.approx(1.5, abs=0.02)
    assert found.worst_final_text == pytest.approx(3.0, abs=0.02)
    assert 1.2 < found.mean_age < 1.8


def test_no_second_holds_more_than_the_limit() -> None:
    answers = [best._answer(Course(begin=number / 50, end=5.0 + number / 50), Via.MENTION) for number in range(120)]
    best._play(answers, at_once=best.GLOBAL.calls)
    calls = sorted(at for answer in answers for at in (*answer.shown, answer.ended or 0.0))
    for second in range(12):
        assert sum(second - 0.001 <= at < second + 0.999 for at in calls) <= best.GLOBAL.calls
    assert all(
        later - at >= 1.24 for answer in answers for at, later in zip(answer.shown, answer.shown[1:], strict=False)
    )
