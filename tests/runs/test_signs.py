from __future__ import annotations

import asyncio

import pytest

from bot.errors import MessageGone, NotAllowed
from bot.runs.signs import MAX_KNOWN, WaitingSigns
from tests.runs.conftest import Board


class SlowBoard(Board):
    """Answers a reaction only when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.answering = asyncio.Event()
        self.waiting: list[int] = []

    async def add(self, channel_id: int, message_id: int) -> None:
        self.waiting.append(message_id)
        await self.answering.wait()
        await super().add(channel_id, message_id)


async def test_a_sign_is_put_on_and_taken_off() -> None:
    board = Board()
    signs = WaitingSigns(board)
    signs.show(1, 50)
    await signs.close()
    assert board.signs == {50}
    for _ in range(2):
        signs.clear(1, [50])
        await signs.close()
    assert board.signs == set() and board.calls == [("add", 50), ("remove", 50)]


async def test_a_sign_is_put_on_once() -> None:
    board = Board()
    signs = WaitingSigns(board)
    signs.show(1, 50)
    signs.show(1, 50)
    await signs.close()
    assert board.calls == [("add", 50)]


async def test_a_run_that_started_first_gets_no_sign() -> None:
    board = Board()
    signs = WaitingSigns(board)
    signs.clear(1, [50])
    signs.show(1, 50)
    await signs.close()
    assert board.calls == []


async def test_a_sign_on_its_way_is_taken_off_after_it_arrived() -> None:
    board = SlowBoard()
    signs = WaitingSigns(board)
    signs.show(1, 50)
    signs.clear(1, [50])
    await asyncio.sleep(0)
    assert board.calls == []
    board.answering.set()
    await signs.close()
    assert board.calls == [("add", 50), ("remove", 50)] and board.signs == set()


@pytest.mark.parametrize("error", [NotAllowed("no"), MessageGone(), OSError("connection reset")])
async def test_where_reactions_fail_the_rest_goes_on(error: Exception) -> None:
    board = Board()
    board.fail("add", error)
    board.fail("remove", error)
    signs = WaitingSigns(board)
    signs.show(1, 50)
    signs.clear(1, [50])
    signs.show(1, 51)
    await signs.close()
    assert board.signs == {51}


async def test_signs_of_an_earlier_process_are_taken_off() -> None:
    board = Board()
    board.signs = {50}
    signs = WaitingSigns(board)
    signs.clear(1, [50], waited=True)
    signs.clear(1, [51])
    await signs.close()
    assert board.signs == set() and board.calls == [("remove", 50)]


async def test_the_end_of_the_program_waits_for_signs_under_way() -> None:
    board = SlowBoard()
    signs = WaitingSigns(board)
    signs.show(1, 50)
    signs.show(2, 60)
    signs.clear(2, [60])
    closing = asyncio.create_task(signs.close())
    for _ in range(5):
        await asyncio.sleep(0)
    assert board.waiting == [50, 60] and not closing.done()
    board.answering.set()
    await closing
    assert board.calls == [("add", 50), ("add", 60), ("remove", 60)] and board.signs == {50}


async def test_the_end_of_the_program_does_not_wait_for_a_silent_discord() -> None:
    board = SlowBoard()
    signs = WaitingSigns(board, closing=0.0)
    signs.show(1, 50)
    signs.clear(1, [50])
    signs.show(1, 51)
    await signs.close()
    assert board.waiting == [50] and board.calls == []


async def test_only_so_many_signs_are_remembered() -> None:
    board = Board()
    signs = WaitingSigns(board)
    for message_id in range(MAX_KNOWN + 500):
        signs.show(1, message_id)
        await asyncio.sleep(0)
    signs.clear(1, range(MAX_KNOWN + 500))
    await signs.close()
    assert len([call for call in board.calls if call[0] == "remove"]) == MAX_KNOWN


async def test_a_sign_on_its_way_is_not_forgotten_however_many_follow() -> None:
    board = SlowBoard()
    signs = WaitingSigns(board)
    for message_id in range(MAX_KNOWN + 2):
        signs.show(message_id, message_id)
    await asyncio.sleep(0)
    signs.clear(0, [0])
    board.answering.set()
    await signs.close()
    assert 0 not in board.signs and ("remove", 0) in board.calls


async def test_what_never_had_a_sign_costs_no_call_however_long_it_waited() -> None:
    board = Board()
    signs = WaitingSigns(board)
    signs.leave_out(50)
    signs.clear(1, [50], waited=True)
    await signs.close()
    assert board.calls == []


async def test_signs_of_a_channel_come_one_after_the_other() -> None:
    board = SlowBoard()
    signs = WaitingSigns(board)
    for message_id in (50, 51):
        signs.show(1, message_id)
    signs.show(2, 60)
    signs.clear(1, [50, 51])
    await asyncio.sleep(0)
    assert board.waiting == [50, 60]
    board.answering.set()
    await signs.close()
    assert board.signs == {60}
    assert [call for call in board.calls if call[1] < 60] == [("add", 50), ("add", 51), ("remove", 50), ("remove", 51)]
