from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from bot.domain.run import FinishReason, Run, RunStatus
from bot.errors import DiscordRefused, NotAllowed
from bot.llm.scripted import says
from bot.runs.recovery import MAX_ATTEMPTS, PATIENCE
from bot.runs.turn import SIGN_AFTER, TurnOfRun
from bot.runs.worker import LEASE
from tests.runs.conftest import BORA, OWNER, Stage

INTERRUPTED = "The answer was interrupted here: the bot was restarted. Ask again for a whole answer."

GIVEN_UP = (
    "I was stopped 3 times while I worked on a question here, so I have let it go. Please ask again if it still "
    "matters."
)


async def abandoned(stage: Stage, **options: object) -> Run:
    """A run of a process that died."""
    await stage.ask(**options)  # type: ignore[arg-type]
    return await stage.claim("dead")


async def test_a_run_nobody_saw_anything_of_is_queued_again(stage: Stage) -> None:
    run = await abandoned(stage)
    assert await stage.recovery.recover(alone=True) == 1
    again = await stage.claim()
    assert (again.run_id, again.attempts) == (run.run_id, 2) and stage.board.calls == []


async def test_a_lease_that_holds_is_respected(stage: Stage) -> None:
    run = await abandoned(stage)
    assert await stage.recovery.recover() == 0
    assert (await stage.row(run.run_id))["status"] == "in_progress"
    await stage.clock.advance(LEASE / timedelta(seconds=1))
    assert await stage.recovery.recover() == 1
    assert (await stage.row(run.run_id))["status"] == "queued"


async def test_a_run_that_kills_its_process_is_given_up(stage: Stage) -> None:
    run = await abandoned(stage)
    for _attempt in range(MAX_ATTEMPTS - 1):
        await stage.recovery.recover(alone=True)
        assert (await stage.claim("dead")).run_id == run.run_id
    await stage.recovery.recover(alone=True)
    row = await stage.row(run.run_id)
    assert (row["status"], row["attempts"], row["finish_reason"]) == ("failed", MAX_ATTEMPTS, "interrupted")
    assert await stage.history() == () and stage.board.in_channel(1) == [GIVEN_UP]
    assert stage.board.replies == dict.fromkeys(stage.board.texts, run.reply_to_message_id)
    assert (await stage.ask()).run_id != run.run_id and await stage.claim(), "the conversation goes on"


async def test_a_question_that_is_given_up_keeps_no_sign_that_it_waits(stage: Stage) -> None:
    run = await abandoned(stage)
    assert run.reply_to_message_id is not None
    stage.board.signs.add(run.reply_to_message_id)
    for _attempt in range(MAX_ATTEMPTS - 1):
        await stage.recovery.recover(alone=True)
        await stage.claim("dead")
    await stage.recovery.recover(alone=True)
    await stage.signs.close()
    assert stage.board.signs == set()


async def test_a_channel_that_cannot_be_told_of_a_run_given_up_stops_no_recovery(stage: Stage) -> None:
    run = await abandoned(stage)
    for _attempt in range(MAX_ATTEMPTS - 1):
        await stage.recovery.recover(alone=True)
        await stage.claim("dead")
    stage.board.fail("send", NotAllowed("no"))
    assert await stage.recovery.recover(alone=True) == 1
    assert (await stage.row(run.run_id))["status"] == "failed" and stage.board.in_channel(1) == []


async def test_what_was_shown_is_closed_and_becomes_the_answer(stage: Stage) -> None:
    run = await abandoned(stage, locale="ko")
    pages = await stage.show_pages(run, "first page", "second pa")
    await stage.recovery.recover(alone=True)
    assert stage.board.texts[pages[0]] == "first page"
    assert stage.board.texts[pages[1]].startswith("second pa\n-# 봇이 다시 시작되어")
    row = await stage.row(run.run_id)
    assert (row["status"], row["finish_reason"]) == ("incomplete", "interrupted")
    (turn,) = await stage.history()
    assert turn.answer is not None and turn.answer.text == "first page\nsecond pa" and turn.answer.tokens > 0
    assert turn.answer.message_ids == tuple(pages)


async def test_a_page_without_room_for_the_remark_gets_another_below_it(stage: Stage) -> None:
    run = await abandoned(stage)
    text = "x" * 1_990
    (page,) = await stage.show_pages(run, text)
    await stage.recovery.recover(alone=True)
    texts = stage.board.in_channel(1)
    assert len(texts) == 2 and all(len(each) <= 2_000 for each in texts)
    assert INTERRUPTED in texts[1] and stage.board.texts[page].startswith("x" * 1_000)
    assert await stage.answers() == [text]


