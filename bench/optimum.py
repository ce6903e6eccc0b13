"""The freshest that any scheduler could be under the rate limits: computed from the limits alone, in no real time.

Calls take no time here, tokens come evenly, and the scheduler knows beforehand when each answer will end and when each
window will close. Where it is not known what is best, the limits are taken less strictly than they are. So each figure
is a bound: a bot that is below it has broken a limit, has held no slot back for the final text, or there is an error
here. The figures are bounds each for
itself; where the global limit binds, no schedule reaches all of them, since a call that shows a first word is worth
more, for the age, when there is more to show.

*Alone.* Between two texts the age of the visible text grows with time, so that an answer of T seconds whose texts come
at gaps g has the mean age sum(g²) / 2T, and even gaps are best. The first text is a new message. Edits are counted in
windows that the first of them opens. With a slot held back for the final text, a window of five shows four texts, and
the next one opens a period later at the earliest. This cuts T into segments: up to the first window's opening, from
each opening to the next, from the last to the end. Within a segment the gaps are even. How long each segment should be
follows by `_shared`: as long as it has gaps, but from one opening to the next no less than the period. A further page
is shown by a call of another bucket; it is taken to come whenever it serves best, and its predecessor's last edit to
cost nothing. All numbers of windows and all ways to spread the pages over the segments are compared.

*Together.* The global windows of one second follow each other without a pause, since a pause loses calls; each takes 50
calls less the one held back. Finding the best schedule of all answers is hard, but a bound is not (Lagrange's dual):
put a price on the calls of each second, let every answer choose its own best moments while it pays for them, and take
off what all calls that there are would cost. For any prices no schedule does better than that, and prices that rise
where too many calls were chosen and fall where too few make it a good bound. Moments are steps of 0.1 s, which moves it
by a few milliseconds. When the windows begin is chosen as it serves best. All final edits, deletions and typing are
left out, and the channel's windows too: of both bounds the greater counts.

*First and final texts* are served in the order in which they come due, as if nothing else were called.

Left out everywhere: the way to Discord and back, words that are half written, and the bot's own work.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.scenarios import Via

RESERVE = 1
"""Slots of each window that only a final text may take."""
PHASES = 5
"""Ways in which the global windows may lie that are compared."""
QUEUE_PHASES = 100
STEP = 0.1
"""Seconds between the moments from which answers choose."""
ROUNDS = 100
"""Changes of the prices. Twice as many raise the bound of two hundred answers by 0.003 s."""
HOPE = 0.05
"""By how much, in seconds of the mean age, prices are first hoped to become better; halved whenever they do not."""
PATIENCE = 5
"""Changes without a better bound after which hope is halved."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """`calls` in a window of `seconds` that the first of them opens."""

    calls: int
    seconds: float


EDITS = Allowance(5, 5.0)
"""Of a channel; new messages have as many of their own."""
WEBHOOK = Allowance(5, 2.0)
"""Of an interaction: new messages and edits together."""
WEBHOOK_LONG = Allowance(30, 60.0)
GLOBAL = Allowance(50, 1.0)
"""As the playground has them (`playground.limits`); interactions do not count in the last."""


_Groups = Counter[tuple[int, int]]
"""How many answers begin at which step, counted from a global window's opening, and are how many steps long."""


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
    """Bounds of what `bench.scoring` measures, in seconds: means over the answers, and of the worst of them."""

    first_text: float
    worst_first_text: float
    mean_age: float
    final_text: float
    worst_final_text: float


def optimum(courses: Sequence[Course], via: Via) -> Optimum:
    """Of answers that each have a channel of their own."""
    if via is Via.ASK:
        age = statistics.fmean(alone_by_webhook(course.seconds) for course in courses)
        return Optimum(first_text=0.0, worst_first_text=0.0, mean_age=age, final_text=0.0, worst_final_text=0.0)
    age = max(statistics.fmean(alone(course.seconds, course.pages) for course in courses), together(courses))
    first, worst_first = queued([course.begin for course in courses])
    final, worst_final = queued([course.end for course in courses])
    return Optimum(
        first_text=first,
        worst_first_text=worst_first,
        mean_age=age,
        final_text=final,
        worst_final_text=worst_final,
    )


def alone(seconds: float, pages: int) -> float:
    """The least mean age of an answer in a channel."""
    return _windowed(seconds, EDITS, opening=1, further=pages - 1)


def alone_by_webhook(seconds: float) -> float:
    """The same of an answer to an interaction."""
    texts = (WEBHOOK_LONG.calls - RESERVE) * (math.floor(seconds / WEBHOOK_LONG.seconds) + 1)
    return max(_windowed(seconds, WEBHOOK, opening=0, further=0), seconds / 2 / (texts + 1))


def together(courses: Sequence[Course]) -> float:
    """The least mean age of all under the global limit alone; 0 where there are too few for it to bind."""
    if len(courses) * EDITS.calls <= GLOBAL.calls:
        return 0.0
    phases = (number / PHASES * GLOBAL.seconds for number in range(PHASES))
    return min(_priced(_grouped(courses, phase)) for phase in phases) / len(courses)


def queued(due: Sequence[float]) -> tuple[float, float]:
    """Mean and worst wait of calls that come due at these moments, under the global limit."""
    first = min(due)
    waits = [_waits(sorted(due), first - number / QUEUE_PHASES * GLOBAL.seconds) for number in range(QUEUE_PHASES)]
    return min(map(statistics.fmean, waits)), min(map(max, waits))


