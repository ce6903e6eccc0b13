"""History, resets, and what is deleted with what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from bot.domain.conversation import File, Place, Quote
from bot.domain.run import RunStatus
from bot.domain.settings import Scope
from bot.storage import Storage
from bot.storage.conversations import Restored

if TYPE_CHECKING:
    from .conftest import Talk

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
DAY = timedelta(days=1)


async def rows(storage: Storage, table: str) -> int:
    async with storage.read() as work:
        return int(await work.connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


async def test_a_turn_comes_back_whole(talk: Talk, storage: Storage) -> None:
    files = (
        File(filename="b.bin", media_type="application/octet-stream", data=bytes(range(256)) * 400),
        File(filename="가.txt", media_type="text/plain", data="글".encode()),
    )
    await talk.ask(text="무엇?", quote=Quote(author="Ben", text="that"), files=files)
    run = await talk.claim()
    assert run is not None
    await talk.finish(run, "이것.")
    async with storage.read() as work:
        (turn,) = (await work.conversations.transcript(1, run_id=run.run_id + 1)).history
    (question,) = turn.questions
    assert (question.text, question.speaker, question.quote) == ("무엇?", run.asker, Quote(author="Ben", text="that"))
    assert (question.files, question.message_ids) == (files, (run.trigger_message_id,))
    assert question.created_at == NOW
    assert turn.answer is not None and (turn.answer.text, turn.answer.speaker) == ("이것.", None)
    assert len(turn.answer.message_ids) == 1 and turn.answer.message_ids != question.message_ids
    assert (turn.prompt_tokens, turn.window_start, turn.prefix_hash) == (50, run.run_id, "prefix")


async def test_history_is_ordered_by_run_whatever_ended_first(talk: Talk) -> None:
    runs = {}
    for channel, said in ((1, "a"), (2, "x"), (1, "b"), (1, "c"), (2, "y")):
        runs[said] = await talk.ask(channel, said)
    for _ in range(5):
        for run in [claimed for claimed in (await talk.claim(), await talk.claim()) if claimed][::-1]:
            await talk.finish(run)
    assert await talk.said(1) == ["a", "b", "c"]
    assert await talk.said(2) == ["x", "y"]
    assert await talk.said(1, before_run=runs["c"].run_id) == ["a", "b"]


async def test_only_answered_turns_are_history(talk: Talk) -> None:
    for status in (RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.INCOMPLETE, RunStatus.COMPLETED):
        await talk.ask(text=status.value)
        run = await talk.claim()
        assert run is not None
        await talk.finish(run, status=status)
    await talk.ask(text="waits")
    assert await talk.said() == ["incomplete", "completed"]


async def test_history_begins_at_the_window(talk: Talk, storage: Storage) -> None:
    _first, second, _third = [await talk.turn(text=said) for said in "abc"]
    async with storage.write() as work:
        await work.conversations.set_window_start(1, second.run_id)
        assert (await work.conversations.transcript(1, run_id=10**9)).start == second.run_id
    assert await talk.said() == ["b", "c"]


async def test_a_place_learns_where_its_channel_hangs(talk: Talk, storage: Storage) -> None:
    run = await talk.ask()
    async with storage.write() as work:
        assert not await work.conversations.known(99)
        await work.conversations.set_window_start(1, 5)
        await work.conversations.ensure(Place(channel_id=1, parent_id=8, guild_id=9), NOW + DAY)
        assert await work.conversations.known(1)
        assert (await work.conversations.transcript(1, run_id=10**9)).start == 5
    moved = await talk.run(run.run_id)
    assert moved is not None and moved.place == Place(channel_id=1, parent_id=8, guild_id=9)


async def test_a_reset_hides_cancels_and_stops(talk: Talk, storage: Storage) -> None:
    await talk.turn(text="old")
    await talk.turn(channel_id=2, text="elsewhere")
    running, queued, private = await talk.ask(), await talk.ask(), await talk.ask(private=True)
    await talk.claim()
    async with storage.write() as work:
        await work.conversations.set_window_start(1, 1)
        reset = await work.conversations.reset(1, 9, NOW)
        assert (await work.conversations.transcript(1, run_id=10**9)).start is None
    assert (reset.turns, reset.running) == (1, (running.run_id,))
    assert await talk.said(1) == [] and await talk.said(2) == ["elsewhere"]
    statuses = [(await talk.run(run.run_id)).status for run in (running, queued, private)]  # type: ignore[union-attr]
    assert statuses == [RunStatus.CANCELLING, RunStatus.CANCELLED, RunStatus.QUEUED]


async def test_an_undone_reset_brings_turns_back_once(talk: Talk, storage: Storage) -> None:
    for said in "ab":
        await talk.turn(text=said)
    waits = await talk.ask(text="waits")
    async with storage.write() as work:
        reset = await work.conversations.reset(1, 9, NOW)
    await talk.turn(text="c")
    async with storage.write() as work:
        await work.conversations.set_window_start(1, 3)
        assert await work.conversations.undo_reset(reset.reset_id, 2, NOW) is None
        assert await work.conversations.undo_reset(reset.reset_id, 1, NOW) == Restored(turns=2, persona=None, lost=True)
        assert await work.conversations.undo_reset(reset.reset_id, 1, NOW) is None
        assert await work.conversations.undo_reset(reset.reset_id + 100, 1, NOW) is None
        assert (await work.conversations.transcript(1, run_id=10**9)).start is None
    assert await talk.said() == ["a", "b", "c"]
    cancelled = await talk.run(waits.run_id)
    assert cancelled is not None and cancelled.status is RunStatus.CANCELLED


async def test_each_reset_hides_what_no_earlier_one_hid(talk: Talk, storage: Storage) -> None:
    await talk.turn(text="a")
    async with storage.write() as work:
        first = await work.conversations.reset(1, 9, NOW)
    await talk.turn(text="b")
    async with storage.write() as work:
        assert (await work.conversations.reset(1, 9, NOW)).turns == 1
        assert await work.conversations.undo_reset(first.reset_id, 1, NOW) == Restored(turns=1, persona=None)
    assert await talk.said() == ["a"]


async def test_a_purge_deletes_old_resets_that_stand(talk: Talk, storage: Storage) -> None:
    resets = []
    for number, said in enumerate(("undone", "old", "young")):
        await talk.ask(text=said, files=(File(filename="f", media_type="text/plain", data=b"x"),))
        run = await talk.claim()
        assert run is not None
        await talk.finish(run)
        async with storage.write() as work:
            resets.append(await work.conversations.reset(1, 9, NOW + number * DAY))
    async with storage.write() as work:
        await work.conversations.undo_reset(resets[0].reset_id, 1, NOW)
        assert await work.conversations.purge_resets(NOW + 2 * DAY) == 1
        assert await work.conversations.purge_resets(NOW + 2 * DAY) == 0
        assert await work.conversations.undo_reset(resets[1].reset_id, 1, NOW) is None
        assert await work.conversations.undo_reset(resets[2].reset_id, 1, NOW) == Restored(turns=1, persona=None)
    assert await talk.said() == ["undone", "young"]
    counts = [await rows(storage, table) for table in ("runs", "items", "files", "messages")]
    assert counts == [2, 4, 2, 4]


async def test_a_deleted_channel_takes_everything_with_it(talk: Talk, storage: Storage) -> None:
    await talk.turn(1)
    await talk.turn(2, "stays")
    await talk.ask(1)
    async with storage.write() as work:
        await work.conversations.reset(1, 9, NOW)
        await work.conversations.forget_channel(1)
    assert await talk.said(2) == ["stays"]
    counts = [await rows(storage, t) for t in ("conversations", "runs", "items", "messages", "resets")]
    assert counts == [1, 1, 2, 2, 0]
    assert await storage.check() == []


async def test_a_read_is_one_view(talk: Talk, storage: Storage) -> None:
    await talk.turn(text="before")
    async with storage.read() as work:
        earlier = await work.conversations.transcript(1, run_id=10**9)
        await talk.turn(text="meanwhile")
        assert await work.conversations.transcript(1, run_id=10**9) == earlier


async def test_text_that_no_database_takes_is_stored_with_replacements(talk: Talk) -> None:
    await talk.turn(text="null \x00, half a pair \ud83d, 한글")
    assert await talk.said() == ["null \ufffd, half a pair \ufffd, 한글"]


async def test_settings_of_a_deleted_channel_go_too(talk: Talk, storage: Storage) -> None:
    await talk.turn(1)
    async with storage.write() as work:
        await work.settings.put(Scope.CHANNEL, 1, "reply_to", "everything")
        await work.settings.put(Scope.GUILD, 1, "reply_to", "mentions")
        await work.conversations.forget_channel(1)
        assert await work.settings.values(Scope.CHANNEL, 1) == {}
        assert await work.settings.values(Scope.GUILD, 1) == {"reply_to": "mentions"}


@pytest.mark.parametrize("most", [1, 2, 100])
async def test_a_history_longer_than_one_statement_takes(
    talk: Talk, storage: Storage, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    for number in range(3):
        await talk.turn(1, f"question {number}")
    async with storage.read() as work:
        whole = await work.conversations.transcript(1, run_id=10**9)
    monkeypatch.setattr("bot.storage.conversations.MOST_IDS", most)
    async with storage.read() as work:
        assert await work.conversations.transcript(1, run_id=10**9) == whole
    assert [turn.questions[0].text for turn in whole.history] == ["question 0", "question 1", "question 2"]
    assert all(turn.answer and turn.answer.message_ids and turn.questions[0].message_ids for turn in whole.history)
