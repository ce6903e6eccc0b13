from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from bot.channels.resets import Resets
from bot.domain.actor import EVERYTHING, Actor
from bot.domain.run import FinishReason, RunStatus
from bot.domain.settings import Scope
from bot.domain.usage import Usage
from bot.errors import (
    ChannelGone,
    ContextTooLong,
    DeliveryError,
    KeyRefused,
    MessageGone,
    ModelError,
    NotAllowed,
    Overloaded,
    QuotaExhausted,
    RateLimited,
    RequestRefused,
    TimedOut,
    Unreachable,
)
from bot.llm.port import Finished, TextDelta
from bot.llm.scripted import Pause, Script, fails, says
from bot.runs.endings import OUT_OF_TIME
from bot.runs.turn import TurnOfRun
from bot.words import words
from bot.words.explain import explain
from tests.runs.conftest import OWNER, Stage

MODERATOR = Actor(user_id=5, name="Mo", permissions=EVERYTHING)
USAGE = Usage(prompt_tokens=90, completion_tokens=8, cached_tokens=64, reasoning_tokens=2)
LIMIT = "-# The answer reached its limit of 500 tokens. Say “continue” for the rest."
FILTERED = "-# The model's content filter ended the answer here."
BROKEN = "-# The connection to the model broke here. Ask again for a whole answer."


async def test_an_answer_is_shown_and_stored_with_what_it_cost(stage: Stage) -> None:
    stage.model.enqueue(says("Seven, I think.", usage=USAGE, model="gpt-6-luna-2026-05"))
    run = await stage.answer("How many?")
    assert stage.board.shown(run) == "Seven, I think."
    row = await stage.row(run.run_id)
    assert (row["status"], row["finish_reason"], row["error"]) == ("completed", "stop", None)
    assert (row["prompt_tokens"], row["completion_tokens"]) == (90, 8)
    assert (row["cached_tokens"], row["reasoning_tokens"], row["model"]) == (64, 2, "gpt-6-luna-2026-05")
    assert row["ended_at"] is not None
    (turn,) = await stage.history()
    assert turn.answer is not None and turn.answer.text == "Seven, I think." and turn.answer.tokens > 0
    assert turn.answer.message_ids == tuple(stage.board.of_run[run.run_id])
    assert (turn.prompt_tokens, turn.prefix_hash) == (90, row["prefix_hash"])


async def test_the_next_request_holds_what_was_said(stage: Stage) -> None:
    stage.model.enqueue("first answer", "second answer")
    await stage.answer("first question")
    await stage.answer("second question")
    sent = stage.model.requests[1]
    contents = [message.content for message in sent.messages]
    assert "first question" in contents[1] and contents[2] == "first answer" and "second question" in contents[3]
    assert sent.max_tokens == 500 and sent.cache_key == "channel-1"
    assert sent.safety_identifier and sent.safety_identifier != "11" and len(sent.safety_identifier) <= 128


@pytest.mark.parametrize(
    ("reason", "shown", "status"),
    [
        (FinishReason.STOP, "Some text", RunStatus.COMPLETED),
        (FinishReason.REFUSAL, "Some text", RunStatus.COMPLETED),
        (FinishReason.LENGTH, f"Some text\n{LIMIT}", RunStatus.INCOMPLETE),
        (FinishReason.CONTENT_FILTER, f"Some text\n{FILTERED}", RunStatus.INCOMPLETE),
        (FinishReason.BROKEN, f"Some text\n{BROKEN}", RunStatus.INCOMPLETE),
    ],
)
async def test_how_an_answer_ended_is_said_below_it_and_not_remembered(
    stage: Stage, reason: FinishReason, shown: str, status: RunStatus
) -> None:
    stage.model.enqueue(says("Some text", reason=reason, usage=USAGE))
    run = await stage.answer()
    row = await stage.row(run.run_id)
    assert stage.board.shown(run) == shown
    assert (row["status"], row["finish_reason"], row["prompt_tokens"]) == (status, reason, 90)
    assert await stage.answers() == ["Some text"]


async def test_a_stream_that_just_stops_is_a_broken_one(stage: Stage) -> None:
    stage.model.enqueue(Script((TextDelta("Some text"),)))
    run = await stage.answer()
    assert stage.board.shown(run) == f"Some text\n{BROKEN}"
    assert (await stage.row(run.run_id))["finish_reason"] == "broken"