def _windowed(seconds: float, allowance: Allowance, *, opening: int, further: int) -> float:
    """The least mean age with windows of an allowance, `opening` texts before them, `further` ones at any time."""
    if seconds <= 0:
        return 0.0
    texts = allowance.calls - RESERVE
    areas = [seconds**2 / 2 / (opening + further + 1)]
    for windows in range(1, math.floor(seconds / allowance.seconds) + 2):
        every = _gaps(windows, texts, opening, further)
        areas += [_area(seconds, gaps, allowance.seconds) for gaps in every]
    return min(areas) / seconds


def _gaps(windows: int, texts: int, opening: int, further: int) -> Iterator[list[int]]:
    """How many gaps each segment may have: the first, those between two openings, the last."""
    for first, last in itertools.product(range(further + 1), repeat=2):
        between = further - first - last
        if between < 0 or (between and windows == 1):
            continue
        # Segments between openings are alike, and what one more gap gives each of them falls with their number.
        each, more = divmod(between, windows - 1) if windows > 1 else (0, 0)
        middle = [texts + each + (number < more) for number in range(windows - 1)]
        yield [opening + first + 1, *middle, texts + last]


def _area(seconds: float, gaps: Sequence[int], period: float) -> float:
    least = [0.0, *[period] * (len(gaps) - 2), 0.0]
    if sum(least) > seconds:
        return math.inf
    return sum(length**2 / 2 / number for length, number in zip(_shared(seconds, gaps, least), gaps, strict=True))


def _shared(seconds: float, gaps: Sequence[int], least: Sequence[float]) -> list[float]:
    """The lengths of segments for which their area is least: by their gaps, but none less than its `least`."""
    short: set[int] = set()
    while True:
        rest = seconds - sum(least[number] for number in short)
        each = rest / sum(number for at, number in enumerate(gaps) if at not in short)
        more = {at for at, number in enumerate(gaps) if at not in short and each * number < least[at]}
        if not more:
            return [least[at] if at in short else each * number for at, number in enumerate(gaps)]
        short |= more


def _grouped(courses: Sequence[Course], phase: float) -> _Groups:
    opening = min(course.begin for course in courses) - phase
    return Counter((round((course.begin - opening) / STEP), round(course.seconds / STEP)) for course in courses)


def _priced(groups: _Groups) -> float:
    """The bound of the sum of all mean ages, by Polyak's steps from the best prices found so far."""
    seconds = math.ceil(max(begin + length for begin, length in groups) * STEP / GLOBAL.seconds) + 1
    prices = [0.0] * seconds
    reached, excess = _demand(groups, prices)
    best, hope, since = (reached, prices, excess), HOPE * groups.total(), 0
    for _ in range(ROUNDS):
        steepness = sum(each**2 for each in excess)
        if not steepness:
            break
        change = (best[0] + hope - reached) / steepness
        prices = [max(0.0, price + change * each) for price, each in zip(prices, excess, strict=True)]
        reached, excess = _demand(groups, prices)
        since = 0 if reached > best[0] + hope / 10 else since + 1
        best = max(best, (reached, prices, excess))
        if since >= PATIENCE:
            hope, since, (reached, prices, excess) = hope / 2, 0, best
    return best[0]


def _demand(groups: _Groups, prices: Sequence[float]) -> tuple[float, list[int]]:
    """The bound that these prices give, and by how much the calls wanted in each second exceed those there are.

    A second that is for nothing and has calls left is at its price: its excess is 0.
    """
    calls = GLOBAL.calls - RESERVE
    wanted, total = [0] * len(prices), 0.0
    for (begin, length), answers in groups.items():
        cost, chosen = _best_moments(begin, length, prices)
        total += answers * cost
        for second in chosen:
            wanted[second] += answers
    excess = [each - calls if price or each > calls else 0 for each, price in zip(wanted, prices, strict=True)]
    return total - calls * sum(prices), excess


def _best_moments(begin: int, length: int, prices: Sequence[float]) -> tuple[float, list[int]]:
    """What an answer's mean age and its calls cost it at least, and the seconds in which it makes those calls."""
    gaps = [number**2 * STEP / 2 / length for number in range(length + 1)]
    costs, before, seconds = [0.0], [0], [0]
    for moment in range(1, length + 1):
        second = _cheapest(begin + moment, prices)
        least, earlier = min((costs[at] + gaps[moment - at], at) for at in range(moment))
        costs.append(least + (prices[second] if moment < length else 0.0))
        before.append(earlier)
        seconds.append(second)
    return costs[-1], _traced(before, seconds)


def _cheapest(step: int, prices: Sequence[float]) -> int:
    """The second in which a call is made: where one ends and the next begins, it may be in either."""
    second, within = divmod(step, round(GLOBAL.seconds / STEP))
    return second if within else min(second - 1, second, key=prices.__getitem__)


def _traced(before: Sequence[int], seconds: Sequence[int]) -> list[int]:
    """The seconds of the moments that lead to the last one."""
    found, moment = [], before[-1]
    while moment:
        found.append(seconds[moment])
        moment = before[moment]
    return found


def _waits(due: Sequence[float], phase: float) -> list[float]:
    taken: Counter[int] = Counter()
    waits = []
    window = -(10**9)
    for moment in due:
        window = max(window, math.floor((moment - phase) / GLOBAL.seconds))
        while taken[window] >= GLOBAL.calls:
            window += 1
        taken[window] += 1
        waits.append(max(0.0, phase + window * GLOBAL.seconds - moment))
    return waits
