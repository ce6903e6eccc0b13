"""Outcomes as a table, as JSON, and as the short summary in Markdown that is kept with the code."""

from __future__ import annotations

import itertools
import json
import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.harness import CAUSERIE, NAIVE, Cost, Outcome, Written
from bench.optimum import Course, Optimum, optimum
from bench.scenarios import Scenario

PAGE = 2_000
"""Characters of a message."""
WORTH_A_RATIO = 0.01
"""Seconds, or milliseconds of processor time: what is below is as good as nothing."""
MEANING = """Times in seconds, means over the streams, what 95 of 100 keep (p95), and the worst. Answers that were lost,
since calls for them were refused again and again, are left out. "naive" is `bench/naive.py`, "optimum" the best that
the limits allow a scheduler which cannot know when an answer will end (`bench/optimum.py`); ×: how many times the
optimum, and for the processor time a token, how many times Causerie's. `bench/scoring.py` says what is measured,
`bench/blocks.py` what a block is; `make bench ARGS=--summary` writes this file and freshness.svg."""
PICTURED = "fifty"
"""The scenario whose picture is kept with the code."""
RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Of a scenario: times in seconds, means over its streams and the worst."""

    name: str
    program: str
    streams: int
    words: int
    pace: float
    via: str
    first_text: float
    p95_first_text: float
    """What 95 of 100 answers had by then."""
    worst_first_text: float
    mean_age: float
    worst_mean_age: float
    mean_delay: float
    final_text: float
    p95_final_text: float
    worst_final_text: float
    states: int
    calls: int
    refused: int
    lost: int
    seconds: float
    model_lateness: float
    milliseconds_a_token: float | None
    """Of the bot's processor time."""
    longest_block: float | None
    bot: Cost
    playground: Cost
    optimum: Optimum
    """For answers that begin when these began."""


def summary(outcome: Outcome) -> Summary:
    fresh = [written.fresh for written in outcome.answers]
    scenario = outcome.scenario
    return Summary(
        name=scenario.name,
        program=outcome.program,
        streams=scenario.streams,
        words=scenario.words,
        pace=scenario.pace,
        via=scenario.via.value,
        first_text=statistics.fmean(each.first_text for each in fresh),
        p95_first_text=_p95([each.first_text for each in fresh]),
        worst_first_text=max(each.first_text for each in fresh),
        mean_age=statistics.fmean(each.mean_age for each in fresh),
        worst_mean_age=max(each.mean_age for each in fresh),
        mean_delay=statistics.fmean(each.mean_delay for each in fresh),
        final_text=statistics.fmean(each.final_text for each in fresh),
        p95_final_text=_p95([each.final_text for each in fresh]),
        worst_final_text=max(each.final_text for each in fresh),
        states=sum(each.states for each in fresh),
        calls=outcome.calls,
        refused=outcome.refused,
        lost=outcome.lost,
        seconds=outcome.seconds,
        model_lateness=outcome.model_lateness,
        milliseconds_a_token=_milliseconds_a_token(outcome),
        longest_block=outcome.longest_block,
        bot=outcome.bot,
        playground=outcome.playground,
        optimum=optimum([_course(each, scenario) for each in outcome.answers], scenario.via),
    )


def _p95(figures: Sequence[float]) -> float:
    """The least of them that is not exceeded by 95 of 100."""
    return sorted(figures)[math.ceil(0.95 * len(figures)) - 1]


def _course(answer: Written, scenario: Scenario) -> Course:
    begin, characters = answer.sent[0][1], sum(len(token) for token, _ in answer.sent)
    return Course(begin=begin, end=begin + scenario.seconds, pages=math.ceil(characters / PAGE))


def _milliseconds_a_token(outcome: Outcome) -> float | None:
    spent = outcome.bot.cpu_seconds
    return None if spent is None else spent * 1000 / sum(len(each.sent) for each in outcome.answers)


COLUMNS = (
    *("scenario", "streams", "program", "first text", "p95", "worst", "age", "worst", "final text", "p95", "worst"),
    *("calls", "429s", "lost", "CPU", "a token", "longest block", "RSS", "playground CPU", "RSS", "model late"),
)
PROGRAMS = {CAUSERIE: "Causerie", NAIVE: "naive"}


