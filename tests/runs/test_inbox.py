from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.conversation import MAX_WAITING, File, Quote
from bot.domain.run import RunStatus
from bot.runs.inbox import MAX_JOINED, MAX_PRIVATE, MAX_QUOTE_TOKENS, Full, Joined, Queued, Seen
from bot.storage.runs import Runs
from tests.runs.conftest import ANNA, BORA, Stage


async def test_a_message_becomes_a_question_and_a_run_that_waits(stage: Stage) -> None:
    file = File(filename="a.txt", media_type="text/plain", data=b"text")
    incoming = stage.incoming("What is it?", files=(file,), message_id=55, locale="ko")
    assert not await stage.inbox.known(1)
    accepted = await stage.inbox.accept(incoming)
    assert isinstance(accepted, Queued) and accepted.ahead == 0
    run = accepted.run
    assert (run.status, run.asker, run.locale) == (RunStatus.QUEUED, ANNA, "ko")
    assert (run.trigger_message_id, run.reply_to_message_id) == (55, 55)
    async with stage.storage.read() as work:
        (item,) = await work.conversations.questions(run.run_id)
    assert (item.text, item.speaker, item.files, item.message_ids) == ("What is it?", ANNA, (file,), (55,))
    assert item.tokens > stage.counter.count("What is it?")
    assert stage.work_waits.is_set() and await stage.inbox.known(1)


async def test_what_one_person_says_while_they_wait_is_one_turn(stage: Stage) -> None:
    first = await stage.ask("one", message_id=50)
    stage.work_waits.clear()
    joined = await stage.say("two", message_id=51)
    assert isinstance(joined, Joined) and joined.run.run_id == first.run_id
    assert not stage.work_waits.is_set()
    run = await stage.claim()
    assert (run.trigger_message_id, run.reply_to_message_id) == (50, 51)
    async with stage.storage.read() as work:
        questions = await work.conversations.questions(run.run_id)
    assert [item.text for item in questions] == ["one", "two"]


async def test_a_turn_takes_so_many_messages_and_the_next_is_another(stage: Stage) -> None:
    first = await stage.ask("one")
    for _ in range(MAX_JOINED - 1):
        assert isinstance(await stage.say("more"), Joined)
    assert (await stage.ask("too much for one turn")).run_id != first.run_id


async def test_a_turn_is_not_joined_across_another_persons(stage: Stage) -> None:
    await stage.ask(speaker=ANNA)
    await stage.ask(speaker=BORA)
    third = await stage.say(speaker=ANNA)
    assert isinstance(third, Queued) and third.ahead == 2


async def test_a_turn_that_runs_is_not_joined(stage: Stage) -> None:
    await stage.ask()
    await stage.claim()
    second = await stage.say()
    assert isinstance(second, Queued) and second.ahead == 1


async def test_a_command_neither_joins_nor_is_joined(stage: Stage) -> None:
    await stage.ask("spoken")
    command = await stage.say("asked", command=True)
    assert isinstance(command, Queued) and command.run.reply_to_message_id is None
    async with stage.storage.read() as work:
        (item,) = await work.conversations.questions(command.run.run_id)
    assert item.message_ids == (), "an interaction is no message"
    spoken = await stage.say("spoken again")
    assert isinstance(spoken, Queued) and spoken.ahead == 2


async def test_other_conversations_do_not_count(stage: Stage) -> None:
    await stage.ask(channel_id=1)
    other = await stage.say(channel_id=2)
    assert isinstance(other, Queued) and other.ahead == 0


async def test_the_eleventh_that_waits_is_declined_and_leaves_nothing(stage: Stage) -> None:
    for number in range(MAX_WAITING):
        await stage.ask(speaker=replace(ANNA, user_id=100 + number))
    before = await stage.count("items")
    assert await stage.say(speaker=BORA) == Full(MAX_WAITING)
    assert await stage.count("items") == before and await stage.count("runs") == MAX_WAITING
    last = replace(ANNA, user_id=100 + MAX_WAITING - 1)
    assert isinstance(await stage.say(speaker=last), Joined), "a turn that waits already may still grow"
    assert isinstance(await stage.say(speaker=BORA, channel_id=2), Queued)


