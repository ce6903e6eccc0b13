"""How an answer reaches a reader who does not watch it grow."""

from __future__ import annotations

import asyncio

import pytest

from bot.domain.actor import EVERYTHING, Actor
from bot.domain.conversation import Place
from bot.domain.run import FinishReason, Run
from bot.domain.settings import Scope
from bot.errors import NotAllowed
from bot.llm.port import Finished, TextDelta
from bot.llm.scripted import Pause, Script
from tests.runs.conftest import ANNA, BORA, Stage

PLACE = Place(channel_id=1, guild_id=7)


async def choose(stage: Stage, key: str, value: str, scope: Scope, user_id: int = ANNA.user_id) -> None:
    actor = Actor(user_id=user_id, name="Anna", permissions=EVERYTHING)
    await stage.preferences.set(PLACE, actor, key, value, scope)


def slowly(seconds: float = 30.0) -> Script:
    end = Finished(FinishReason.STOP, None)
    return Script((TextDelta("At last, "), Pause(seconds), TextDelta("the end."), end))


def calls(stage: Stage, run: Run, name: str) -> int:
    return stage.board.calls.count((name, run.run_id))


@pytest.mark.parametrize("scope", [Scope.PERSON, Scope.CHANNEL, Scope.GUILD])
async def test_an_answer_that_comes_when_it_is_finished(stage: Stage, scope: Scope) -> None:
    await choose(stage, "updates", "finished", scope)
    stage.model.enqueue(slowly())
    turn = await stage.begin()
    task = asyncio.ensure_future(turn.carry_out())
    half = stage.clock.monotonic() + 15.0

    async def reached() -> bool:
        return stage.clock.monotonic() >= half

    await stage.until(reached)
    assert not stage.board.texts
    await stage.pass_time(task)
    assert list(stage.board.texts.values()) == ["At last, the end."]


async def test_a_person_may_see_it_grow_where_the_channel_does_not(stage: Stage) -> None:
    await choose(stage, "updates", "finished", Scope.CHANNEL)
    await choose(stage, "updates", "live", Scope.PERSON)
    stage.model.enqueue(slowly())
    run = await stage.answer(speaker=ANNA)
    assert [name for name, _ in stage.board.calls].count("edit") == 1
    assert stage.board.shown(run) == "At last, the end."


async def test_a_long_answer_is_told_to_its_asker_alone(stage: Stage) -> None:
    await choose(stage, "notice", "on", Scope.PERSON, BORA.user_id)
    stage.model.enqueue(slowly(), slowly())
    for_anna = await stage.answer(speaker=ANNA)
    for_bora = await stage.answer(speaker=BORA)
    (page,) = stage.board.of_run[for_bora.run_id]
    assert (calls(stage, for_anna, "notice"), calls(stage, for_bora, "notice")) == (0, 1)
    notice = f"<@{BORA.user_id}> Your answer is ready: https://discord.com/channels/7/1/{page}"
    assert notice in stage.board.in_channel(1)


async def test_a_quick_answer_needs_no_notice(stage: Stage) -> None:
    await choose(stage, "notice", "on", Scope.CHANNEL)
    stage.model.enqueue(slowly(5.0))
    run = await stage.answer()
    assert calls(stage, run, "notice") == 0


async def test_a_private_answer_is_told_to_nobody(stage: Stage) -> None:
    await choose(stage, "notice", "on", Scope.PERSON)
    stage.model.enqueue(slowly())
    run = await stage.answer(private=True)
    assert calls(stage, run, "notice") == 0


async def test_a_notice_that_may_not_be_sent_changes_nothing(stage: Stage) -> None:
    await choose(stage, "notice", "on", Scope.CHANNEL)
    stage.model.enqueue(slowly())
    stage.board.fail("notice", NotAllowed())
    run = await stage.answer()
    assert calls(stage, run, "notice") == 1
    assert (await stage.row(run.run_id))["status"] == "completed"
