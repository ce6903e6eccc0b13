from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from bot.channels.resets import Resets
from bot.delivery.manuscript import Manuscript
from bot.domain.actor import EVERYTHING, Actor
from bot.domain.conversation import Place
from bot.domain.persona import Persona, ReasoningEffort
from bot.domain.run import FinishReason, RunStatus
from bot.domain.settings import ANSWER_TOKENS, WINDOW_TOKENS, Scope
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
from bot.llm.port import Finished, RefusalDelta, TextDelta
from bot.llm.scripted import Pause, Script, fails, says
from bot.runs.endings import OUT_OF_TIME
from bot.runs.turn import TurnOfRun
from bot.words import words
from bot.words.explain import explain
from cogs.settings import LABELS
from tests.runs.conftest import BORA, OWNER, Stage

CRASHED = "Something went wrong on my side, and the answer ends here. Please ask again."
MODERATOR = Actor(user_id=5, name="Mo", permissions=EVERYTHING)
USAGE = Usage(prompt_tokens=90, completion_tokens=480, cached_tokens=64, reasoning_tokens=2)
LIMIT = "-# The answer reached its limit of 500 tokens. Reply “continue” for the rest."
FILTERED = "-# The model's content filter ended the answer here."
BROKEN = "-# The connection to the model broke here. Ask again for a whole answer."


async def test_an_answer_is_shown_and_stored_with_what_it_cost(stage: Stage) -> None:
    stage.model.enqueue(says("Seven, I think.", usage=USAGE, model="gpt-6-luna-2026-05"))
    run = await stage.answer("How many?")
    assert stage.board.shown(run) == "Seven, I think."
    row = await stage.row(run.run_id)
    assert (row["status"], row["finish_reason"], row["error"]) == ("completed", "stop", None)
    assert (row["prompt_tokens"], row["completion_tokens"]) == (90, 480)
    assert (row["cached_tokens"], row["reasoning_tokens"], row["model"]) == (64, 2, "gpt-6-luna-2026-05")
    assert row["ended_at"] is not None
    (turn,) = await stage.history()
    assert turn.answer is not None and turn.answer.text == "Seven, I think." and turn.answer.tokens > 0
    assert turn.answer.message_ids == tuple(stage.board.of_run[run.run_id])
    assert row["prefix_hash"] and (turn.prompt_tokens, turn.prefix_hash) == (90, row["prefix_hash"])


async def test_a_model_that_does_not_say_its_name_is_the_one_that_was_asked(stage: Stage) -> None:
    stage.model.enqueue("Seven.")
    run = await stage.answer()
    assert (await stage.row(run.run_id))["model"] == "gpt-6-luna"


async def test_a_persona_is_sent_with_all_that_it_chooses(stage: Stage) -> None:
    place, anna = Place(channel_id=1, guild_id=7), Actor(user_id=11, name="Anna", permissions=EVERYTHING)
    chosen = Persona(
        ref="",
        name="Pirate",
        instructions="Talk like a pirate.",
        model="gpt-6-sol",
        temperature=0.3,
        top_p=0.8,
        reasoning_effort=ReasoningEffort.LOW,
    )
    await stage.personas.create(place, anna, chosen)
    await stage.personas.use(place, anna, "Pirate", "en-US")
    stage.model.enqueue("Arr.")
    run = await stage.answer()
    (sent,) = stage.model.requests
    assert (sent.model, sent.temperature, sent.top_p) == ("gpt-6-sol", 0.3, 0.8)
    assert sent.reasoning_effort is ReasoningEffort.LOW
    assert sent.messages[0].content.startswith("Talk like a pirate.")
    assert (await stage.row(run.run_id))["model"] == "gpt-6-sol"


async def test_the_instructions_stay_in_the_language_in_which_a_conversation_begins(stage: Stage) -> None:
    """Whoever asks: providers cache a prompt from its beginning."""
    stage.model.enqueue(*["Yes."] * 5)
    for channel_id, locale in ((1, "en-US"), (1, "ko"), (1, "en-US"), (2, "ko"), (2, "en-US")):
        await stage.answer(channel_id=channel_id, locale=locale)
    english, *others, korean, last = [sent.messages[0].content for sent in stage.model.requests]
    assert others == [english, english] and last == korean != english