async def test_an_open_code_block_is_closed_above_the_remark(stage: Stage) -> None:
    run = await abandoned(stage)
    await stage.show_pages(run, "```py\nprint(1)")
    await stage.recovery.recover(alone=True)
    assert stage.board.in_channel(1) == [f"```py\nprint(1)\n```\n-# {INTERRUPTED}"]


@pytest.mark.parametrize("gone", [0, 1, 2])
async def test_a_page_that_was_deleted_does_not_take_the_others_with_it(stage: Stage, gone: int) -> None:
    run = await abandoned(stage)
    pages = await stage.show_pages(run, "one", "two", "three")
    del stage.board.texts[pages[gone]]
    await stage.recovery.recover(alone=True)
    left = [text for text in ("one", "two", "three") if text != ("one", "two", "three")[gone]]
    assert stage.board.in_channel(1) == [left[0], f"{left[1]}\n-# {INTERRUPTED}"]
    assert await stage.answers() == ["\n".join(left)]


async def test_with_all_pages_deleted_the_run_failed(stage: Stage) -> None:
    run = await abandoned(stage)
    (page,) = await stage.show_pages(run, "one")
    del stage.board.texts[page]
    await stage.recovery.recover(alone=True)
    assert (await stage.row(run.run_id))["status"] == "failed" and await stage.history() == ()


@pytest.mark.parametrize("call", ["read", "edit"])
@pytest.mark.parametrize("error", [NotAllowed("no"), DiscordRefused(502, 0, "bad gateway"), OSError("reset")])
async def test_what_discord_refuses_stops_no_recovery(stage: Stage, call: str, error: Exception) -> None:
    run, other = await abandoned(stage), await abandoned(stage, channel_id=2)
    await stage.show_pages(run, "one")
    stage.board.fail(call, error)
    assert await stage.recovery.recover(alone=True) == 2
    assert (await stage.row(run.run_id))["status"] == ("incomplete" if call == "edit" else "failed")
    assert (await stage.row(other.run_id))["status"] == "queued"


async def test_a_notice_is_no_answer(stage: Stage) -> None:
    run = await abandoned(stage)
    await stage.show_pages(run, "-# The model does not answer yet. Trying again in 20 sec…")
    await stage.recovery.recover(alone=True)
    assert stage.board.in_channel(1) == [INTERRUPTED]
    assert (await stage.row(run.run_id))["status"] == "failed" and await stage.history() == ()


async def test_neither_the_question_above_nor_a_remark_below_is_part_of_the_answer(stage: Stage) -> None:
    run = await abandoned(stage, command=True)
    await stage.show_pages(run, "> How many?\nSeven\n-# The connection to the model broke here.")
    await stage.recovery.recover(alone=True)
    assert stage.board.in_channel(1) == [f"> How many?\nSeven\n-# {INTERRUPTED}"]
    assert await stage.answers() == ["Seven"]


@pytest.mark.parametrize("question", ["what does <br> do?", "why (a ||b) fails", "give me a *quote*"])
@pytest.mark.parametrize("answer", ["> To be or not to be\nis from Hamlet.", "Seven ||or eight||."])
async def test_the_question_above_is_taken_off_as_it_was_shown(stage: Stage, question: str, answer: str) -> None:
    stage.model.enqueue(says(answer, piece=100, reason=FinishReason.BROKEN))
    shown = stage.board.shown(await stage.answer(question, command=True)).rpartition("\n-# ")[0]
    run = await abandoned(stage, channel_id=2, command=True)
    await stage.show_pages(run, shown)
    await stage.recovery.recover(alone=True)
    assert stage.board.in_channel(2) == [f"{shown}\n-# {INTERRUPTED}"]
    assert await stage.answers(2) == [answer]


async def test_nothing_is_taken_off_where_the_page_with_the_question_is_gone(stage: Stage) -> None:
    run = await abandoned(stage, command=True)
    first, _ = await stage.show_pages(run, "> How many?\nSeven", "> To be or not to be")
    del stage.board.texts[first]
    await stage.recovery.recover(alone=True)
    assert stage.board.in_channel(1) == [f"> To be or not to be\n-# {INTERRUPTED}"]
    assert await stage.answers() == ["> To be or not to be"]


async def test_a_quotation_that_the_model_wrote_stays(stage: Stage) -> None:
    run = await abandoned(stage)
    await stage.show_pages(run, "> To be or not to be\nis from Hamlet.")
    await stage.recovery.recover(alone=True)
    assert await stage.answers() == ["> To be or not to be\nis from Hamlet."]


