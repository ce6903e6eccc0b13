"""Each thing that can go wrong with a call, at each step of an answer: what becomes of the answer.

The cases are played side by side, each in a channel of its own: what passes by itself costs the bot seconds of waiting,
by discord.py's clock and not by ours. Then each is looked at. An answer arrives whole and once, or its run ended with
the reason in the database and in the log.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from playground.entities import Channel
from playground.faults import CallFault, Chance
from playground.models.recital import Messages
from playground.models.scripted import ScriptedServer
from playground.server import Playground
from playground.waiting import PATIENCE
from tests.journeys.conftest import environment
from tests.journeys.program import Program

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOKENS_A_SECOND = 120.0
SHORT = " ".join(f"word{number:04}" for number in range(60))
LONG = " ".join(f"word{number:04}" for number in range(480))
"""Of three pages; the second begins long before the end."""


@dataclass(frozen=True, slots=True)
class Step:
    """A call of an answer: which one of its route it is, and the answer that has it."""

    name: str
    route: str
    number: int | None
    """None: the one that brings the last word."""
    answer: str

    @property
    def by_command(self) -> bool:
        return "{token}" in self.route


TYPING = Step("typing", "POST /channels/{channel}/typing", 1, SHORT)
FIRST = Step("first page", "POST /channels/{channel}/messages", 1, SHORT)
EDIT = Step("edit meanwhile", "PATCH /channels/{channel}/messages/*", 1, LONG)
NEXT = Step("second page", "POST /channels/{channel}/messages", 2, LONG)
LAST = Step("final edit", "PATCH /channels/{channel}/messages/*", None, SHORT)
RESPONSE = Step("response", "PATCH /webhooks/*/{token}/messages/@original", 1, SHORT)
FOLLOW_UP = Step("follow-up", "POST /webhooks/*/{token}", 1, LONG)
LAST_OF_RESPONSE = Step("final edit of a response", "PATCH /webhooks/*/{token}/messages/@original", None, SHORT)
STEPS = (LAST, LAST_OF_RESPONSE, TYPING, RESPONSE, FOLLOW_UP, FIRST, EDIT, NEXT)
"""One after the other, each with all its faults side by side: with everything at once, the bot would put off what can
wait until nobody needs it any more, and leave other tests no processor."""

NO_MESSAGE = {"message": "Unknown Message", "code": 10008}
NO_CHANNEL = {"message": "Unknown Channel", "code": 10003}
MAY_NOT = {"message": "Missing Permissions", "code": 50013}
FAULTS: Mapping[str, dict[str, Any]] = {
    "500": {"status": 500},
    "502 of a proxy": {"status": 502, "body": "<html>Bad Gateway</html>"},
    "503": {"status": 503},
    "504, done all the same": {"status": 504, "after": True},
    "late": {"latency": 1.5},
    "connection lost before": {"drop": True},
    "connection lost after": {"drop": True, "after": True},
    "429 of a sub-limit": {"status": 429, "retry_after": 0.3},
    "429 of the network's edge": {"status": 429, "via": False, "body": "<html>error 1015</html>"},
    "404 message": {"status": 404, "body": NO_MESSAGE},
    "404 channel": {"status": 404, "body": NO_CHANNEL},
    "403": {"status": 403, "body": MAY_NOT},
}
LASTING = ("404 message", "404 channel", "403")
"""What does not pass: every call of the route from then on meets it."""
MANY = 100
THOUGHT = 2.0
"""Seconds until the model's first token, where signs of typing are looked at: the more ask, the later they come."""


class End(Enum):
    WHOLE = "whole"
    UNSHOWN = "the run failed, with its reason"
    CUT = "the run ended as answered, its reason kept: what was shown is the beginning"


@dataclass(frozen=True, slots=True)
class Case:
    step: Step
    fault: str

    @property
    def name(self) -> str:
        return f"{self.step.name}: {self.fault}"

    @property
    def end(self) -> End:
        if self.fault not in LASTING or self.step is TYPING:
            return End.WHOLE
        if self.step is FIRST and self.fault == "404 message":
            # What was answered is gone: the answer comes without being a reply.
            return End.WHOLE
        return End.CUT if self.step.number is None else End.UNSHOWN

    def planned(self, channel: Channel, token: str) -> CallFault:
        """`token`: the interaction's."""
        number = self.step.number or 1
        lasting = self.fault in LASTING and self.end is not End.WHOLE
        return CallFault(
            route=self.step.route.format(channel=channel.id, token=token),
            contains="" if self.step.number else self.step.answer.split()[-1],
            chance=Chance(nth=tuple(range(number, MANY)) if lasting else (number,)),
            **FAULTS[self.fault],
        )