async def test_who_asks_where_is_told_apart_and_nobodys_id_is_given_away(stage: Stage) -> None:
    stage.model.enqueue(*["Yes."] * 3)
    await stage.answer()
    await stage.answer(speaker=BORA, channel_id=2)
    await stage.answer(channel_id=2)
    anna, bora, again = stage.model.requests
    assert (anna.cache_key, bora.cache_key, again.cache_key) == ("channel-1", "channel-2", "channel-2")
    assert anna.safety_identifier == again.safety_identifier != bora.safety_identifier
    assert anna.safety_identifier not in tuple(hashlib.sha256(text.encode()).hexdigest() for text in ("11", ":11"))


async def test_the_next_request_holds_what_was_said(stage: Stage) -> None:
    stage.model.enqueue("first answer", "second answer")
    await stage.answer("first question")
    await stage.answer("second question")
    sent = stage.model.requests[1]
    contents = [message.content for message in sent.messages]
    assert "first question" in contents[1] and contents[2] == "first answer" and "second question" in contents[3]
    assert sent.max_tokens == 500 and sent.cache_key == "channel-1"
    assert sent.safety_identifier and sent.safety_identifier != "11" and len(sent.safety_identifier) <= 128


async def test_a_small_window_bounds_the_answer_too(stage: Stage) -> None:
    """What the operator allows for one call is for question and answer together."""
    place = Place(channel_id=1, guild_id=7)
    await stage.preferences.set(place, MODERATOR, "window_tokens", "1000", Scope.CHANNEL)
    stage.model.enqueue("Seven.")
    await stage.answer("word " * 600)
    sent = stage.model.requests[0]
    asked = sum(stage.counter.count(message.content) for message in sent.messages)
    assert 250 <= sent.max_tokens <= 1_000 - asked


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


@pytest.mark.parametrize(
    ("written", "whose"),
    [(449, "The model's server ended the answer"), (450, "The answer reached its limit"), (None, "The answer reached")],
)
async def test_a_limit_of_the_servers_own_is_not_called_the_bots(stage: Stage, written: int | None, whose: str) -> None:
    usage = Usage(prompt_tokens=90, completion_tokens=written) if written is not None else None
    stage.model.enqueue(says("Some text", reason=FinishReason.LENGTH, usage=usage))
    shown = stage.board.shown(await stage.answer())
    assert shown.startswith(f"Some text\n-# {whose}") and shown.endswith("Reply “continue” for the rest.")


async def test_thinking_that_the_server_ended_early_is_not_said_to_have_reached_the_bots_limit(stage: Stage) -> None:
    usage = Usage(prompt_tokens=90, completion_tokens=200, reasoning_tokens=200)
    stage.model.enqueue(says("", reason=FinishReason.LENGTH, usage=usage))
    shown = stage.board.shown(await stage.answer())
    assert "limit of its own before the model wrote anything" in shown and "500" not in shown


async def test_who_got_no_answer_for_its_limit_reads_of_every_setting_that_bounds_it(stage: Stage) -> None:
    stage.model.enqueue(says("", reason=FinishReason.LENGTH), says("", reason=FinishReason.LENGTH, usage=USAGE))
    for locale in ("en", "ko"):
        _, shown = words(locale), stage.board.shown(await stage.answer(locale=locale))
        assert all(f"“{_(LABELS[each.key])}”" in shown for each in (ANSWER_TOKENS, WINDOW_TOKENS)), shown


async def test_a_stream_that_just_stops_is_a_broken_one(stage: Stage) -> None:
    stage.model.enqueue(Script((TextDelta("Some text"),)))
    run = await stage.answer()
    assert stage.board.shown(run) == f"Some text\n{BROKEN}"
    assert (await stage.row(run.run_id))["finish_reason"] == "broken"


