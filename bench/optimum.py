"""How fresh the best scheduler could be under the rate limits: computed from the limits alone, in virtual time.

It knows the limits and when every window closes, calls take no time and tokens come evenly. What it cannot know is when
an answer will end. So it holds one slot of every window back for the final text, and spreads the others evenly: between
two texts the age grows with time, an answer of T seconds whose texts come at gaps g has the mean age sum(g²) / 2T, and
of as many gaps even ones are best. Four edits in five seconds make steps of 1.25 s and an age of 0.625. A further page
is one more text, by a call of another bucket.

Where the global limit binds, final texts come before first ones and those before edits, of which the answer's turn is
that was shown longest ago. An interaction does not count there; what its channel has in a minute it spends as fast as
its own window allows, since most answers are over by then.

A bot may be below it by chance: an answer that ends just after a text was shown had better luck than an even one. Left
out are the way to Discord and back, deletions, typing, words that are half written, and the bot's own work.
"""

from __future__ import annotations

import itertools
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.scenarios import Via

RESERVE = 1
"""Slots of each window that only a final text may take."""
TICK = 0.01
"""Seconds between the moments that are looked at."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """`calls` in a window of `seconds` that the first of them opens."""

    calls: int
    seconds: float

    @property
    def texts_a_second(self) -> float:
        """For texts that are not final."""
        return (self.calls - RESERVE) / self.seconds


EDITS = Allowance(5, 5.0)
"""Of a channel; new messages have as many of their own."""
WEBHOOK = Allowance(5, 2.0)
"""Of an interaction: new messages and edits together."""
WEBHOOK_LONG = Allowance(30, 60.0)
GLOBAL = Allowance(50, 1.0)
"""As the playground has them (`playground.limits`); interactions do not count in the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Of one answer: when its first token and its last one leave, in seconds, and how many messages it fills."""

    begin: float
    end: float
    pages: int = 1

    @property
    def seconds(self) -> float:
        return self.end - self.begin


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """What `bench.scoring` measures, in seconds: means over the answers, and of the worst of them."""

    first_text: float
    worst_first_text: float
    mean_age: float
    final_text: float
    worst_final_text: float


@dataclass(slots=True)
class _Played:
    """An answer, and when its texts were shown."""

    course: Course
    step: float
    most: float
    """Texts before the final one."""
    shown: list[float] = field(default_factory=list)
    ended: float | None = None

    def due(self, now: float) -> bool:
        return len(self.shown) < self.most and (not self.shown or now - self.shown[-1] >= self.step - TICK / 2)


def optimum(courses: Sequence[Course], via: Via) -> Optimum:
    """Of answers that each have a channel of their own."""
    played = [_answer(course, via) for course in courses]
    _play(played, at_once=GLOBAL.calls if via is Via.MENTION else len(played) * WEBHOOK.calls)
    firsts = [each.shown[0] - each.course.begin for each in played]
    finals = [(each.ended or 0.0) - each.course.end for each in played]
    return Optimum(
        first_text=statistics.fmean(firsts),
        worst_first_text=max(firsts),
        mean_age=statistics.fmean(map(_age, played)),
        final_text=statistics.fmean(finals),
        worst_final_text=max(finals),
    )


def _answer(course: Course, via: Via) -> _Played:
    if via is Via.ASK:
        return _Played(course, 1 / WEBHOOK.texts_a_second, WEBHOOK_LONG.calls - RESERVE)
    further = (course.pages - 1) / course.seconds if course.seconds else 0.0
    return _Played(course, 1 / (EDITS.texts_a_second + further), float("inf"))


def _play(answers: Sequence[_Played], *, at_once: int) -> None:
    """Shows every text, `at_once` in each second."""
    begin = min(answer.course.begin for answer in answers)
    spent: Counter[int] = Counter()
    for tick in itertools.count():
        now, second = begin + tick * TICK, int(tick * TICK / GLOBAL.seconds + TICK / 2)
        left = [answer for answer in answers if answer.ended is None]
        if not left:
            return
        for answer in [each for each in left if each.course.end <= now and each.shown][: at_once - spent[second]]:
            answer.ended = now
            spent[second] += 1
        going = [each for each in left if each.ended is None and each.course.begin <= now and each.due(now)]
        going.sort(key=lambda each: (each.shown[-1:], each.course.begin))
        for answer in going:
            if spent[second] >= at_once - (RESERVE if answer.shown else 0):
                break
            answer.shown.append(now)
            spent[second] += 1


def _age(answer: _Played) -> float:
    """The mean over the time from the first token to the last."""
    begin, end = answer.course.begin, answer.course.end
    if end <= begin:
        return 0.0
    moments = [begin, *(at for at in answer.shown if at < end), end]
    return sum((later - at) ** 2 / 2 for at, later in itertools.pairwise(moments)) / (end - begin)
