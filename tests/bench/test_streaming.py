"""The bench as it is run, with its processes, once; and what it makes of an outcome."""

from __future__ import annotations

import cProfile
import json
import selectors
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench import chart, profiled, report
from bench.harness import Cost, Outcome, Stage, Written
from bench.scenarios import SCENARIOS, Scenario, Via
from bench.scoring import State, freshness
from bench.streaming import measured, parsed

SENT = [("a", 10.0), (" b", 11.0), (" c", 12.0)]


def outcome(*series: Sequence[State]) -> Outcome:
    answers = tuple(Written(sent=SENT, states=states, fresh=freshness(SENT, states)) for states in series)
    return Outcome(
        scenario=replace(SCENARIOS["ten"], streams=len(series)),
        answers=answers,
        calls=7,
        refused=1,
        seconds=3.0,
        model_lateness=0.01,
        bot=Cost(cpu_seconds=0.5, peak_rss_mb=100.0),
        playground=Cost(cpu_seconds=None, peak_rss_mb=None),
    )


QUICK, SLOW = [(10.5, "a"), (12.5, "a b c")], [(13.0, "a b c")]


async def test_an_answer_is_measured_with_its_processes() -> None:
    result = await measured(Scenario(name="small", streams=2, words=10, pace=100.0, via=Via.ASK))
    assert [len(each.sent) for each in result.answers] == [10, 10]
    assert result.refused == 0 and result.calls >= 4
    for written in result.answers:
        assert 0 < written.fresh.final_text < 5 and written.fresh.states >= 2
    if sys.platform == "linux":
        for cost in (result.bot, result.playground):
            assert cost.cpu_seconds is not None and cost.peak_rss_mb is not None and cost.peak_rss_mb > 20


async def test_a_bot_that_does_not_start_ends_the_bench_with_its_last_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = (sys.executable, "-c", "print('no bot today'); raise SystemExit(3)")
    monkeypatch.setattr("bench.harness.COMMAND", command)
    with pytest.raises(RuntimeError, match="the bot ended with status 3:\nno bot today"):
        async with Stage(tmp_path):
            pass


def test_a_summary_holds_means_and_the_worst() -> None:
    summary = report.summary(outcome(QUICK, SLOW))
    assert (summary.first_text, summary.worst_first_text) == (1.75, 3.0)
    assert (summary.final_text, summary.worst_final_text) == (0.75, 1.0)
    # Quick: from 0 to 0.5, then from 0.5 to 2, over 2 s. Slow: from 0 to 2.
    assert (summary.mean_age, summary.worst_mean_age) == pytest.approx((1.0, 1.0))
    assert summary.states == 3


def test_the_table_and_the_summary_have_a_row_a_scenario() -> None:
    summaries = [report.summary(outcome(QUICK)), report.summary(outcome(QUICK, SLOW))]
    assert report.table(summaries).row_count == 2
    cells = report.cells(summaries[1])
    assert len(cells) == len(report.COLUMNS)
    assert cells[:3] == ("ten: 300 words at 50, mention", "2", "1.750")
    assert cells[-3:] == ("-", "-", "0.010")
    about = {"at": "then", "python": "3", "processors": 2, "system": "Linux"}
    assert report.markdown(summaries, about).count("\n| ten: ") == 2
    told = json.loads(report.as_json(summaries, about))
    assert told["at"] == "then" and told["scenarios"][0]["bot"]["cpu_seconds"] == 0.5


def test_the_chart_shows_the_mean_and_the_worst_age() -> None:
    mean, worst = chart.curves(outcome(QUICK, SLOW).answers)
    by_time = dict(mean)
    assert by_time[0.0] == 0.0 and by_time[0.4 * 1.0] == pytest.approx(0.4)
    assert by_time[1.0] == pytest.approx(1.0) and dict(worst)[2.0] == pytest.approx(2.0)
    picture = ElementTree.fromstring(chart.svg(outcome(QUICK, SLOW)))
    lines = picture.findall("{http://www.w3.org/2000/svg}polyline")
    assert len([line for line in lines if line.get("stroke") in ("#2050a0", "#f0a070")]) == 2


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