CASES = [Case(step, fault) for step, fault in itertools.product(STEPS, FAULTS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What was left of a case."""

    pages: tuple[str, ...]
    status: str
    error: str | None
    logged: tuple[Mapping[str, Any], ...]
    struck: int


def _script(messages: Messages) -> str:
    asked = str(messages[-1]["content"])
    return LONG if "long" in asked else SHORT


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def played(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mapping[Case, Played]]:
    directory = tmp_path_factory.mktemp("bot")
    async with (
        Playground(rates={"global": None}, answer_seconds=PATIENCE) as playground,
        ScriptedServer(script=_script, rate=TOKENS_A_SECOND, first_token=0.05) as model,
    ):
        told = {"LOG_FORMAT": "json", "CAUSERIE_CONCURRENT_RUNS": "100"}
        async with Program(environment(playground, model.base_url, directory, **told)) as program:
            await playground.registered("ask")
            theatre = Theatre(playground, program, model)
            await theatre.play()
        runs = _runs(directory / "causerie.db")
        lines = [json.loads(line) for line in program.output.splitlines() if line.startswith("{")]
        yield {case: theatre.left(case, runs, lines) for case in CASES}


class Theatre:
    """A channel for each case, and the fault that waits in it."""

    def __init__(self, playground: Playground, program: Program, model: ScriptedServer) -> None:
        self._playground = playground
        self._program = program
        self._model = model
        self._guild, self._ada = playground.add_guild("Causerie"), playground.add_person("Ada")
        playground.join(self._ada, self._guild)
        self._channels = {case: playground.add_channel(self._guild, str(n)) for n, case in enumerate(CASES)}
        self._faults: dict[Case, int] = {}

    async def play(self) -> None:
        for step in STEPS:
            cases = [case for case in CASES if case.step is step]
            self._model.first_token = THOUGHT if step is TYPING else 0.05
            await asyncio.gather(*(self._ask(case) for case in cases))
            await self._program.says('"run_ended"', times=len(self._faults))

    async def _ask(self, case: Case) -> None:
        channel, question = self._channels[case], _question(case.step.answer)
        token = ""
        if case.step.by_command:
            token = self._ada.use_command(channel, "ask", {"prompt": question}).interaction.token
        self._faults[case] = self._playground.faults.add(case.planned(channel, token))
        if not case.step.by_command:
            await self._ada.say(channel, f"{self._playground.bot_mention} {question}")

    def left(self, case: Case, runs: Mapping[int, tuple[int, str, str | None]], lines: list[dict[str, Any]]) -> Played:
        channel = self._channels[case]
        run_id, status, error = runs[channel.id]
        struck = {each["id"]: each["struck"] for each in self._playground.faults.listed()}
        return Played(
            pages=tuple(
                message.content.removeprefix(f"> {_question(case.step.answer)}\n")
                for message in channel.messages
                if message.author.bot
            ),
            status=status,
            error=error,
            logged=tuple(line for line in lines if line.get("run") == run_id),
            struck=struck[self._faults[case]],
        )


def _runs(database: Path) -> dict[int, tuple[int, str, str | None]]:
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute("SELECT channel_id, id, status, error FROM runs").fetchall()
    return {channel_id: (run_id, status, error) for channel_id, run_id, status, error in found}


def _question(answer: str) -> str:
    return f"a {'long' if answer is LONG else 'short'} answer, please"


def _bare(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_an_answer_meets_a_fault(played: Mapping[Case, Played], case: Case) -> None:
    left = played[case]
    assert left.struck, "the fault met no call"
    shown, expected = [_bare(page) for page in left.pages], _bare(case.step.answer)
    if case.end is End.WHOLE:
        assert "".join(shown) == expected
        assert (left.status, left.error) == ("completed", None)
    else:
        assert len("".join(shown)) < len(expected) and all(page in expected for page in shown)
        assert left.status == ("failed" if case.end is End.UNSHOWN else "completed")
        assert left.error is not None and _named(case) in left.error


async def test_the_log_says_why_an_answer_is_not_whole(played: Mapping[Case, Played]) -> None:
    silent = {
        case.name
        for case in CASES
        if case.end in (End.UNSHOWN, End.CUT) and not any(_named(case) in str(line) for line in played[case].logged)
    }
    assert silent == set()


def _named(case: Case) -> str:
    return {"404 message": "MessageGone", "404 channel": "ChannelGone", "403": "NotAllowed"}[case.fault]
