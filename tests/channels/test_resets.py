from __future__ import annotations

import pytest

from bot.channels.departures import Departures
from bot.channels.resets import UNDO_PERIOD, TooLate, Undone
from bot.channels.shipped import DEFAULT_REF
from bot.domain.run import RunStatus
from bot.domain.settings import Permission, Scope
from bot.errors import PermissionMissing
from tests.channels.conftest import ELSEWHERE, GUILD, MODERATOR, THREAD, Desk, actor_without, persona

NO_MODERATOR = actor_without(Permission.MANAGE_MESSAGES)
DAY = UNDO_PERIOD.total_seconds()


async def test_a_reset_hides_what_was_said_here_and_nowhere_else(desk: Desk) -> None:
    await desk.turn()
    await desk.turn()
    other = await desk.turn(ELSEWHERE)
    reset = await desk.resets.reset(GUILD, MODERATOR)
    assert (reset.turns, reset.running, reset.unanswered) == (2, (), ())
    assert await desk.remembered() == [] and await desk.remembered(ELSEWHERE) == [other.run_id]
    (entry,) = await desk.entries()
    assert (entry.action, entry.guild_id, entry.channel_id, entry.actor_id) == ("reset", 7, 1, 5)
    assert entry.details == {"reset": reset.reset_id, "turns": 2, "persona": None}


async def test_what_runs_and_what_waits_is_named(desk: Desk) -> None:
    running = await desk.ask()
    await desk.claim()
    waiting = await desk.ask()
    await desk.ask(ELSEWHERE)
    reset = await desk.resets.reset(GUILD, MODERATOR)
    assert reset.running == (running.run_id,) and reset.turns == 0
    assert reset.unanswered == (waiting.trigger_message_id,)
    assert [run.run_id for run in reset.dropped] == [waiting.run_id]


async def test_an_undo_knows_whether_its_own_reset_dropped_a_question(desk: Desk) -> None:
    await desk.turn()
    await desk.ask()
    first = await desk.resets.reset(GUILD, MODERATOR)
    assert await desk.resets.undo(first.reset_id, GUILD, MODERATOR) == Undone(turns=1, persona_back=False, lost=True)
    await desk.clock.advance(1)
    second = await desk.resets.reset(GUILD, MODERATOR)
    assert await desk.resets.undo(second.reset_id, GUILD, MODERATOR) == Undone(turns=1, persona_back=False)


async def test_an_undo_knows_whether_its_reset_stopped_an_answer(desk: Desk) -> None:
    running = await desk.ask()
    await desk.claim()
    reset = await desk.resets.reset(GUILD, MODERATOR)
    async with desk.storage.write() as work:
        now = desk.clock.now()
        assert await work.runs.finish(running.run_id, owner="worker", status=RunStatus.CANCELLED, now=now)
    assert await desk.resets.undo(reset.reset_id, GUILD, MODERATOR) == Undone(turns=0, persona_back=False, lost=True)


async def test_a_conversation_nothing_was_said_in_can_be_reset(desk: Desk) -> None:
    reset = await desk.resets.reset(GUILD, MODERATOR)
    assert (reset.turns, reset.running, reset.unanswered) == (0, (), ())
    assert await desk.resets.undo(reset.reset_id, GUILD, MODERATOR) == Undone(turns=0, persona_back=False)


async def test_an_undo_brings_back_what_this_reset_hid(desk: Desk) -> None:
    first = await desk.turn()
    earlier = await desk.resets.reset(GUILD, MODERATOR)
    second = await desk.turn()
    later = await desk.resets.reset(GUILD, MODERATOR)
    third = await desk.turn()
    assert await desk.resets.undo(later.reset_id, GUILD, MODERATOR) == Undone(turns=1, persona_back=False)
    assert await desk.remembered() == [second.run_id, third.run_id]
    assert await desk.resets.undo(earlier.reset_id, GUILD, MODERATOR) == Undone(turns=1, persona_back=False)
    assert await desk.remembered() == [first.run_id, second.run_id, third.run_id]
    assert await desk.actions() == ["reset", "reset", "reset.undo", "reset.undo"]


async def test_a_reset_is_undone_once(desk: Desk) -> None:
    await desk.turn()
    reset = await desk.resets.reset(GUILD, MODERATOR)
    await desk.resets.undo(reset.reset_id, GUILD, MODERATOR)
    assert await desk.resets.undo(reset.reset_id, GUILD, MODERATOR) == TooLate()
    assert await desk.resets.undo(999, GUILD, MODERATOR) == TooLate()
    assert await desk.actions() == ["reset", "reset.undo"]


async def test_both_take_manage_messages(desk: Desk) -> None:
    await desk.turn()
    with pytest.raises(PermissionMissing):
        await desk.resets.reset(GUILD, NO_MODERATOR)
    assert len(await desk.remembered()) == 1
    reset = await desk.resets.reset(GUILD, MODERATOR)
    with pytest.raises(PermissionMissing):
        await desk.resets.undo(reset.reset_id, GUILD, NO_MODERATOR)
    assert await desk.remembered() == [] and await desk.actions() == ["reset"]


