"""The bound against figures computed by hand, and against schedules that the playground's own limits admit."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bench import optimum as bounds
from bench.optimum import Course, alone, alone_by_webhook, optimum, queued, together
from bench.scenarios import Via
from playground.limits import RATES, Call, Hidden, Limits


class VirtualClock:
    """The playground's, standing where it is put."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.at)

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing waits")


def mean_age(course: Course, shown: Iterable[float]) -> float:
    moments = [course.begin, *shown, course.end]
    return sum((later - at) ** 2 / 2 for at, later in itertools.pairwise(moments)) / course.seconds


def admitted(course: Course, wanted: Sequence[float], call: Callable[[int], Call], held_back: str) -> list[float]:
    """Those of the moments at which a scheduler may call that leaves a slot of the named windows for the last text."""
    clock = VirtualClock()
    limits = Limits(clock)
    shown: list[float] = []
    for moment in wanted:
        clock.at = moment
        spent = {each["name"]: each["calls"] - each["used"] for each in limits.spent()}
        if spent.get(held_back, 5) > 1 and limits.admit(call(len(shown))).admitted:
            shown.append(moment)
    return shown


def message(number: int) -> Call:
    return Call(route="message", rate="message.edit" if number else "message.create", major="1")


def webhook(number: int) -> Call:
    hidden = (Hidden(rate="interaction.channel", kept_by="1"),)
    return Call(route="webhook", rate="interaction.webhook", major="token", hidden=hidden, global_=False)


def moments(rng: random.Random, course: Course) -> list[float]:
    """Tries that are spread evenly, more or less, at some rate."""
    rate = rng.uniform(0.3, 6.0)
    return sorted(rng.uniform(course.begin, course.end) for _ in range(round(course.seconds * rate)))


def test_the_limits_are_the_playgrounds() -> None:
    for allowance, name in (
        (bounds.EDITS, "message.edit"),
        (bounds.WEBHOOK, "interaction.webhook"),
        (bounds.WEBHOOK_LONG, "interaction.channel"),
        (bounds.GLOBAL, "global"),
    ):
        assert (allowance.calls, allowance.seconds) == (RATES[name].calls, RATES[name].seconds)


def test_five_texts_of_an_answer_within_one_window_cut_it_into_six() -> None:
    assert alone(5.98, 1) == pytest.approx(5.98 / 12)
    assert alone(0.6, 1) == pytest.approx(0.05)
    assert alone(0.0, 1) == 0.0


def test_the_second_window_of_ten_seconds_opens_five_after_the_first() -> None:
    """Two gaps before the first window's opening, four from there on to the second's, four more to the end.

    A gap of a second each would be even, but the second window opens five seconds after the first and not four: what is
    left of the ten seconds is shared by the other six gaps.
    """
    assert alone(10.0, 1) == pytest.approx((4 * 1.25**2 / 2 + 6 * (5 / 6) ** 2 / 2) / 10)


def test_a_page_more_is_a_text_more() -> None:
    assert alone(5.0, 2) == pytest.approx(5 / 14)
    assert alone(20.0, 10) < alone(20.0, 2) < alone(20.0, 1)


def test_an_interaction_has_thirty_calls_a_minute() -> None:
    assert alone_by_webhook(1.0) == pytest.approx(0.1)
    assert alone_by_webhook(59.0) == pytest.approx(59 / 60)


@pytest.mark.parametrize("seconds", [0.5, 3.0, 5.98, 12.0, 31.0])
@pytest.mark.parametrize(
    ("call", "held_back", "bound"),
    [(message, "message.edit", lambda seconds: alone(seconds, 1)), (webhook, "interaction.webhook", alone_by_webhook)],
    ids=["channel", "webhook"],
)
def test_no_schedule_that_the_playground_admits_is_fresher(
    seconds: float, call: Callable[[int], Call], held_back: str, bound: Callable[[float], float]
) -> None:
    rng, course = random.Random(str(seconds)), Course(begin=0.0, end=seconds)
    tried = [mean_age(course, admitted(course, moments(rng, course), call, held_back)) for _ in range(100)]
    assert bound(seconds) <= min(tried) < 3 * bound(seconds)


def test_a_schedule_reaches_the_bound_of_a_single_answer() -> None:
    course = Course(begin=0.0, end=10.0)
    best = [5 / 6 * 1, 5 / 6 * 2, *(5 / 6 * 2 + 1.25 * number for number in (1, 2, 3, 4))]
    best += [best[-1] + 5 / 6 * number for number in (1, 2, 3)]
    shown = admitted(course, best, message, "message.edit")
    assert shown == best
    assert mean_age(course, shown) == pytest.approx(alone(10.0, 1))


def greedy(courses: Sequence[Course]) -> float:
    """The mean age where each call goes to the answer for which it takes most away, and none to where it is little."""
    clock = VirtualClock()
    limits = Limits(clock)
    shown: list[list[float]] = [[] for _ in courses]
    for step in range(round(max(course.end for course in courses) * 10)):
        clock.at = step / 10

        def gain(number: int) -> float:
            course, last = courses[number], shown[number][-1:]
            begun = course.begin < clock.at < course.end
            return (clock.at - (last[0] if last else course.begin)) * (course.end - clock.at) if begun else 0.0

        gains = {number: gain(number) for number in range(len(courses))}
        for number in sorted(gains, key=gains.__getitem__, reverse=True):
            if gains[number] > 2.0 and limits.admit(Call(route="edit", rate=None, major=str(number))).admitted:
                shown[number].append(clock.at)
    return sum(map(mean_age, courses, shown)) / len(courses)


@pytest.mark.parametrize(("answers", "apart"), [(200, 0.0), (120, 0.01)])
def test_many_answers_share_the_global_limit(answers: int, apart: float) -> None:
    courses = [Course(begin=number * apart, end=number * apart + 5.0) for number in range(answers)]
    bound = together(courses)
    assert bound < greedy(courses) < 1.45 * bound
    assert bound > 1.4 * alone(5.0, 1)
    assert optimum(courses, Via.MENTION).mean_age == bound


def test_few_answers_do_not_meet_the_global_limit() -> None:
    ten = [Course(begin=0.0, end=6.0)] * 10
    assert together(ten) == 0.0
    assert optimum(ten, Via.MENTION).mean_age == alone(6.0, 1)


def test_texts_wait_for_windows_of_fifty() -> None:
    """200 at once: fifty at the end of a window that is open already, fifty in the next, the others in two more."""
    mean, worst = queued([0.0] * 200)
    assert mean == pytest.approx((0.0 + 0.0 + 1.0 + 2.0) / 4, abs=0.02)
    assert worst == pytest.approx(2.0, abs=0.02)
    assert queued([number / 40 for number in range(200)]) == (0.0, 0.0)


def test_interactions_do_not_wait_for_each_other() -> None:
    many = [Course(begin=0.0, end=6.0)] * 300
    best = optimum(many, Via.ASK)
    assert (best.first_text, best.worst_final_text) == (0.0, 0.0)
    assert best.mean_age == pytest.approx(alone_by_webhook(6.0))