def rows(summaries: Sequence[Summary]) -> Iterator[tuple[str, ...]]:
    """In the order of COLUMNS: of each scenario its programs, and what none could be better than."""
    for _, alike in itertools.groupby(summaries, lambda each: each.name):
        ours, *others = alike
        yield _measured(ours, _about(ours), ours)
        yield from (_measured(each, ("", ""), ours) for each in others)
        yield _best(ours.optimum)


def _about(of: Summary) -> tuple[str, str]:
    return f"{of.name}: {of.words} words at {of.pace:g}, {of.via}", str(of.streams)


def _measured(of: Summary, about: tuple[str, str], ours: Summary) -> tuple[str, ...]:
    best = of.optimum
    tokens = _with_ratio(of.milliseconds_a_token, ours.milliseconds_a_token if of is not ours else None, 2)
    return (
        *about,
        PROGRAMS.get(of.program, of.program),
        _with_ratio(of.first_text, best.first_text),
        f"{of.p95_first_text:.3f}",
        _with_ratio(of.worst_first_text, best.worst_first_text),
        _with_ratio(of.mean_age, best.mean_age),
        _with_ratio(of.worst_mean_age, best.mean_age),
        _with_ratio(of.final_text, best.final_text),
        f"{of.p95_final_text:.3f}",
        _with_ratio(of.worst_final_text, best.worst_final_text),
        str(of.calls),
        str(of.refused),
        str(of.lost),
        _shown(of.bot.cpu_seconds, "{:.2f} s"),
        tokens if of.milliseconds_a_token is None else f"{tokens} ms",
        _shown(of.longest_block, "{:.3f}"),
        _shown(of.bot.peak_rss_mb, "{:.0f} MB"),
        _shown(of.playground.cpu_seconds, "{:.2f} s"),
        _shown(of.playground.peak_rss_mb, "{:.0f} MB"),
        f"{of.model_lateness:.3f}",
    )


def _best(best: Optimum) -> tuple[str, ...]:
    first = (best.first_text, None, best.worst_first_text)
    times = (*first, best.mean_age, best.mean_age, best.final_text, None, best.worst_final_text)
    return ("", "", "optimum", *("" if told is None else f"{told:.3f}" for told in times), *[""] * 10)


def _with_ratio(figure: float | None, other: float | None, digits: int = 3) -> str:
    if figure is None:
        return "-"
    told = f"{figure:.{digits}f}"
    return told if other is None or other < WORTH_A_RATIO else f"×{figure / other:.1f} {told}"


def _shown(figure: float | None, pattern: str) -> str:
    return "-" if figure is None else pattern.format(figure)


def table(alike: Sequence[Summary]) -> Table:
    """Of one scenario: its programs beside each other, and what none could be better than."""
    programs = list(rows(alike))
    told = "In seconds, means, what 95 of 100 keep, and the worst; × the optimum, or × Causerie's CPU a token"
    shown = Table(title=f"{programs[0][0]}; streams: {programs[0][1]}", title_justify="left", caption=told)
    shown.add_column("", no_wrap=True)
    for program in programs:
        shown.add_column(program[2], justify="right", no_wrap=True)
    for name, *figures in itertools.islice(zip(COLUMNS, *programs, strict=True), 3, None):
        shown.add_row(name, *figures)
    return shown


def markdown(summaries: Sequence[Summary], about: dict[str, Any]) -> str:
    aligned = ("---" if number in (0, 2) else "---:" for number in range(len(COLUMNS)))
    table = "\n".join(f"| {' | '.join(row)} |" for row in (COLUMNS, aligned, *rows(summaries)))
    machine = f"Python {about['python']}, {about['processors']} processors, {about['system']}, {about['at']}."
    return f"# Freshness of answers while they are written\n\n{machine} {MEANING}\n\n{table}\n"


def as_json(summaries: Sequence[Summary], about: dict[str, Any]) -> str:
    return json.dumps({**about, "scenarios": [asdict(each) for each in summaries]}, indent=2) + "\n"
