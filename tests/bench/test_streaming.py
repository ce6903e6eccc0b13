"""The bench as it is run, with its processes, once; and what it makes of an outcome."""

from __future__ import annotations

import cProfile
import io
import json
import selectors
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from bench import chart, profiled, report
from bench.harness import CAUSERIE, NAIVE, Cost, Outcome, Stage, Written
from bench.scenarios import SCENARIOS, Scenario, Via
from bench.scoring import State, freshness
from bench.streaming import measured, parsed
from playground.models.scripted import ScriptedServer

SENT = [("a", 10.0), (" b", 11.0), (" c", 12.0)]


def outcome(*series: Sequence[State], program: str = CAUSERIE) -> Outcome:
    answers = tuple(Written(sent=SENT, states=states, fresh=freshness(SENT, states)) for states in series)
    return Outcome(
        scenario=replace(SCENARIOS["ten"], streams=len(series)),
        program=program,
        answers=answers,
        lost=0,
        calls=7,
        refused=1,
        seconds=3.0,
        model_lateness=0.01,
        longest_block=0.007,
        bot=Cost(cpu_seconds=0.5, peak_rss_mb=100.0),
        playground=Cost(cpu_seconds=None, peak_rss_mb=None),
    )


QUICK, SLOW = [(10.5, "a"), (12.5, "a b c")], [(13.0, "a b c")]


@pytest.mark.parametrize("program", [CAUSERIE, NAIVE])
async def test_an_answer_is_measured_with_its_processes(program: str) -> None:
    result = await measured(Scenario(name="small", streams=2, words=10, pace=100.0, via=Via.ASK), program)
    assert [len(each.sent) for each in result.answers] == [10, 10]
    assert result.refused == 0 and result.calls >= 4
    for written in result.answers:
        assert 0 < written.fresh.final_text < 5 and written.fresh.states >= 2
    if sys.platform == "linux":
        assert result.longest_block is not None and 0 < result.longest_block < result.seconds
        for cost in (result.bot, result.playground):
            assert cost.cpu_seconds is not None and cost.peak_rss_mb is not None and cost.peak_rss_mb > 20


class Unreliable(Stage):
    """One whose bot answers every question but those of `lost`."""

    lost: frozenset[int]

    async def _place(self, name: str) -> tuple[str, str]:
        return "person", name.rpartition("-")[2]

    async def _ask(self, via: Via, person: str, channel: str, question: str) -> None:
        assert question.endswith(channel)

    async def _written(self, scenario: Scenario, person: str, channel: str, question: str) -> Written:
        if int(channel) in self.lost:
            raise TimeoutError
        return outcome(QUICK).answers[0]


async def test_answers_that_never_become_whole_are_left_out(tmp_path: Path) -> None:
    stage = Unreliable(tmp_path)
    async with ScriptedServer() as stage.model:
        stage.lost = frozenset({0, 3})
        assert len(await stage._asked(SCENARIOS["ten"])) == 8
        stage.lost = frozenset(range(10))
        with pytest.raises(TimeoutError, match="no answer became whole"):
            await stage._asked(SCENARIOS["ten"])


async def test_a_bot_that_does_not_start_ends_the_bench_with_its_last_lines(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)the bot ended with status 1:\n.*No module named nobody_at_all"):
        async with Stage(tmp_path, "nobody_at_all"):
            pass


def test_a_summary_holds_means_and_the_worst() -> None:
    summary = report.summary(outcome(QUICK, SLOW))
    assert (summary.first_text, summary.worst_first_text) == (1.75, 3.0)
    assert (summary.final_text, summary.worst_final_text) == (0.75, 1.0)
    # Quick: from 0 to 0.5, then from 0.5 to 2, over 2 s. Slow: from 0 to 2.
    assert (summary.mean_age, summary.worst_mean_age) == pytest.approx((1.0, 1.0))
    assert summary.states == 3
    crowd = report.summary(outcome(*[QUICK] * 19, SLOW))
    assert (crowd.p95_first_text, crowd.worst_first_text) == (0.5, 3.0)
    assert report.summary(outcome(*[QUICK] * 18, SLOW, SLOW)).p95_final_text == 1.0


def test_what_could_be_best_is_computed_for_the_answers_that_were_measured() -> None:
    summary = report.summary(outcome(QUICK))
    # The scenario's 300 words at 50 a second, of one page by the text that was sent.
    assert summary.optimum.mean_age == pytest.approx((4 * 1.25**2 + 0.98**2) / 2 / 5.98, abs=0.005)
    assert summary.milliseconds_a_token == pytest.approx(500 / 3)