async def test_a_refusal_is_shown_and_remembered_in_the_models_own_words(stage: Stage) -> None:
    stage.model.enqueue(says("I cannot help with that.", reason=FinishReason.REFUSAL, usage=USAGE))
    run = await stage.answer()
    row = await stage.row(run.run_id)
    assert stage.board.shown(run) == "I cannot help with that."
    assert (row["status"], row["finish_reason"]) == ("completed", "refusal")
    assert await stage.answers() == ["I cannot help with that."]


async def test_a_refusal_that_breaks_off_is_said_to_be_broken(stage: Stage) -> None:
    stage.model.enqueue(Script((RefusalDelta("I cannot"), Finished(FinishReason.BROKEN, None))))
    run = await stage.answer()
    assert stage.board.shown(run) == f"I cannot\n{BROKEN}"
    assert (await stage.row(run.run_id))["status"] == "incomplete"


async def test_an_answer_of_which_more_is_text_than_refusal_is_its_text(stage: Stage) -> None:
    stage.model.enqueue(Script((TextDelta("Some text"), RefusalDelta("no"), Finished(FinishReason.REFUSAL, None))))
    run = await stage.answer()
    assert stage.board.shown(run) == "Some text" and await stage.answers() == ["Some text"]


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
    assert (row["status"], row["finish_reason"], row["completion_tokens"]) == ("failed", reason, 480)
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
    assert notice == "-# The answer goes on in the file, which has it from its beginning."
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
        await stage.until_shown("-# The model does not answer yet. Trying again in 20 s")
        told = stage.clock.monotonic()
        assert len(stage.model.requests) == 1
        await work
        assert len(stage.model.requests) == 2 and stage.clock.monotonic() > told + 19
        assert stage.board.in_channel(1) == ["At last."] and await stage.answers() == ["At last."]

    @pytest.mark.parametrize(("seconds", "told"), [(2.7, False), (3.0, True)])
    async def test_a_short_wait_is_not_told(self, stage: Stage, seconds: float, told: bool) -> None:
        stage.model.enqueue(fails(RateLimited(seconds)), "At last.")
        turn = await stage.begin()
        work = asyncio.create_task(turn.carry_out())
        await stage.until_asked()
        until = stage.clock.monotonic() + 2.5
        await stage.until(lambda: _passed(stage, until))
        assert [text.startswith("-# The model") for text in stage.board.in_channel(1)] == [True] * told
        await stage.pass_time(work)
        assert stage.board.in_channel(1) == ["At last."]

    async def test_the_wait_is_told_below_the_question_of_a_command(self, stage: Stage) -> None:
        stage.model.enqueue(fails(RateLimited(20.0)), "At last.")
        turn = await stage.begin("How many?", command=True)
        work = asyncio.create_task(turn.carry_out())
        await stage.until_shown("> How many?\n-# The model does not answer yet.")
        await stage.pass_time(work)
        assert stage.board.in_channel(1) == ["> How many?\nAt last."]

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

    @pytest.mark.parametrize("kind", [TextDelta, RefusalDelta])
    async def test_nothing_is_tried_again_once_text_was_read(
        self, stage: Stage, kind: type[TextDelta | RefusalDelta]
    ) -> None:
        stage.model.enqueue(Script((kind("Some text"), Unreachable("gone"))))
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

    @pytest.mark.parametrize("length", [301, 4_000])
    async def test_a_long_question_is_shown_in_short(self, stage: Stage, length: int) -> None:
        stage.model.enqueue("Seven.", "Seven.")
        run = await stage.answer("x" * length, command=True)
        assert stage.board.shown(run) == f"> {'x' * 299}…\nSeven."
        run = await stage.answer("x" * 300, command=True)
        assert stage.board.shown(run) == f"> {'x' * 300}\nSeven."

    async def test_a_question_with_code_opens_no_block_above_the_answer(self, stage: Stage) -> None:
        stage.model.enqueue("Seven.")
        run = await stage.answer("What is ```py\nx = 7\n```?", command=True)
        assert stage.board.shown(run) == "> What is `py x = 7 `?\nSeven."

    @pytest.mark.parametrize(
        ("question", "shown"),
        [
            ("why (a ||b) fails in bash", "> why (a \\|\\|b) fails in bash"),
            ("what does <br> do, and <p> or <div>?", "> what does <br> do, and <p> or <div>?"),
            ("what is <!-- x --> and &lt; in html", "> what is <!-- x --> and &lt; in html"),
            ("[!NOTE]", "> [!NOTE]"),
            (f"Is ||{'the butler ' * 40}|| guilty?", f"> Is ||{('the butler ' * 40)[:292]}||…"),
        ],
    )
    async def test_a_question_is_what_was_typed_whatever_the_answer_begins_with(
        self, stage: Stage, question: str, shown: str
    ) -> None:
        stage.model.enqueue("The first ||paragraph||.\n\nThe second.", "> To be, or not to be.")
        first, second = await stage.answer(question, command=True), await stage.answer(question, command=True)
        assert stage.board.shown(first) == f"{shown}\nThe first ||paragraph||.\n\nThe second."
        assert stage.board.shown(second) == f"{shown}\n\n> To be, or not to be."

    async def test_a_question_does_not_stand_alone_before_the_answer_has_a_word(self, stage: Stage) -> None:
        stage.model.enqueue(
            Script((TextDelta("\n\n"), Pause(20), TextDelta("Seven."), Finished(FinishReason.STOP, None)))
        )
        turn = await stage.begin("How many?", command=True)
        work = asyncio.create_task(turn.carry_out())
        await stage.until(lambda: _passed(stage, 10.0))
        assert stage.board.in_channel(1) == []
        await stage.pass_time(work)
        assert "Seven." in stage.board.in_channel(1)[0]

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

    async def test_a_run_that_waits_for_the_next_process_is_not_typed_for_by_this_one(self, stage: Stage) -> None:
        stage.model.enqueue(says("Too late.", every=30.0))
        turn = await stage.begin()
        await self.cancelled(stage, turn, lambda: stage.until(lambda: _asked(stage)))
        stage.board.calls.clear()
        await stage.clock.advance(30)
        assert stage.board.calls == []

    async def test_the_promise_of_an_answer_is_taken_back_if_discord_allows(self, stage: Stage) -> None:
        stage.model.enqueue(says("Too late.", every=30.0))
        turn = await stage.begin()
        stage.board.fail("withdraw", NotAllowed("Invalid Webhook Token"))
        await self.cancelled(stage, turn, lambda: stage.until(lambda: _asked(stage)))
        assert ("withdraw", 1) in stage.board.calls
        assert (await stage.row(1))["status"] == "queued"

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

    async def test_what_goes_on_in_the_channel_is_shown_as_it_is_written(self, stage: Stage) -> None:
        stage.board.until = stage.clock.now() + timedelta(minutes=14)
        steps = self.slow().steps
        stage.model.enqueue(Script((*steps[:-1], Pause(600.0), steps[-1])))
        await stage.ask("why?", command=True)
        turn = TurnOfRun(stage.studio, await stage.claim(), OWNER)
        work = asyncio.create_task(stage.pass_time(turn.carry_out(), step=5.0, limit=3_000))
        await stage.until(lambda: _passed(stage, 15 * 60.0 + 60), step=5.0, limit=3_000)
        assert stage.board.in_channel(1) == ["> why?\none two three"] and not work.done()
        await work

    async def test_what_goes_on_in_the_channel_has_pages_that_are_kept_and_ends_in_a_file(self, stage: Stage) -> None:
        async with stage.storage.write() as work:
            await work.settings.put(Scope.CHANNEL, 1, "answer_messages", "2")
        stage.board.until = stage.clock.now() + timedelta(minutes=14)
        lines = TextDelta("\n".join(f"line {number} of a long answer" for number in range(300)))
        stage.model.enqueue(
            Script((TextDelta("one two "), Pause(15 * 60.0), lines, Finished(FinishReason.STOP, USAGE)))
        )
        run = await stage.ask("why?", command=True)
        turn = TurnOfRun(stage.studio, await stage.claim(), OWNER)
        await stage.pass_time(turn.carry_out(), step=5.0, limit=3_000)
        assert len(stage.board.in_channel(1)) == 3 and len(stage.board.files) == 1
        (kept,) = await stage.history()
        assert kept.answer is not None and kept.answer.message_ids == tuple(stage.board.of_run[run.run_id])

    @pytest.mark.parametrize("defect", [False, True])
    async def test_what_was_shown_before_stays_in_its_message(self, stage: Stage, defect: bool) -> None:
        """Also above the apology, if that becomes the end."""
        stage.board.until = stage.clock.now() + timedelta(minutes=14)
        text = "".join(f"{number}. see https://example.com/page/{number} for more\n" for number in range(1, 121))
        parts = TextDelta(text[:3_000]), Pause(15 * 60.0), TextDelta(text[3_000:]), Pause(60.0)
        stage.model.enqueue(Script((*parts, Finished(FinishReason.STOP, USAGE))))
        await stage.ask("why?", command=True)
        turn = TurnOfRun(stage.studio, await stage.claim(), OWNER)
        work = asyncio.create_task(self.to_the_end(stage, turn))
        await stage.until(lambda: _passed(stage, 14 * 60.0), step=5.0, limit=1_000)
        (first, full), (_, open_page) = stage.board.texts.items()
        stage.board.calls.clear()
        stage.board.fail("edit", *[RuntimeError("a defect")] * defect)
        await work
        pages = stage.board.in_channel(1)
        assert pages[0] == full and ("edit", first) not in stage.board.calls
        assert pages[1].startswith(open_page) and (CRASHED in pages[-1]) is defect
        assert "".join(pages).count("<https://example.com/page/") == 120, "what keeps previews away from an edit"

    @staticmethod
    async def to_the_end(stage: Stage, turn: TurnOfRun) -> None:
        try:
            await stage.pass_time(turn.carry_out(), step=5.0, limit=3_000)
        except RuntimeError as error:
            await stage.pass_time(turn.crash(error))

    async def test_what_waited_too_long_to_be_shown_is_shown_in_the_channel(self, stage: Stage) -> None:
        stage.board.until = stage.clock.now() + timedelta(minutes=14)
        stage.model.enqueue(Script((Pause(15 * 60.0), TextDelta("late"), Finished(FinishReason.STOP, USAGE))))
        await stage.ask("why?", command=True)
        turn = TurnOfRun(stage.studio, await stage.claim(), OWNER)
        await stage.pass_time(turn.carry_out(), step=5.0, limit=3_000)
        assert stage.board.in_channel(1) == ["> why?\nlate"]
        assert [call for call in stage.board.calls if call[0] == "withdraw"], "it does not think for ever"

    async def test_an_end_that_comes_late_is_shown_in_the_channel(self, stage: Stage) -> None:
        stage.board.until = stage.clock.now() + timedelta(minutes=14)
        text = TextDelta("all of it")
        stage.model.enqueue(Script((text, Pause(16 * 60.0), Finished(FinishReason.LENGTH, USAGE))))
        await stage.ask("why?", command=True)
        turn = TurnOfRun(stage.studio, await stage.claim(), OWNER)
        await stage.pass_time(turn.carry_out(), step=5.0, limit=3_000)
        assert stage.board.in_channel(1) == [f"> why?\nall of it\n{LIMIT}"]

    async def test_an_error_that_comes_late_is_told_in_the_channel(self, stage: Stage) -> None:
        stage.board.until = stage.clock.now() + timedelta(minutes=14)
        stage.model.enqueue(Script((TextDelta("some of it"), Pause(16 * 60.0), KeyRefused())))
        await stage.ask("why?", command=True)
        turn = TurnOfRun(stage.studio, await stage.claim(), OWNER)
        await stage.pass_time(turn.carry_out(), step=5.0, limit=3_000)
        assert stage.board.in_channel(1) == [f"> why?\nsome of it\n-# {explain(KeyRefused(), words('en'))}"]

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