async def reset(stage: Stage) -> None:
    async with stage.storage.write() as work:
        await work.conversations.reset(1, 9, stage.clock.now())


async def test_a_run_that_was_being_cancelled_is_cancelled(stage: Stage) -> None:
    run = await abandoned(stage)
    await reset(stage)
    await stage.recovery.recover(alone=True)
    assert (await stage.row(run.run_id))["status"] == RunStatus.CANCELLED and stage.board.calls == []


async def test_a_visible_run_that_was_being_cancelled_says_so(stage: Stage) -> None:
    run = await abandoned(stage)
    await stage.show_pages(run, "one")
    await reset(stage)
    await stage.recovery.recover(alone=True)
    assert stage.board.in_channel(1) == ["one\n-# Stopped: the conversation was reset."]
    assert (await stage.row(run.run_id))["status"] == "cancelled"
    assert await stage.count("items") == 1, "its question, hidden with the rest"


async def test_a_private_run_is_not_tried_again(stage: Stage) -> None:
    run = await abandoned(stage, private=True)
    await stage.recovery.recover(alone=True)
    assert (await stage.row(run.run_id))["status"] == "failed"
    assert stage.board.calls == [] and await stage.count("items") == 0


async def test_the_sign_of_what_waited_through_a_restart_is_taken_off(stage: Stage) -> None:
    stage.model.enqueue("here")
    await stage.ask(message_id=50)
    stage.board.signs = {50}
    await stage.clock.advance(SIGN_AFTER / timedelta(seconds=1) + 0.1)
    await stage.recovery.recover(alone=True)
    await stage.pass_time(TurnOfRun(stage.studio, await stage.claim(), OWNER).carry_out())
    await stage.signs.close()
    assert stage.board.signs == set()


async def test_a_second_recovery_finds_nothing_to_do(stage: Stage) -> None:
    run = await abandoned(stage)
    await stage.show_pages(run, "one")
    await stage.recovery.recover(alone=True)
    calls = list(stage.board.calls)
    assert await stage.recovery.recover(alone=True) == 0 and stage.board.calls == calls


async def test_a_run_in_hand_is_never_taken_from_its_worker(stage: Stage) -> None:
    run, orphan = await stage.ask(), await stage.ask(channel_id=2)
    await stage.claim()
    await stage.claim()
    await stage.clock.advance(2 * LEASE / timedelta(seconds=1))
    recovery = dataclasses.replace(stage.recovery, in_hand=lambda: [run.run_id])
    assert await recovery.recover() == 1
    assert (await stage.row(run.run_id))["status"] == "in_progress"
    assert (await stage.row(orphan.run_id))["status"] == "queued", "claimed, and then lost on the way"


class TestExpiry:
    HOUR = PATIENCE / timedelta(seconds=1)

    async def test_what_waited_for_an_hour_is_let_go_with_a_word_to_each_channel(self, stage: Stage) -> None:
        first = await stage.ask(message_id=51)
        third = await stage.ask(channel_id=2, locale="ko", message_id=53)
        second = await stage.ask(speaker=BORA, message_id=52)
        stage.board.signs = {51, 52, 53}
        await stage.clock.advance(self.HOUR)
        assert await stage.recovery.expire() == 0
        await stage.clock.advance(1)
        fresh = await stage.ask(channel_id=2, speaker=BORA)
        assert await stage.recovery.expire() == 3
        for run in (first, second, third):
            assert (await stage.row(run.run_id))["status"] == "expired"
        assert (await stage.row(fresh.run_id))["status"] == "queued"
        (said,) = stage.board.in_channel(1)
        assert said.startswith("I could not get to 2 questions here")
        assert "시간" in stage.board.in_channel(2)[0]
        await stage.signs.close()
        assert stage.board.signs == set()

    async def test_a_private_question_expires_in_silence(self, stage: Stage) -> None:
        await stage.ask(private=True)
        await stage.clock.advance(self.HOUR + 1)
        assert await stage.recovery.expire() == 1
        assert stage.board.texts == {} and await stage.count("items") == 0

    async def test_a_channel_that_cannot_be_told_does_not_keep_the_others_waiting(self, stage: Stage) -> None:
        await stage.ask()
        await stage.ask(channel_id=2)
        stage.board.fail("send", NotAllowed("no"))
        await stage.clock.advance(self.HOUR + 1)
        assert await stage.recovery.expire() == 2
        assert stage.board.in_channel(1) == [] and len(stage.board.in_channel(2)) == 1
