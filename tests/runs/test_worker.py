from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.channels.resets import Resets
from bot.domain.actor import EVERYTHING, Actor
from bot.domain.conversation import Place
from bot.domain.run import FinishReason, Run, RunStatus
from bot.llm.port import Event, Finished, Request, TextDelta
from bot.llm.scripted import Pause, Script, says
from bot.runs.inbox import Inbox, Queued
from bot.runs.worker import HEARTBEAT, LEASE, POLL, Worker
from bot.storage import Storage, Work
from tests.runs.conftest import BORA, BoardTarget, Stage

NEVER = 100_000.0
"""Seconds that no test lets pass."""
MODERATOR = Actor(user_id=5, name="Mo", permissions=EVERYTHING)
STOPPED = "-# Stopped: the conversation was reset."
CRASHED = "Something went wrong on my side, and the answer ends here. Please ask again."


def slow(seconds: float = NEVER) -> Script:
    """Its beginning at once, its end after `seconds`."""
    return Script((TextDelta("one two "), Pause(seconds), TextDelta("three"), Finished(FinishReason.STOP, None)))


def silent() -> Script:
    return Script((Pause(NEVER), TextDelta("late")))


async def ended(stage: Stage, *runs: Run) -> None:
    for run in runs:
        await stage.until_status(run, RunStatus.COMPLETED)


async def lapsed(stage: Stage, run: Run) -> None:
    """Its lease is over, and it waits for any worker again."""
    async with stage.storage.write() as work:
        await work.runs.lapse_all(stage.clock.now())
        assert await work.runs.requeue(run.run_id, stage.clock.now())


async def asked(stage: Stage, times: int = 1) -> None:
    async def reached() -> bool:
        return len(stage.model.requests) >= times

    await stage.until(reached)


@asynccontextmanager
async def database_away(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[int]]:
    """Writing fails within; the list grows with each attempt."""
    attempts: list[int] = []

    @asynccontextmanager
    async def refused(self: Storage) -> AsyncIterator[Work]:
        attempts.append(1)
        raise OSError("the disk is full")
        yield

    with monkeypatch.context() as patch:
        patch.setattr(Storage, "write", refused)
        yield attempts


async def test_a_conversation_is_answered_in_its_order_one_at_a_time(stage: Stage) -> None:
    stage.model.enqueue("to the first", "to the second", "to the third")
    runs = [
        await stage.ask("first"),
        await stage.ask("second", speaker=BORA),
        await stage.ask("third", command=True),
    ]
    stage.worker()
    await ended(stage, *runs)
    assert await stage.answers() == ["to the first", "to the second", "to the third"]
    assert "to the second" in repr(stage.model.requests[2].messages)


async def test_what_is_said_while_the_worker_sleeps_wakes_it(stage: Stage) -> None:
    stage.worker()
    await stage.clock.advance(1)
    stage.model.enqueue("here")
    await ended(stage, await stage.ask())


