from __future__ import annotations

import pytest

from bot.channels.resets import UNDO_PERIOD, TooLate, Undone
from bot.domain.settings import Permission
from bot.errors import PermissionMissing
from tests.channels.conftest import ELSEWHERE, GUILD, MODERATOR, Desk, actor_without

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
    assert entry.details == {"reset": reset.reset_id, "turns": 2}


async def test_what_runs_and_what_waits_is_named(desk: Desk) -> None:
    running = await desk.ask()
    await desk.claim()
    waiting = await desk.ask()
    await desk.ask(ELSEWHERE)
    reset = await desk.resets.reset(GUILD, MODERATOR)
    assert reset.running == (running.run_id,) and reset.turns == 0
    assert reset.unanswered == (waiting.trigger_message_id,)


async def test_a_conversation_nothing_was_said_in_can_be_reset(desk: Desk) -> None:
    reset = await desk.resets.reset(GUILD, MODERATOR)
    assert (reset.turns, reset.running, reset.unanswered) == (0, (), ())
    assert await desk.resets.undo(reset.reset_id, GUILD, MODERATOR) == Undone(turns=0)


async def test_an_undo_brings_back_what_this_reset_hid(desk: Desk) -> None:
    first = await desk.turn()
    earlier = await desk.resets.reset(GUILD, MODERATOR)
    second = await desk.turn()
    later = await desk.resets.reset(GUILD, MODERATOR)
    third = await desk.turn()
    assert await desk.resets.undo(later.reset_id, GUILD, MODERATOR) == Undone(turns=1)
    assert await desk.remembered() == [second.run_id, third.run_id]
    assert await desk.resets.undo(earlier.reset_id, GUILD, MODERATOR) == Undone(turns=1)
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