async def test_after_a_day_what_was_reset_is_deleted_for_good(desk: Desk) -> None:
    await desk.turn()
    reset = await desk.resets.reset(GUILD, MODERATOR)
    kept = await desk.turn()
    await desk.clock.advance(DAY)
    assert await desk.resets.purge() == 0
    assert await desk.count("items") == 4
    await desk.clock.advance(1)
    assert await desk.resets.purge() == 1
    assert await desk.count("items") == 2 and await desk.remembered() == [kept.run_id]
    assert await desk.resets.undo(reset.reset_id, GUILD, MODERATOR) == TooLate()
    assert await desk.resets.purge() == 0


async def test_what_was_brought_back_is_never_deleted(desk: Desk) -> None:
    run = await desk.turn()
    reset = await desk.resets.reset(GUILD, MODERATOR)
    await desk.resets.undo(reset.reset_id, GUILD, MODERATOR)
    await desk.clock.advance(2 * DAY)
    assert await desk.resets.purge() == 0 and await desk.remembered() == [run.run_id]


async def test_a_reset_that_cannot_be_audited_is_not_done(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    run = await desk.turn()

    async def refused(*arguments: object, **values: object) -> int:
        raise OSError("the disk is full")

    monkeypatch.setattr("bot.storage.audit.Audit.add", refused)
    with pytest.raises(OSError, match="disk"):
        await desk.resets.reset(GUILD, MODERATOR)
    assert await desk.remembered() == [run.run_id]


class TestPersona:
    async def test_a_reset_takes_the_channels_persona_back_and_its_undo_returns_it(self, desk: Desk) -> None:
        tutor = await desk.personas.use(GUILD, MODERATOR, "Tutor", "en")
        await desk.personas.use(ELSEWHERE, MODERATOR, "Editor", "en")
        reset = await desk.resets.reset(GUILD, MODERATOR)
        assert reset.persona_left and (await desk.entries())[-1].details["persona"] == tutor.ref
        assert (await desk.personas.current(GUILD, MODERATOR, "en")).ref == DEFAULT_REF
        assert (await desk.personas.current(ELSEWHERE, MODERATOR, "en")).name == "Editor"
        assert (await desk.resets.undo(reset.reset_id, GUILD, MODERATOR)) == Undone(turns=0, persona_back=True)
        assert await desk.personas.current(GUILD, MODERATOR, "en") == tutor

    async def test_one_that_was_chosen_since_stays(self, desk: Desk) -> None:
        await desk.personas.use(GUILD, MODERATOR, "Tutor", "en")
        reset = await desk.resets.reset(GUILD, MODERATOR)
        await desk.personas.use(GUILD, MODERATOR, "Editor", "en")
        assert (await desk.resets.undo(reset.reset_id, GUILD, MODERATOR)) == Undone(turns=0, persona_back=False)
        assert (await desk.personas.current(GUILD, MODERATOR, "en")).name == "Editor"

    async def test_it_stays_where_only_managers_may_change_it(self, desk: Desk) -> None:
        await desk.preferences.set(GUILD, MODERATOR, "persona_use", "managers", Scope.CHANNEL)
        tutor = await desk.personas.use(GUILD, MODERATOR, "Tutor", "en")
        reset = await desk.resets.reset(GUILD, actor_without(Permission.MANAGE_CHANNELS))
        assert not reset.persona_left and await desk.personas.current(GUILD, MODERATOR, "en") == tutor
        assert (await desk.resets.reset(GUILD, MODERATOR)).persona_left

    async def test_one_that_was_deleted_since_does_not_come_back(self, desk: Desk) -> None:
        pirate = await desk.personas.create(GUILD, MODERATOR, persona())
        await desk.personas.use(GUILD, MODERATOR, "Pirate", "en")
        reset = await desk.resets.reset(GUILD, MODERATOR)
        await desk.personas.delete(GUILD, MODERATOR, pirate.name, "en")
        assert not (await desk.resets.undo(reset.reset_id, GUILD, MODERATOR)).persona_back  # type: ignore[union-attr]

    async def test_a_thread_goes_back_to_its_channels_persona(self, desk: Desk) -> None:
        await desk.personas.use(GUILD, MODERATOR, "Tutor", "en")
        await desk.personas.use(THREAD, MODERATOR, "Editor", "en")
        await desk.resets.reset(THREAD, MODERATOR)
        assert (await desk.personas.current(THREAD, MODERATOR, "en")).name == "Tutor"


class TestDepartures:
    async def test_nothing_is_kept_of_a_deleted_channel_and_its_threads(self, desk: Desk) -> None:
        for place in (GUILD, THREAD, ELSEWHERE):
            await desk.turn(place)
            await desk.personas.use(place, MODERATOR, "Tutor", "en")
        await Departures(desk.storage).channel(GUILD.channel_id)
        assert await desk.remembered(GUILD) == await desk.remembered(THREAD) == []
        assert len(await desk.remembered(ELSEWHERE)) == 1 and await desk.count("items") == 2
        assert await desk.count("settings") == 1

    async def test_a_channel_that_was_never_talked_in_may_go_too(self, desk: Desk) -> None:
        await Departures(desk.storage).channel(404)
        assert await desk.count("conversations") == 0
