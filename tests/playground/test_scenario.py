from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from bot.clock import ManualClock
from playground import scenario
from playground.faults import CallFault
from playground.limits import Rate
from playground.scenario import ScenarioError, WrongScenario
from playground.server import Playground, default_world
from tests.playground.gate import MESSAGES, Gate

COURSE = """
seed = 7
begin = "start"

[[step]]
at = 4.0
clear = true
rate = { name = "message.edit", lifted = true }

[[step]]
fault = { route = "message.edit", latency = 0.2, jitter = 0.1, nth = [1, 3] }

[[step]]
at = 1.5
say = { person = "Ada", channel = "general", text = "{bot} hello" }
rate = { name = "message.edit", calls = 2, seconds = 5 }

[[step]]
at = 1.5
say = { person = "민준", text = "안녕" }

[[step]]
at = 2
say = { person = "Ada", channel = "mods", text = "let me in" }
"""

WRONG = """
begin = "now"

[[step]]
at = -1
fault = { route = "*", status = 200, times = 0 }
rate = { name = "message.edti", calls = 0, seconds = 1e9 }

[[step]]
sai = 1
say = { person = "Adda", channel = "genral", text = "a" }
"""


def garden() -> Playground:
    playground = Playground()
    default_world(playground)
    return playground


@pytest.fixture
def course(tmp_path: Path) -> Path:
    path = tmp_path / "course.toml"
    path.write_text(COURSE, encoding="utf-8")
    return path


async def test_steps_happen_at_their_times(course: Path) -> None:
    clock = ManualClock()
    told: list[str] = []
    playground = Playground(clock=clock)
    default_world(playground)
    read = scenario.load(course, playground)
    general = next(each for each in playground.world.channels.values() if each.name == "general")
    playing = asyncio.create_task(scenario.play(read, playground, told.append))
    await clock.advance(1.4)
    (fault,) = playground.faults.listed()
    assert (fault["route"], fault["nth"]) == ("message.edit", [1, 3]) and not general.messages
    await clock.advance(0.2)
    assert [message.content for message in general.messages] == [f"{playground.bot_mention} hello"]
    minjun = next(user for user in playground.world.users.values() if user.name == "민준")
    assert [message.content for message in playground.world.dm(minjun).messages] == ["안녕"]
    assert playground.limits.rate("message.edit") == Rate(2, 5.0)
    await clock.advance(3)
    await playing
    assert playground.faults.listed() == [] and playground.limits.rate("message.edit") is None
    assert [line.split(maxsplit=2)[2] for line in told[:4]] == ["fault", "rate", "say", "say"]
    assert "refused: 403 50001" in told[4]