async def test_an_answer_to_what_another_process_has_taken_up_is_not_remembered(stage: Stage) -> None:
    stage.model.enqueue(says("Some text", every=1.0))
    turn = await stage.begin()
    writing = asyncio.create_task(turn.carry_out())
    await stage.until(lambda: _asked(stage))
    async with stage.storage.write() as work:
        await work.runs.lapse_all(stage.clock.now())
        assert await work.runs.requeue(1, stage.clock.now())
    await stage.claim("other")
    await stage.pass_time(writing)
    row = await stage.row(1)
    assert (row["status"], row["lease_owner"]) == ("in_progress", "other")
    assert await stage.count("items") == 1, "the question"


class TestSign:
    @pytest.mark.parametrize(("seconds", "removed"), [(0.5, False), (1.5, True)])
    async def test_who_was_heard_at_once_can_carry_no_sign_of_another_process(
        self, stage: Stage, seconds: float, removed: bool
    ) -> None:
        stage.model.enqueue("Seven.")
        await stage.ask(message_id=50)
        await stage.clock.advance(seconds)
        work = asyncio.create_task(TurnOfRun(stage.studio, await stage.claim(), OWNER).carry_out())
        await stage.until_asked()
        await stage.pass_time(work)
        await stage.signs.close()
        assert (("remove", 50) in stage.board.calls) is removed