async def test_a_place_becomes_free_when_a_run_starts(stage: Stage) -> None:
    for number in range(MAX_WAITING):
        await stage.ask(speaker=replace(ANNA, user_id=100 + number))
    await stage.claim()
    taken = await stage.say(speaker=BORA)
    assert isinstance(taken, Queued) and taken.ahead == MAX_WAITING


@pytest.mark.parametrize("command", [False, True])
async def test_a_message_that_is_delivered_twice_counts_once(stage: Stage, command: bool) -> None:
    incoming = stage.incoming(command=command)
    await stage.inbox.accept(incoming)
    assert await stage.inbox.accept(incoming) == Seen()
    assert await stage.count("runs") == await stage.count("items") == 1


async def test_a_message_that_another_process_stored_meanwhile_counts_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    incoming = stage.incoming()
    await stage.inbox.accept(incoming)

    async def unseen(self: Runs, message_id: int) -> bool:
        return False

    monkeypatch.setattr(Runs, "seen", unseen)
    assert await stage.inbox.accept(incoming) == Seen()


async def test_a_joined_message_that_is_delivered_twice_counts_once(stage: Stage) -> None:
    await stage.ask("one")
    incoming = stage.incoming("two")
    assert isinstance(await stage.inbox.accept(incoming), Joined)
    assert await stage.inbox.accept(incoming) == Seen()
    assert await stage.count("items") == 2


async def test_a_private_question_waits_for_nobody_and_holds_nobody_up(stage: Stage) -> None:
    await stage.ask()
    private = await stage.say(private=True, speaker=BORA)
    assert isinstance(private, Queued) and private.run.private and private.ahead == 0
    third = await stage.say(speaker=BORA)
    assert isinstance(third, Queued) and third.ahead == 1


async def test_private_questions_of_one_person_have_a_bound_wherever_they_are_asked(stage: Stage) -> None:
    for channel_id in range(1, MAX_PRIVATE + 1):
        assert isinstance(await stage.say(private=True, channel_id=channel_id), Queued)
    await stage.claim()
    before = await stage.count("items")
    assert await stage.say(private=True, channel_id=9) == Full(3, private=True)
    assert await stage.count("items") == before
    assert isinstance(await stage.say(private=True, speaker=BORA), Queued)
    assert isinstance(await stage.say(), Queued)


async def test_a_turn_that_began_just_now_is_not_joined_and_waits_no_longer(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(MAX_WAITING - 1):
        await stage.ask(speaker=replace(ANNA, user_id=100 + number))
    last = await stage.ask(speaker=BORA)

    async def begun(self: Runs, run_id: int, reply_to_message_id: int) -> bool:
        return False

    monkeypatch.setattr(Runs, "join", begun)
    anew = await stage.say(speaker=BORA)
    assert isinstance(anew, Queued) and anew.run.run_id != last.run_id


async def test_a_private_question_does_not_make_a_conversation_known(stage: Stage) -> None:
    await stage.ask(private=True)
    assert not await stage.inbox.known(1)


async def test_a_long_quote_is_cut(stage: Stage) -> None:
    run = await stage.ask("and this?", quote=Quote(author="Bora", text="word " * 1_000))
    async with stage.storage.read() as work:
        (item,) = await work.conversations.questions(run.run_id)
    assert item.quote is not None and item.quote.author == "Bora"
    assert item.quote.text != "word " * 1_000 and item.quote.text < "word " * 1_000
    assert MAX_QUOTE_TOKENS - 5 <= stage.counter.count(item.quote.text) <= MAX_QUOTE_TOKENS
    assert MAX_QUOTE_TOKENS < item.tokens < MAX_QUOTE_TOKENS + 60


async def test_a_short_quote_stays_whole(stage: Stage) -> None:
    quote = Quote(author="보라", text="짧은 글")
    run = await stage.ask("and this?", quote=quote)
    async with stage.storage.read() as work:
        (item,) = await work.conversations.questions(run.run_id)
    assert item.quote == quote