@pytest.mark.parametrize(
    ("reason", "part"),
    [
        (FinishReason.LENGTH, "spent its whole limit of 500 tokens on thinking"),
        (FinishReason.CONTENT_FILTER, "held the whole answer back"),
        (FinishReason.BROKEN, "broke before any answer came"),
        (FinishReason.STOP, "gave an empty answer"),
    ],
)
@pytest.mark.parametrize("text", ["", " \n\t"])
async def test_an_answer_without_text_is_explained_and_no_part_of_history(
    stage: Stage, reason: FinishReason, part: str, text: str
) -> None:
    stage.model.enqueue(says(text, reason=reason, usage=USAGE))
    run = await stage.answer()
    row = await stage.row(run.run_id)
    assert part in stage.board.shown(run) and not stage.board.shown(run).startswith("-#")
    assert (row["status"], row["finish_reason"], row["completion_tokens"]) == ("failed", reason, 8)
    assert await stage.history() == ()


async def test_the_beginning_is_shown_while_the_rest_is_being_written(stage: Stage) -> None:
    stage.model.enqueue(says("one two three four five six", piece=4, every=2.0))
    turn = await stage.begin()
    work = asyncio.create_task(stage.pass_time(turn.carry_out()))
    await stage.until_shown("one two")
    assert "six" not in "".join(stage.board.texts.values())
    await work
    assert stage.board.in_channel(1) == ["one two three four five six"]


async def test_after_so_many_messages_the_answer_is_a_file(stage: Stage) -> None:
    async with stage.storage.write() as work:
        await work.settings.put(Scope.CHANNEL, 1, "answer_messages", "2")
    text = "# Long\n" + "\n".join(f"* line {number} of a long answer" for number in range(200))
    stage.model.enqueue(says(text))
    run = await stage.answer()
    *pages, notice = [stage.board.texts[page] for page in stage.board.of_run[run.run_id]]
    assert len(pages) == 2 and pages[0].startswith("# Long\n- line 0")
    assert notice == "-# This is not all: the file has the whole answer."
    assert stage.board.files == [text]
    assert await stage.answers() == [text]


async def test_a_long_answer_has_pages_that_are_kept_in_order(stage: Stage) -> None:
    text = "\n".join(f"line {number} of a long answer" for number in range(200))
    stage.model.enqueue(says(text, piece=200))
    run = await stage.answer()
    assert stage.board.shown(run) == text
    assert len(stage.board.of_run[run.run_id]) == 3
    (turn,) = await stage.history()
    assert turn.answer is not None and turn.answer.message_ids == tuple(stage.board.of_run[run.run_id])