async def test_what_is_said_while_the_worker_looks_is_not_left_lying(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.model.enqueue("here")
    write = Storage.write
    said: list[Run | None] = []

    @asynccontextmanager
    async def and_then_somebody_asks(storage: Storage) -> AsyncIterator[Work]:
        async with write(storage) as work:
            yield work
        if not said:
            said.append(None)
            said[0] = await stage.ask()

    monkeypatch.setattr(Storage, "write", and_then_somebody_asks)
    stage.worker()

    async def answered() -> bool:
        return bool(said and said[0] and (await stage.row(said[0].run_id))["status"] == "completed")

    await stage.until(answered)


async def test_what_another_process_queued_is_found_by_looking(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.runs.worker.POLL", 0.01)
    stage.worker(shared=True)
    await stage.clock.advance(1)
    stage.model.enqueue("here")
    elsewhere = Inbox(stage.storage, stage.clock, stage.counter, asyncio.Event())
    queued = await elsewhere.accept(stage.incoming())
    assert isinstance(queued, Queued)
    await ended(stage, queued.run)


async def test_no_two_workers_have_one_name(stage: Stage) -> None:
    one, two = (Worker(stage.studio, stage.work_waits, concurrency=1, shared=True) for _ in range(2))
    assert one.name and two.name and one.name != two.name


async def test_a_worker_lives_from_its_start_to_its_end(stage: Stage) -> None:
    worker = Worker(stage.studio, stage.work_waits, concurrency=1, shared=False)
    assert not worker.alive
    await worker.drain(0)
    worker.start()
    assert worker.alive
    await stage.pass_time(worker.drain(0))
    assert not worker.alive


async def test_a_second_run_of_a_conversation_waits_for_the_first(stage: Stage) -> None:
    stage.model.enqueue(slow(10.0), "second")
    first, second = await stage.ask(), await stage.ask(speaker=BORA)
    stage.worker()
    await stage.until_shown("one two")
    assert (await stage.row(second.run_id))["status"] == "queued" and len(stage.model.requests) == 1
    await ended(stage, first, second)


async def test_conversations_do_not_wait_for_each_other(stage: Stage) -> None:
    stage.model.enqueue(slow(), "second")
    first = await stage.ask()
    stage.worker()
    await asked(stage)  # scripts are played in the order of the calls
    await ended(stage, await stage.ask(channel_id=2))
    assert (await stage.row(first.run_id))["status"] == "in_progress"


async def test_no_more_runs_than_allowed_at_once(stage: Stage) -> None:
    stage.model.enqueue(*(slow(5.0) for _ in range(5)))
    runs = [await stage.ask(channel_id=channel) for channel in range(1, 6)]
    stage.worker(concurrency=2)
    most = 0

    async def all_ended() -> bool:
        nonlocal most
        async with stage.storage.read() as work:  # as they are at one moment
            states = [found.status for run in runs if (found := await work.runs.get(run.run_id))]
        most = max(most, states.count(RunStatus.IN_PROGRESS))
        return states == [RunStatus.COMPLETED] * 5

    await stage.until(all_ended, step=0.5)
    assert most == 2


async def test_the_sign_goes_when_the_run_starts(stage: Stage) -> None:
    stage.model.enqueue("first", "second")
    await stage.ask()
    second = await stage.ask(speaker=BORA, message_id=50)
    await stage.say("and more", speaker=BORA, message_id=51)
    for message_id in (50, 51):
        stage.signs.show(1, message_id)
    stage.worker()
    await ended(stage, second)
    await stage.signs.close()
    assert stage.board.signs == set() and ("remove", 51) in stage.board.calls


class TestCrash:
    async def test_what_nobody_foresaw_ends_the_run_and_not_the_worker(self, stage: Stage) -> None:
        stage.model.enqueue(says("word", every=1.0), "second")
        stage.board.fail("create", RuntimeError("a defect"))
        first, second = await stage.ask(), await stage.ask(speaker=BORA)
        worker = stage.worker()
        await ended(stage, second)
        row = await stage.row(first.run_id)
        assert row["status"] == "failed" and "a defect" in row["error"] and worker.alive
        told, answer = stage.board.in_channel(1)
        assert told.endswith(CRASHED) and answer == "second"
        assert await stage.answers() == ["second"]

    async def test_a_half_shown_answer_is_kept_above_the_apology(self, stage: Stage) -> None:
        stage.model.enqueue(Script((TextDelta("one two "), Pause(5), TextDelta("three "), Pause(5), TextDelta("four"))))
        stage.board.fail("edit", RuntimeError("a defect"))
        run = await stage.ask()
        stage.worker()
        await stage.until_status(run, RunStatus.FAILED)
        assert stage.board.in_channel(1) == [f"one two three four\n-# {CRASHED}"]

    async def test_a_run_without_a_place_to_answer_fails_and_frees_its_conversation(self, stage: Stage) -> None:
        stage.board.missing = RuntimeError("no channel")
        first = await stage.ask()
        stage.worker()
        await stage.until_status(first, RunStatus.FAILED)
        stage.board.missing = None
        stage.model.enqueue("second")
        await ended(stage, await stage.ask())

    async def test_a_private_question_whose_interaction_is_over_is_forgotten(self, stage: Stage) -> None:
        stage.board.interactions = False
        run = await stage.ask("a secret?", private=True)
        stage.worker()
        await stage.until_status(run, RunStatus.FAILED)
        assert stage.board.calls == [] and stage.model.requests == [] and await stage.count("items") == 0

    async def test_an_end_that_cannot_be_stored_is_stored_later(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stage.model.enqueue(Script((Pause(5), TextDelta("word "), Finished(FinishReason.STOP, None))), "second")
        first = await stage.ask()
        stage.worker()
        await asked(stage)
        async with database_away(stage, monkeypatch) as attempts:
            await stage.clock.advance(5 + 4 * POLL)
            assert len(attempts) >= 3
        await stage.until_status(first, RunStatus.FAILED)
        await ended(stage, await stage.ask())

    async def test_a_reset_does_not_keep_a_crashed_run_from_its_end(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stage.model.enqueue(Script((Pause(5), TextDelta("word "), Finished(FinishReason.STOP, None))), "second")
        first = await stage.ask()
        worker = stage.worker()
        await asked(stage)
        async with database_away(stage, monkeypatch):
            await stage.clock.advance(5 + 2 * POLL)
            worker.stop_run(first.run_id)
            await stage.clock.advance(POLL)
        await stage.until_status(first, RunStatus.FAILED)
        await ended(stage, await stage.ask())

    async def test_a_database_that_is_away_does_not_end_the_worker(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stage.model.enqueue("at last")
        run = await stage.ask()
        async with database_away(stage, monkeypatch) as attempts:
            worker = stage.worker()
            await stage.clock.advance(HEARTBEAT + 3 * POLL)
            assert len(attempts) >= 3 and worker.alive
        await ended(stage, run)


class TestLease:
    async def test_a_run_in_hand_keeps_its_lease(self, stage: Stage) -> None:
        stage.model.enqueue(silent())
        run = await stage.ask()
        stage.worker()
        await asked(stage)
        for _ in range(60):
            row = await stage.row(run.run_id)
            left = row["lease_until"] / 1e6 - stage.clock.now().timestamp()
            assert left >= 40, "three heartbeats may fail"
            await stage.clock.advance(2.0)
        assert await stage.recovery.recover() == 0
        assert (await stage.row(run.run_id))["lease_owner"] == "here"

    async def test_a_heartbeat_that_failed_is_followed_by_another(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stage.model.enqueue(silent())
        run = await stage.ask()
        worker = stage.worker()
        await asked(stage)
        before = (await stage.row(run.run_id))["lease_until"]
        async with database_away(stage, monkeypatch) as attempts:
            await stage.clock.advance(2 * HEARTBEAT + 1)
            assert len(attempts) >= 2 and worker.alive

        async def extended() -> bool:
            return bool((await stage.row(run.run_id))["lease_until"] > before)

        await stage.until(extended, limit=HEARTBEAT + 5)

    async def test_a_run_that_another_process_was_told_to_stop_is_stopped(self, stage: Stage) -> None:
        stage.model.enqueue(slow())
        run = await stage.ask()
        stage.worker(shared=True)
        await asked(stage)
        await Resets(stage.storage, stage.clock, stage.preferences, stage.personas).reset(run.place, MODERATOR)
        await stage.until_status(run, RunStatus.CANCELLED)
        assert stage.model.abandoned == 1

    async def test_a_run_that_another_process_took_up_is_given_up_without_a_word(self, stage: Stage) -> None:
        stage.model.enqueue(slow())
        run = await stage.ask()
        stage.worker(shared=True)
        await stage.until_shown("one two")
        async with stage.storage.write() as work:
            await work.runs.lapse_all(stage.clock.now())
            assert await work.runs.requeue(run.run_id, stage.clock.now())
            assert await work.runs.claim(
                "other", places=1, now=stage.clock.now(), lease_until=stage.clock.now() + LEASE
            )
        shown = stage.board.in_channel(1)

        async def abandoned() -> bool:
            return stage.model.abandoned == 1

        await stage.until(abandoned)
        calls = list(stage.board.calls)
        await stage.clock.advance(30)
        assert stage.board.calls == calls
        row = await stage.row(run.run_id)
        assert (row["status"], row["lease_owner"]) == ("in_progress", "other")
        assert stage.board.in_channel(1) == shown and "interrupted" not in shown[0]

    async def test_nobody_types_for_a_run_that_another_process_took_up(self, stage: Stage) -> None:
        stage.model.enqueue(silent())
        run = await stage.ask()
        worker = stage.worker(shared=True)
        await asked(stage)
        await lapsed(stage, run)
        await stage.claim("other")

        async def let_go() -> bool:
            return not worker.in_hand

        await stage.until(let_go)
        calls = list(stage.board.calls)
        await stage.clock.advance(30)
        assert stage.board.calls == calls

    @pytest.mark.parametrize("poll", [0.01, POLL], ids=["before the next heartbeat", "after it"])
    async def test_a_run_that_comes_back_to_the_worker_that_lost_it_is_answered_once(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch, poll: float
    ) -> None:
        monkeypatch.setattr("bot.runs.worker.POLL", poll)
        stage.model.enqueue(silent(), says("second attempt", every=1.0))
        run = await stage.ask()
        worker = stage.worker(shared=True)
        await asked(stage)
        await lapsed(stage, run)
        await stage.until_shown("seco")
        assert tuple(worker.in_hand) == (run.run_id,), "it is held like any other"
        await ended(stage, run)
        assert stage.board.in_channel(1) == ["second attempt"]
        assert stage.model.abandoned == 1

    async def test_no_run_waits_for_anothers_former(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        stage.model.enqueue(silent(), "elsewhere", "second attempt")
        run = await stage.ask()
        worker = stage.worker(shared=True)
        await asked(stage)
        release, end_former = asyncio.Event(), worker._end_former

        async def held(run_id: int) -> None:
            if run_id == run.run_id:
                await release.wait()
            await end_former(run_id)

        monkeypatch.setattr(worker, "_end_former", held)
        await lapsed(stage, run)
        await ended(stage, await stage.ask(channel_id=2))
        release.set()
        await ended(stage, run)
        assert (stage.board.in_channel(1), stage.board.in_channel(2)) == (["second attempt"], ["elsewhere"])


class TestReset:
    async def test_a_reset_stops_the_answer_and_nothing_of_it_is_remembered(self, stage: Stage) -> None:
        stage.model.enqueue(slow(), "anew")
        run = await stage.ask()
        worker = stage.worker()
        await stage.until_shown("one two")
        reset = await Resets(stage.storage, stage.clock, stage.preferences, stage.personas).reset(run.place, MODERATOR)
        assert reset.running == (run.run_id,)
        for run_id in reset.running:
            worker.stop_run(run_id)
            worker.stop_run(run_id)
        await stage.until_status(run, RunStatus.CANCELLED)
        assert stage.board.in_channel(1) == [f"one two\n{STOPPED}"]
        assert await stage.history() == () and stage.model.abandoned == 1
        await ended(stage, await stage.ask("from the start"))
        assert len(stage.model.requests[1].messages) == 2

    async def test_a_second_reset_does_not_disturb_what_the_first_has_begun(self, stage: Stage) -> None:
        """The call to the model takes a while to close."""
        closed: list[float] = []

        async def stream(request: Request) -> AsyncGenerator[Event, None]:
            try:
                yield TextDelta("one two ")
                await stage.clock.sleep(NEVER)
            finally:
                await stage.clock.sleep(5.0)
                closed.append(stage.clock.monotonic())

        stage.model.stream = stream  # type: ignore[method-assign]
        run = await stage.ask()
        worker = stage.worker()
        await stage.until_shown("one two")
        for _ in range(3):
            worker.stop_run(run.run_id)
            await stage.clock.advance(1.0)
        assert not closed
        await stage.until_status(run, RunStatus.CANCELLED)
        assert len(closed) == 1 and stage.board.in_channel(1) == [f"one two\n{STOPPED}"]

    async def test_a_run_of_another_worker_is_not_stopped(self, stage: Stage) -> None:
        stage.model.enqueue("done")
        run = await stage.ask()
        worker = stage.worker()
        worker.stop_run(run.run_id + 1)
        await ended(stage, run)
        worker.stop_run(run.run_id)

    async def test_a_reset_while_the_program_ends_does_not_leave_the_run_open(self, stage: Stage) -> None:
        stage.model.enqueue(slow())
        run = await stage.ask(channel_id=1)
        worker = stage.worker()
        await stage.until_shown("one two")
        drained = asyncio.create_task(worker.drain(0))
        await asyncio.sleep(0)
        await Resets(stage.storage, stage.clock, stage.preferences, stage.personas).reset(
            Place(channel_id=1, guild_id=7), MODERATOR
        )
        worker.stop_run(run.run_id)
        await stage.pass_time(drained)
        assert (await stage.row(run.run_id))["status"] in ("cancelled", "incomplete")
        assert await stage.history() == ()

    async def test_the_end_of_a_run_that_a_reset_stopped_is_shown_while_the_program_ends(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        edit = BoardTarget.edit

        async def slowly(target: BoardTarget, message_id: int, text: str) -> None:
            await stage.clock.sleep(3.0)
            await edit(target, message_id, text)

        monkeypatch.setattr(BoardTarget, "edit", slowly)
        stage.model.enqueue(slow())
        run = await stage.ask()
        worker = stage.worker()
        await stage.until_shown("one two")
        reset = await Resets(stage.storage, stage.clock, stage.preferences, stage.personas).reset(run.place, MODERATOR)
        worker.stop_run(*reset.running)
        await stage.pass_time(worker.drain(0))
        assert (await stage.row(run.run_id))["status"] == "cancelled"
        assert stage.board.in_channel(1) == [f"one two\n{STOPPED}"]


class TestDrain:
    async def test_running_answers_are_finished_and_nothing_new_begins(self, stage: Stage) -> None:
        stage.model.enqueue(slow(10.0))
        first = await stage.ask()
        worker = stage.worker()
        await asked(stage)
        second = await stage.ask(speaker=BORA)
        await stage.pass_time(worker.drain(20))
        assert (await stage.row(first.run_id))["status"] == "completed"
        assert (await stage.row(second.run_id))["status"] == "queued" and not worker.alive

    async def test_what_nobody_saw_goes_back_into_the_queue(self, stage: Stage) -> None:
        stage.model.enqueue(silent())
        run = await stage.ask()
        worker = stage.worker()
        await asked(stage)
        await stage.pass_time(worker.drain(0))
        assert (await stage.row(run.run_id))["status"] == "queued" and stage.board.texts == {}
        stage.model.enqueue("after the restart")
        stage.worker(name="next")
        await ended(stage, run)
        assert stage.board.in_channel(1) == ["after the restart"]

    async def test_what_was_shown_is_closed_as_interrupted(self, stage: Stage) -> None:
        stage.model.enqueue(slow())
        run = await stage.ask()
        worker = stage.worker()
        await stage.until_shown("one two")
        await stage.pass_time(worker.drain(0))
        assert (await stage.row(run.run_id))["status"] == "incomplete"
        assert "interrupted here" in stage.board.in_channel(1)[0]

    async def test_a_database_that_is_away_does_not_keep_the_program_from_ending(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stage.model.enqueue(slow())
        run = await stage.ask()
        worker = stage.worker()
        await stage.until_shown("one two")
        async with database_away(stage, monkeypatch) as attempts:
            await stage.pass_time(worker.drain(0))
        assert (await stage.row(run.run_id))["status"] == "in_progress", "left to its lease"
        assert len(attempts) < 5, "once to store the end, once to store that it failed"

    async def test_a_discord_that_does_not_answer_does_not_keep_the_program_from_ending(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def never(channel_id: int, message_id: int, text: str) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr("bot.runs.worker.ENDING", 0.1)
        monkeypatch.setattr(stage.board, "edit", never)
        stage.model.enqueue(slow())
        run = await stage.ask()
        worker = stage.worker()
        await stage.until_shown("one two")
        async with asyncio.timeout(30):
            await worker.drain(0)
        assert (await stage.row(run.run_id))["status"] == "in_progress", "left to its lease"

    async def test_nothing_of_it_goes_on_afterwards(self, stage: Stage) -> None:
        before = asyncio.all_tasks()
        worker = stage.worker()
        stage.model.enqueue("done")
        await ended(stage, await stage.ask())
        await stage.pass_time(worker.drain(0))
        assert {task.get_name() for task in asyncio.all_tasks() - before if "orker" in repr(task)} == set()

    async def test_a_worker_that_never_started_can_be_drained(self, stage: Stage) -> None:
        worker = stage.worker()
        assert worker.alive
        await stage.pass_time(worker.drain(0))
        await stage.pass_time(worker.drain(0))
        assert not worker.alive
