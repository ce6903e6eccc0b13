"""The queue: who may start, in which order, and who may end what."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.domain.conversation import Item, Role, Speaker
from bot.domain.run import FinishReason, Page, Run, RunStatus
from bot.storage import Conflict, Storage

if TYPE_CHECKING:
    from .conftest import Talk

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
LEASE_ENDS = NOW + timedelta(minutes=1)


async def status(talk: Talk, run: Run) -> RunStatus:
    found = await talk.run(run.run_id)
    assert found is not None
    return found.status


async def test_a_run_reads_back_as_it_was_queued(talk: Talk) -> None:
    run = await talk.ask(speaker=Speaker(user_id=2**63 - 1, name="한결 🦊"))
    assert await talk.run(run.run_id) == run
    assert (run.status, run.attempts, run.created_at, run.locale) == (RunStatus.QUEUED, 0, NOW, "ko")
    assert (run.place.guild_id, run.asker.name, run.asker.user_id) == (7, "한결 🦊", 2**63 - 1)


async def test_runs_start_in_order_and_one_at_a_time_in_a_channel(talk: Talk) -> None:
    first, second, elsewhere = await talk.ask(1), await talk.ask(1), await talk.ask(2)
    claimed = [await talk.claim(), await talk.claim(), await talk.claim()]
    assert [run and run.run_id for run in claimed] == [first.run_id, elsewhere.run_id, None]
    assert await talk.finish(first)
    following = await talk.claim()
    assert following is not None and following.run_id == second.run_id
    assert (following.status, following.attempts) == (RunStatus.IN_PROGRESS, 1)


async def test_private_runs_wait_for_nobody_and_hold_nobody_up(talk: Talk, storage: Storage) -> None:
    public, private, later = await talk.ask(), await talk.ask(private=True), await talk.ask()
    claimed = [await talk.claim(), await talk.claim(), await talk.claim()]
    assert [run and run.run_id for run in claimed] == [public.run_id, private.run_id, None]
    async with storage.read() as work:
        unended = await work.runs.unended(1)
    assert [(run.run_id, run.status) for run in unended] == [
        (public.run_id, RunStatus.IN_PROGRESS),
        (later.run_id, RunStatus.QUEUED),
    ]


async def test_the_database_refuses_a_second_active_run_in_a_channel(talk: Talk, storage: Storage) -> None:
    from sqlalchemy import text

    await talk.ask()
    second = await talk.ask()
    await talk.claim()
    with pytest.raises(Conflict):
        async with storage.write() as work:
            await work.connection.execute(
                text("UPDATE runs SET status = 'in_progress' WHERE id = :id"), {"id": second.run_id}
            )
    assert await status(talk, second) is RunStatus.QUEUED


async def test_many_claimers_take_each_run_once_and_in_order(talk: Talk) -> None:
    channels = range(1, 5)
    queued = {channel: [(await talk.ask(channel)).run_id for _ in range(5)] for channel in channels}
    started: dict[int, list[int]] = {channel: [] for channel in channels}
    active: set[int] = set()

    async def worker(name: str) -> None:
        while sum(map(len, started.values())) < 20:
            run = await talk.claim(name)
            if run is None:
                await asyncio.sleep(0)
                continue
            assert run.place.channel_id not in active
            active.add(run.place.channel_id)
            started[run.place.channel_id].append(run.run_id)
            active.discard(run.place.channel_id)
            assert await talk.finish(run, owner=name)

    async with asyncio.timeout(30), asyncio.TaskGroup() as workers:
        for number in range(6):
            workers.create_task(worker(f"worker {number}"))
    assert started == queued


async def test_claimers_at_the_same_moment_share_the_channels(talk: Talk) -> None:
    runs = [await talk.ask(channel) for channel in (1, 1, 2, 3, 3, 3)]
    claimed = [run for run in await asyncio.gather(*(talk.claim(f"w{n}") for n in range(8))) if run is not None]
    heads = {runs[0].run_id, runs[2].run_id, runs[3].run_id}
    assert len(claimed) == len({run.run_id for run in claimed})
    assert {run.run_id for run in claimed} <= heads
    while (more := await talk.claim()) is not None:
        claimed.append(more)
    assert {run.run_id for run in claimed} == heads


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_a_claim_does_not_wait_for_another_that_is_not_over(talk: Talk, storage: Storage) -> None:
    """Two processes on one database, of which one is slow; SQLite has one of them alone."""
    first, second = await talk.ask(1), await talk.ask(2)
    async with storage.write() as slow, asyncio.timeout(30):
        taken = await slow.runs.claim("slow", places=1, now=NOW, lease_until=LEASE_ENDS)
        quick = await talk.claim("quick")
        assert [run.run_id for run in taken] == [first.run_id]
        assert quick is not None and quick.run_id == second.run_id
        assert await talk.claim("quick") is None


@pytest.mark.parametrize("plan", ["the planner's own", "a scan of the table"])
async def test_a_run_that_came_back_to_the_queue_starts_before_later_ones(
    talk: Talk, storage: Storage, plan: str
) -> None:
    """In a table that is read from its beginning, PostgreSQL finds what was changed last at the end."""
    from sqlalchemy import text

    first, second = await talk.ask(1), await talk.ask(2)
    await talk.claim("one")
    async with storage.write() as work:
        assert await work.runs.release(first.run_id, owner="one")
    claimed: list[Run] = []
    for _ in range(2):
        async with storage.write() as work:
            if storage.shared and plan == "a scan of the table":
                for way in ("indexscan", "indexonlyscan", "bitmapscan"):
                    await work.connection.execute(text(f"SET LOCAL enable_{way} = off"))
            claimed += await work.runs.claim("two", places=1, now=NOW, lease_until=LEASE_ENDS)
    assert [run.run_id for run in claimed] == [first.run_id, second.run_id]


async def test_a_claim_takes_no_more_than_there_are_places_for(talk: Talk, storage: Storage) -> None:
    runs = [(await talk.ask(channel)).run_id for channel in range(1, 5)]
    async with storage.write() as work:
        some = await work.runs.claim("one", places=3, now=NOW, lease_until=LEASE_ENDS)
        rest = await work.runs.claim("one", places=3, now=NOW, lease_until=LEASE_ENDS)
    assert ([run.run_id for run in some], [run.run_id for run in rest]) == (runs[:3], runs[3:])


async def test_only_the_owner_ends_a_run_and_only_once(talk: Talk) -> None:
    run = await talk.ask()
    assert not await talk.finish(run, owner="nobody")
    await talk.claim("one")
    assert not await talk.finish(run, owner="another")
    assert await talk.finish(run, owner="one")
    assert not await talk.finish(run, owner="one", status=RunStatus.FAILED)
    assert await status(talk, run) is RunStatus.COMPLETED


async def test_a_run_that_is_being_cancelled_ends_as_cancelled_only(talk: Talk, storage: Storage) -> None:
    run = await talk.ask()
    await talk.claim("one")
    async with storage.write() as work:
        assert (await work.conversations.reset(1, 9, NOW)).running == (run.run_id,)
        assert await work.runs.cancelling("one") == (run.run_id,)
        assert await work.runs.cancelling("another") == ()
        assert not await work.runs.release(run.run_id, owner="one")
    assert not await talk.finish(run, owner="one", status=RunStatus.COMPLETED)
    async with storage.write() as work:
        await work.runs.finish(run.run_id, owner="one", status=RunStatus.CANCELLED, now=NOW)
    assert await status(talk, run) is RunStatus.CANCELLED


async def test_a_released_run_is_claimed_again(talk: Talk, storage: Storage) -> None:
    run = await talk.ask()
    await talk.claim("one")
    async with storage.write() as work:
        assert not await work.runs.release(run.run_id, owner="another")
        assert await work.runs.release(run.run_id, owner="one")
        assert not await work.runs.release(run.run_id, owner="one")
    again = await talk.claim("two")
    assert again is not None and (again.run_id, again.attempts) == (run.run_id, 1)


async def test_a_lease_lapses_unless_it_is_extended(talk: Talk, storage: Storage) -> None:
    run, other = await talk.ask(1), await talk.ask(2)
    await talk.claim("one")
    await talk.claim("two")
    async with storage.write() as work:
        assert await work.runs.lapsed(LEASE_ENDS - timedelta(microseconds=1)) == ()
        assert await work.runs.extend("one", [run.run_id, other.run_id], LEASE_ENDS + timedelta(minutes=1)) == {
            run.run_id
        }
        assert [lapsed.run_id for lapsed in await work.runs.lapsed(LEASE_ENDS)] == [other.run_id]
        assert await work.runs.lapsed(LEASE_ENDS, but=[other.run_id]) == (), "the caller knows better"
        assert not await work.runs.requeue(run.run_id, LEASE_ENDS)
        assert await work.runs.requeue(other.run_id, LEASE_ENDS)
        assert not await work.runs.requeue(other.run_id, LEASE_ENDS)
    assert await status(talk, other) is RunStatus.QUEUED


async def test_a_sole_process_takes_every_lease_at_once(talk: Talk, storage: Storage) -> None:
    run = await talk.ask()
    await talk.claim("dead")
    async with storage.write() as work:
        assert await work.runs.lapsed(NOW) == ()
        await work.runs.lapse_all(NOW)
        assert [lapsed.run_id for lapsed in await work.runs.lapsed(NOW)] == [run.run_id]


async def test_recovery_ends_a_lapsed_run_and_no_other(talk: Talk, storage: Storage) -> None:
    run = await talk.ask()
    await talk.claim()
    async with storage.write() as work:

        async def recover(now: datetime) -> bool:
            return await work.runs.recover(
                run.run_id, status=RunStatus.FAILED, now=now, finish_reason=FinishReason.INTERRUPTED, error=None
            )

        assert not await recover(NOW)
        assert await recover(LEASE_ENDS)
        assert not await recover(LEASE_ENDS)
    assert await status(talk, run) is RunStatus.FAILED


async def test_pages_come_in_reading_order(talk: Talk, storage: Storage) -> None:
    run = await talk.ask()
    pages = [Page(position=position, message_id=500 - position) for position in range(3)]
    async with storage.write() as work:
        for page in (pages[2], pages[0], pages[1]):
            await work.runs.add_page(run.run_id, page, 1)
    async with storage.read() as work:
        assert await work.runs.pages(run.run_id) == tuple(pages)


async def test_a_message_is_known_once_it_is_stored_and_stored_once(talk: Talk, storage: Storage) -> None:
    run = await talk.ask()
    joined = Item(role=Role.USER, text="and", tokens=1, speaker=run.asker, message_ids=(42,))
    async with storage.write() as work:
        assert not await work.runs.seen(42)
        await work.runs.join(run.run_id, 42)
        await work.conversations.add_question(run, joined, NOW)
        assert await work.runs.seen(42) and await work.runs.seen(run.trigger_message_id)
    with pytest.raises(Conflict):
        async with storage.write() as work:
            await work.conversations.add_question(run, joined, NOW)
    with pytest.raises(Conflict):
        async with storage.write() as work:
            await work.runs.add(
                place=run.place,
                asker=run.asker,
                trigger_message_id=run.trigger_message_id,
                reply_to_message_id=None,
                locale=None,
                private=False,
                now=NOW,
            )
    async with storage.read() as work:
        assert [item.text for item in await work.conversations.questions(run.run_id)] == ["question", "and"]
    found = await talk.run(run.run_id)
    assert found is not None and found.reply_to_message_id == 42


async def test_a_private_run_leaves_nothing_that_was_said(talk: Talk, storage: Storage) -> None:
    run = await talk.ask(private=True)
    await talk.claim()
    async with storage.write() as work:
        assert await work.conversations.questions(run.run_id)
        assert await work.runs.finish(run.run_id, owner="worker", status=RunStatus.COMPLETED, now=NOW)
    async with storage.read() as work:
        assert await work.conversations.questions(run.run_id) == ()
        assert not await work.conversations.known(1)
        assert await work.runs.seen(run.trigger_message_id), "Discord may deliver the interaction again"