class TestCrash:
    async def test_what_was_shown_keeps_its_form_above_the_apology(self, stage: Stage) -> None:
        async with stage.storage.write() as work:
            await work.settings.put(Scope.CHANNEL, 1, "answer_messages", "1")
        text = "\n".join(f"line {number} of a long answer" for number in range(300))
        stage.model.enqueue(Script((TextDelta(text[:50]), Pause(5), TextDelta(text[50:]), Pause(5))))
        stage.board.fail("edit", RuntimeError("a defect"))
        turn = await stage.begin()
        with pytest.raises(RuntimeError) as raised:
            await stage.pass_time(turn.carry_out())
        await stage.pass_time(turn.crash(raised.value))
        assert len(stage.board.in_channel(1)) == 2 and len(stage.board.files) == 1

    async def test_an_answer_that_cannot_be_laid_out_is_replaced_by_the_apology(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stage.model.enqueue("poison")
        lay_out = Manuscript.lay_out

        def laid_out(manuscript: Manuscript) -> tuple[str, ...]:
            if "poison" in manuscript.text:
                raise IndexError("a defect")
            return lay_out(manuscript)

        monkeypatch.setattr(Manuscript, "lay_out", laid_out)
        turn = await stage.begin()
        with pytest.raises(IndexError) as raised:
            await stage.pass_time(turn.carry_out())
        await stage.pass_time(turn.crash(raised.value))
        assert stage.board.in_channel(1) == [CRASHED]


class TestWindowStart:
    async def test_turns_leave_the_window_several_at_once_and_do_not_come_back(self, stage: Stage) -> None:
        async with stage.storage.write() as work:
            await work.settings.put(Scope.CHANNEL, 1, "window_tokens", "1000")
        stage.model.enqueue(*["word " * 60 for _ in range(12)])
        starts = []
        for number in range(12):
            run = await stage.answer(f"question {number}")
            starts.append(await self.window_start(stage) or 0)
        assert starts == sorted(starts) and (await stage.row(run.run_id))["window_start"] == starts[-1]
        assert 2 <= len(set(starts)) <= 4, "between two cuts every prompt begins with the one before"
        for sent, start in zip(stage.model.requests, starts, strict=True):
            asked = [int(number) for number in re.findall(r"question (\d+)", repr(sent.messages))]
            assert asked == list(range(asked[0], asked[-1] + 1)) and asked[0] == max(start - 1, 0)

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


async def _passed(stage: Stage, moment: float) -> bool:
    return stage.clock.monotonic() >= moment


async def _asked(stage: Stage) -> bool:
    return bool(stage.model.requests)