def test_the_table_compares_programs_with_each_other_and_with_the_best() -> None:
    slow = replace(outcome(SLOW, program=NAIVE), bot=Cost(cpu_seconds=2.0, peak_rss_mb=None))
    summaries = [report.summary(each) for each in (outcome(QUICK), slow)]
    ours, naive, best = (dict(zip(report.COLUMNS, row, strict=True)) for row in report.rows(summaries))
    assert (ours["scenario"], ours["program"], ours["first text"]) == (
        "ten: 300 words at 50, mention",
        "Causerie",
        "0.500",
    )
    assert (naive["scenario"], naive["program"]) == ("", "naive")
    assert (best["program"], best["age"], best["a token"]) == ("optimum", "0.603", "")
    # Both are a second old in the mean.
    assert ours["age"] == naive["age"] == "×1.7 1.000"
    assert (ours["a token"], naive["a token"]) == ("166.67 ms", "×4.0 666.67 ms")
    assert (ours["longest block"], naive["CPU"], naive["playground CPU"]) == ("0.007", "2.00 s", "-")


def test_the_summary_has_a_row_a_program() -> None:
    summaries = [report.summary(outcome(QUICK)), report.summary(outcome(SLOW, program=NAIVE))]
    assert report.table(summaries).row_count == len(report.COLUMNS) - 3
    about = {"at": "then", "python": "3", "processors": 2, "system": "Linux"}
    assert report.markdown(summaries, about).count("\n| ") == 2 + 3
    told = json.loads(report.as_json(summaries, about))
    assert told["at"] == "then" and told["scenarios"][0]["bot"]["cpu_seconds"] == 0.5
    assert [each["program"] for each in told["scenarios"]] == [CAUSERIE, NAIVE]


def test_the_chart_shows_each_program_and_the_optimum() -> None:
    outcomes = [outcome(QUICK, SLOW), outcome(SLOW, program=NAIVE)]
    by_time = dict(chart.mean_ages(outcomes[0].answers))
    assert by_time[0.0] == 0.0 and by_time[0.4] == pytest.approx(0.4)
    assert by_time[1.0] == pytest.approx((0.5 + 0.5 + 1.0) / 2)
    picture = ElementTree.fromstring(chart.svg(outcomes, 0.5))
    lines = picture.findall("{http://www.w3.org/2000/svg}polyline")
    assert [line.get("class") for line in lines if line.get("class") != "grid"] == ["best", "other", "ours"]
    words = " ".join(picture.itertext())
    assert "Causerie, mean 1.00" in words and "naive, mean 1.00" in words and "optimum, mean 0.50" in words


def test_a_profile_is_told_by_package_without_the_waiting(tmp_path: Path) -> None:
    with cProfile.Profile() as profile, selectors.DefaultSelector() as selector:
        selector.select(0)
        json.dumps([*range(1000)], indent=1)
        report.as_json([report.summary(outcome(QUICK))], {})
    profile.dump_stats(tmp_path / "some.prof")
    rows = profiled.told(tmp_path / "some.prof", packages=50, functions=50).splitlines()
    names = {row[9:] for row in rows[1:]}
    assert {"bench.report", "built-in", "Python's encoder"} <= names
    assert any(name.startswith("bench.report: ") for name in names)
    assert not any("'poll' of" in name for name in names)
    assert profiled.package("/usr/lib/python3/site-packages/aiohttp/web.py") == "aiohttp"


def test_an_unknown_scenario_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed(["one", "three"])
    assert "there is no scenario three; there are one, short" in capsys.readouterr().err


def test_the_naive_bot_can_be_left_out() -> None:
    assert parsed(["one"]).programs == (CAUSERIE, NAIVE)
    assert parsed(["one", "--alone"]).programs == (CAUSERIE,)


def test_the_table_of_a_scenario_fits_a_terminal() -> None:
    summaries = [report.summary(outcome(QUICK, program=program)) for program in (CAUSERIE, NAIVE)]
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(report.table(summaries))
    lines = console.export_text().splitlines()
    assert max(map(len, lines)) <= 120 and "…" not in "".join(lines)
    assert "ten: 300 words at 50, mention; streams: 1" in lines[0]
    (freshest,) = (line for line in lines if " age " in line)
    assert freshest.count("×1.7 1.000") == 2 and freshest.count("0.603") == 1
    assert sum(line.count("│ ") > 0 for line in lines) == len(report.COLUMNS) - 3