class TestRetries:
    @pytest.mark.parametrize("error", [Unreachable("down"), Overloaded(None), RateLimited(None), TimedOut()])
    async def test_a_passing_error_is_tried_again(self, stage: Stage, error: ModelError) -> None:
        stage.model.enqueue(fails(error), "At last.")
        run = await stage.answer()
        assert stage.board.in_channel(1) == ["At last."]
        assert (await stage.row(run.run_id))["status"] == "completed"
        assert stage.model.requests[0] == stage.model.requests[1]

    async def test_the_servers_wait_is_kept_and_told_and_then_forgotten(self, stage: Stage) -> None:
        stage.model.enqueue(fails(RateLimited(20.0)), says("At last.", every=1.0))
        turn = await stage.begin()
        work = asyncio.create_task(stage.pass_time(turn.carry_out()))
        await stage.until_shown("-# The model is busy. Trying again in 20 s")
        told = stage.clock.monotonic()
        assert len(stage.model.requests) == 1
        await work
        assert len(stage.model.requests) == 2 and stage.clock.monotonic() > told + 19
        assert stage.board.in_channel(1) == ["At last."] and await stage.answers() == ["At last."]

    async def test_a_short_wait_is_not_told(self, stage: Stage) -> None:
        stage.model.enqueue(fails(RateLimited(2.0)), says("At last.", every=2.0))
        turn = await stage.begin()
        await stage.pass_time(turn.carry_out())
        texts = [call for call, _subject in stage.board.calls if call == "create"]
        assert len(texts) == 1 and stage.board.in_channel(1) == ["At last."]

    async def test_who_would_wait_too_long_is_told_when_to_come_back(self, stage: Stage) -> None:
        stage.model.enqueue(fails(RateLimited(600.0)))
        run = await stage.answer()
        assert "Please ask again in 10 min" in stage.board.shown(run) and len(stage.model.requests) == 1

    @pytest.mark.parametrize(
        "error", [QuotaExhausted(), KeyRefused(), ContextTooLong(), RequestRefused("no", param="top_p")]
    )
    async def test_what_will_not_pass_is_not_tried_again(self, stage: Stage, error: ModelError) -> None:
        stage.model.enqueue(fails(error))
        run = await stage.answer(locale="ko")
        assert stage.board.in_channel(1) == [explain(error, words("ko"))]
        row = await stage.row(run.run_id)
        assert row["status"] == "failed" and type(error).__name__ in row["error"]
        assert await stage.history() == () and len(stage.model.requests) == 1

    async def test_after_the_last_attempt_the_notice_gives_way_to_the_reason(self, stage: Stage) -> None:
        stage.model.enqueue(*(fails(Overloaded(5.0)) for _ in range(5)))
        run = await stage.answer()
        assert len(stage.model.requests) == 5
        assert stage.board.in_channel(1) == [explain(Overloaded(5.0), words("en"))]
        assert (await stage.row(run.run_id))["status"] == "failed"

    async def test_nothing_is_tried_again_once_text_was_read(self, stage: Stage) -> None:
        stage.model.enqueue(Script((TextDelta("Some text"), Unreachable("gone"))))
        run = await stage.answer()
        assert stage.board.shown(run).startswith("Some text\n-# ") and len(stage.model.requests) == 1
        assert (await stage.row(run.run_id))["status"] == "failed"

    async def test_the_model_is_not_asked_again_for_a_channel_that_is_gone(self, stage: Stage) -> None:
        stage.board.fail("create", ChannelGone())
        stage.model.enqueue(fails(RateLimited(10.0)))
        run = await stage.answer()
        assert len(stage.model.requests) == 1
        assert "ChannelGone" in (await stage.row(run.run_id))["error"]


class TestDelivery:
    @pytest.mark.parametrize(
        ("call", "error"), [("create", NotAllowed("no")), ("create", ChannelGone()), ("edit", MessageGone())]
    )
    async def test_the_model_is_not_read_on_when_nobody_can_see_it(
        self, stage: Stage, call: str, error: DeliveryError
    ) -> None:
        stage.board.fail(call, error)
        stage.model.enqueue(says("word " * 100, every=1.0))
        run = await stage.answer()
        row = await stage.row(run.run_id)
        assert row["status"] == "failed" and type(error).__name__ in row["error"]
        assert stage.model.abandoned == 1 and await stage.history() == ()

    async def test_a_short_answer_that_nobody_saw_is_no_part_of_history(self, stage: Stage) -> None:
        stage.board.fail("create", NotAllowed("no"))
        stage.model.enqueue(says("Seven.", usage=USAGE))
        run = await stage.answer()
        row = await stage.row(run.run_id)
        assert (row["status"], row["prompt_tokens"]) == ("failed", 90) and "NotAllowed" in row["error"]
        assert await stage.history() == () and await stage.count("items") == 1

    async def test_an_answer_whose_end_was_refused_is_kept(self, stage: Stage) -> None:
        stage.model.enqueue(
            Script((TextDelta("one two "), Pause(3), TextDelta("three"), Finished(FinishReason.STOP, None)))
        )
        stage.board.fail("edit", NotAllowed("no"))
        run = await stage.answer()
        row = await stage.row(run.run_id)
        assert row["status"] == "completed" and "NotAllowed" in row["error"]
        assert stage.board.shown(run) == "one two" and await stage.answers() == ["one two three"]


class TestCommand:
    async def test_the_question_stands_above_the_answer_and_not_in_the_history(self, stage: Stage) -> None:
        stage.model.enqueue("Seven.")
        run = await stage.answer("How\nmany?", command=True)
        assert stage.board.shown(run) == "> How many?\nSeven."
        assert await stage.answers() == ["Seven."]

    async def test_a_long_question_is_shown_in_short(self, stage: Stage) -> None:
        stage.model.enqueue("Seven.")
        run = await stage.answer("x" * 4_000, command=True)
        assert stage.board.shown(run) == f"> {'x' * 299}…\nSeven."

    async def test_an_error_stands_below_the_question(self, stage: Stage) -> None:
        stage.model.enqueue(fails(KeyRefused()))
        run = await stage.answer("How many?", command=True)
        assert stage.board.shown(run) == f"> How many?\n{explain(KeyRefused(), words('en'))}"


