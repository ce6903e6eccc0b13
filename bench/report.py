"""Outcomes as a table, as JSON, and as the short summary in Markdown that is kept with the code."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.harness import Cost, Outcome

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Of a scenario: times in seconds, means over its streams and the worst."""

    name: str
    streams: int
    words: int
    pace: float
    via: str
    first_text: float
    worst_first_text: float
    mean_age: float
    worst_mean_age: float
    mean_delay: float
    final_text: float
    worst_final_text: float
    states: int
    calls: int
    refused: int
    seconds: float
    model_lateness: float
    bot: Cost
    playground: Cost


def summary(outcome: Outcome) -> Summary:
    fresh = [written.fresh for written in outcome.answers]
    scenario = outcome.scenario
    return Summary(
        name=scenario.name,
        streams=scenario.streams,
        words=scenario.words,
        pace=scenario.pace,
        via=scenario.via.value,
        first_text=statistics.fmean(each.first_text for each in fresh),
        worst_first_text=max(each.first_text for each in fresh),
        mean_age=statistics.fmean(each.mean_age for each in fresh),
        worst_mean_age=max(each.mean_age for each in fresh),
        mean_delay=statistics.fmean(each.mean_delay for each in fresh),
        final_text=statistics.fmean(each.final_text for each in fresh),
        worst_final_text=max(each.final_text for each in fresh),
        states=sum(each.states for each in fresh),
        calls=outcome.calls,
        refused=outcome.refused,
        seconds=outcome.seconds,
        model_lateness=outcome.model_lateness,
        bot=outcome.bot,
        playground=outcome.playground,
    )


COLUMNS = (
    *("scenario", "streams", "first text", "worst", "age", "worst", "final text", "worst"),
    *("calls", "429s", "bot CPU", "RSS", "playground CPU", "RSS", "model late"),
)


def cells(of: Summary) -> tuple[str, ...]:
    """In the order of COLUMNS."""
    times = (
        *(of.first_text, of.worst_first_text, of.mean_age, of.worst_mean_age),
        *(of.final_text, of.worst_final_text),
    )
    return (
        f"{of.name}: {of.words} words at {of.pace:g}, {of.via}",
        str(of.streams),
        *(f"{seconds:.3f}" for seconds in times),
        str(of.calls),
        str(of.refused),
        *_shown(of.bot),
        *_shown(of.playground),
        f"{of.model_lateness:.3f}",
    )


def _shown(cost: Cost) -> tuple[str, str]:
    cpu = "-" if cost.cpu_seconds is None else f"{cost.cpu_seconds:.2f} s"
    return cpu, "-" if cost.peak_rss_mb is None else f"{cost.peak_rss_mb:.0f} MB"


def table(summaries: Sequence[Summary]) -> Table:
    shown = Table(title="Times in seconds, means over the streams and the worst of them", title_justify="left")
    for number, column in enumerate(COLUMNS):
        shown.add_column(column, justify="left" if number == 0 else "right")
    for each in summaries:
        shown.add_row(*cells(each))
    return shown


def markdown(summaries: Sequence[Summary], about: dict[str, Any]) -> str:
    rows = (COLUMNS, ("---", *("---:" for _ in COLUMNS[1:])), *(cells(each) for each in summaries))
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    machine = f"Python {about['python']}, {about['processors']} processors, {about['system']}, {about['at']}."
    heading = "# Freshness of answers while they are written"
    means = "Times in seconds. bench/scoring.py says what is measured; `make bench ARGS=--summary` writes this file."
    return f"{heading}\n\n{machine} {means}\n\n{table}\n"


def as_json(summaries: Sequence[Summary], about: dict[str, Any]) -> str:
    return json.dumps({**about, "scenarios": [asdict(each) for each in summaries]}, indent=2) + "\n"
