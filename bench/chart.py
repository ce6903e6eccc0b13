"""The age of the visible text over time, as a picture: the mean of a scenario's streams, and the worst of them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from xml.sax.saxutils import escape

from bench.harness import Outcome, Written
from bench.scoring import age_at, sights

WIDTH, HEIGHT, LEFT, TOP, BOTTOM, RIGHT = 720, 260, 48, 34, 36, 14
SAMPLES = 400

Point = tuple[float, float]


def svg(outcome: Outcome) -> str:
    mean, worst = curves(outcome.answers)
    across, up = max(at for at, _ in worst) or 1.0, max(1.0, *(age for _, age in worst))
    seconds, ages = _steps(across), _steps(up)

    def x(at: float) -> float:
        return LEFT + at / across * (WIDTH - LEFT - RIGHT)

    def y(age: float) -> float:
        return HEIGHT - BOTTOM - age / up * (HEIGHT - TOP - BOTTOM)

    def line(points: Sequence[Point], colour: str, width: float) -> str:
        path = " ".join(f"{x(at):.1f},{y(age):.1f}" for at, age in points)
        return f'<polyline fill="none" stroke="{colour}" stroke-width="{width}" points="{path}"/>'

    def label(at: float, age: float, text: str, anchor: str) -> str:
        return f'<text x="{at:.1f}" y="{age:.1f}" text-anchor="{anchor}">{escape(text)}</text>'

    title = f"{outcome.scenario.name}: age of the visible text in seconds (dark: mean of {outcome.scenario.streams}"
    parts = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
        ' font-size="11" fill="#444">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        label(LEFT, 18, f"{title}, light: worst)", "start"),
        *(line([(0, age), (across, age)], "#e4e4e4", 1) for age in ages),
        *(label(LEFT - 6, y(age) + 4, f"{age:g}", "end") for age in ages),
        *(label(x(at), HEIGHT - 16, f"{at:g}", "middle") for at in seconds),
        line(worst, "#f0a070", 1),
        line(mean, "#2050a0", 1.6),
        "</svg>",
    )
    return "\n".join(parts) + "\n"


def curves(answers: Sequence[Written]) -> tuple[list[Point], list[Point]]:
    """Mean and worst age, by seconds since each stream's first token."""
    seen = [sights(each.sent, each.states) for each in answers]
    begins = [each.sent[0][1] for each in answers]
    length = min(each.sent[-1][1] - each.sent[0][1] for each in answers)
    moments = [length * number / SAMPLES for number in range(SAMPLES + 1)]
    ages = [[age_at(one, begin, begin + at) for one, begin in zip(seen, begins, strict=True)] for at in moments]
    return (
        [(at, statistics.fmean(each)) for at, each in zip(moments, ages, strict=True)],
        [(at, max(each)) for at, each in zip(moments, ages, strict=True)],
    )


def _steps(top: float) -> list[float]:
    """Round numbers from 0 up to `top`, at most eight."""
    step = next(each for each in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if top / each <= 7 or each == 100)
    return [number * step for number in range(int(top / step) + 1)]