class TestPrivate:
    async def test_no_text_of_a_private_question_stays(self, stage: Stage) -> None:
        stage.model.enqueue("public", says("Secret.", usage=USAGE), "public")
        await stage.answer("open")
        run = await stage.answer("a secret?", private=True)
        assert stage.board.shown(run) == "Secret."
        assert len(stage.model.requests[1].messages) == 2, "the prefix and the question"
        row = await stage.row(run.run_id)
        assert (row["status"], row["prompt_tokens"]) == ("completed", 90)
        await stage.answer("open again")
        assert "ecret" not in repr(stage.model.requests[2])
        assert await stage.count("items") == 4 and await stage.answers() == ["public", "public"]

    async def test_a_private_failure_leaves_no_text_either(self, stage: Stage) -> None:
        stage.model.enqueue(fails(KeyRefused()))
        await stage.answer("a secret?", private=True)
        assert await stage.count("items") == await stage.count("messages") == 0

    async def test_a_private_answer_is_never_given_in_the_channel(self, stage: Stage) -> None:
        stage.board.interactions = False
        await stage.ask("a secret?", private=True)
        with pytest.raises(NotAllowed):
            TurnOfRun(stage.studio, await stage.claim(), OWNER)
        assert stage.board.calls == []


class TestInterrupted:
    """By the end of the program, the run's task having been cancelled."""

    @staticmethod
    async def cancelled(stage: Stage, turn: TurnOfRun, when: Callable[[], Awaitable[None]]) -> None:
        work = asyncio.create_task(turn.carry_out())
        await when()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await stage.pass_time(turn.interrupt())

    async def test_with_nothing_shown_the_run_waits_for_the_next_process(self, stage: Stage) -> None:
        stage.model.enqueue(says("Too late.", every=30.0))
        turn = await stage.begin()
        await self.cancelled(stage, turn, lambda: stage.until(lambda: _asked(stage)))
        row = await stage.row(1)
        assert (row["status"], row["lease_owner"]) == ("queued", None) and stage.board.texts == {}

    async def test_what_was_shown_is_kept_and_marked(self, stage: Stage) -> None:
        stage.model.enqueue(says("one two three four", piece=8, every=10.0))
        turn = await stage.begin()
        await self.cancelled(stage, turn, lambda: stage.until_shown("one two"))
        assert "one two\n-# The answer was interrupted here" in stage.board.in_channel(1)[0]
        row = await stage.row(1)
        assert (row["status"], row["finish_reason"]) == ("incomplete", "interrupted")
        assert await stage.answers() == ["one two "]

    async def test_a_notice_alone_is_no_empty_answer_of_the_model(self, stage: Stage) -> None:
        stage.model.enqueue(fails(RateLimited(30.0)))
        turn = await stage.begin()
        await self.cancelled(stage, turn, lambda: stage.until_shown("Trying again"))
        (shown,) = stage.board.in_channel(1)
        assert shown.startswith("The answer was interrupted here: the bot was restarted.")
        assert (await stage.row(1))["status"] == "failed" and await stage.history() == ()

    async def test_an_answer_that_is_whole_is_not_marked(self, stage: Stage) -> None:
        text = "\n".join(f"line {number}" for number in range(1_500))
        stage.model.enqueue(says(text, piece=10_000, usage=USAGE))
        turn = await stage.begin()
        await self.cancelled(stage, turn, lambda: stage.until_shown("line 0"))
        row = await stage.row(1)
        assert (row["status"], row["finish_reason"], row["prompt_tokens"]) == ("completed", "stop", 90)
        assert await stage.answers() == [text] and "restarted" not in "".join(stage.board.in_channel(1))

    async def test_a_private_question_is_not_left_to_a_process_that_would_answer_in_public(self, stage: Stage) -> None:
        stage.model.enqueue(says("Secret.", every=30.0))
        turn = await stage.begin("a secret?", private=True)
        await self.cancelled(stage, turn, lambda: stage.until(lambda: _asked(stage)))
        assert (await stage.row(1))["status"] == "failed" and await stage.count("items") == 0
        assert "restarted" in stage.board.in_channel(1)[0]

    async def test_a_run_that_was_reset_meanwhile_does_not_come_back(self, stage: Stage) -> None:
        stage.model.enqueue(says("Too late.", every=30.0))
        turn = await stage.begin()

        async def reset() -> None:
            await stage.until(lambda: _asked(stage))
            async with stage.storage.write() as work:
                await work.conversations.reset(1, 9, stage.clock.now())

        await self.cancelled(stage, turn, reset)
        assert (await stage.row(1))["status"] == "cancelled"


