"""How an answer reaches a reader who does not watch it grow."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from bot.domain.actor import EVERYTHING, Actor
from bot.domain.conversation import Place
from bot.domain.run import FinishReason, Run
from bot.domain.settings import Scope
from bot.errors import NotAllowed
from bot.llm.port import Finished, TextDelta
from bot.llm.scripted import Pause, Script
from bot.runs.inbox import Queued
from bot.runs.turn import TurnOfRun
from tests.runs.conftest import ANNA, BORA, OWNER, Stage

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
    assert calls(stage, for_anna, "typing") == calls(stage, for_bora, "typing"), "nobody is made to wait for a notice"
    notice = f"<@{BORA.user_id}> Your answer is ready: https://discord.com/channels/7/1/{page}"
    assert notice in stage.board.in_channel(1)


@pytest.mark.parametrize(("seconds", "notices"), [(15.0, 0), (21.0, 1)])
async def test_a_quick_answer_needs_no_notice(stage: Stage, seconds: float, notices: int) -> None:
    await choose(stage, "notice", "on", Scope.CHANNEL)
    stage.model.enqueue(slowly(seconds))
    run = await stage.ask()
    work = asyncio.create_task(TurnOfRun(stage.studio, await stage.claim(), OWNER).carry_out())
    await stage.until_asked()
    await stage.pass_time(work)
    assert calls(stage, run, "notice") == notices


async def test_a_notice_leads_to_the_beginning_of_the_answer(stage: Stage) -> None:
    await choose(stage, "notice", "on", Scope.CHANNEL)
    text = "\n".join(f"line {number} of a long answer" for number in range(200))
    stage.model.enqueue(Script((TextDelta(text), Pause(30.0), Finished(FinishReason.STOP, None))))
    run = await stage.answer()
    first, *more = stage.board.of_run[run.run_id]
    assert more and stage.board.in_channel(1)[-1].endswith(f"/7/1/{first}")


async def test_a_notice_in_a_direct_message_leads_there(stage: Stage) -> None:
    direct = Place(channel_id=5)
    await stage.preferences.set(
        direct, Actor(user_id=11, name="A", permissions=EVERYTHING), "notice", "on", Scope.PERSON
    )
    stage.model.enqueue(slowly())
    accepted = await stage.inbox.accept(dataclasses.replace(stage.incoming(), place=direct))
    assert isinstance(accepted, Queued)
    await stage.pass_time(TurnOfRun(stage.studio, await stage.claim(), OWNER).carry_out())
    (page,) = stage.board.of_run[accepted.run.run_id]
    assert stage.board.in_channel(5)[-1].endswith(f"https://discord.com/channels/@me/5/{page}")


async def test_what_is_no_answer_is_not_called_one(stage: Stage) -> None:
    await choose(stage, "notice", "on", Scope.CHANNEL)
    end = Finished(FinishReason.LENGTH, None)
    stage.model.enqueue(Script((Pause(30.0), end)), slowly())
    empty = await stage.answer()
    stage.board.fail("edit", NotAllowed())
    unshown = await stage.answer()
    assert stage.board.shown(unshown) == "At last,"
    assert (calls(stage, empty, "notice"), calls(stage, unshown, "notice")) == (0, 0)


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
