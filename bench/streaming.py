"""How fresh is what people see while an answer is being written?

The unchanged bot, and for comparison a naive one, run against the playground with Discord's rate limits, and against a
scripted model whose tokens leave at exact times. `python -m bench.streaming one ten` measures these scenarios, without
names all of them; the table is printed, and JSON and a picture for each scenario are written to bench/results. What the
columns mean is in bench/scoring.py, and what stands beside the figures in bench/optimum.py. Of processor time and
memory: user and system time of the process from before the first question to after the last answer; the most memory
that it held until then, where the system tells (Linux).
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from bench import chart, profiled, report
from bench.harness import CAUSERIE, NAIVE, Outcome, Stage, about_the_machine
from bench.scenarios import SCENARIOS, Scenario, chosen


async def measured(scenario: Scenario, program: str = CAUSERIE, profile: Path | None = None) -> Outcome:
    """In a directory and processes of its own."""
    with tempfile.TemporaryDirectory() as directory:
        async with Stage(Path(directory), program, profile) as stage:
            return await stage.measure(scenario)


def main(arguments: Sequence[str] | None = None) -> None:
    options = parsed(arguments)
    report.RESULTS.mkdir(exist_ok=True)
    console = Console()
    console = console if console.is_terminal else Console(width=120)
    summaries = []
    for scenario in chosen(options.scenarios, short=options.short):
        outcomes = [_measured(scenario, program, options) for program in options.programs]
        latest = [report.summary(outcome) for outcome in outcomes]
        summaries += latest
        picture = chart.svg(outcomes, latest[0].optimum.mean_age)
        (report.RESULTS / f"{scenario.name}.svg").write_text(picture)
        if options.summary and scenario.name == report.PICTURED:
            (report.RESULTS / "freshness.svg").write_text(picture)
        console.print(report.table(latest))
    about = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **about_the_machine()}
    (report.RESULTS / "streaming.json").write_text(report.as_json(summaries, about))
    if options.summary:
        (report.RESULTS / "summary.md").write_text(report.markdown(summaries, about))
    console.print(f"Written to {report.RESULTS}.")


def _measured(scenario: Scenario, program: str, options: argparse.Namespace) -> Outcome:
    profile = report.RESULTS / f"{scenario.name}.{program}.prof" if options.profile else None
    try:
        outcome = asyncio.run(measured(scenario, program, profile))
    except (RuntimeError, TimeoutError) as error:
        sys.exit(f"{scenario.name}, {program}: {error}")
    if program == CAUSERIE and outcome.lost:
        sys.exit(f"{scenario.name}: {outcome.lost} of {scenario.streams} answers did not become whole in time")
    if profile:
        print(f"{scenario.name}, {program}: {profiled.told(profile)}")
    return outcome


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.streaming", description="Freshness of streamed answers.")
    parser.add_argument("scenarios", nargs="*", metavar="scenario", help=f"of {', '.join(SCENARIOS)} (default: all)")
    parser.add_argument("--short", action="store_true", help="a few seconds: whether the bench works, not how fast")
    parser.add_argument("--profile", action="store_true", help="run the bot under cProfile and print what dominates")
    parser.add_argument(
        "--summary", action="store_true", help="also write the summary and the picture that are kept with the code"
    )
    parser.add_argument(
        "--alone",
        dest="programs",
        action="store_const",
        const=(CAUSERIE,),
        default=(CAUSERIE, NAIVE),
        help="leave the naive bot out",
    )
    options = parser.parse_args(arguments)
    unknown = [name for name in options.scenarios if name not in SCENARIOS]
    if unknown:
        parser.error(f"there is no scenario {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    return options


if __name__ == "__main__":
    main()