class TestInteractionThatEnds:
    """Discord takes an answer to an interaction for 15 minutes."""

    @staticmethod
    def slow() -> Script:
        return Script(
            (TextDelta("one two "), Pause(15 * 60.0), TextDelta("three"), Finished(FinishReason.STOP, USAGE)),
        )

    async def test_a_public_answer_goes_on_in_the_channel(self, stage: Stage) -> None:
        stage.board.until = stage.clock.now() + timedelta(minutes=14)
        stage.model.enqueue(self.slow())
        run = await stage.ask("why?", command=True)
        turn = TurnOfRun(stage.studio, await stage.claim(), OWNER)
        await stage.pass_time(turn.carry_out(), step=5.0, limit=3_000)
        assert stage.board.in_channel(1) == ["> why?\none two three"]
        assert (await stage.row(run.run_id))["status"] == "completed" and await stage.answers() == ["one two three"]

    async def test_what_waited_too_long_to_be_shown_is_shown_in_the_channel(self, stage: Stage) -> None:
        stage.board.until = stage.clock.now() + timedelta(minutes=14)
        stage.model.enqueue(Script((Pause(15 * 60.0), TextDelta("late"), Finished(FinishReason.STOP, USAGE))))
        await stage.ask("why?", command=True)
        turn = TurnOfRun(stage.studio, await stage.claim(), OWNER)
        await stage.pass_time(turn.carry_out(), step=5.0, limit=3_000)
        assert stage.board.in_channel(1) == ["> why?\nlate"]

    async def test_an_end_that_comes_late_is_shown_in_the_channel(self, stage: Stage) -> None:
        stage.board.until = stage.clock.now() + timedelta(minutes=14)
        text = TextDelta("all of it")
        stage.model.enqueue(Script((text, Pause(16 * 60.0), Finished(FinishReason.LENGTH, USAGE))))
        await stage.ask("why?", command=True)
        turn = TurnOfRun(stage.studio, await stage.claim(), OWNER)
        await stage.pass_time(turn.carry_out(), step=5.0, limit=3_000)
        assert stage.board.in_channel(1) == [f"> why?\nall of it\n{LIMIT}"]

    async def test_a_private_answer_ends_in_time_and_says_so(self, stage: Stage) -> None:
        stage.board.until = stage.clock.now() + timedelta(minutes=14)
        words = [part for number in range(200) for part in (TextDelta(f"w{number} "), Pause(10.0))]
        stage.model.enqueue(Script((*words, Finished(FinishReason.STOP, USAGE))))
        run = await stage.ask("why?", private=True)
        turn = TurnOfRun(stage.studio, await stage.claim(), OWNER)
        await stage.pass_time(turn.carry_out(), step=5.0, limit=3_000)
        (shown,) = stage.board.in_channel(1)
        assert shown.startswith("w0 w1 ") and shown.endswith("-# " + OUT_OF_TIME) and "w199" not in shown
        assert (await stage.row(run.run_id))["status"] == "incomplete"


class TestWindowStart:
    async def window_start(self, stage: Stage) -> int | None:
        async with stage.storage.read() as work:
            return (await work.conversations.transcript(1, run_id=10**9)).start

    async def test_an_undo_while_an_answer_is_written_brings_everything_back(self, stage: Stage) -> None:
        stage.model.enqueue("Answer to the first.")
        resets = Resets(stage.storage, stage.clock, stage.preferences, stage.personas)
        first = await stage.answer("first")
        reset = await resets.reset(first.place, MODERATOR)
        stage.model.enqueue(says("Answer to the second.", every=1.0))
        turn = await stage.begin("second")
        writing = asyncio.ensure_future(turn.carry_out())
        await stage.until_shown("Answer")
        await resets.undo(reset.reset_id, first.place, MODERATOR)
        await stage.pass_time(writing)
        assert len(await stage.history()) == 2 and await self.window_start(stage) is None


async def _asked(stage: Stage) -> bool:
    return bool(stage.model.requests)