@pytest.mark.parametrize(("act", "resumed"), [("cut", True), ("lose", False)])
async def test_time_counts_from_the_bots_arrival_and_the_gateway_is_cut(act: str, resumed: bool) -> None:
    async with Playground() as playground:
        read = scenario.parsed({"step": [{"at": 0.01, "gateway": act}]}, playground)
        playing = asyncio.create_task(scenario.play(read, playground, lambda _: None))
        await asyncio.sleep(0)
        async with Gate(playground) as gate:
            await gate.identify(MESSAGES)
            assert await gate.close_code() == 1006
            await playing
            await playground.wait_for(lambda: not playground.online)
            async with Gate(playground) as again:
                await again.resume(gate.session_id, gate.sequence)
                assert ((await again.receive())["op"] == 0) is resumed


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("step = 3 3", "no TOML: "),
        ("", r"there is no \[\[step\]\]"),
        ("sed = 1", "unknown key 'sed'; known are seed, begin, step"),
        ("begin = 'now'", "begin is one of online, start, not 'now'"),
        ("[[step]]\nat = 1", "step 1: does nothing; it may name clear, fault, rate, gateway, say"),
        ("[[step]]\nclear = true\n[[step]]\nat = -1\nclear = true", "step 2: at is between 0 and"),
        ("[[step]]\ngateway = 'cutt'", "step 1: gateway is one of cut, lose, reconnect, invalidate, not 'cutt'"),
        ("[[step]]\nfault = { route = 'message.edti', status = 500 }", "step 1: fault: no route is 'message.edti'"),
        ("[[step]]\nfault = { event = 'MESSAGES', cut = true }", "step 1: fault: no event is 'MESSAGES'"),
        ("[[step]]\nfault = { route = '*', status = 'x' }", "step 1: fault: status is a whole number"),
        ("[[step]]\nfault = 3", "step 1: fault is a table"),
        (
            "[[step]]\nrate = { name = 'message.edti', calls = 1, seconds = 1 }",
            "step 1: rate: no limit is 'message.edti'; it is one",
        ),
        ("[[step]]\nrate = { name = [1], calls = 1, seconds = 1 }", "step 1: rate: no limit is"),
        ("[[step]]\nrate = { name = 'global', lifted = 1 }", "step 1: rate.lifted is true or false"),
        ("[[step]]\nclear = 'yes'", "step 1: clear is true or false"),
        ("[[step]]\nrate = { name = 'global' }", "step 1: rate: calls is a whole number from 1 to"),
        ("[[step]]\nrate = { name = 'global', calls = 1, seconds = 0 }", "rate: seconds is a number from 0.001 to"),
        ("[[step]]\nsay = { person = 'Ada' }", "step 1: say.text is a text"),
        ("[[step]]\nsay = { person = 'Ada', text = 'a', chanel = 'b' }", "step 1: unknown key 'chanel'"),
        ("step = [1]", "step 1: is no table"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_step(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=told) as wrong:
        scenario.load(path, garden())
    assert str(wrong.value).startswith(f"{path}: ")


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(WRONG, encoding="utf-8")
    with pytest.raises(ScenarioError) as wrong:
        scenario.load(path, garden())
    lines = str(wrong.value).splitlines()
    assert all(line.startswith(f"{path}: ") for line in lines)
    assert [re.split("; |, not| is one of", line.removeprefix(f"{path}: "))[0] for line in lines] == [
        "begin",
        "step 1: at is between 0 and 86400 seconds",
        "step 1: fault: times is at least 1",
        "step 1: fault: status is between 400 and 599",
        "step 1: rate: no limit is 'message.edti'",
        "step 1: rate: calls is a whole number from 1 to 1000000",
        "step 1: rate: seconds is a number from 0.001 to 86400",
        "step 2: unknown key 'sai'",
        "step 2: there is no person 'Adda'",
        "step 2: there is no channel 'genral'",
    ]


def test_a_mistyped_key_of_a_rate_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text("[[step]]\nrate = { name = 'message.edit', call = 2 }", encoding="utf-8")
    with pytest.raises(ScenarioError) as wrong:
        scenario.load(path, garden())
    assert str(wrong.value) == f"{path}: step 1: unknown key 'call'; known are name, calls, seconds, lifted"


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot be read: No such file"):
        scenario.load(tmp_path / "none.toml", garden())
    (tmp_path / "raw.toml").write_bytes(b"\xff")
    with pytest.raises(ScenarioError, match="cannot be read"):
        scenario.load(tmp_path / "raw.toml", garden())


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"person": "Adda", "channel": "general", "text": "a"}, "step 1: there is no person 'Adda'"),
        ({"person": "Ada", "channel": "genral", "text": "a"}, "step 1: there is no channel 'genral'"),
    ],
)
def test_who_and_where_is_checked_before_anything_happens(said: dict[str, str], told: str) -> None:
    with pytest.raises(WrongScenario, match=told):
        scenario.parsed({"step": [{"say": said}]}, garden())


async def test_the_program_plays_a_file_and_refuses_a_wrong_one(tmp_path: Path) -> None:
    right, wrong = tmp_path / "right.toml", tmp_path / "wrong.toml"
    right.write_text("begin = 'start'\n[[step]]\nsay = { person = 'Ada', channel = 'general', text = 'a' }")
    wrong.write_text("[[step]]\ngateway = 'cutt'")
    process = await _program(right)
    assert process.stdout is not None
    try:
        lines = [(await process.stdout.readline()).decode() for _ in range(4)]
        async with aiohttp.ClientSession() as http, http.get(lines[2].partition("=")[2].strip()) as answer:
            assert answer.content_type == "text/html", "the page"
    finally:
        process.send_signal(signal.SIGTERM)
        status = await process.wait()
    assert lines[3].split() == ["0.00", "s", "say"] and status == 0
    refused = await _program(wrong)
    _, told = await refused.communicate()
    assert refused.returncode == 1
    assert (
        told.decode()
        == f"playground: {wrong}: step 1: gateway is one of cut, lose, reconnect, invalidate, not 'cutt'\n"
    )


async def _program(path: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "playground",
        "--scenario",
        str(path),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ,
    )


def test_a_fault_of_a_file_is_one_of_python() -> None:
    read = scenario.parsed({"step": [{"fault": {"route": "typing", "drop": True}}]}, garden())
    assert read.steps[0].fault == CallFault(route="typing", drop=True)
