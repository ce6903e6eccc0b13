"""The age of the visible text over time, as a picture: of each program the mean of its streams, and the optimum's mean.

The lines go on behind the last word until everything can be read: an answer that is whole has no age, one that is not
grows older.
The picture is legible on light and dark pages alike: its ground is transparent, and its colours follow the reader's.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from xml.sax.saxutils import escape

from bench.harness import CAUSERIE, Outcome, Written
from bench.scoring import Sight, age_at, sights

WIDTH, HEIGHT, LEFT, TOP, BOTTOM, RIGHT = 720, 270, 40, 50, 30, 14
SAMPLES = 240
STYLE = """
text { fill: #57606a } .grid { stroke: #d0d7de } .ours { stroke: #0969da } .other { stroke: #bc4c00 }
.best { stroke: #1a7f37; stroke-dasharray: 5 4 } text.ours { fill: #0969da } text.other { fill: #bc4c00 }
text.best { fill: #1a7f37 } text { stroke: none !important } polyline { fill: none; stroke-width: 1.7 }
.grid { stroke-width: 1 }
@media (prefers-color-scheme: dark) {
text { fill: #9198a1 } .grid { stroke: #3d444d } .ours { stroke: #4493f8 } .other { stroke: #db6d28 }
.best { stroke: #3fb950 } text.ours { fill: #4493f8 } text.other { fill: #db6d28 } text.best { fill: #3fb950 }
}
"""

Point = tuple[float, float]


def svg(outcomes: Sequence[Outcome], best: float) -> str:
    """`best` is the least mean age that there can be, in seconds."""
    scenario = outcomes[0].scenario
    curves = [(each.program, mean_ages(each.answers)) for each in outcomes]
    across = max(curve[-1][0] for _, curve in curves) or 1.0
    up = max(best, 0.01, *(age for _, curve in curves for _, age in curve)) * 1.05

    def x(at: float) -> float:
        return LEFT + at / across * (WIDTH - LEFT - RIGHT)

    def y(age: float) -> float:
        return HEIGHT - BOTTOM - age / up * (HEIGHT - TOP - BOTTOM)

    def line(points: Sequence[Point], style: str) -> str:
        path = " ".join(f"{x(at):.1f},{y(age):.1f}" for at, age in points)
        return f'<polyline class="{style}" points="{path}"/>'

    def label(at: float, age: float, text: str, anchor: str, style: str = "") -> str:
        return f'<text x="{at:.1f}" y="{age:.1f}" text-anchor="{anchor}" class="{style}">{escape(text)}</text>'

    title = f"Age of the visible text in seconds, {scenario.streams} × {scenario.words} words at {scenario.pace:g}/s"
    legend = [*(_name(each) for each in outcomes), ("best", f"optimum, mean {best:.2f}")]
    parts = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
        f' font-size="12"><style>{STYLE}</style>',
        label(LEFT, 16, title, "start"),
        *(label(LEFT + 160 * at, 34, text, "start", style) for at, (style, text) in enumerate(legend)),
        line([(scenario.seconds, 0), (scenario.seconds, up)], "grid"),
        label(x(scenario.seconds) - 5, TOP + 10, "last word", "end"),
        *(line([(0, age), (across, age)], "grid") for age in _steps(up)),
        *(label(LEFT - 6, y(age) + 4, f"{age:g}", "end") for age in _steps(up)),
        *(label(x(at), HEIGHT - 12, f"{at:g}", "middle") for at in _steps(across)),
        line([(0, best), (scenario.seconds, best)], "best"),
        *(line(curve, _style(program)) for program, curve in reversed(curves)),
        "</svg>",
    )
    return "\n".join(parts) + "\n"


def mean_ages(answers: Sequence[Written]) -> list[Point]:
    """By seconds since each stream's first token, until all of the slowest can be read."""
    seen = [sights(each.sent, each.states) for each in answers]
    length = max(one[-1].moment - each.sent[0][1] for one, each in zip(seen, answers, strict=True))
    moments = [length * number / SAMPLES for number in range(SAMPLES + 1)]
    return [
        (at, statistics.fmean(_age(each, one, at) for each, one in zip(answers, seen, strict=True))) for at in moments
    ]


def _age(answer: Written, seen: Sequence[Sight], at: float) -> float:
    begin = answer.sent[0][1]
    return 0.0 if begin + at >= seen[-1].moment else age_at(seen, begin, begin + at)


def _name(outcome: Outcome) -> tuple[str, str]:
    mean = statistics.fmean(each.fresh.mean_age for each in outcome.answers)
    return _style(outcome.program), f"{'Causerie' if outcome.program == CAUSERIE else 'naive'}, mean {mean:.2f}"


def _style(program: str) -> str:
    return "ours" if program == CAUSERIE else "other"


def _steps(top: float) -> list[float]:
    """Round numbers from 0 up to `top`, at most eight."""
    step = next(each for each in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if top / each <= 7)
    return [number * step for number in range(int(top / step) + 1)]
